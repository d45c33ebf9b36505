// SPDX-License-Identifier: MIT
// efault: pointers that lead nowhere, into the kernel, or half out of what there is, in every call that takes one.

#include "faults.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// musl 1.2 hides the calls whose seconds have 32 bits.
#ifndef SYS_gettimeofday
#define SYS_gettimeofday 78
#define SYS_clock_gettime 265
#endif

enum { PAGE = 4096 };

static char *hole, *constant;

#define TRY(number, ...) try(#number, number, (long[6]){__VA_ARGS__})

static void try(const char *what, long number, const long *arguments)
{
    raw_outcome(what + 4, int80(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
}

// Calls that only read from the pointer, and calls that write to it.
static void bad(const char *which, long at)
{
    printf("-- %s\n", which);
    fflush(stdout);
    TRY(SYS_write, STDOUT_FILENO, at, 5);
    TRY(SYS_writev, STDOUT_FILENO, at, 1);
    TRY(SYS_open, at, 0);
    TRY(SYS_openat, -100, at, 0);
    TRY(SYS_readlink, at, (long)hole - 100, 10);
    TRY(SYS_access, at, 0);
    TRY(SYS_nanosleep, at, 0);
    TRY(SYS_rt_sigaction, SIGUSR1, at, 0, 8);
    TRY(SYS_rt_sigprocmask, SIG_BLOCK, at, 0, 8);
    TRY(SYS_mmap, at);
    TRY(SYS_set_thread_area, at);

    TRY(SYS_read, STDIN_FILENO, at, 5);
    TRY(SYS_readv, STDIN_FILENO, at, 1);
    TRY(SYS_uname, at);
    TRY(SYS_gettimeofday, at, 0);
    TRY(SYS_clock_gettime, CLOCK_REALTIME, at);
    TRY(SYS_clock_gettime64, CLOCK_REALTIME, at);
    TRY(SYS_fstat64, STDOUT_FILENO, at);
    TRY(SYS_ugetrlimit, 3, at);
    TRY(SYS_prlimit64, 0, 3, 0, at);
    TRY(SYS_rt_sigpending, at, 8);
    TRY(SYS_pipe, at);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    char *block = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(block + PAGE, PAGE);
    hole = block + PAGE;
    hole[-1] = '.';
    constant = block + 2 * PAGE;
    mprotect(constant, PAGE, PROT_READ);
    mprotect(block + 3 * PAGE, PAGE, PROT_NONE);

    bad("the first page", 8);
    bad("a hole", (long)hole);
    bad("memory that may not be read", (long)block + 3 * PAGE);
    bad("memory of which only the first byte is there", (long)hole - 1);
    bad("the kernel", (long)0xc0000000);
    bad("the last page", (long)0xfffff000);
    bad("the end", -2L);

    printf("-- where only reading is allowed\n");
    TRY(SYS_read, STDIN_FILENO, (long)constant, 5);
    TRY(SYS_uname, (long)constant);
    TRY(SYS_gettimeofday, (long)constant, 0);
    TRY(SYS_clock_gettime, CLOCK_REALTIME, (long)constant);
    TRY(SYS_fstat64, STDOUT_FILENO, (long)constant);
    TRY(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)constant, 8);
    TRY(SYS_rt_sigaction, SIGUSR1, 0, (long)constant, 8);
    TRY(SYS_getrandom, (long)constant, 16, 0);

    printf("-- pieces of which some are bad\n");
    struct iovec first[] = {{(void *)8, 4}, {"good\n", 5}};
    TRY(SYS_writev, STDOUT_FILENO, (long)first, 2);
    struct iovec second[] = {{"good\n", 5}, {(void *)8, 4}};
    TRY(SYS_writev, STDOUT_FILENO, (long)second, 2);

    printf("-- nothing is wanted of a bad pointer\n");
    TRY(SYS_write, STDOUT_FILENO, 0, 0);
    TRY(SYS_read, STDIN_FILENO, 0, 0);
    TRY(SYS_gettimeofday, 0, 0);
    check("time", int80(SYS_time, 0, 0, 0, 0, 0, 0) > 0);
    return verdict();
}
