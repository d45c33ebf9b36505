// SPDX-License-Identifier: MIT
// trap: single steps. With TF set each instruction is followed by a SIGTRAP, over a system call too.

#include "faults.h"
#include <sys/syscall.h>
#include <unistd.h>

static volatile int steps, codes;

static void step(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    steps++;
    codes += info->si_code == TRAP_TRACE;
}

#define SET_TF "pushf\n orl $0x100, (%%esp)\n popf\n"
#define CLEAR_TF "pushf\n andl $~0x100, (%%esp)\n popf\n"

static void report(const char *what)
{
    int taken = steps, traced = codes;
    steps = codes = 0;
    printf("%s: %d steps, %d of them TRAP_TRACE\n", what, taken, traced);
}

int main(void)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = step;
    sigaction(SIGTRAP, &action, NULL);

    asm volatile(SET_TF CLEAR_TF : : : "cc", "memory");
    report("nothing");
    asm volatile(SET_TF "nop\n nop\n nop\n" CLEAR_TF : : : "cc", "memory");
    report("three NOPs");
    long result;
    asm volatile(SET_TF "int $0x80\n nop\n" CLEAR_TF : "=a"(result) : "a"(SYS_getpid) : "cc", "memory");
    report("INT 0x80");
    check("it gave its result", result == getpid());
    asm volatile(SET_TF "mov $10, %%ecx\n 1: loop 1b\n" CLEAR_TF : : : "ecx", "cc", "memory");
    report("a loop of ten");
    asm volatile(SET_TF "mov $5, %%ecx\n rep stosb\n" CLEAR_TF : : "D"(&(char[8]){0}), "a"(0) : "ecx", "cc", "memory");
    report("REP STOSB of five");

    // How many there are by way of the page is the page's own affair; that it is stepped through, and comes back, is not.
    asm volatile(SET_TF "call *%%gs:0x10\n" CLEAR_TF : "=a"(result) : "a"(SYS_getpid) : "ecx", "edx", "cc", "memory");
    check("by the page there are more than four", steps > 4);
    check("all of them TRAP_TRACE", codes == steps);
    check("the page gave its result", result == getpid());
    steps = codes = 0;
    asm volatile("nop\n nop");
    report("TF is off again");
    return verdict();
}
