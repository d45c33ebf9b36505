// SPDX-License-Identifier: MIT
// small: system calls that a C library makes on its way, and little ones that programs take for granted.

#include "program.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <unistd.h>

int main(void)
{
    unsigned char random[64], other[64];
    check("getrandom", getrandom(random, sizeof random, 0) == sizeof random);
    check("and again", getrandom(other, sizeof other, GRND_NONBLOCK) == sizeof other);
    check("not the same", memcmp(random, other, sizeof random) != 0);
    outcome("getrandom of nothing", getrandom(random, 0, 0));
    outcome("getrandom with flags that there are not", getrandom(random, 1, 0x8000));

    struct rlimit stack, files;
    outcome("getrlimit", getrlimit(RLIMIT_STACK, &stack));
    check("the stack may grow to megabytes", stack.rlim_cur >= 1 << 20);
    outcome("getrlimit of files", getrlimit(RLIMIT_NOFILE, &files));
    check("some files may be open", files.rlim_cur >= 64);
    outcome("getrlimit of what there is not", getrlimit(99, &files));

    outcome("sched_yield", sched_yield());
    int word = 5;
    raw_outcome("FUTEX_WAKE", int80(SYS_futex, (long)&word, FUTEX_WAKE, 1, 0, 0, 0));
    raw_outcome("FUTEX_WAKE, private", int80(SYS_futex, (long)&word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0));
    raw_outcome("FUTEX_WAIT for another value", int80(SYS_futex, (long)&word, FUTEX_WAIT, 6, 0, 0, 0));
    long pause[2] = {0, 1000000};
    raw_outcome("FUTEX_WAIT for a millisecond", int80(SYS_futex, (long)&word, FUTEX_WAIT, 5, (long)pause, 0, 0));
    raw_outcome("futex of nowhere", int80(SYS_futex, 8, FUTEX_WAIT, 5, 0, 0, 0));

    check("set_tid_address gives the thread", syscall(SYS_set_tid_address, &word) == syscall(SYS_gettid));
    raw_outcome("set_robust_list of a wrong size", int80(SYS_set_robust_list, (long)&word, 1, 0, 0, 0, 0));
    struct
    {
        void *list;
        long offset;
        void *pending;
    } robust = {&robust, 0, NULL};
    raw_outcome("set_robust_list", int80(SYS_set_robust_list, (long)&robust, sizeof robust, 0, 0, 0, 0));

    long rseq = int80(SYS_rseq, (long)&word, 0, 0, 0, 0, 0);
    check("rseq is refused: the library has registered one, or there is none", rseq < 0 && rseq > -4096);

    mode_t mask = umask(077);
    check("umask gives what was set before it", umask(mask) == 077);
    struct tms spent;
    check("times", times(&spent) != (clock_t)-1 && spent.tms_cutime == 0);
    struct rusage usage;
    check("getrusage", getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_utime.tv_sec < 100);
    outcome("getpriority", getpriority(PRIO_PROCESS, 0));

    char path[256];
    check("getcwd is a path", getcwd(path, sizeof path) != NULL && path[0] == '/');
    outcome("getcwd into too little", getcwd(path, 1) == NULL ? -1 : 0);
    outcome("chdir to what is not there", chdir("/never/there"));
    outcome("access to what is not there", access("/never/there", F_OK));
    outcome("readlink of what is not there", readlink("/never/there", path, sizeof path));
    outcome("open of what is not there", open("/never/there", O_RDONLY));
    outcome("stat of what is not there", stat("/never/there", &(struct stat){0}));
    outcome("open of an empty name", open("", O_RDONLY));

    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    outcome("poll", poll(&output, 1, 0));
    check("can be written to", output.revents == POLLOUT);
    outcome("poll of nothing", poll(NULL, 0, 1));
    return verdict();
}
