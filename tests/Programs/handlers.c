// SPDX-License-Identifier: MIT
// handlers: sigaction's flags: one within another, the mask while one runs, SA_NODEFER, SA_RESETHAND, and what sigaction tells.

#include "faults.h"
#include <unistd.h>

static void quiet(int number)
{
    (void)number;
}

static void install(int number, void (*handler)(int), int flags, int masked)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    if (masked != 0)
    {
        sigaddset(&action.sa_mask, masked);
    }

    if (sigaction(number, &action, NULL) != 0)
    {
        printf("sigaction %d: %s\n", number, error_name(errno));
    }
}

static int depth, deepest, may_raise;

static void outer(int number)
{
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    depth++;
    deepest = depth > deepest ? depth : deepest;
    printf("%*s%s begins; blocked:%s%s\n", depth * 2, "", signal_name(number), sigismember(&blocked, SIGUSR1) ? " SIGUSR1" : "",
           sigismember(&blocked, SIGUSR2) ? " SIGUSR2" : "");
    if (may_raise)
    {
        may_raise = 0;
        raise(SIGUSR2);
        raise(SIGUSR1);
    }

    printf("%*s%s ends\n", depth * 2, "", signal_name(number));
    depth--;
}

int main(void)
{
    install(SIGUSR1, outer, 0, 0);
    install(SIGUSR2, outer, 0, 0);
    printf("each blocks itself:\n");
    may_raise = 1;
    raise(SIGUSR1);

    printf("one blocks the other too:\n");
    install(SIGUSR1, outer, 0, SIGUSR2);
    may_raise = 1;
    raise(SIGUSR1);

    printf("SA_NODEFER:\n");
    install(SIGUSR1, outer, SA_NODEFER, 0);
    may_raise = 1;
    raise(SIGUSR1);

    install(SIGUSR1, quiet, SA_RESETHAND, 0);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    check("SA_RESETHAND: the default action is back", now.sa_handler == SIG_DFL);

    install(SIGUSR2, quiet, SA_RESTART | SA_NODEFER, SIGTERM);
    sigaction(SIGUSR2, NULL, &now);
    check("sigaction tells the handler", now.sa_handler == quiet);
    check("and the flags", (now.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO)) == (SA_RESTART | SA_NODEFER));
    check("and the mask", sigismember(&now.sa_mask, SIGTERM) && !sigismember(&now.sa_mask, SIGINT));

    outcome("SIGKILL has no handler", sigaction(SIGKILL, &now, NULL));
    outcome("SIGSTOP has none", sigaction(SIGSTOP, &now, NULL));
    outcome("there is no signal 65", sigaction(65, &now, NULL));
    outcome("there is no signal 0", sigaction(0, &now, NULL));
    outcome("kill with no signal", kill(getpid(), 0));
    outcome("kill with a signal that there is not", kill(getpid(), 65));
    outcome("kill of a process that there is not", kill(0x3fffffff, SIGUSR1));
    signal(SIGUSR1, SIG_IGN);
    outcome("an ignored one does nothing", raise(SIGUSR1));
    outcome("SIGCHLD does nothing", raise(SIGCHLD));
    outcome("SIGWINCH does nothing", raise(SIGWINCH));
    outcome("SIGCONT does nothing", raise(SIGCONT));
    install(SIGRTMIN + 3, outer, 0, 0);
    depth = 0;
    outcome("a real-time signal", kill(getpid(), SIGRTMIN + 3));
    printf("at most %d deep\n", deepest);
    return verdict();
}
