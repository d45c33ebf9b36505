// SPDX-License-Identifier: MIT
// registers: a system call changes EAX and nothing else, whichever way it goes.

#include "program.h"
#include <stdint.h>
#include <sys/syscall.h>

// Loads every register from `before`, makes the call, stores every register into `after`: eax ebx ecx edx esi edi ebp.
#define PROBE(name, instruction) \
    void name(const uint32_t *before, uint32_t *after) __attribute__((visibility("hidden"))); \
    asm(".pushsection .text\n" \
        ".hidden " #name "\n" \
        #name ":\n" \
        "push %ebp\n push %edi\n push %esi\n push %ebx\n" \
        "mov 20(%esp), %eax\n" \
        "mov 4(%eax), %ebx\n mov 8(%eax), %ecx\n mov 12(%eax), %edx\n" \
        "mov 16(%eax), %esi\n mov 20(%eax), %edi\n mov 24(%eax), %ebp\n" \
        "mov (%eax), %eax\n" \
        instruction "\n" \
        "push %eax\n" \
        "mov 28(%esp), %eax\n" \
        "mov %ebx, 4(%eax)\n mov %ecx, 8(%eax)\n mov %edx, 12(%eax)\n" \
        "mov %esi, 16(%eax)\n mov %edi, 20(%eax)\n mov %ebp, 24(%eax)\n" \
        "pop (%eax)\n" \
        "pop %ebx\n pop %esi\n pop %edi\n pop %ebp\n" \
        "ret\n" \
        ".popsection")

PROBE(by_int80, "int $0x80");
PROBE(by_page, "call *%gs:0x10");

static const char *const names[] = {"eax", "ebx", "ecx", "edx", "esi", "edi", "ebp"};

static void probe(const char *what, void (*call)(const uint32_t *, uint32_t *), const uint32_t *before)
{
    uint32_t after[7];
    call(before, after);
    printf("%s: eax %s", what, (int32_t)after[0] < 0 && (int32_t)after[0] > -4096 ? error_name(-(int32_t)after[0]) : "good");
    for (int i = 1; i < 7; i++)
    {
        printf(" %s %s", names[i], after[i] == before[i] ? "kept" : "LOST");
        failures += after[i] != before[i];
    }

    printf("\n");
}

int main(void)
{
    const uint32_t good[] = {SYS_getpid, 0x11111111, 0x22222222, 0x33333333, 0x44444444, 0x55555555, 0x66666666};
    const uint32_t failing[] = {SYS_close, 0xffffffff, 0x80000000, 0x7fffffff, 0xc0000000, 0xdeadbeef, 0};
    const uint32_t unknown[] = {9999, 1, 2, 3, 4, 5, 6};
    const uint32_t six[] = {SYS_mmap2, 0, 4096, 0, 0x22, 0xffffffff, 0};
    probe("int80, getpid", by_int80, good);
    probe("int80, close", by_int80, failing);
    probe("int80, unknown", by_int80, unknown);
    probe("int80, mmap2", by_int80, six);
    probe("page, getpid", by_page, good);
    probe("page, close", by_page, failing);
    probe("page, unknown", by_page, unknown);
    probe("page, mmap2", by_page, six);
    return verdict();
}
