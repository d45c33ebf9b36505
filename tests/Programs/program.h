// SPDX-License-Identifier: MIT
// program.h: what the programs share. A program prints what it finds as relations and results that are the same under every kernel, never
// an address, a time or a process identifier, so that one binary's runs on two kernels can be compared byte for byte.

#ifndef PROGRAM_H
#define PROGRAM_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// How many checks did not hold.
static int failures;

// Something that must hold. The word NO is what to look for in a program's output.
static inline void check(const char *what, int holds)
{
    printf("%s: %s\n", what, holds ? "yes" : "NO");
    failures += !holds;
}

static inline const char *error_name(int error)
{
    static const struct
    {
        int number;
        const char *name;
    } names[] = {
        {EPERM, "EPERM"},   {ENOENT, "ENOENT"}, {ESRCH, "ESRCH"},   {EINTR, "EINTR"},   {EBADF, "EBADF"},       {EAGAIN, "EAGAIN"},
        {ENOMEM, "ENOMEM"}, {EACCES, "EACCES"}, {EFAULT, "EFAULT"}, {EEXIST, "EEXIST"}, {ENOTDIR, "ENOTDIR"},   {EISDIR, "EISDIR"},
        {EINVAL, "EINVAL"}, {ENOTTY, "ENOTTY"}, {ESPIPE, "ESPIPE"}, {EROFS, "EROFS"},   {EPIPE, "EPIPE"},       {ERANGE, "ERANGE"},
        {ENOSYS, "ENOSYS"}, {ECHILD, "ECHILD"}, {EMFILE, "EMFILE"}, {ENXIO, "ENXIO"},   {EOVERFLOW, "EOVERFLOW"},
        {ETIMEDOUT, "ETIMEDOUT"},
    };
    static char other[24];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    {
        if (names[i].number == error)
        {
            return names[i].name;
        }
    }

    snprintf(other, sizeof other, "error %d", error);
    return other;
}

// A call's result: the C library's, with errno, or with `raw` the kernel's own.
static inline void outcome(const char *what, long result)
{
    if (result == -1)
    {
        printf("%s: %s\n", what, error_name(errno));
    }
    else
    {
        printf("%s: %ld\n", what, result);
    }
}

static inline void raw_outcome(const char *what, long result)
{
    if (result < 0 && result > -4096)
    {
        printf("%s: %s\n", what, error_name((int)-result));
    }
    else
    {
        printf("%s: %ld\n", what, result);
    }
}

static inline int verdict(void)
{
    return failures == 0 ? 0 : 1;
}

// A system call as the kernel sees it: EAX is what it returns, and errno does not know.
long int80(long number, long ebx, long ecx, long edx, long esi, long edi, long ebp) __attribute__((visibility("hidden")));
long vsyscall(long number, long ebx, long ecx, long edx, long esi, long edi, long ebp) __attribute__((visibility("hidden")));

// In assembly, for EBP is an argument of the call and the compiler's frame pointer. %gs:0x10 is where both C libraries keep AT_SYSINFO.
#define SYSTEM_CALL(name, instruction) \
    asm(".pushsection .text\n" \
        ".weak " #name "\n" \
        ".hidden " #name "\n" \
        #name ":\n" \
        "push %ebp\n push %edi\n push %esi\n push %ebx\n" \
        "mov 20(%esp), %eax\n mov 24(%esp), %ebx\n mov 28(%esp), %ecx\n mov 32(%esp), %edx\n" \
        "mov 36(%esp), %esi\n mov 40(%esp), %edi\n mov 44(%esp), %ebp\n" \
        instruction "\n" \
        "pop %ebx\n pop %esi\n pop %edi\n pop %ebp\n" \
        "ret\n" \
        ".popsection")

SYSTEM_CALL(int80, "int $0x80");
SYSTEM_CALL(vsyscall, "call *%gs:0x10");

#endif
