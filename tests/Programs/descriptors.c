// SPDX-License-Identifier: MIT
// descriptors: dup, dup2, close and what fcntl says of them.

#include "program.h"
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
    int copy = dup(STDOUT_FILENO);
    check("dup gives the lowest that is free", copy == 3);
    check("it writes to the same place", dprintf(copy, "by descriptor 3\n") == 16);
    check("dup2 to one of choice", dup2(copy, 77) == 77);
    check("which writes there too", dprintf(77, "by descriptor 77\n") == 17);
    check("dup2 onto itself", dup2(77, 77) == 77);
    outcome("dup2 of what is closed", dup2(50, 51));
    outcome("dup2 of what is closed onto itself", dup2(50, 50));
    outcome("dup2 to a negative one", dup2(1, -1));
    outcome("dup of a negative one", dup(-1));

    check("F_DUPFD from 60 on", fcntl(copy, F_DUPFD, 60) == 60);
    check("once more", fcntl(copy, F_DUPFD, 60) == 61);
    check("F_DUPFD_CLOEXEC", fcntl(copy, F_DUPFD_CLOEXEC, 70) == 70);
    check("has the flag", fcntl(70, F_GETFD) == FD_CLOEXEC);
    check("the others do not", fcntl(61, F_GETFD) == 0);
    check("F_SETFD", fcntl(61, F_SETFD, FD_CLOEXEC) == 0 && fcntl(61, F_GETFD) == FD_CLOEXEC);
    check("is of that descriptor only", fcntl(60, F_GETFD) == 0);
    check("standard output can be written to", (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) != O_RDONLY);
    outcome("F_GETFL of what is closed", fcntl(50, F_GETFL));
    outcome("F_GETFD of what is closed", fcntl(50, F_GETFD));
    outcome("a command that there is not", fcntl(copy, 9999));

    outcome("close", close(77));
    outcome("close again", close(77));
    outcome("close of -1", close(-1));
    outcome("write to what is closed", write(77, "", 1));
    outcome("read from what is closed", read(77, &copy, 1));
    fflush(stdout);

    check("standard output closed", close(STDOUT_FILENO) == 0);
    check("dup takes its number", dup(60) == STDOUT_FILENO);
    fflush(stdout);
    close(STDERR_FILENO);
    outcome("write to closed standard error", write(STDERR_FILENO, "x", 1));
    check("now 2 is the lowest", dup(60) == STDERR_FILENO);
    return verdict();
}
