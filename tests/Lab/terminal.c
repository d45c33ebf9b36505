// SPDX-License-Identifier: MIT
// terminal: runs a command on a pseudo-terminal of 100 columns, and passes on what it writes there.

#include <pty.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    struct winsize size = {.ws_row = 40, .ws_col = 100};
    int terminal;
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child == 0)
    {
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }

    char buffer[4096];
    ssize_t got;
    while ((got = read(terminal, buffer, sizeof buffer)) > 0)
    {
        if (write(STDOUT_FILENO, buffer, got) != got)
        {
            return 126;
        }
    }

    int status;
    waitpid(child, &status, 0);
    return count < 2 || !WIFEXITED(status) ? 126 : WEXITSTATUS(status);
}
