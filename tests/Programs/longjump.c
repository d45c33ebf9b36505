// SPDX-License-Identifier: MIT
// longjump: out of handlers by siglongjmp, again and again, with the mask as it was and the stack whole.

#include "faults.h"
#include <unistd.h>

int main(void)
{
    catch_faults();
    int caught = 0;
    for (int i = 0; i < 200; i++)
    {
        caught += CAUGHT(*(volatile int *)(uintptr_t)(i * 16) = i) == SIGSEGV;
    }

    printf("%d faults of 200 were caught\n", caught);
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    check("SIGSEGV is not blocked", !sigismember(&mask, SIGSEGV));

    catch_signal(SIGUSR1);
    int number = sigsetjmp(faults_return, 0);
    if (number == 0)
    {
        raise(SIGUSR1);
    }

    sigprocmask(SIG_SETMASK, NULL, &mask);
    printf("%s\n", signal_name(number));
    check("without the mask saved, it stays blocked", sigismember(&mask, SIGUSR1));

    jmp_buf plain;
    volatile int times = 0;
    int value = setjmp(plain);
    if (times++ < 3)
    {
        longjmp(plain, times);
    }

    printf("longjmp came with %d, the %dth time\n", value, times);
    check("longjmp of 0 is 1", ({ int again = setjmp(plain); if (again == 0) { longjmp(plain, 0); } again; }) == 1);
    return verdict();
}
