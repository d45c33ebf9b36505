// SPDX-License-Identifier: MIT
// article-vsyscall: getpid by a call of the code in the page at 0xffffe000.
// built as: glibc-O0 glibc-O2 musl-O0 musl-O2
// built with: -DN=100000

#include <stdio.h>
#include <unistd.h>

#ifndef N
#define N 10000000
#endif

int pid;

int main(void)
{
    int i;

    for (i = 0; i < N; i++)
    {
        asm volatile("movl $20, %%eax\n"
                     "call 0xffffe400\n"
                     "movl %%eax, pid\n"
                     : : : "eax", "memory");
    }

    printf("got pid = %d, actual pid = %d\n", pid, getpid());
    return 0;
}
