// SPDX-License-Identifier: MIT
// alignment: with AC set a word that is off its alignment is a SIGBUS.
// built with: -msse2

#include "faults.h"

static int read_at(const volatile void *at)
{
    return CAUGHT(asm volatile("pushf\n orl $0x40000, (%%esp)\n popf\n movl (%0), %%eax\n pushf\n andl $~0x40000, (%%esp)\n popf"
                               : : "r"(at) : "eax", "cc", "memory"));
}

int main(void)
{
    catch_faults();
    static _Alignas(16) char words[32];
    int number = read_at(words);
    printf("aligned: %s\n", signal_name(number));
    number = read_at(words + 1);
    printf("off it: %s, code %d, trap %d\n", signal_name(number), faults_info.si_code, faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    number = CAUGHT(asm volatile("movaps %0, %%xmm0" : : "m"(words[4]) : "xmm0"));
    printf("MOVAPS off its alignment: %s, code %d, trap %d\n", signal_name(number), faults_info.si_code, faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    return verdict();
}
