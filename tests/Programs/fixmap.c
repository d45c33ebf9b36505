// SPDX-License-Identifier: MIT
// fixmap: the page at 0xffffe000 as the kernel of 2005 had it: what is where in it, and what happens to one that writes there.

#include "faults.h"
#include <elf.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

static void error_of(const char *what, int number)
{
    printf("%s: %s, code %d, error %x\n", what, signal_name(number), faults_info.si_code, faults_context.uc_mcontext.gregs[REG_ERR]);
}

int main(void)
{
    catch_faults();
    check("AT_SYSINFO is 0xffffe400", getauxval(AT_SYSINFO) == 0xffffe400);
    check("AT_SYSINFO_EHDR is 0xffffe000", getauxval(AT_SYSINFO_EHDR) == 0xffffe000);
    const Elf32_Ehdr *header = (const Elf32_Ehdr *)getauxval(AT_SYSINFO_EHDR);
    check("it is an ELF shared object", memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_type == ET_DYN);
    check("its entry is AT_SYSINFO", header->e_entry == 0xffffe400);
    const unsigned char *code = (const unsigned char *)getauxval(AT_SYSINFO);
    static const unsigned char by_sysenter[] = {0x51, 0x52, 0x55, 0x89, 0xe5, 0x0f, 0x34}, by_int80[] = {0xcd, 0x80, 0xc3};
    check("the code is SYSENTER's or INT 0x80's",
          memcmp(code, by_sysenter, sizeof by_sysenter) == 0 || memcmp(code, by_int80, sizeof by_int80) == 0);

    long by_number = int80(SYS_getpid, 0, 0, 0, 0, 0, 0), by_address;
    asm volatile("call *%1" : "=a"(by_address) : "r"(0xffffe400), "0"(SYS_getpid) : "ecx", "edx", "memory");
    check("a call of the address gives the same as INT 0x80", by_number == by_address && by_number == getpid());

    error_of("write to the page", CAUGHT(*(volatile char *)header = 0));
    error_of("write to the page below", CAUGHT(*(volatile char *)((uintptr_t)header - 4096) = 0));
    error_of("write to the kernel", CAUGHT(*(volatile char *)((uintptr_t)header & 0xc0000000) = 0));
    error_of("read the kernel", CAUGHT((void)*(volatile char *)((uintptr_t)header & 0xc0000000)));
    error_of("read the page above", CAUGHT((void)*(volatile char *)((uintptr_t)header + 4096)));
    raw_outcome("write(2) from the page", int80(SYS_write, STDOUT_FILENO, (long)header, 4, 0, 0, 0));
    raw_outcome("read(2) into the page", int80(SYS_read, STDIN_FILENO, (long)header, 4, 0, 0, 0));
    return verdict();
}
