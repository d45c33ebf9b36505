// SPDX-License-Identifier: MIT
// Preloaded into a process, a disk whose power may fail: whatever the process syncs is copied to the folder KVMSYS_TEST_DISK, whole, and what is
// there is all that would be left.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A copy takes the place of the one before at once: a process that is killed meanwhile has not been told that it is synced.
static void keep(int descriptor)
{
    struct stat status;
    char link[64], path[4096], kept[2 * sizeof path], copy[sizeof kept + 64];
    const char *folder = getenv("KVMSYS_TEST_DISK");
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (folder == NULL || length < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
    {
        return;
    }

    path[length] = '\0';
    snprintf(kept, sizeof kept, "%s%s", folder, strrchr(path, '/'));
    snprintf(copy, sizeof copy, "%s.%d.new", kept, descriptor);
    int from = open(link, O_RDONLY), to = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char *bytes = malloc(status.st_size + 1);
    if (from < 0 || to < 0 || bytes == NULL || pread(from, bytes, status.st_size, 0) != status.st_size || write(to, bytes, status.st_size) != status.st_size ||
        rename(copy, kept) != 0)
    {
        abort();
    }

    free(bytes);
    close(from);
    close(to);
}

// As slow as a disk of which one has to wait: what fails in the meantime finds bytes that are written and not synced.
static const int DiskMicroseconds = 5000;

int fsync(int descriptor)
{
    usleep(DiskMicroseconds);
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(descriptor);
    keep(descriptor);
    return result;
}

int fdatasync(int descriptor)
{
    usleep(DiskMicroseconds);
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(descriptor);
    keep(descriptor);
    return result;
}
