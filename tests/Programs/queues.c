// SPDX-License-Identifier: MIT
// queues: which of several signals comes first, and which are kept in a queue with what they carry.

#include "faults.h"
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int order[256], values[256], runs;

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    order[runs] = number;
    values[runs++] = info->si_value.sival_int;
}

static void tell(const char *what, int with_values)
{
    printf("%s:", what);
    for (int i = 0; i < runs; i++)
    {
        // Of the real-time signals a C library keeps some for itself, and not all the same.
        printf(order[i] >= 32 ? " RTMAX-%d" : " %d", order[i] >= 32 ? 64 - order[i] : order[i]);
        if (with_values)
        {
            printf("(%d)", values[i]);
        }
    }

    printf("\n");
    runs = 0;
}

int main(void)
{
    // While one handler runs no other does, so that they run in the order of their delivery.
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    sigfillset(&action.sa_mask);
    static const int numbers[] = {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGSEGV, SIGBUS, SIGSYS, SIGTRAP, SIGTERM, 60, 61};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    {
        sigaction(numbers[i], &action, NULL);
    }

    sigprocmask(SIG_SETMASK, &all, NULL);
    static const int sent[] = {SIGTERM, SIGUSR1, SIGSYS, 61, SIGSEGV, SIGHUP, SIGBUS, SIGTRAP, 60};
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++)
    {
        kill(getpid(), sent[i]);
    }

    sigprocmask(SIG_SETMASK, &none, NULL);
    tell("those that faults cause, then the lowest number", 0);

    sigprocmask(SIG_SETMASK, &all, NULL);
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGUSR1);
    raise(SIGUSR2);
    raise(SIGUSR1);
    sigprocmask(SIG_SETMASK, &none, NULL);
    tell("the thread's before the process's", 0);

    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; i < 3; i++)
    {
        sigqueue(getpid(), 61, (union sigval){.sival_int = 100 + i});
        sigqueue(getpid(), 60, (union sigval){.sival_int = 200 + i});
        sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 300 + i});
    }

    sigset_t waiting;
    sigpending(&waiting);
    check("they are pending", sigismember(&waiting, 60) && sigismember(&waiting, 61) && sigismember(&waiting, SIGUSR1));
    siginfo_t info;
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, 61);
    check("sigwaitinfo takes the first", sigwaitinfo(&one, &info) == 61 && info.si_value.sival_int == 100 && info.si_code == SI_QUEUE);
    sigprocmask(SIG_SETMASK, &none, NULL);
    tell("real-time signals in the order that they were sent", 1);

    sigprocmask(SIG_SETMASK, &all, NULL);
    sigqueue(getpid(), 60, (union sigval){.sival_int = 1});
    sigqueue(getpid(), 60, (union sigval){.sival_int = 2});
    signal(60, SIG_IGN);
    sigaction(60, &action, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    tell("ignoring one empties its queue", 1);

    // How many there are of other processes of this user is not known.
    struct rlimit limit;
    getrlimit(RLIMIT_SIGPENDING, &limit);
    limit.rlim_cur = 100;
    outcome("a limit", setrlimit(RLIMIT_SIGPENDING, &limit));
    sigprocmask(SIG_SETMASK, &all, NULL);
    int queued = 0;
    while (queued < 200 && sigqueue(getpid(), 60, (union sigval){.sival_int = queued}) == 0)
    {
        queued++;
    }

    check("the queue is full at last", queued > 0 && queued <= 100);
    outcome("sigqueue", sigqueue(getpid(), 61, (union sigval){0}));
    outcome("raise", raise(61));
    outcome("kill sends it all the same", kill(getpid(), 61));
    outcome("and sigqueue one of the old ones", sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 7}));
    sigprocmask(SIG_SETMASK, &none, NULL);
    int in_order = 1;
    for (int i = 0; i < queued; i++)
    {
        in_order &= order[i + 1] == 60 && values[i + 1] == i;
    }

    check("all that were queued came in order", runs == queued + 2 && in_order);
    check("the others too, without a value", order[0] == SIGUSR1 && values[0] == 0 && order[runs - 1] == 61);

    outcome("waitpid with strange options", waitpid(-1, NULL, 0x100));
    outcome("waitpid without a child", waitpid(-1, NULL, WNOHANG));
    return verdict();
}
