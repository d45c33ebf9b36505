// SPDX-License-Identifier: MIT
// malloc: patterns of blocks, small and large, that must keep what was written to them.

#include "program.h"
#include <stdint.h>

static uint32_t seed = 20050815;

static uint32_t next(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static int is_filled(const unsigned char *block, size_t size, unsigned char value)
{
    for (size_t i = 0; i < size; i++)
    {
        if (block[i] != value)
        {
            return 0;
        }
    }

    return 1;
}

static void churn(const char *what, int rounds, size_t largest)
{
    enum { SLOTS = 64 };
    static unsigned char *blocks[SLOTS];
    static size_t sizes[SLOTS];
    int good = 1;
    for (int i = 0; i < rounds; i++)
    {
        int slot = next() % SLOTS;
        unsigned char value = slot + 1;
        good &= is_filled(blocks[slot], sizes[slot], value);
        switch (next() % 3)
        {
        case 0:
            free(blocks[slot]);
            blocks[slot] = NULL;
            sizes[slot] = 0;
            break;
        case 1:
            free(blocks[slot]);
            sizes[slot] = next() % largest + 1;
            blocks[slot] = malloc(sizes[slot]);
            good &= blocks[slot] != NULL && (uintptr_t)blocks[slot] % 8 == 0;
            memset(blocks[slot], value, sizes[slot]);
            break;
        default:
        {
            size_t size = next() % largest + 1;
            unsigned char *block = realloc(blocks[slot], size);
            good &= block != NULL && is_filled(block, size < sizes[slot] ? size : sizes[slot], value);
            memset(block, value, size);
            blocks[slot] = block;
            sizes[slot] = size;
            break;
        }
        }
    }

    for (int i = 0; i < SLOTS; i++)
    {
        good &= is_filled(blocks[i], sizes[i], i + 1);
        free(blocks[i]);
        blocks[i] = NULL;
        sizes[i] = 0;
    }

    check(what, good);
}

int main(void)
{
    churn("small blocks", 3000, 200);
    churn("middling blocks", 300, 8000);
    churn("large blocks, by way of mmap", 60, 400000);

    unsigned char *zeroed = calloc(1000, 1000);
    check("calloc gives zeros", zeroed != NULL && is_filled(zeroed, 1000000, 0));
    unsigned char *grown = realloc(zeroed, 4000000);
    check("a large block grows and keeps its bytes", grown != NULL && is_filled(grown, 1000000, 0));
    free(grown);

    void *aligned = NULL;
    check("aligned to a page", posix_memalign(&aligned, 4096, 5000) == 0 && (uintptr_t)aligned % 4096 == 0);
    free(aligned);

    // By way of variables, or the compiler would take it for granted that they succeed.
    volatile size_t absurd = SIZE_MAX - 65536;
    errno = 0;
    void *volatile refused = malloc(absurd);
    check("what is absurd is refused with ENOMEM", refused == NULL && errno == ENOMEM);
    refused = calloc(absurd, 4);
    check("and so is a product that overflows", refused == NULL);
    return verdict();
}
