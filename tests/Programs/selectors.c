// SPDX-License-Identifier: MIT
// selectors: segments that a program may not have, or that are not there.

#include "faults.h"

static void tell(const char *what, int number)
{
    const greg_t *registers = faults_context.uc_mcontext.gregs;
    printf("%s: %s", what, signal_name(number));
    if (number != 0)
    {
        printf(", code %d, trap %d", faults_info.si_code, registers[REG_TRAPNO]);
        if (registers[REG_TRAPNO] == 13)
        {
            printf(", error %x", registers[REG_ERR]);
        }
    }

    printf("\n");
}

#define TRY(what, ...) tell(what, CAUGHT(asm volatile(__VA_ARGS__)))

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    catch_faults();
    TRY("far jump to nothing", "ljmp $0, $0");
    TRY("far jump to a selector of the kernel's rank", "ljmp $0x60, $0");
    TRY("far jump beyond the table", "ljmp $0xfff8, $0");
    TRY("far jump into a local table", "ljmp $0x7f, $0");
    TRY("far call beyond the table", "lcall $0xfff8, $0");
    TRY("DS beyond the table", "mov %0, %%ds" : : "r"(0xffff));
    TRY("ES of a local table", "mov %0, %%es" : : "r"(0x0f));
    TRY("SS as nothing", "mov %0, %%ss" : : "r"(0));
    TRY("SS beyond the table", "mov %0, %%ss" : : "r"(0xffff));
    check("and the program goes on", 1);
    return verdict();
}
