// SPDX-License-Identifier: MIT
// clocks: all of them tell one time, and none goes back.

#include "program.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct wide
{
    long long seconds, nanoseconds;
};

static long long nanoseconds(clockid_t clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) == 0 ? now.tv_sec * 1000000000LL + now.tv_nsec : -1;
}

int main(void)
{
    time_t first = time(NULL);
    struct timeval day;
    check("gettimeofday", gettimeofday(&day, NULL) == 0 && day.tv_usec >= 0 && day.tv_usec < 1000000);
    struct timespec clock;
    check("clock_gettime", clock_gettime(CLOCK_REALTIME, &clock) == 0 && clock.tv_nsec >= 0 && clock.tv_nsec < 1000000000);
    struct wide wide = {0, 0};
    raw_outcome("clock_gettime64", int80(SYS_clock_gettime64, CLOCK_REALTIME, (long)&wide, 0, 0, 0, 0));
    time_t last = time(NULL);
    check("time, gettimeofday, clock_gettime and clock_gettime64 agree to two seconds",
          first <= day.tv_sec + 1 && day.tv_sec <= clock.tv_sec + 1 && clock.tv_sec <= wide.seconds + 1 && wide.seconds <= last + 2);
    check("it is after 2005-08-15", first > 1124064000);

    int back = 0;
    long long before = nanoseconds(CLOCK_MONOTONIC);
    for (int i = 0; i < 1000; i++)
    {
        long long now = nanoseconds(CLOCK_MONOTONIC);
        back += now < before;
        before = now;
    }

    check("CLOCK_MONOTONIC does not go back", back == 0);

    // 20 ms asked for. No upper bound: a machine may be busy.
    long long start = nanoseconds(CLOCK_MONOTONIC), real = nanoseconds(CLOCK_REALTIME);
    struct timespec pause = {0, 20000000}, left = {7, 7};
    outcome("nanosleep", nanosleep(&pause, &left));
    check("it took that long by CLOCK_MONOTONIC", nanoseconds(CLOCK_MONOTONIC) - start >= 20000000);
    check("and by CLOCK_REALTIME", nanoseconds(CLOCK_REALTIME) - real >= 19000000);
    check("what is left was not written", left.tv_sec == 7 && left.tv_nsec == 7);
    outcome("nanosleep of no time", nanosleep(&(struct timespec){0, 0}, NULL));
    outcome("nanosleep of too many nanoseconds", nanosleep(&(struct timespec){0, 1000000000}, NULL));
    outcome("nanosleep of a negative time", nanosleep(&(struct timespec){-1, 0}, NULL));
    outcome("usleep", usleep(1000));
    outcome("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, 1000000}, NULL));

    outcome("a clock that there is not", clock_gettime(12345, &clock));
    clockid_t cpu;
    check("the process's own CPU time", clock_getcpuclockid(getpid(), &cpu) == 0 && clock_gettime(cpu, &clock) == 0 && clock.tv_sec >= 0);
    // 2 is a process's, 6 a thread's, of all the time of its CPU.
    unsigned self = ~(unsigned)getpid() << 3, whoever = ~0u << 3, nobody = ~0x7ffffffu << 3;
    raw_outcome("the thread's", int80(SYS_clock_gettime64, (long)(self | 6), (long)&wide, 0, 0, 0, 0));
    raw_outcome("of whoever asks", int80(SYS_clock_gettime64, (long)(whoever | 2), (long)&wide, 0, 0, 0, 0));
    raw_outcome("of no kind", int80(SYS_clock_gettime64, (long)(whoever | 3), (long)&wide, 0, 0, 0, 0));
    raw_outcome("of nobody", int80(SYS_clock_gettime64, (long)(nobody | 2), (long)&wide, 0, 0, 0, 0));
    struct timespec resolution;
    check("clock_getres", clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0);
    check("clock() counts", clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock) == 0 && clock.tv_sec >= 0);

    time_t stored = 0;
    long direct = int80(SYS_time, (long)&stored, 0, 0, 0, 0, 0);
    check("time stores what it returns", stored == direct);
    struct tm *calendar = gmtime(&(time_t){1124064000});
    printf("1124064000 is %d-%02d-%02d\n", calendar->tm_year + 1900, calendar->tm_mon + 1, calendar->tm_mday);
    return verdict();
}
