// SPDX-License-Identifier: MIT
// context: what a handler changes in the saved context is what the program goes on with.

#include "program.h"
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int skipped;

// Goes on behind an instruction of two bytes.
static void skip(int number, siginfo_t *info, void *context)
{
    ucontext_t *state = context;
    (void)number;
    (void)info;
    state->uc_mcontext.gregs[REG_EIP] += 2;
    skipped++;
}

static void change(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)number;
    (void)info;
    check("EAX as it was", registers[REG_EAX] == 0x11111111);
    check("EBX as it was", registers[REG_EBX] == 0x22222222);
    check("ECX as it was", registers[REG_ECX] == 0x33333333);
    check("EDX as it was", registers[REG_EDX] == 0x44444444);
    check("ESI as it was", registers[REG_ESI] == 0x55555555);
    check("EDI as it was", registers[REG_EDI] == 0x66666666);
    check("CF as it was, IF set", (registers[REG_EFL] & 0x201) == 0x201);
    check("both stack pointers are one", registers[REG_ESP] == registers[REG_UESP]);
    uint16_t cs, ss;
    asm("mov %%cs, %0\n mov %%ss, %1" : "=r"(cs), "=r"(ss));
    check("the segments are the program's", (registers[REG_CS] & 0xffff) == cs && (registers[REG_SS] & 0xffff) == ss);
    registers[REG_EIP] += 2;
    registers[REG_EAX] = 1;
    registers[REG_EBX] = 2;
    registers[REG_ECX] = 3;
    registers[REG_EDX] = 4;
    registers[REG_ESI] = 5;
    registers[REG_EDI] = 6;
    registers[REG_EFL] |= 0x40;                  // ZF
    registers[REG_EFL] &= ~1;                    // CF
    registers[REG_EFL] |= 0x3000 | 0x20000;      // IOPL, VM: not for a program to have
    sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGUSR1);
}

static void jump(int number, siginfo_t *info, void *context)
{
    static const char message[] = "elsewhere\n";
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)number;
    (void)info;
    registers[REG_EAX] = SYS_write; // the INT 0x80 that follows becomes another call
    registers[REG_EBX] = STDOUT_FILENO;
    registers[REG_ECX] = (greg_t)message;
    registers[REG_EDX] = sizeof message - 1;
    registers[REG_EIP] += 2;
}

static void install(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = handler;
    sigaction(number, &action, NULL);
}

int main(void)
{
    install(SIGILL, skip);
    asm volatile("ud2\n ud2\n ud2");
    check("three bad instructions are stepped over", skipped == 3);
    install(SIGSEGV, skip);
    asm volatile("movl %0, (%0)" : : "r"(0) : "memory"); // two bytes: 89 00 and the like
    check("and a bad write", skipped == 4);

    install(SIGILL, change);
    uint32_t a, b, c, d, s, t, flags;
    asm volatile("push %%ebx\n mov $0x22222222, %%ebx\n stc\n ud2\n pushf\n pop %[flags]\n mov %%ebx, %[b]\n pop %%ebx"
                 : "=a"(a), "=c"(c), "=d"(d), "=S"(s), "=D"(t), [b] "=m"(b), [flags] "=m"(flags)
                 : "a"(0x11111111), "c"(0x33333333), "d"(0x44444444), "S"(0x55555555), "D"(0x66666666) : "cc", "memory");
    printf("registers: %u %u %u %u %u %u\n", a, b, c, d, s, t);
    printf("flags: %06x\n", flags & ~0x14);
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    check("the mask too", sigismember(&mask, SIGUSR1));

    install(SIGILL, jump);
    fflush(stdout);
    long result;
    asm volatile("push %%ebx\n ud2\n int $0x80\n pop %%ebx" : "=a"(result) : : "ecx", "edx", "memory");
    printf("written: %ld\n", result);
    return verdict();
}
