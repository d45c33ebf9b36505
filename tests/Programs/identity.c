// SPDX-License-Identifier: MIT
// identity: who a program is, as far as two kernels can agree.

#include "program.h"
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(void)
{
    check("getpid is the same twice", getpid() == getpid() && getpid() > 0);
    check("gettid is getpid", syscall(SYS_gettid) == getpid());
    check("getppid is none of ours", getppid() >= 0 && getppid() != getpid());
    check("getuid is geteuid", getuid() == geteuid());
    check("getgid is getegid", getgid() == getegid());
    check("the 16-bit calls agree", (syscall(SYS_getuid) & 0xffff) == (getuid() & 0xffff) && (syscall(SYS_getgid) & 0xffff) == (getgid() & 0xffff));
    uid_t real = 77, effective = 78, saved = 79;
    check("getresuid", getresuid(&real, &effective, &saved) == 0 && real == getuid() && effective == real && saved == real);
    check("getpgrp is a process group", getpgrp() >= 0);
    check("getsid of 0 is ours", getsid(0) >= 0);

    struct utsname name;
    memset(&name, 0x7f, sizeof name);
    check("uname", uname(&name) == 0);
    printf("sysname [%s]\n", name.sysname);
    int major = 0, minor = 0;
    check("release is a version from 2.6 on", sscanf(name.release, "%d.%d", &major, &minor) == 2 && (major > 2 || (major == 2 && minor >= 6)));
    check("nodename is something", name.nodename[0] != '\0' && memchr(name.nodename, 0, sizeof name.nodename) != NULL);
    check("version is something", name.version[0] == '#');

    // A 64-bit kernel calls itself so to 32-bit programs too.
    check("machine is an x86", strcmp(name.machine, "i686") == 0 || strcmp(name.machine, "x86_64") == 0);
    return verdict();
}
