// SPDX-License-Identifier: MIT
// files: what is not granted is not there: a program sees nothing of the host by itself.

#include "program.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void refused(const char *what, long result)
{
    int error = errno;
    check(what, result == -1 && (error == ENOENT || error == EACCES || error == EPERM || error == EROFS));
}

int main(void)
{
    struct stat found;
    refused("/etc/passwd", open("/etc/passwd", O_RDONLY));
    refused("/etc/passwd by openat", openat(AT_FDCWD, "/etc/passwd", O_RDONLY));
    refused("/etc/passwd by a way round", open("/tmp/../etc/./passwd", O_RDONLY));
    refused("/etc/hostname by stat", stat("/etc/hostname", &found));
    refused("/proc/self/maps", open("/proc/self/maps", O_RDONLY));
    refused("/proc/1/cmdline", open("/proc/1/cmdline", O_RDONLY));
    refused("/dev/kvm", open("/dev/kvm", O_RDWR));
    refused("/dev/mem", open("/dev/mem", O_RDONLY));
    refused("a new file", open("/tmp/kvmsys-was-here", O_WRONLY | O_CREAT, 0600));
    refused("a new folder", mkdir("/tmp/kvmsys-was-here", 0700));
    refused("a file that goes", unlink("/etc/passwd"));
    refused("a file that is named anew", rename("/etc/passwd", "/tmp/passwd"));
    refused("a folder's list", open("/etc", O_RDONLY | O_DIRECTORY));
    check("opendir", opendir("/etc") == NULL);
    return verdict();
}
