// SPDX-License-Identifier: MIT
// exhaustion: malloc until there is no more, then on with what there is.

#include "program.h"
#include <sys/resource.h>

int main(void)
{
    // Where the kernel would give more than this is about, it is told to stop at 64 MB. One that does not know limits has its own.
    struct rlimit limit = {64 << 20, 64 << 20};
    setrlimit(RLIMIT_AS, &limit);

    void **last = NULL;
    unsigned blocks = 0;
    errno = 0;
    for (;;)
    {
        void **block = malloc(256 << 10);
        if (block == NULL)
        {
            break;
        }

        *block = last; // only the first page of each is used
        last = block;
        blocks++;
    }

    check("the end is ENOMEM", errno == ENOMEM);
    check("some megabytes came before it", blocks > 16);
    while (last != NULL)
    {
        void **next = *last;
        free(last);
        last = next;
    }

    void *again = malloc(1 << 20);
    check("what was freed can be had again", again != NULL);
    free(again);
    return verdict();
}
