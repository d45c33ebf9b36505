// SPDX-License-Identifier: MIT
// vsyscall: the C library's way into the kernel, CALL *%gs:0x10, gives the same answers as INT 0x80.

#include "program.h"
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
    unsigned long entry;
    asm("mov %%gs:0x10, %0" : "=r"(entry));
    check("the entry is AT_SYSINFO", entry == getauxval(AT_SYSINFO));
    check("getpid", vsyscall(SYS_getpid, 0, 0, 0, 0, 0, 0) == int80(SYS_getpid, 0, 0, 0, 0, 0, 0));
    check("getpid is the library's", vsyscall(SYS_getpid, 0, 0, 0, 0, 0, 0) == getpid());
    check("getuid32", vsyscall(SYS_getuid32, 0, 0, 0, 0, 0, 0) == int80(SYS_getuid32, 0, 0, 0, 0, 0, 0));
    raw_outcome("close of what is not open", vsyscall(SYS_close, 12345, 0, 0, 0, 0, 0));
    raw_outcome("a call that there is not", vsyscall(12345, 0, 0, 0, 0, 0, 0));
    fflush(stdout);
    raw_outcome("write", vsyscall(SYS_write, STDOUT_FILENO, (long)"by the page\n", 12, 0, 0, 0));

    // The sixth argument comes in EBP, which the page's code needs itself: the mapping must begin at the second page of nothing.
    long pages = vsyscall(SYS_mmap2, 0, 8192, 3, 0x22, -1, 0);
    check("a call of six arguments", (unsigned long)pages < -4096UL && (pages & 4095) == 0);
    raw_outcome("and one whose offset is too far for no file", vsyscall(SYS_mmap2, 0, 0, 3, 0x22, -1, 1));

    int same = 1;
    for (int i = 0; i < 1000; i++)
    {
        same &= vsyscall(SYS_getpid, i, i, i, i, i, i) == getpid();
    }

    check("a thousand times the same", same);
    return verdict();
}
