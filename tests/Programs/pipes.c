// SPDX-License-Identifier: MIT
// pipes: a pipe from a program to itself.

#include "faults.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    int ends[2];
    outcome("pipe", pipe(ends));
    check("two descriptors", ends[0] == 3 && ends[1] == 4);
    char bytes[8192] = "";
    outcome("write", write(ends[1], "through the pipe", 16));
    outcome("read a part", read(ends[0], bytes, 7));
    outcome("read the rest", read(ends[0], bytes + 7, 100));
    printf("[%s]\n", bytes);
    outcome("lseek", lseek(ends[0], 0, SEEK_CUR));
    outcome("read from the end that is written to", read(ends[1], bytes, 1));
    outcome("write to the end that is read from", write(ends[0], bytes, 1));

    check("O_NONBLOCK can be set", fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && (fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    outcome("an empty pipe does not wait", read(ends[0], bytes, 1));
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    long total = 0, wrote;
    while ((wrote = write(ends[1], bytes, sizeof bytes)) > 0)
    {
        total += wrote;
    }

    outcome("and neither does a full one", wrote);
    check("which holds some pages", total >= 4096);
    for (long got; total > 0 && (got = read(ends[0], bytes, sizeof bytes)) > 0;)
    {
        total -= got;
    }

    check("all of it comes out again", total == 0);
    outcome("close one end", close(ends[1]));
    outcome("then the other is at its end", read(ends[0], bytes, 1));

    outcome("pipe2", pipe2(ends, O_CLOEXEC));
    check("has the flag", fcntl(ends[0], F_GETFD) == FD_CLOEXEC);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    outcome("nobody to read", write(ends[1], "x", 1));
    raw_outcome("pipe into nowhere", int80(SYS_pipe, 4, 0, 0, 0, 0, 0));
    return verdict();
}
