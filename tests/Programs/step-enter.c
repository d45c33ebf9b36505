// SPDX-License-Identifier: MIT
// step-enter: TF over SYSENTER, which does not clear it: the first trap comes in the kernel, and the program must not notice more
// than that it is stepped.
// built as: glibc-O0 glibc-O2 glibc-pie musl-O0 musl-O2

#include "faults.h"
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int in_page, outside, elsewhere;
static unsigned long page;

static void step(int number, siginfo_t *info, void *context)
{
    unsigned long at = ((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP];
    (void)number;
    (void)info;
    if (at >= page && at < page + 4096)
    {
        in_page++;
    }
    else if (at < 0xc0000000)
    {
        outside++;
    }
    else
    {
        elsewhere++;
    }
}

int main(void)
{
    page = getauxval(AT_SYSINFO_EHDR);
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = step;
    sigaction(SIGTRAP, &action, NULL);
    int good = 1;
    for (int i = 0; i < 20; i++)
    {
        long result;
        asm volatile("pushf\n orl $0x100, (%%esp)\n popf\n call *%%gs:0x10\n pushf\n andl $~0x100, (%%esp)\n popf"
                     : "=a"(result) : "a"(SYS_getpid) : "ecx", "edx", "cc", "memory");
        good &= result == getpid();
    }

    check("twenty calls gave their results", good);
    check("steps in the page", in_page >= 20);
    check("steps in the program", outside >= 40);
    check("none anywhere else", elsewhere == 0);
    return verdict();
}
