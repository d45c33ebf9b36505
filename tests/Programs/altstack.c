// SPDX-License-Identifier: MIT
// altstack: a handler on a stack of its own, which alone makes a stack overflow bearable.

#include "faults.h"
#include <sys/resource.h>
#include <unistd.h>

static _Alignas(16) char stack[65536];
static int inside, on_it, set_within;

static void handler(int number)
{
    char here;
    stack_t now;
    (void)number;
    inside = &here >= stack && &here < stack + sizeof stack;
    sigaltstack(NULL, &now);
    on_it = (now.ss_flags & SS_ONSTACK) != 0;
    now.ss_flags = 0;
    set_within = sigaltstack(&now, NULL) == 0 ? 0 : errno;
}

static void overflow_handler(int number, siginfo_t *info, void *context)
{
    char here;
    inside = &here >= stack && &here < stack + sizeof stack;
    faults_handler(number, info, context);
}

int main(void)
{
    stack_t found = {.ss_sp = stack};
    outcome("sigaltstack, asked", sigaltstack(NULL, &found));
    check("there is none", found.ss_flags == SS_DISABLE);
    stack_t wanted = {.ss_sp = stack, .ss_size = sizeof stack};
    outcome("set", sigaltstack(&wanted, &found));
    sigaltstack(NULL, &found);
    check("it is what was set", found.ss_sp == stack && found.ss_size == sizeof stack && found.ss_flags == 0);

    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    check("without SA_ONSTACK the handler is not on it", !inside && !on_it);
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    check("with it, it is", inside && on_it);
    printf("changing it there: %s\n", error_name(set_within));
    sigaltstack(NULL, &found);
    check("afterwards nobody is on it", found.ss_flags == 0);

    struct rlimit limit = {256 << 10, 256 << 10}; // so that the end is near
    setrlimit(RLIMIT_STACK, &limit);
    action.sa_flags = SA_ONSTACK | SA_SIGINFO;
    action.sa_sigaction = overflow_handler;
    sigaction(SIGSEGV, &action, NULL);
    inside = 0;
    volatile char first[1] = {0};
    int number = CAUGHT(endless(first));
    printf("endless recursion: %s, code %d\n", signal_name(number), faults_info.si_code);
    check("handled on that stack", inside);
    number = CAUGHT(endless(first));
    printf("and again: %s\n", signal_name(number));

    stack_t small = {.ss_sp = stack, .ss_size = 100};
    outcome("too small a stack", sigaltstack(&small, NULL));
    stack_t strange = {.ss_sp = stack, .ss_size = sizeof stack, .ss_flags = 0x1234};
    outcome("flags that there are not", sigaltstack(&strange, NULL));
    stack_t off = {.ss_flags = SS_DISABLE};
    outcome("switched off", sigaltstack(&off, NULL));
    sigaltstack(NULL, &found);
    check("it is off", found.ss_flags == SS_DISABLE);
    return verdict();
}
