// SPDX-License-Identifier: MIT
// fpe-x87: exceptions of the x87, masked as they are at first, and unmasked, when each is a SIGFPE that says which.

#include "faults.h"

static void x87(const char *what, unsigned short mask, double left, double right)
{
    unsigned short unmasked = 0x37f & ~mask;
    int number = CAUGHT(asm volatile("fninit\n fldcw %0\n fldl %1\n fdivl %2\n fwait\n fstp %%st(0)" : : "m"(unmasked), "m"(left), "m"(right)));
    asm volatile("fnclex\n fninit");
    printf("x87 %s: %s, code %d, trap %d\n", what, signal_name(number), faults_info.si_code, faults_context.uc_mcontext.gregs[REG_TRAPNO]);
}

int main(void)
{
    catch_signal(SIGFPE);
    volatile double zero = 0, one = 1;
    int number = CAUGHT(zero = one / zero);
    printf("masked: %s, %g\n", signal_name(number), zero);
    x87("division by zero", 0x04, 1, 0);
    x87("invalid", 0x01, 0, 0);
    x87("inexact", 0x20, 1, 3);
    check("afterwards all is as before", one / 4 == 0.25);
    return verdict();
}
