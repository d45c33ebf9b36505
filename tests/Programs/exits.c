// SPDX-License-Identifier: MIT
// exits HOW NUMBER: every way for a program to end by itself. Only the low byte of its number arrives.

#include "program.h"
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    const char *how = count > 2 ? arguments[1] : "return";
    int number = count > 2 ? atoi(arguments[2]) : 0;
    printf("%s %d\n", how, number);
    if (strcmp(how, "exit") == 0)
    {
        exit(number);
    }

    if (strcmp(how, "quick_exit") == 0)
    {
        fflush(stdout);
        quick_exit(number);
    }

    // What stdio has not written yet is lost by these.
    if (strcmp(how, "_exit") == 0)
    {
        _exit(number);
    }

    if (strcmp(how, "exit_group") == 0)
    {
        int80(SYS_exit_group, number, 0, 0, 0, 0, 0);
    }

    if (strcmp(how, "SYS_exit") == 0)
    {
        vsyscall(SYS_exit, number, 0, 0, 0, 0, 0);
    }

    return number;
}
