// SPDX-License-Identifier: MIT
// interrupts [8]: INT with numbers that are not for programs: each is a #GP that names the number.

#include "faults.h"

#define TRY(number) \
    do \
    { \
        int caught_ = CAUGHT(asm volatile("int $" #number)); \
        printf("int $" #number ": %s, trap %d, error %x\n", signal_name(caught_), faults_context.uc_mcontext.gregs[REG_TRAPNO], \
               faults_context.uc_mcontext.gregs[REG_ERR]); \
    } while (0)

int main(int count, char **arguments)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    catch_faults();
    // The double fault's has a program's run to itself: a kernel may have a task of its own for it.
    if (count > 1 && strcmp(arguments[1], "8") == 0)
    {
        TRY(8);
        return verdict();
    }

    TRY(0);
    TRY(1);
    TRY(2);
    TRY(6);
    TRY(7);
    TRY(13);
    TRY(14);
    TRY(0x20);
    TRY(0x7f);
    TRY(0x81);
    TRY(0x82);
    TRY(0xff);
    check("and the program goes on", 1);
    return verdict();
}
