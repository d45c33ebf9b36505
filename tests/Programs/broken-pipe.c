// SPDX-License-Identifier: MIT
// broken-pipe HOW: standard output is a pipe that nobody reads any more. Then SIGPIPE ends a program, unless it ignores or handles it.

#include "faults.h"
#include <unistd.h>

static volatile sig_atomic_t seen;

static void note(int number) { seen = number; }

int main(int count, char **arguments)
{
    const char *how = count > 1 ? arguments[1] : "";
    signal(SIGPIPE, strcmp(how, "ignore") == 0 ? SIG_IGN : strcmp(how, "handle") == 0 ? note : SIG_DFL);
    errno = 0;
    long wrote = write(STDOUT_FILENO, "lost\n", 5);
    fprintf(stderr, "write: %ld, %s; %s\n", wrote, error_name(errno), signal_name(seen));
    return 0;
}
