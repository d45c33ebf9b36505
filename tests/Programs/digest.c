// SPDX-License-Identifier: MIT
// digest: SHA-256 of standard input, as FIPS 180-4 describes it; its constants are computed, not written down.

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t state[8], constants[64];

static uint32_t turn(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

// The 32 bits behind the point of a prime's square or cube root: the largest number whose square or cube stays below the prime's
// multiple. A double has too few bits for that, and a long double just enough.
static uint32_t behind_the_point(int prime, int power)
{
    long double low = 1, high = 20;
    for (int i = 0; i < 64; i++)
    {
        long double middle = (low + high) / 2;
        if ((power == 2 ? middle * middle : middle * middle * middle) <= prime)
        {
            low = middle;
        }
        else
        {
            high = middle;
        }
    }

    return (uint32_t)((low - (int)low) * 4294967296.0L);
}

static void prepare(void)
{
    int prime = 2;
    for (int i = 0; i < 64; prime++)
    {
        int divisor = 2;
        while (divisor * divisor <= prime && prime % divisor != 0)
        {
            divisor++;
        }

        if (divisor * divisor <= prime)
        {
            continue;
        }

        if (i < 8)
        {
            state[i] = behind_the_point(prime, 2);
        }

        constants[i++] = behind_the_point(prime, 3);
    }
}

static void block(const uint8_t *bytes)
{
    uint32_t words[64], now[8];
    for (int i = 0; i < 16; i++)
    {
        words[i] = (uint32_t)bytes[4 * i] << 24 | bytes[4 * i + 1] << 16 | bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    }

    for (int i = 16; i < 64; i++)
    {
        uint32_t a = words[i - 15], b = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
    }

    memcpy(now, state, sizeof now);
    for (int i = 0; i < 64; i++)
    {
        uint32_t e = now[4], a = now[0];
        uint32_t first = now[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & now[5]) ^ (~e & now[6])) + constants[i] + words[i];
        uint32_t second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & now[1]) ^ (a & now[2]) ^ (now[1] & now[2]));
        memmove(now + 1, now, 7 * sizeof *now);
        now[4] += first;
        now[0] = first + second;
    }

    for (int i = 0; i < 8; i++)
    {
        state[i] += now[i];
    }
}

int main(void)
{
    uint8_t bytes[64];
    uint64_t length = 0;
    size_t got;
    prepare();
    while ((got = fread(bytes, 1, sizeof bytes, stdin)) == sizeof bytes)
    {
        block(bytes);
        length += got;
    }

    length += got;
    bytes[got++] = 0x80;
    if (got > 56)
    {
        memset(bytes + got, 0, 64 - got);
        block(bytes);
        got = 0;
    }

    memset(bytes + got, 0, 56 - got);
    for (int i = 0; i < 8; i++)
    {
        bytes[63 - i] = length * 8 >> 8 * i;
    }

    block(bytes);
    for (int i = 0; i < 8; i++)
    {
        printf("%08x", state[i]);
    }

    printf("\n");
    return 0;
}
