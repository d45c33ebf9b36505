// SPDX-License-Identifier: MIT
// x87: its control word, its stack, its rounding.

#include "program.h"
#include <stdint.h>

static uint16_t control(void)
{
    uint16_t word;
    asm volatile("fnstcw %0" : "=m"(word));
    return word;
}

static uint16_t status(void)
{
    uint16_t word;
    asm volatile("fnstsw %0" : "=m"(word));
    return word;
}

static double third(uint16_t word)
{
    double result;
    asm volatile("fldcw %1\n fld1\n fld1\n fld1\n faddp\n fld1\n faddp\n fdivrp\n fstpl %0" : "=m"(result) : "m"(word));
    uint16_t normal = 0x37f;
    asm volatile("fldcw %0" : : "m"(normal));
    return result;
}

int main(void)
{
    printf("control word: %04x\n", control());
    asm volatile("fninit");
    printf("after FNINIT: %04x, status %04x\n", control(), status());
    printf("1/3 to 64 bits, 53, 24: %a %a %a\n", third(0x37f), third(0x27f), third(0x07f));
    printf("1/3 downwards, upwards, chopped: %a %a %a\n", third(0x77f), third(0xb7f), third(0xf7f));

    long double top;
    asm volatile("fldpi\n fstpt %0" : "=m"(top));
    printf("pi: %.20Lg\n", top);
    asm volatile("fldl2e\n fstpt %0" : "=m"(top));
    printf("log2(e): %.20Lg\n", top);

    int32_t chopped;
    double value = -2.9;
    asm volatile("fldl %1\n fistpl %0" : "=m"(chopped) : "m"(value));
    printf("rounded: %d\n", chopped);
    uint8_t environment[28];
    asm volatile("fnstenv %0" : "=m"(environment));
    uint16_t tags;
    memcpy(&tags, environment + 8, 2);
    printf("tags: %04x\n", tags);
    asm volatile("fninit");

    int lower, equal, higher;
    double one = 1, two = 2;
    asm volatile("fldl %3\n fldl %4\n fcomip\n fstp %%st(0)\n setb %b0\n sete %b1\n seta %b2"
                 : "=q"(lower), "=q"(equal), "=q"(higher) : "m"(two), "m"(one) : "cc");
    printf("1 to 2: %d %d %d\n", lower & 1, equal & 1, higher & 1);
    return verdict();
}
