// SPDX-License-Identifier: MIT
// preempted: alarms that come while the program computes, and makes no system call. What it has computed is right all the same.

#include <signal.h>
#include <sys/time.h>

#include "program.h"

enum
{
    ENOUGH = 3
};

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

static unsigned next(unsigned value)
{
    return value * 1664525 + 1013904223;
}

int main(void)
{
    const struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    unsigned value = 1, steps = 0, expected = 1;
    signal(SIGALRM, count_alarm);
    setitimer(ITIMER_REAL, &often, NULL);
    while (alarms < ENOUGH)
    {
        value = next(value);
        steps++;
    }

    setitimer(ITIMER_REAL, &never, NULL);
    for (unsigned i = 0; i < steps; i++)
    {
        expected = next(expected);
    }

    check("alarms have come while it computed", steps > 0);
    check("what it has computed is right", value == expected);
    return verdict();
}
