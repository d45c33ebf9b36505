// SPDX-License-Identifier: MIT
// faults.h: touches memory that may not be there, and tells how that ended.

#ifndef FAULTS_H
#define FAULTS_H

#include "program.h"
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

static sigjmp_buf faults_return;
static siginfo_t faults_info;
static ucontext_t faults_context;

static inline void faults_handler(int number, siginfo_t *info, void *context)
{
    // A handler begins with AC as the program had it, and the C library is not made for that.
    asm volatile("pushf\n andl $~0x40000, (%%esp)\n popf" : : : "cc", "memory");
    faults_info = *info;
    // Not all of it: a small kernel's frame may end where the FPU's state begins.
    memcpy(&faults_context, context, offsetof(ucontext_t, uc_mcontext) + sizeof(mcontext_t));
    siglongjmp(faults_return, number);
}

static inline void catch_signal(int number)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};
    action.sa_sigaction = faults_handler;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static inline void catch_faults(void)
{
    catch_signal(SIGSEGV);
    catch_signal(SIGBUS);
}

// Does the statement, and is the signal that ended it, or 0.
#define CAUGHT(statement) \
    ({ \
        int number_ = sigsetjmp(faults_return, 1); \
        if (number_ == 0) \
        { \
            statement; \
        } \
        number_; \
    })

// Where nothing is. The compiler need not know: it would refuse to touch it.
static inline volatile char *nowhere(void)
{
    volatile char *at = (volatile char *)16;
    asm("" : "+r"(at));
    return at;
}

// Calls itself until the stack is at its end. Not as a tail call, and not for ever as far as the compiler can see.
__attribute__((noinline, unused)) static int endless(volatile char *before)
{
    volatile char here[400];
    here[0] = before[0] | 1;
    return here[0] == 0 ? 0 : endless(here) + here[0];
}

static inline const char *signal_name(int number)
{
    switch (number)
    {
    case 0: return "no signal";
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGABRT: return "SIGABRT";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGUSR1: return "SIGUSR1";
    case SIGUSR2: return "SIGUSR2";
    case SIGSEGV: return "SIGSEGV";
    case SIGPIPE: return "SIGPIPE";
    default: return "another signal";
    }
}

// What reading, or writing, one byte comes to.
static inline void try_read(const char *what, const volatile void *at)
{
    int number = CAUGHT((void)*(const volatile char *)at);
    printf("read %s: %s", what, signal_name(number));
    if (number != 0)
    {
        printf(", code %d, %s", faults_info.si_code, faults_info.si_addr == at ? "there" : "ELSEWHERE");
    }

    printf("\n");
}

static inline void try_write(const char *what, volatile void *at)
{
    int number = CAUGHT(*(volatile char *)at = 1);
    printf("write %s: %s", what, signal_name(number));
    if (number != 0)
    {
        printf(", code %d, %s", faults_info.si_code, faults_info.si_addr == at ? "there" : "ELSEWHERE");
    }

    printf("\n");
}

#endif
