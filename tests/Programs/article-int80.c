// SPDX-License-Identifier: MIT
// article-int80: getpid by INT 0x80, 10000000 times unless the compiler is told otherwise. As programs were in 2005: `pid` is an
// absolute address, so the program is not position-independent.
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
                     "int $0x80\n"
                     "movl %%eax, pid\n"
                     : : : "eax", "memory");
    }

    printf("got pid = %d, actual pid = %d\n", pid, getpid());
    return 0;
}
