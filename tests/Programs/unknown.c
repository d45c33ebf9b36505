// SPDX-License-Identifier: MIT
// unknown: numbers that are no system call's.

#include "program.h"

int main(void)
{
    static const long numbers[] = {
        17, 31, 32, 35, 44, 53, 56, 58, 98, 112, 127, 130, 137, 167, 188, 189, 222, 223, 251, 285,
        600, 1000, 4095, 65536, 0x40000001, 0x7fffffff, (long)0x80000000, -2, -4096,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    {
        printf("%ld: ", numbers[i]);
        raw_outcome("by INT 0x80", int80(numbers[i], 1, 2, 3, 4, 5, 6));
        raw_outcome("  by the page", vsyscall(numbers[i], 1, 2, 3, 4, 5, 6));
    }

    return verdict();
}
