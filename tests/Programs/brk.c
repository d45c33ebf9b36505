// SPDX-License-Identifier: MIT
// brk: the program break goes up and down, and what comes back is zero.

#include "faults.h"
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long set_break(unsigned long address)
{
    return int80(SYS_brk, address, 0, 0, 0, 0, 0);
}

int main(void)
{
    catch_faults();
    static char stdio[4096]; // a buffer of malloc's would move the break
    setvbuf(stdout, stdio, _IOFBF, sizeof stdio);

    unsigned long start = set_break(0);
    check("there is a break", start != 0 && start < -4096UL);
    check("asking twice gives the same", set_break(0) == start);

    char *base = (char *)((start + 4095) & -4096UL);
    check("up by 1 MiB", set_break((unsigned long)base + (1 << 20)) == (unsigned long)base + (1 << 20));
    int zero = 1;
    for (int i = 0; i < 1 << 20; i += 1021)
    {
        zero &= base[i] == 0;
    }

    check("it is zero", zero);
    memset(base, 0x5a, 1 << 20);
    check("it holds what was written", base[0] == 0x5a && base[(1 << 20) - 1] == 0x5a);

    check("down by half of it", set_break((unsigned long)base + (1 << 19)) == (unsigned long)base + (1 << 19));
    try_read("below the break", base + (1 << 19) - 1);
    try_read("above it", base + (1 << 19));
    check("up again", set_break((unsigned long)base + (1 << 20)) == (unsigned long)base + (1 << 20));
    check("the lower half was kept", base[(1 << 19) - 1] == 0x5a);
    check("the upper half is zero again", base[1 << 19] == 0 && base[(1 << 20) - 1] == 0);

    check("a break in the middle of a page", set_break((unsigned long)base + 100) == (unsigned long)base + 100);
    try_write("the rest of that page", base + 4095);
    try_write("the next page", base + 4096);
    check("below its start it does not go", set_break(4096) == (unsigned long)base + 100);
    check("nor over all of memory", set_break(0xfffff000) == (unsigned long)base + 100);
    check("back to the start", set_break(start) == start);
    check("sbrk(0) agrees", (unsigned long)sbrk(0) == set_break(0));
    return verdict();
}
