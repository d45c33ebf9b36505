// SPDX-License-Identifier: MIT
// eater: writes to more and more memory, until it gets no more. Then it says so, and ends with status 3.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    const size_t block = 1 << 20;
    unsigned long blocks = 0;
    for (void *memory; (memory = malloc(block)) != NULL; blocks++)
    {
        memset(memory, 0x5a, block);
        if (blocks % 16 == 0)
        {
            fprintf(stderr, "eater: %lu MiB\n", blocks);
        }
    }

    printf("no more after %lu MiB\n", blocks);
    return 3;
}
