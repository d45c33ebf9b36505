// SPDX-License-Identifier: MIT
// madvise: pages that are not needed any more come back as zeros.

#include "faults.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

int main(void)
{
    char *block = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(block, 1, 4 * PAGE);
    check("two pages are not needed", madvise(block + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
    check("they are zero", block[PAGE] == 0 && block[3 * PAGE - 1] == 0);
    check("their neighbours are not", block[PAGE - 1] == 1 && block[3 * PAGE] == 1);
    block[PAGE] = 2;
    check("and they can be written to", block[PAGE] == 2);
    check("MADV_NORMAL changes nothing", madvise(block, 4 * PAGE, MADV_NORMAL) == 0 && block[PAGE] == 2);
    outcome("an address that is no page's", madvise(block + 1, PAGE, MADV_DONTNEED));
    outcome("advice that there is not", madvise(block, PAGE, 12345));
    munmap(block + PAGE, PAGE);
    outcome("over a hole", madvise(block, 4 * PAGE, MADV_DONTNEED));
    return verdict();
}
