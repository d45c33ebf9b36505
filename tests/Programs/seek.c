// SPDX-License-Identifier: MIT
// seek: lseek on what has a position and on what has none; with a pipe as standard input and output it has none.

#include "program.h"
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    outcome("lseek on standard input", lseek(STDIN_FILENO, 0, SEEK_CUR));
    outcome("lseek on standard output", lseek(STDOUT_FILENO, 0, SEEK_CUR));
    outcome("lseek to 10", lseek(STDIN_FILENO, 10, SEEK_SET));
    outcome("lseek to before the start", lseek(STDIN_FILENO, -10, SEEK_SET));
    outcome("lseek from nowhere", lseek(STDIN_FILENO, 0, 99));
    outcome("lseek on what is closed", lseek(77, 0, SEEK_CUR));
    long long result = -1;
    raw_outcome("_llseek", int80(SYS__llseek, STDIN_FILENO, 0, 3, (long)&result, SEEK_SET, 0));
    printf("  gives %lld\n", result);
    raw_outcome("_llseek into nowhere", int80(SYS__llseek, STDIN_FILENO, 0, 3, 0, SEEK_SET, 0));
    char bytes[5] = "";
    outcome("read", read(STDIN_FILENO, bytes, 4));
    printf("  [%s]\n", bytes);
    outcome("lseek to the end", lseek(STDIN_FILENO, 0, SEEK_END));
    outcome("read there", read(STDIN_FILENO, bytes, 4));
    return verdict();
}
