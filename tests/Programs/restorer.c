// SPDX-License-Identifier: MIT
// restorer: without SA_RESTORER a handler returns to code of the vsyscall page, for both kinds of frame and by both calls.

#include "program.h"
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

// As the kernel has them; the C libraries' own look different.
struct kernel_action
{
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask[2];
};

struct old_action
{
    void (*handler)(int);
    unsigned long mask, flags;
    void (*restorer)(void);
};

static volatile int runs;
static volatile uintptr_t returns_to;
static volatile uintptr_t first_argument;

__attribute__((noinline)) static void handler(int number)
{
    returns_to = (uintptr_t)__builtin_return_address(0);
    first_argument = number;
    runs++;
}

static void try(const char *what)
{
    uintptr_t page = getauxval(AT_SYSINFO_EHDR);
    runs = 0;
    raise(SIGUSR1);
    raise(SIGUSR1);
    printf("%s: %d handlers ran\n", what, runs);
    check("  with the signal's number", first_argument == SIGUSR1);
    check("  and returned to the page", returns_to > page && returns_to - page < 8192);

    // What debuggers know it by: there is MOV of the call's number, and INT 0x80.
    const unsigned char *code = (const unsigned char *)returns_to;
    static const unsigned char rt[] = {0xb8, 0xad, 0, 0, 0, 0xcd, 0x80}, plain[] = {0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80};
    printf("  by %s\n", memcmp(code, rt, sizeof rt) == 0 ? "rt_sigreturn" : memcmp(code, plain, sizeof plain) == 0 ? "sigreturn" : "SOMETHING ELSE");
}

int main(void)
{
    struct kernel_action action = {.handler = handler};
    raw_outcome("rt_sigaction", int80(SYS_rt_sigaction, SIGUSR1, (long)&action, 0, 8, 0, 0));
    try("a plain frame");
    action.flags = SA_SIGINFO;
    raw_outcome("rt_sigaction with SA_SIGINFO", int80(SYS_rt_sigaction, SIGUSR1, (long)&action, 0, 8, 0, 0));
    try("a frame with siginfo");
    struct old_action old = {.handler = handler};
    raw_outcome("sigaction", int80(SYS_sigaction, SIGUSR1, (long)&old, 0, 0, 0, 0));
    try("the old call");
    check("signal gives the handler before it", int80(SYS_signal, SIGUSR1, (long)handler, 0, 0, 0, 0) == (long)handler);
    runs = 0;
    raise(SIGUSR1);
    printf("signal(2): %d handlers ran\n", runs);
    struct kernel_action now;
    raw_outcome("rt_sigaction", int80(SYS_rt_sigaction, SIGUSR1, 0, (long)&now, 8, 0, 0));
    check("  only once", now.handler == NULL);
    raw_outcome("rt_sigaction of a wrong size", int80(SYS_rt_sigaction, SIGUSR1, 0, (long)&now, 16, 0, 0));
    return verdict();
}
