// SPDX-License-Identifier: MIT
// stack: it grows as it is used, by recursion and by alloca, to megabytes.

#include "program.h"
#include <alloca.h>
#include <sys/resource.h>

// Each call adds to what the next gives, so that it cannot become a loop.
__attribute__((noinline)) static unsigned deep(unsigned depth, volatile unsigned char *before)
{
    volatile unsigned char here[1000];
    here[0] = depth;
    here[999] = before[0];
    if (depth == 0)
    {
        return here[999];
    }

    unsigned below = deep(depth - 1, here);
    return below + here[0] + (here[999] == before[0]);
}

__attribute__((noinline)) static int jump(size_t size)
{
    volatile char *block = alloca(size);
    block[0] = 1;         // the far end first: a page that nothing has touched a way to
    block[size - 1] = 2;
    int zeros = 0;
    for (size_t i = 4096; i < size - 4096; i += 4096)
    {
        zeros += block[i] == 0;
    }

    return block[0] == 1 && block[size - 1] == 2 && zeros > 0;
}

int main(void)
{
    volatile unsigned char first[1] = {0};
    printf("4000 calls of 1 KB: %u\n", deep(4000, first));
    check("5 MB at once", jump(5000000));
    check("and again 100 KB", jump(100000));
    struct rlimit limit;
    check("the limit lets it", getrlimit(RLIMIT_STACK, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= 8 << 20));
    return verdict();
}
