// SPDX-License-Identifier: MIT
// atexit: what is registered runs backwards, destructors after it, and stdio's buffers are written last.

#include "program.h"
#include <unistd.h>

static void first(void) { printf("registered first\n"); }

static void second(void)
{
    printf("registered second\n");
    atexit(first);
}

__attribute__((constructor)) static void before(void) { printf("constructor\n"); }

__attribute__((destructor)) static void after(void) { printf("destructor\n"); }

int main(void)
{
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    atexit(first);
    atexit(second);
    printf("buffered, and written at the end\n");
    if (write(STDOUT_FILENO, "written at once\n", 16) != 16)
    {
        return 1;
    }

    printf("main returns 3\n");
    return 3;
}
