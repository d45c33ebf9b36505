// SPDX-License-Identifier: MIT
// limits: a segment that ends after eight bytes, and no segment at all.

#include "faults.h"
#include <asm/ldt.h>
#include <sys/syscall.h>
#include <unistd.h>

static void tell(const char *what, int number)
{
    printf("%s: %s", what, signal_name(number));
    if (number != 0)
    {
        printf(", code %d, trap %d", faults_info.si_code, faults_context.uc_mcontext.gregs[REG_TRAPNO]);
    }

    printf("\n");
}

int main(void)
{
    static char bytes[16];
    struct user_desc eight = {.entry_number = -1, .base_addr = (unsigned long)bytes, .limit = 7, .seg_32bit = 1, .useable = 1};
    catch_faults();
    outcome("eight bytes", syscall(SYS_set_thread_area, &eight));
    asm volatile("mov %0, %%fs" : : "r"(eight.entry_number * 8 + 3));
    tell("its last word", CAUGHT(asm volatile("mov %%fs:4, %%eax" : : : "eax")));
    tell("a word over its end", CAUGHT(asm volatile("mov %%fs:5, %%eax" : : : "eax")));
    tell("the first byte behind it", CAUGHT(asm volatile("movb %%fs:8, %%al" : : : "eax")));
    asm volatile("mov %0, %%fs" : : "r"(0));
    tell("by way of no segment at all", CAUGHT(asm volatile("movb %%fs:(%0), %%al" : : "r"(bytes) : "eax")));
    return verdict();
}
