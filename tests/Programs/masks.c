// SPDX-License-Identifier: MIT
// masks: signals that are blocked wait, once each, and come when they may.

#include "faults.h"
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int runs, order[8];

static void count(int number)
{
    order[runs & 7] = number;
    runs++;
}

int main(void)
{
    signal(SIGUSR1, count);
    signal(SIGUSR2, count);
    sigset_t both, none, old, waiting;
    sigemptyset(&none);
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    outcome("block two", sigprocmask(SIG_BLOCK, &both, &old));
    check("none was blocked before", !sigismember(&old, SIGUSR1) && !sigismember(&old, SIGUSR2));
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGUSR1);
    printf("handlers that ran: %d\n", runs);
    sigpending(&waiting);
    check("both are waiting", sigismember(&waiting, SIGUSR1) && sigismember(&waiting, SIGUSR2) && !sigismember(&waiting, SIGTERM));
    outcome("unblock them", sigprocmask(SIG_UNBLOCK, &both, &old));
    check("they were blocked before", sigismember(&old, SIGUSR1) && sigismember(&old, SIGUSR2));
    printf("handlers that ran: %d\n", runs);
    check("each of them once", runs == 2 && order[0] + order[1] == SIGUSR1 + SIGUSR2);
    sigpending(&waiting);
    check("none is waiting", !sigismember(&waiting, SIGUSR1) && !sigismember(&waiting, SIGUSR2));

    sigprocmask(SIG_BLOCK, &both, NULL);
    raise(SIGUSR1);
    outcome("sigsuspend", sigsuspend(&none));
    printf("handlers that ran: %d\n", runs);
    sigprocmask(SIG_SETMASK, NULL, &old);
    check("the mask is as before", sigismember(&old, SIGUSR1));

    raise(SIGUSR2);
    signal(SIGUSR2, SIG_IGN);
    sigpending(&waiting);
    check("one that is ignored now does not wait any more", !sigismember(&waiting, SIGUSR2));
    signal(SIGUSR2, count);

    sigset_t all;
    sigfillset(&all);
    outcome("block all", sigprocmask(SIG_SETMASK, &all, NULL));
    sigprocmask(SIG_SETMASK, NULL, &old);
    check("but not SIGKILL and SIGSTOP", !sigismember(&old, SIGKILL) && !sigismember(&old, SIGSTOP) && sigismember(&old, SIGTERM));
    raise(SIGUSR1);
    siginfo_t info;
    outcome("sigtimedwait takes one", sigtimedwait(&both, &info, &(struct timespec){0, 0}) == SIGUSR1 ? 0 : -1);
    outcome("and waits in vain for another", sigtimedwait(&both, &info, &(struct timespec){0, 1000000}));
    printf("handlers that ran: %d\n", runs);
    sigprocmask(SIG_SETMASK, &none, NULL);

    outcome("how that there is not", sigprocmask(77, &both, NULL));
    raw_outcome("a set of a wrong size", int80(SYS_rt_sigprocmask, SIG_BLOCK, (long)&both, 0, 4, 0, 0));
    raw_outcome("sgetmask", int80(SYS_sgetmask, 0, 0, 0, 0, 0, 0));
    unsigned long old_set = 1 << (SIGUSR1 - 1);
    raw_outcome("the old sigprocmask", int80(SYS_sigprocmask, SIG_BLOCK, (long)&old_set, 0, 0, 0, 0));
    raise(SIGUSR1);
    raw_outcome("the old sigpending", int80(SYS_sigpending, (long)&old_set, 0, 0, 0, 0, 0));
    check("has it", old_set == 1 << (SIGUSR1 - 1));
    old_set = 1 << (SIGUSR1 - 1);
    raw_outcome("the old sigprocmask unblocks", int80(SYS_sigprocmask, SIG_UNBLOCK, (long)&old_set, 0, 0, 0, 0));
    printf("handlers that ran: %d\n", runs);

    // An alarm ends a sleep. The clocks of two kernels need not agree about how much of it was left.
    signal(SIGALRM, count);
    outcome("alarm", alarm(1));
    struct timespec left = {0, 0};
    outcome("a sleep of ten seconds", nanosleep(&(struct timespec){10, 0}, &left));
    check("is cut short", left.tv_sec >= 1 && left.tv_sec < 10);
    return verdict();
}
