// SPDX-License-Identifier: MIT
// mprotect: what may be done with a page, and what comes of doing something else.

#include "faults.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

static const char text[] = "constant";

int main(void)
{
    catch_faults();
    char *block = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(block, 7, 8 * PAGE);

    check("read-only", mprotect(block + 2 * PAGE, 2 * PAGE, PROT_READ) == 0);
    try_read("a read-only page", block + 2 * PAGE);
    try_write("a read-only page", block + 2 * PAGE);
    try_write("the byte before", block + 2 * PAGE - 1);
    try_write("its last byte", block + 4 * PAGE - 1);
    try_write("the byte behind", block + 4 * PAGE);

    check("nothing at all", mprotect(block + 5 * PAGE, PAGE, PROT_NONE) == 0);
    try_read("a page of PROT_NONE", block + 5 * PAGE);
    try_write("a page of PROT_NONE", block + 5 * PAGE);
    check("writable again", mprotect(block, 8 * PAGE, PROT_READ | PROT_WRITE) == 0);
    check("what was in them is there still", block[2 * PAGE] == 7 && block[5 * PAGE] == 7 && block[4 * PAGE - 1] == 7);

    // A return instruction: executable memory executes. What is not executable may do so too, on a CPU or a kernel without NX.
    block[0] = (char)0xc3;
    check("executable", mprotect(block, PAGE, PROT_READ | PROT_EXEC) == 0);
    ((void (*)(void))block)();
    try_write("executable, read-only", block);

    try_write("a constant", (char *)text);
    try_read("the null page", NULL);
    try_write("the null page", (char *)4095);

    char *reserved = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    try_read("what is only reserved", reserved + PAGE);
    check("a part of it is made usable", mprotect(reserved + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    try_write("that part", reserved + PAGE);
    try_read("the next part", reserved + 2 * PAGE);

    outcome("an address that is no page's", mprotect(block + 1, PAGE, PROT_READ));
    munmap(block + 6 * PAGE, PAGE);
    outcome("over a hole", mprotect(block + 5 * PAGE, 3 * PAGE, PROT_READ));
    outcome("of no bytes", mprotect(block, 0, PROT_READ));
    outcome("of where the kernel is", mprotect((void *)0xfffff000, PAGE, PROT_READ));
    return verdict();
}
