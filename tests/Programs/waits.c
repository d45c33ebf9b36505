// SPDX-License-Identifier: MIT
// waits: what ends a call that waits, and what does not: a signal that is blocked, that is ignored, that has a handler.

#include "faults.h"
#include <poll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int runs, changed_at;
static volatile int word;
static sigset_t none, blocked_within;

static void count(int number)
{
    (void)number;
    sigprocmask(SIG_SETMASK, NULL, &blocked_within);
    if (++runs == changed_at)
    {
        word = 1;
    }
}

static void handle(int number, int flags)
{
    struct sigaction action = {.sa_handler = count, .sa_flags = flags};
    sigaction(number, &action, NULL);
    runs = 0;
}

// An alarm every 10 ms, or no more.
static void alarms(int on)
{
    struct itimerval often = {{0, on ? 10000 : 0}, {0, on ? 10000 : 0}};
    setitimer(ITIMER_REAL, &often, NULL);
}

static long long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void go_on(const char *what)
{
    struct timespec time = {0, 60000000};
    int ends[2];
    printf("%s\n", what);
    outcome("  pipe", pipe(ends));
    long long start = milliseconds();
    outcome("  nanosleep", nanosleep(&time, NULL));
    outcome("  poll", poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, 60));
    outcome("  ppoll", ppoll(NULL, 0, &time, NULL));
    outcome("  select", select(0, NULL, NULL, NULL, &(struct timeval){0, 60000}));
    word = 0;
    raw_outcome("  futex", int80(SYS_futex, (long)&word, 0, 0, (long)(long[]){0, 60000000}, 0, 0));
    check("  as long as was asked for", milliseconds() - start >= 5 * 59);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    sigset_t alarm_set, user, both, now;
    sigemptyset(&none);
    sigemptyset(&alarm_set);
    sigaddset(&alarm_set, SIGALRM);
    sigemptyset(&user);
    sigaddset(&user, SIGUSR1);
    both = user;
    sigaddset(&both, SIGCHLD);

    handle(SIGALRM, 0);
    alarms(1);
    sigprocmask(SIG_BLOCK, &alarm_set, NULL);
    go_on("alarms that are blocked end no wait");
    printf("  handlers that ran: %d\n", runs);
    signal(SIGALRM, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &alarm_set, NULL);
    go_on("nor do those that are ignored");

    printf("those that are handled do\n");
    handle(SIGALRM, SA_RESTART);
    alarms(1); // an interval ends with an alarm that is ignored
    outcome("  nanosleep", nanosleep(&(struct timespec){10, 0}, NULL));
    outcome("  poll", poll(NULL, 0, -1));
    outcome("  select", select(0, NULL, NULL, NULL, NULL));
    outcome("  pause", pause());
    outcome("  sigsuspend", sigsuspend(&none));
    raw_outcome("  futex with a time", int80(SYS_futex, (long)&word, 0, 0, (long)(long[]){10, 0}, 0, 0));
    check("  a handler each", runs >= 6);
    word = 0;
    runs = 0;
    changed_at = 3;
    raw_outcome("  futex without one, made again until the word has changed", int80(SYS_futex, (long)&word, 0, 0, 0, 0, 0));
    check("  by the third handler", runs >= 3);
    handle(SIGALRM, 0);
    word = 0;
    changed_at = 0;
    raw_outcome("  and not made again without SA_RESTART", int80(SYS_futex, (long)&word, 0, 0, 0, 0, 0));
    alarms(0);

    // Blocked and pending, until a call sets its own mask.
    handle(SIGUSR1, SA_RESTART);
    sigprocmask(SIG_SETMASK, &both, NULL);
    raise(SIGUSR1);
    outcome("ppoll that blocks nothing", ppoll(NULL, 0, NULL, &none));
    printf("  handlers that ran: %d\n", runs);
    check("  with that mask", !sigismember(&blocked_within, SIGCHLD));
    sigprocmask(SIG_SETMASK, NULL, &now);
    check("  which is gone", sigismember(&now, SIGUSR1));
    raise(SIGUSR1);
    outcome("for no time, too", ppoll(NULL, 0, &(struct timespec){0, 0}, &none));
    raise(SIGUSR1);
    outcome("ppoll that blocks it", ppoll(NULL, 0, &(struct timespec){0, 1000000}, &both));
    printf("  handlers that ran: %d\n", runs);
    outcome("pselect that blocks nothing", pselect(0, NULL, NULL, NULL, NULL, &none));
    printf("  handlers that ran: %d\n", runs);
    sigprocmask(SIG_SETMASK, NULL, &now);
    check("  the mask is as before", sigismember(&now, SIGUSR1));
    int ends[2];
    outcome("pipe", pipe(ends));
    raise(SIGUSR1);
    struct pollfd ready = {.fd = ends[1], .events = POLLOUT};
    outcome("a file that is ready comes first", ppoll(&ready, 1, NULL, &none));
    printf("  handlers that ran: %d\n", runs);
    sigprocmask(SIG_SETMASK, &none, NULL);
    printf("  handlers that ran: %d\n", runs);
    sigprocmask(SIG_SETMASK, &both, NULL);
    raw_outcome("a mask of a wrong size", int80(SYS_ppoll, 0, 0, 0, (long)&none, 4, 0));
    raw_outcome("a mask that is nowhere", int80(SYS_ppoll, 0, 0, 0, 16, 8, 0));
    raw_outcome("pselect's that is nowhere", int80(SYS_pselect6, 0, 0, 0, 0, 0, 16));

    // What is ignored by default, and came while it was blocked.
    handle(SIGALRM, 0);
    raise(SIGCHLD);
    alarms(1);
    outcome("sigsuspend returns when a handler has run", sigsuspend(&none));
    check("  so not for SIGCHLD", runs >= 1);
    alarms(0);
    sigpending(&now);
    check("  which is gone", !sigismember(&now, SIGCHLD));
    raise(SIGCHLD);
    outcome("ppoll goes on to its end", ppoll(NULL, 0, &(struct timespec){0, 20000000}, &none));

    raise(SIGUSR1);
    siginfo_t info;
    outcome("sigtimedwait without a time", sigtimedwait(&user, &info, &(struct timespec){0, 0}) == SIGUSR1 ? 0 : -1);
    alarms(1);
    sigprocmask(SIG_BLOCK, &alarm_set, NULL);
    outcome("sigwaitinfo takes an alarm", sigwaitinfo(&alarm_set, &info) == SIGALRM ? 0 : -1);
    sigprocmask(SIG_UNBLOCK, &alarm_set, NULL);
    raw_outcome("and is ended by one that it does not wait for", int80(SYS_rt_sigtimedwait, (long)&user, 0, 0, 8, 0, 0));
    return verdict();
}
