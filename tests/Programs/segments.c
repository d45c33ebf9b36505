// SPDX-License-Identifier: MIT
// segments: ring 3 and flat, and the same after a system call. Their numbers are the kernel's own affair.

#include "program.h"
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct selectors
{
    uint32_t cs, ss, ds, es, fs, gs;
};

static struct selectors read_selectors(void)
{
    struct selectors now;
    asm volatile("mov %%cs, %0\n mov %%ss, %1\n mov %%ds, %2\n" : "=r"(now.cs), "=r"(now.ss), "=r"(now.ds));
    asm volatile("mov %%es, %0\n mov %%fs, %1\n mov %%gs, %2\n" : "=r"(now.es), "=r"(now.fs), "=r"(now.gs));
    return now;
}

int main(void)
{
    struct selectors start = read_selectors();
    check("CS is of ring 3", (start.cs & 3) == 3);
    check("SS is of ring 3", (start.ss & 3) == 3);
    check("DS and ES are SS", start.ds == start.ss && start.es == start.ss);
    check("FS is none", start.fs == 0);
    check("GS is the thread's, of ring 3, in the GDT", (start.gs & 7) == 3 && start.gs != 3);

    uint32_t limit = 0;
    asm("lsl %1, %0" : "=r"(limit) : "r"(start.cs) : "cc");
    check("CS goes to the end", limit == 0xffffffff);
    asm("lsl %1, %0" : "=r"(limit) : "r"(start.ds) : "cc");
    check("DS goes to the end", limit == 0xffffffff);

    int80(SYS_getpid, 0, 0, 0, 0, 0, 0);
    struct selectors after = read_selectors();
    check("INT 0x80 keeps them", memcmp(&start, &after, sizeof after) == 0);
    vsyscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    after = read_selectors();
    check("and so does the page", memcmp(&start, &after, sizeof after) == 0);

    // A program may load what is its own, or nothing at all, and find it again.
    uint32_t fs;
    asm volatile("mov %1, %%fs\n mov $20, %%eax\n int $0x80\n mov %%fs, %0" : "=r"(fs) : "r"(start.ds) : "eax");
    check("FS as the program loaded it", fs == start.ds);
    asm volatile("mov %1, %%fs\n mov $20, %%eax\n call *%%gs:0x10\n mov %%fs, %0" : "=r"(fs) : "r"(0) : "eax", "ecx", "edx");
    check("and as it unloaded it", fs == 0);
    uint32_t es;
    asm volatile("push %%es\n mov %1, %%es\n mov $20, %%eax\n int $0x80\n mov %%es, %0\n pop %%es" : "=&r"(es) : "r"(0) : "eax");
    check("ES as nothing", es == 0);
    uint16_t task;
    asm("str %0" : "=r"(task));
    check("there is a task register", task != 0);
    return verdict();
}
