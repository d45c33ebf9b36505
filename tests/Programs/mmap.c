// SPDX-License-Identifier: MIT
// mmap: anonymous memory, where it is asked for and where it is not, and holes in it.

#include "faults.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };

static char *map(void *at, size_t pages, int protection, int flags)
{
    return mmap(at, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void contents(void)
{
    char *block = map(NULL, 16, PROT_READ | PROT_WRITE, 0);
    check("sixteen pages", block != MAP_FAILED && (uintptr_t)block % PAGE == 0);
    int zero = 1;
    for (int i = 0; i < 16 * PAGE; i++)
    {
        zero &= block[i] == 0;
    }

    check("all zero", zero);
    for (int i = 0; i < 16; i++)
    {
        block[i * PAGE] = block[i * PAGE + PAGE - 1] = i + 1;
    }

    char *other = map(NULL, 16, PROT_READ | PROT_WRITE, 0);
    check("a second one lies apart", other + 16 * PAGE <= block || other >= block + 16 * PAGE);

    check("two pages of the middle are unmapped", munmap(block + 4 * PAGE, 2 * PAGE) == 0);
    try_read("before the hole", block + 4 * PAGE - 1);
    try_read("the hole's first byte", block + 4 * PAGE);
    try_write("the hole's last byte", block + 6 * PAGE - 1);
    try_read("behind the hole", block + 6 * PAGE);
    check("what is round it is whole", block[4 * PAGE - 1] == 4 && block[6 * PAGE] == 7);
    outcome("unmapping the hole again", munmap(block + 4 * PAGE, 2 * PAGE));

    char *filled = map(block + 4 * PAGE, 2, PROT_READ | PROT_WRITE, MAP_FIXED);
    check("MAP_FIXED fills the hole", filled == block + 4 * PAGE);
    check("with zeros", filled[0] == 0 && filled[2 * PAGE - 1] == 0);
    check("MAP_FIXED over what is there", map(block + 8 * PAGE, 1, PROT_READ | PROT_WRITE, MAP_FIXED) == block + 8 * PAGE);
    check("replaces it", block[8 * PAGE] == 0 && block[7 * PAGE] == 8 && block[9 * PAGE] == 10);
    check("all of it is unmapped at once", munmap(block, 16 * PAGE) == 0);
    try_read("where it was", block + 15 * PAGE);
    munmap(other, 16 * PAGE);
}

static void places(void)
{
    char *block = map(NULL, 4, PROT_READ | PROT_WRITE, 0);
    check("a hint that is free is followed", munmap(block, 4 * PAGE) == 0 && map(block, 4, PROT_READ | PROT_WRITE, 0) == block);
    char *elsewhere = map(block, 1, PROT_READ | PROT_WRITE, 0);
    check("one that is taken is not", elsewhere != MAP_FAILED && elsewhere != block);
    block[0] = 42;
    outcome("MAP_FIXED at an address that is no page's", (long)map(block + 1, 1, PROT_READ, MAP_FIXED));
    check("low memory can be asked for", map((void *)0x10000000, 1, PROT_READ | PROT_WRITE, MAP_FIXED) == (void *)0x10000000);
    try_write("there", (void *)0x10000000);
    check("nothing was harmed", block[0] == 42);
}

static void refusals(void)
{
    outcome("no bytes", (long)map(NULL, 0, PROT_READ, 0));
    outcome("all there is", (long)mmap(NULL, 0xfffff000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    outcome("a length that rounds up to nothing", (long)mmap(NULL, 0xffffffff, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    outcome("MAP_FIXED over the end of the address space",
            (long)mmap((void *)0xffffd000, 0x10000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    outcome("neither private nor shared", (long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
    outcome("a file that is not open", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 12345, 0));
    outcome("munmap of no bytes", munmap((void *)0x10000000, 0));
    outcome("munmap of an address that is no page's", munmap((void *)0x10000001, PAGE));
    outcome("munmap over the end of the address space", munmap((void *)0xfffff000, 0x10000));
}

static void old_call(void)
{
    unsigned long block[6] = {0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0};
    unsigned long at = int80(SYS_mmap, (long)block, 0, 0, 0, 0, 0);
    check("the old call, whose arguments are in memory", at < -4096UL);
    try_write("there", (void *)(at + PAGE));
    block[5] = 1;
    raw_outcome("and with an offset that is no page's", int80(SYS_mmap, (long)block, 0, 0, 0, 0, 0));
    raw_outcome("and from nowhere", int80(SYS_mmap, 0, 0, 0, 0, 0, 0));
}

int main(void)
{
    catch_faults();
    contents();
    places();
    refusals();
    old_call();
    return verdict();
}
