// SPDX-License-Identifier: MIT
// enter-badly: SYSENTER by hand, with a stack of the caller's that the kernel cannot read: the answer is -EFAULT, and the way back
// the page's own, so that the stack is needed again.
// built as: glibc-O0 glibc-O2 musl-O2

#include "faults.h"
#include <sys/mman.h>
#include <sys/syscall.h>

static int returned;

// Comes from the page's POPs, which have no stack: the kernel's answer is in EAX.
static void back(int number, siginfo_t *info, void *context)
{
    returned = ((ucontext_t *)context)->uc_mcontext.gregs[REG_EAX];
    faults_handler(number, info, context);
}

static _Alignas(16) char stack[32768];

static void enter(const char *what, unsigned long frame)
{
    returned = 0;
    int number = CAUGHT(asm volatile("mov %1, %%ebp\n mov %%ebp, %%esp\n sysenter" : : "a"(SYS_getpid), "r"(frame) : "ecx", "edx", "memory"));
    printf("%s: %s", what, signal_name(number));
    raw_outcome(", eax", returned);
}

int main(void)
{
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&own, NULL);
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = back;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    char *hole = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    enter("a stack at 0", 0);
    enter("a stack that is nowhere", (unsigned long)hole + 4096);
    enter("a stack of which the last byte is nowhere", (unsigned long)hole - 2);
    enter("a stack half in the kernel", 0xbffffffe);
    enter("the kernel's memory", 0xc0000000);
    enter("the vsyscall page", 0xffffe000);
    enter("the last page", 0xfffff000);
    check("and the program goes on", 1);
    return verdict();
}
