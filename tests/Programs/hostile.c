// SPDX-License-Identifier: MIT
// hostile: instructions that are not for programs, and addresses that are the kernel's. Each is a signal to the program that tried it,
// and nothing else.

#include "faults.h"

static void tell(const char *what, int number)
{
    const greg_t *registers = faults_context.uc_mcontext.gregs;
    printf("%s: %s", what, signal_name(number));
    if (number != 0)
    {
        printf(", code %d, trap %d", faults_info.si_code, registers[REG_TRAPNO]);
        if (registers[REG_TRAPNO] == 13)
        {
            printf(", error %x", registers[REG_ERR]);
        }
    }

    printf("\n");
}

#define TRY(what, ...) tell(what, CAUGHT(asm volatile(__VA_ARGS__)))

static void privileged(void)
{
    TRY("cli", "cli");
    TRY("sti", "sti");
    TRY("hlt", "hlt");
    TRY("out", "out %%al, $0x80" : : "a"(0));
    TRY("in", "in $0x60, %%al" : : : "eax");
    TRY("outsb", "mov $0x64, %%edx\n outsb" : : "S"("x") : "edx");
    TRY("invd", "invd");
    TRY("wbinvd", "wbinvd");
    TRY("clts", "clts");
    TRY("invlpg", "invlpg (%0)" : : "r"(0));
    TRY("lgdt", "lgdt (%0)" : : "r"("0123456789"));
    TRY("lidt", "lidt (%0)" : : "r"("0123456789"));
    TRY("lldt", "lldt %w0" : : "r"(0));
    TRY("ltr", "ltr %w0" : : "r"(0x80));
    TRY("lmsw", "lmsw %w0" : : "r"(0));
    TRY("mov from cr0", "mov %%cr0, %%eax" : : : "eax");
    TRY("mov to cr0", "mov %0, %%cr0" : : "r"(0));
    TRY("mov to cr3", "mov %0, %%cr3" : : "r"(0));
    TRY("mov to cr4", "mov %0, %%cr4" : : "r"(0));
    TRY("mov to dr7", "mov %0, %%dr7" : : "r"(0));
    TRY("rdmsr", "rdmsr" : : "c"(0x176) : "eax", "edx");
    TRY("wrmsr", "wrmsr" : : "c"(0x176), "a"(0), "d"(0));
    TRY("sysexit", "sysexit" : : "c"(0), "d"(0));
}

static void addresses(void)
{
    try_read("the kernel's memory", (void *)0xc0000000);
    try_write("the kernel's memory", (void *)0xc0100000);
    try_read("above the page", (void *)0xfffff000);
    try_read("the last byte", (void *)0xffffffff);
    try_write("the page", (void *)0xffffe000);
    try_write("the page's code", (void *)0xffffe400);
    try_write("the page below it", (void *)0xffffd000);
    tell("execute the kernel's memory", CAUGHT(((void (*)(void))0xc0100000)()));
    tell("execute the last byte", CAUGHT(((void (*)(void))0xffffffff)()));
    TRY("a string that runs into nothing", "cld\n rep stosb" : : "D"(0x10), "a"(0), "c"(100) : "memory");
}

static void oddities(void)
{
    TRY("an undefined instruction", ".byte 0x0f, 0xff, 0xc0");
    TRY("LOCK where it may not be", ".byte 0xf0, 0x90");
    TRY("fifteen prefixes and more", ".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90");
    TRY("RSM", "rsm");
    TRY("NT set", "pushf\n orl $0x4000, (%%esp)\n popf\n nop\n pushf\n andl $~0x4000, (%%esp)\n popf" : : : "cc");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    catch_faults();
    catch_signal(SIGILL);
    catch_signal(SIGTRAP);
    catch_signal(SIGFPE);
    privileged();
    addresses();
    oddities();
    check("and the program goes on", 1);
    return verdict();
}
