// SPDX-License-Identifier: MIT
// fpe-sse: exceptions of SSE, masked as they are at first, and unmasked, when each is a SIGFPE that says which.
// built with: -msse2

#include "faults.h"

static void sse(const char *what, unsigned mask, float left, float right)
{
    unsigned normal = 0x1f80, unmasked = 0x1f80 & ~mask;
    int number = CAUGHT(asm volatile("ldmxcsr %0\n movss %1, %%xmm0\n divss %2, %%xmm0\n" : : "m"(unmasked), "m"(left), "m"(right) : "xmm0"));
    asm volatile("ldmxcsr %0" : : "m"(normal));
    printf("SSE %s: %s, code %d, trap %d\n", what, signal_name(number), faults_info.si_code, faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    check("  at the instruction", faults_info.si_addr == (void *)faults_context.uc_mcontext.gregs[REG_EIP]);
}

int main(void)
{
    catch_signal(SIGFPE);
    volatile float zero = 0;
    int number = CAUGHT(zero = 1 / zero);
    printf("masked: %s, %g\n", signal_name(number), zero);
    sse("division by zero", 0x200, 1, 0);
    sse("invalid", 0x080, 0, 0);
    sse("overflow", 0x400, 3e38f, 1e-10f);
    sse("underflow", 0x800, 1e-38f, 1e10f);
    sse("inexact", 0x1000, 1, 3);
    return verdict();
}
