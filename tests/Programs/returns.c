// SPDX-License-Identifier: MIT
// returns HOW: far returns to where a program may not go.

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

#define TRY(what, ...) \
    if (strcmp(how, what) == 0) \
    { \
        tell(what, CAUGHT(asm volatile(__VA_ARGS__))); \
    }

int main(int count, char **arguments)
{
    const char *how = count > 1 ? arguments[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    catch_faults();
    TRY("lret-kernel", "push $0x60\n push $0\n lret");
    TRY("lret-nothing", "push $0\n push $0\n lret");
    TRY("lret-beyond", "push $0xfff8\n push $0\n lret");
    TRY("iret-kernel", "pushf\n push $0x60\n push $0\n iret");
    TRY("iret-nothing", "pushf\n push $0\n push $0\n iret");
    TRY("iret-beyond", "pushf\n push $0xfff8\n push $0\n iret");
    return verdict();
}
