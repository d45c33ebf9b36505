// SPDX-License-Identifier: MIT
// siginfo: what a handler is told of a fault: number, code, address, and the CPU's own words for it.

#include "faults.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *page;

static void tell(const char *what, int number, const volatile void *address)
{
    const greg_t *registers = faults_context.uc_mcontext.gregs;
    printf("%s: %s, code %d, address %s, trap %d, error %x, cr2 %s\n", what, signal_name(number), faults_info.si_code,
           faults_info.si_addr == address ? "right" : "WRONG", registers[REG_TRAPNO], registers[REG_ERR],
           registers[REG_TRAPNO] != 14 ? "not asked" : faults_context.uc_mcontext.cr2 == (unsigned long)address ? "right" : "WRONG");
    check("  si_signo is the handler's number", faults_info.si_signo == number);
}

int main(void)
{
    catch_faults();
    catch_signal(SIGILL);
    catch_signal(SIGFPE);
    catch_signal(SIGTRAP);
    page = mmap(NULL, 2 * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);

    int number = CAUGHT((void)*(volatile char *)(page + 4096));
    tell("read what is not mapped", number, page + 4096);
    number = CAUGHT(*(volatile char *)(page + 4097) = 1);
    tell("write what is not mapped", number, page + 4097);
    number = CAUGHT(*(volatile char *)(page + 5) = 1);
    tell("write what is read-only", number, page + 5);
    (void)*(volatile char *)page;
    number = CAUGHT(*(volatile char *)(page + 6) = 1);
    tell("write what is read-only and has been read", number, page + 6);
    number = CAUGHT(((void (*)(void))(page + 4096))());
    printf("  (error without the bit for a fetch: ");
    faults_context.uc_mcontext.gregs[REG_ERR] &= ~0x10; // there only where the kernel uses NX
    printf("%x)\n", faults_context.uc_mcontext.gregs[REG_ERR]);
    tell("execute what is not mapped", number, page + 4096);
    check("  the instruction pointer is there", faults_context.uc_mcontext.gregs[REG_EIP] == (long)page + 4096);

    number = CAUGHT(asm volatile("hlt"));
    tell("a privileged instruction", number, NULL);
    number = CAUGHT(asm volatile("int $0x81"));
    tell("an interrupt that is not for programs", number, NULL);
    number = CAUGHT(asm volatile("mov %0, %%fs" : : "r"(0xfff8)));
    tell("a selector beyond the table", number, NULL);

    number = CAUGHT(asm volatile("ud2"));
    printf("ud2: %s, code %d, trap %d\n", signal_name(number), faults_info.si_code, faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    check("  at the instruction", faults_info.si_addr == (void *)faults_context.uc_mcontext.gregs[REG_EIP]);
    number = CAUGHT(asm volatile("div %0" : : "r"(0), "a"(1), "d"(0)));
    printf("division by zero: %s, code %d, trap %d\n", signal_name(number), faults_info.si_code, faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    check("  at the instruction", faults_info.si_addr == (void *)faults_context.uc_mcontext.gregs[REG_EIP]);
    number = CAUGHT(asm volatile("idiv %0" : : "r"(-1), "a"(0x80000000), "d"(-1)));
    printf("a quotient that is too large: %s, code %d\n", signal_name(number), faults_info.si_code);
    number = CAUGHT(asm volatile("int3"));
    printf("int3: %s, trap %d\n", signal_name(number), faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    number = CAUGHT(asm volatile("mov $0x7fffffff, %%eax\n add $1, %%eax\n into" : : : "eax"));
    printf("into: %s, trap %d\n", signal_name(number), faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    static const int bounds[2] = {1, 5};
    number = CAUGHT(asm volatile("bound %0, %1" : : "r"(7), "m"(bounds)));
    printf("bound: %s, trap %d\n", signal_name(number), faults_context.uc_mcontext.gregs[REG_TRAPNO]);


    catch_signal(SIGUSR1);
    number = CAUGHT(kill(getpid(), SIGUSR1));
    printf("kill: %s, code %d\n", signal_name(number), faults_info.si_code);
    check("  from itself", faults_info.si_pid == getpid() && faults_info.si_uid == getuid());
    number = CAUGHT(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
    printf("tgkill: %s, code %d\n", signal_name(number), faults_info.si_code);
    check("  from itself", faults_info.si_pid == getpid() && faults_info.si_uid == getuid());
    number = CAUGHT(raise(SIGUSR1));
    printf("raise: %s, code %d\n", signal_name(number), faults_info.si_code);
    return verdict();
}
