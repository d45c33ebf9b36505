// SPDX-License-Identifier: MIT
// vectors: writev and readv, whole, in pieces of nothing, and wrong.

#include "program.h"
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// By the kernel's own call: the compiler knows the library's, and what not to ask of it.
static void wrong(const char *what, long descriptor, const struct iovec *pieces, long count)
{
    raw_outcome(what, int80(SYS_writev, descriptor, (long)pieces, count, 0, 0, 0));
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    struct iovec three[] = {{"one ", 4}, {"two ", 4}, {"three\n", 6}};
    outcome("writev", writev(STDOUT_FILENO, three, 3));
    struct iovec holes[] = {{NULL, 0}, {"between ", 8}, {NULL, 0}, {"nothings\n", 9}, {NULL, 0}};
    outcome("writev with empty pieces", writev(STDOUT_FILENO, holes, 5));
    wrong("writev of no pieces", STDOUT_FILENO, three, 0);
    wrong("writev of -1 pieces", STDOUT_FILENO, three, -1);
    wrong("writev of too many pieces", STDOUT_FILENO, three, 1025);
    wrong("writev from nowhere", STDOUT_FILENO, NULL, 1);
    struct iovec bad[] = {{NULL, 5}};
    wrong("writev of a piece that is nowhere", STDOUT_FILENO, bad, 1);
    struct iovec negative[] = {{"x", 1}, {"y", -1}};
    wrong("writev of a piece of negative length", STDOUT_FILENO, negative, 2);
    wrong("writev to what is closed", 77, three, 3);
    struct iovec many[1024];
    for (int i = 0; i < 1024; i++)
    {
        many[i] = (struct iovec){i % 64 == 63 ? "\n" : "=", 1};
    }

    outcome("writev of 1024 pieces", writev(STDOUT_FILENO, many, 1024));

    char first[5] = "", second[100] = "";
    struct iovec room[] = {{first, 4}, {NULL, 0}, {second, sizeof second - 1}};
    long got = readv(STDIN_FILENO, room, 3);
    outcome("readv", got);
    printf("[%s] [%s]\n", first, second);
    outcome("readv at the end", readv(STDIN_FILENO, room, 3));
    outcome("readv of no pieces", readv(STDIN_FILENO, room, 0));
    outcome("readv from what is closed", readv(77, room, 3));
    return verdict();
}
