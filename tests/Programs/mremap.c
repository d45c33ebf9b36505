// SPDX-License-Identifier: MIT
// mremap: a mapping grows, shrinks and moves, and keeps its bytes.

#include "faults.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

static char *map(void *at, size_t pages, int flags)
{
    return mmap(at, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

int main(void)
{
    catch_faults();
    char *room = map(NULL, 64, 0);
    check("room", room != MAP_FAILED);
    munmap(room, 64 * PAGE);

    char *block = map(room, 4, MAP_FIXED);
    for (int i = 0; i < 4; i++)
    {
        block[i * PAGE] = i + 1;
    }

    check("it grows in its place, where there is room", mremap(block, 4 * PAGE, 8 * PAGE, 0) == block);
    check("the new pages are zero", block[4 * PAGE] == 0 && block[8 * PAGE - 1] == 0);
    check("the old ones are as they were", block[0] == 1 && block[3 * PAGE] == 4);
    check("it shrinks", mremap(block, 8 * PAGE, 2 * PAGE, 0) == block);
    try_read("what is left", block + 2 * PAGE - 1);
    try_read("what is gone", block + 2 * PAGE);

    check("something lies behind it", map(block + 2 * PAGE, 1, MAP_FIXED) == block + 2 * PAGE);
    outcome("then it does not grow there", (long)mremap(block, 2 * PAGE, 4 * PAGE, 0));
    char *moved = mremap(block, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    check("but may move", moved != MAP_FAILED && moved != block);
    check("with its bytes", moved[0] == 1 && moved[PAGE] == 2 && moved[2 * PAGE] == 0);
    try_read("where it was", block);

    char *goal = room + 32 * PAGE;
    map(goal, 1, MAP_FIXED)[0] = 99;
    check("to a place that is named", mremap(moved, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, goal) == goal);
    check("over what was there", goal[0] == 1 && goal[PAGE] == 2);
    try_read("where it was then", moved);

    outcome("an address that is no page's", (long)mremap(goal + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    outcome("what is not mapped", (long)mremap(moved, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    outcome("to no bytes", (long)mremap(goal, PAGE, 0, MREMAP_MAYMOVE));
    outcome("to more than there is", (long)mremap(goal, PAGE, 0xf0000000, MREMAP_MAYMOVE));
    check("the same size again", mremap(goal, 4 * PAGE, 4 * PAGE, 0) == goal);
    return verdict();
}
