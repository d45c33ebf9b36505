// SPDX-License-Identifier: MIT
// streams: what the three standard descriptors are, by every call that tells.

#include "program.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

static const char *kind(mode_t mode)
{
    return S_ISREG(mode) ? "a file" : S_ISFIFO(mode) ? "a pipe" : S_ISCHR(mode) ? "a device" : S_ISSOCK(mode) ? "a socket" : "something else";
}

// statx(2) and what it writes: musl 1.2.3 has neither.
struct extended
{
    uint32_t mask, block_size;
    uint64_t attributes;
    uint32_t links, uid, gid;
    uint16_t mode;
    uint8_t rest[226];
};

static long statx_raw(long descriptor, const char *path, long flags, struct extended *found)
{
    return int80(SYS_statx, descriptor, (long)path, flags, 3, (long)found, 0);
}

int main(void)
{
    for (int i = 0; i < 4; i++)
    {
        struct stat found;
        if (fstat(i, &found) != 0)
        {
            printf("descriptor %d: fstat %s\n", i, error_name(errno));
        }
        else
        {
            printf("descriptor %d: %s, blocks of %s\n", i, kind(found.st_mode), found.st_blksize >= 512 ? "some size" : "NO size");
        }

        errno = 0;
        int terminal = isatty(i);
        printf("  isatty %d, %s\n", terminal, error_name(errno));
        struct termios settings;
        outcome("  tcgetattr", tcgetattr(i, &settings));
        struct winsize window;
        outcome("  TIOCGWINSZ", ioctl(i, TIOCGWINSZ, &window));
        outcome("  an ioctl that there is not", ioctl(i, 0x12345678, &window));
    }

    struct extended extended;
    memset(&extended, 0, sizeof extended);
    raw_outcome("statx", statx_raw(STDOUT_FILENO, "", AT_EMPTY_PATH, &extended));
    struct stat plain;
    check("says what fstat says", fstat(STDOUT_FILENO, &plain) == 0 && (extended.mode & S_IFMT) == (plain.st_mode & S_IFMT));
    raw_outcome("statx of an empty path without AT_EMPTY_PATH", statx_raw(STDOUT_FILENO, "", 0, &extended));
    raw_outcome("statx of what is closed", statx_raw(77, "", AT_EMPTY_PATH, &extended));
    outcome("fstat of what is closed", fstat(77, &plain));
    raw_outcome("fstat64 into nowhere", int80(SYS_fstat64, STDOUT_FILENO, 0, 0, 0, 0, 0));
    return verdict();
}
