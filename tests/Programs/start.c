// SPDX-License-Identifier: MIT
// start: without a C library, what the first instruction of a program finds: registers, flags, and the stack with arguments,
// environment and auxiliary vector.
// built as: bare-O0 bare-O2

typedef unsigned int word;

static long call(long number, long first, const void *second, long third)
{
    long result;
    asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory");
    return result;
}

static void say(const char *text)
{
    word length = 0;
    while (text[length] != '\0')
    {
        length++;
    }

    call(4, 1, text, length);
}

static void number(word value)
{
    char digits[11], *at = digits + 10;
    *at = '\0';
    do
    {
        *--at = '0' + value % 10;
        value /= 10;
    } while (value != 0);

    say(at);
}

static int wrong;

static void check(const char *what, int holds)
{
    say(what);
    say(holds ? ": yes\n" : ": NO\n");
    wrong |= !holds;
}

// eflags edi esi ebp esp ebx edx ecx eax, as they were pushed; then the stack as it was.
__attribute__((used)) static void begin(const word *found)
{
    check("eax is 0", found[8] == 0);
    check("ebx is 0", found[5] == 0);
    check("ecx is 0", found[7] == 0);
    check("edx is 0", found[6] == 0);
    check("esi is 0", found[2] == 0);
    check("edi is 0", found[1] == 0);
    check("ebp is 0", found[3] == 0);
    check("eflags is 0x202", found[0] == 0x202);

    const word *stack = found + 9;
    check("esp was a multiple of 16", (word)stack % 16 == 0);
    word count = stack[0];
    char **arguments = (char **)(stack + 1);
    say("arguments: ");
    number(count - 1);
    say("\n");
    for (word i = 1; i < count; i++)
    {
        say("[");
        say(arguments[i]);
        say("]\n");
    }

    check("a null ends the arguments", arguments[count] == 0);
    char **variable = arguments + count + 1;
    while (*variable != 0)
    {
        say("variable [");
        say(*variable);
        say("]\n");
        variable++;
    }

    word seen = 0, entries = 0;
    const word *pair = (const word *)(variable + 1);
    for (; pair[0] != 0; pair += 2)
    {
        entries++;
        seen |= pair[0] < 32 ? 1U << pair[0] : 0;
    }

    check("the auxiliary vector has PHDR, PHENT, PHNUM, PAGESZ, ENTRY", (seen & 0x278) == 0x278);
    check("and UID, EUID, GID, EGID", (seen & 0x7800) == 0x7800);
    check("and RANDOM", (seen & 1 << 25) != 0);
    check("and comes to its end", entries >= 12 && entries < 40);
    check("strings lie above it", (word)arguments[0] > (word)pair);

    word cs, ss, ds, es, fs, gs;
    asm("mov %%cs, %0\n mov %%ss, %1\n mov %%ds, %2" : "=r"(cs), "=r"(ss), "=r"(ds));
    asm("mov %%es, %0\n mov %%fs, %1\n mov %%gs, %2" : "=r"(es), "=r"(fs), "=r"(gs));
    check("ds, es and ss are one", ds == ss && es == ss && (ss & 3) == 3);
    check("fs and gs are none", fs == 0 && gs == 0);
    unsigned short control, status;
    word vectors;
    asm volatile("fnstcw %0" : "=m"(control));
    asm volatile("fnstsw %0" : "=m"(status));
    asm volatile("stmxcsr %0" : "=m"(vectors));
    check("the x87 control word is 0x37f", control == 0x37f);
    check("the x87 stack is empty and nothing has happened", status == 0);
    check("MXCSR is 0x1f80", vectors == 0x1f80);
    call(1, wrong, 0, 0);
}

asm(".globl _start\n"
    "_start:\n"
    "pushal\n"   // eax ecx edx ebx esp ebp esi edi
    "pushf\n"
    "mov %esp, %eax\n"
    "cld\n"
    "and $-16, %esp\n"
    "sub $12, %esp\n"
    "push %eax\n"
    "call begin\n"
    "hlt\n");
