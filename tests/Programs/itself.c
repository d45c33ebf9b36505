// SPDX-License-Identifier: MIT
// itself: where a program comes from, as /proc tells it.

#include "program.h"
#include <sys/auxv.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    (void)count;
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    check("/proc/self/exe is a link", length > 0);
    path[length > 0 ? length : 0] = '\0';
    check("to an absolute path", path[0] == '/');
    const char *name = strrchr(arguments[0], '/');
    const char *found = strrchr(path, '/');
    check("of the program's name", found != NULL && strcmp(found + 1, name != NULL ? name + 1 : arguments[0]) == 0);
    const char *started = (const char *)getauxval(AT_EXECFN);
    check("AT_EXECFN is what was started", started != NULL && strcmp(started, arguments[0]) == 0);
    char little[5] = "....";
    outcome("into four bytes", readlink("/proc/self/exe", little, 4));
    check("its beginning", memcmp(little, path, 4) == 0);
    outcome("into none", readlink("/proc/self/exe", little, 0));
    return verdict();
}
