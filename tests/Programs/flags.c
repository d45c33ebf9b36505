// SPDX-License-Identifier: MIT
// flags: EFLAGS across a system call. INT 0x80 keeps all of them. By the page neither the arithmetic ones nor
// the direction flag are anybody's to rely on: 2.6.12 loses them where today's kernels keep them.

#include "program.h"
#include <stdint.h>
#include <sys/syscall.h>

#define PROBE(name, instruction) \
    uint32_t name(uint32_t flags) __attribute__((visibility("hidden"))); \
    asm(".pushsection .text\n" \
        ".hidden " #name "\n" \
        #name ":\n" \
        "push %ebx\n" \
        "mov $20, %eax\n" \
        "pushl 8(%esp)\n" \
        "popf\n" \
        instruction "\n" \
        "pushf\n" \
        "pushl $0x202\n" \
        "popf\n" /* with AC set the C library would not get far */ \
        "pop %eax\n" \
        "pop %ebx\n" \
        "ret\n" \
        ".popsection")

PROBE(by_int80, "int $0x80");
PROBE(by_page, "call *%gs:0x10");

enum
{
    CF = 1, ALWAYS = 2, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, TF = 0x100, IF = 0x200, DF = 0x400, OF = 0x800,
    IOPL = 0x3000, NT = 0x4000, AC = 0x40000, ID = 0x200000,
    ARITHMETIC = CF | PF | AF | ZF | SF | OF,
};

int main(void)
{
    static const uint32_t sets[] = {0, CF, PF, AF, ZF, SF, OF, ARITHMETIC, DF, ARITHMETIC | DF, AC, ID};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    {
        uint32_t before = sets[i] | IF | ALWAYS;
        printf("int80 with %06x: %06x\n", before, by_int80(before));
    }

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    {
        uint32_t before = sets[i] | IF | ALWAYS;
        printf("page with %06x: %06x but for those\n", before, by_page(before) & ~(ARITHMETIC | DF));
    }

    uint32_t flags;
    asm volatile("pushf\n orl $0x3000, (%%esp)\n popf\n pushf\n pop %0" : "=r"(flags) : : "cc");
    check("POPF does not raise IOPL", (flags & IOPL) == 0);
    asm volatile("pushf\n andl $~0x200, (%%esp)\n popf\n pushf\n pop %0" : "=r"(flags) : : "cc");
    check("nor does it clear IF", (flags & IF) != 0);
    return verdict();
}
