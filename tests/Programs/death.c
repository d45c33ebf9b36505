// SPDX-License-Identifier: MIT
// death HOW: ends by a signal. What was written before arrives.

#include "faults.h"
#include <sys/syscall.h>
#include <unistd.h>

static void bad_handler(int number)
{
    (void)number;
    asm volatile("ud2");
}

static char full_stack[65536];

// Goes down to where there is room for a call, and for no other handler's frame.
static void fill(int number)
{
    static int depth;
    int self = getpid();
    char *here = __builtin_alloca(16);
    if (depth++ > 0 || here < full_stack)
    {
        _exit(98);
    }

    volatile char *rest = __builtin_alloca(here - full_stack - 512);
    rest[0] = 0;
    int80(SYS_kill, self, number, 0, 0, 0, 0);
}

int main(int count, char **arguments)
{
    const char *how = count > 1 ? arguments[1] : "";
    volatile char first[1] = {0};
    volatile int zero = 0;
    printf("the end comes by %s\n", how);
    fflush(stdout);
    if (strcmp(how, "read") == 0) { (void)*nowhere(); }
    if (strcmp(how, "write") == 0) { *(volatile char *)"constant" = 0; }
    if (strcmp(how, "jump") == 0) { ((void (*)(void))nowhere())(); }
    if (strcmp(how, "overflow") == 0) { return endless(first); }
    if (strcmp(how, "abort") == 0) { abort(); }
    if (strcmp(how, "division") == 0) { return count / zero; }
    if (strcmp(how, "ud2") == 0) { asm volatile("ud2"); }
    if (strcmp(how, "int3") == 0) { asm volatile("int3"); }
    if (strcmp(how, "step") == 0) { asm volatile("pushf\n orl $0x100, (%esp)\n popf\n nop"); }
    if (strcmp(how, "kill") == 0) { kill(getpid(), SIGKILL); }
    if (strcmp(how, "term") == 0) { kill(getpid(), SIGTERM); }
    if (strcmp(how, "user") == 0) { raise(SIGUSR1); }
    if (strcmp(how, "realtime") == 0) { raise(SIGRTMIN); }
    if (strcmp(how, "alarm") == 0) { alarm(1); for (;;) { pause(); } }

    // A fault cannot be ignored or put off.
    if (strcmp(how, "ignored") == 0) { signal(SIGSEGV, SIG_IGN); (void)*nowhere(); }
    if (strcmp(how, "blocked") == 0)
    {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        (void)*nowhere();
    }

    // In a handler for SIGSEGV, SIGSEGV is blocked.
    if (strcmp(how, "twice") == 0) { signal(SIGILL, bad_handler); asm volatile("ud2"); }

    // A stack on which no frame can be built.
    if (strcmp(how, "no-stack") == 0)
    {
        catch_faults();
        asm volatile("xor %esp, %esp\n push %eax");
    }

    if (strcmp(how, "full-stack") == 0)
    {
        struct sigaction action = {.sa_handler = fill, .sa_flags = SA_ONSTACK | SA_NODEFER};
        sigaltstack(&(stack_t){.ss_sp = full_stack, .ss_size = sizeof full_stack}, NULL);
        sigaction(SIGUSR1, &action, NULL);
        raise(SIGUSR1);
    }

    if (strcmp(how, "bad-frame") == 0) { asm volatile("mov $16, %esp\n mov $119, %eax\n int $0x80"); }
    if (strcmp(how, "bad-rt-frame") == 0) { asm volatile("mov $16, %esp\n mov $173, %eax\n int $0x80"); }
    printf("it did not come\n");
    return 99;
}
