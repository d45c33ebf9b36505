// SPDX-License-Identifier: MIT
// fpu-state: x87, SSE and their control words are a program's own: kept over system calls, kept over a signal's handler that uses
// them, and the handler starts with clean ones.
// built with: -msse2

#include "program.h"
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct state
{
    double x87[3];
    uint8_t xmm[8][16];
    uint16_t control;
    uint32_t mxcsr;
};

static struct state wanted = {
    .x87 = {1.5, -2.25, 1e300}, .control = 0x27f, .mxcsr = 0x3f80,
};

static int handled, handler_control, handler_mxcsr;

static void handler(int number)
{
    (void)number;
    uint16_t control;
    uint32_t mxcsr;
    asm volatile("fnstcw %0\n stmxcsr %1" : "=m"(control), "=m"(mxcsr));
    handler_control = control;
    handler_mxcsr = mxcsr;
    // Everything is spoilt: registers, stack, both control words.
    uint32_t other = 0x1fc0;
    asm volatile("fninit\n fldpi\n fldpi\n ldmxcsr %0" : : "m"(other));
    asm volatile("pcmpeqd %%xmm0, %%xmm0\n pcmpeqd %%xmm1, %%xmm1\n pcmpeqd %%xmm2, %%xmm2\n pcmpeqd %%xmm3, %%xmm3\n"
                 "pcmpeqd %%xmm4, %%xmm4\n pcmpeqd %%xmm5, %%xmm5\n pcmpeqd %%xmm6, %%xmm6\n pcmpeqd %%xmm7, %%xmm7"
                 : : : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
    handled++;
}

// Loads all of `wanted`, makes one system call by each entry, stores all into `found`. In one piece, so that the compiler has no
// chance to use what is being looked at.
static void around(long number, long ebx, long ecx, int by_page, struct state *found)
{
    asm volatile("fninit\n fldcw %c[control](%[from])\n ldmxcsr %c[mxcsr](%[from])\n"
                 "fldl (%[from])\n fldl 8(%[from])\n fldl 16(%[from])\n"
                 "movups 24(%[from]), %%xmm0\n movups 40(%[from]), %%xmm1\n movups 56(%[from]), %%xmm2\n movups 72(%[from]), %%xmm3\n"
                 "movups 88(%[from]), %%xmm4\n movups 104(%[from]), %%xmm5\n movups 120(%[from]), %%xmm6\n movups 136(%[from]), %%xmm7\n"
                 : : [from] "r"(&wanted), [control] "i"(offsetof(struct state, control)), [mxcsr] "i"(offsetof(struct state, mxcsr)));
    (by_page ? vsyscall : int80)(number, ebx, ecx, 0, 0, 0, 0);
    asm volatile("fstpl 16(%[to])\n fstpl 8(%[to])\n fstpl (%[to])\n"
                 "movups %%xmm0, 24(%[to])\n movups %%xmm1, 40(%[to])\n movups %%xmm2, 56(%[to])\n movups %%xmm3, 72(%[to])\n"
                 "movups %%xmm4, 88(%[to])\n movups %%xmm5, 104(%[to])\n movups %%xmm6, 120(%[to])\n movups %%xmm7, 136(%[to])\n"
                 "fnstcw %c[control](%[to])\n stmxcsr %c[mxcsr](%[to])\n fninit\n ldmxcsr %[normal]\n"
                 : : [to] "r"(found), [control] "i"(offsetof(struct state, control)), [mxcsr] "i"(offsetof(struct state, mxcsr)),
                   [normal] "m"((uint32_t){0x1f80}) : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

static void compare(const char *what, const struct state *found)
{
    printf("%s: x87 %s, xmm %s, control word %04x, MXCSR %04x\n", what,
           memcmp(found->x87, wanted.x87, sizeof wanted.x87) == 0 ? "kept" : "LOST",
           memcmp(found->xmm, wanted.xmm, sizeof wanted.xmm) == 0 ? "kept" : "LOST", found->control, found->mxcsr & 0xffc0);
}

int main(void)
{
    for (int i = 0; i < 8 * 16; i++)
    {
        wanted.xmm[i / 16][i % 16] = i * 7 + 1;
    }

    signal(SIGUSR1, handler);
    struct state found;
    around(SYS_getpid, 0, 0, 0, &found);
    compare("getpid by INT 0x80", &found);
    around(SYS_getpid, 0, 0, 1, &found);
    compare("getpid by the page", &found);
    around(SYS_write, STDOUT_FILENO, (long)"", 1, &found); // no bytes, but all the way
    compare("write", &found);
    around(SYS_kill, getpid(), SIGUSR1, 0, &found);
    compare("a handler, by INT 0x80", &found);
    around(SYS_kill, getpid(), SIGUSR1, 1, &found);
    compare("a handler, by the page", &found);
    printf("%d handlers ran; they began with control word %04x and MXCSR %04x\n", handled, handler_control, handler_mxcsr & 0xffc0);
    return verdict();
}
