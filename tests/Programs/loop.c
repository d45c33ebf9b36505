// SPDX-License-Identifier: MIT
// loop [calls]: without an end: in its own instructions, or in calls of its kernel.

#include "program.h"
#include <unistd.h>

int main(int count, char **arguments)
{
    printf("for ever\n");
    fflush(stdout);
    for (;;)
    {
        if (count > 1 && strcmp(arguments[1], "calls") == 0)
        {
            getppid();
        }

        asm volatile("" : : : "memory");
    }
}
