// SPDX-License-Identifier: MIT
// tls: what is a thread's own, by %gs, and the kernel's calls that give segments to it.

#include "program.h"
#include <asm/ldt.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local int zero;
static _Thread_local int answer = 42;
static _Thread_local char text[100] = "a thread's own";
static _Thread_local long long aligned __attribute__((aligned(64))) = 7;

static struct user_desc describe(int entry, const void *base)
{
    return (struct user_desc){.entry_number = entry, .base_addr = (unsigned long)base, .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1, .useable = 1};
}

static uint32_t load_fs(unsigned selector)
{
    uint32_t value;
    asm volatile("mov %1, %%fs\n mov %%fs:0, %0\n" : "=r"(value) : "r"(selector));
    return value;
}

int main(void)
{
    check("zero is zero", zero == 0);
    check("42 is 42", answer == 42);
    check("text", strcmp(text, "a thread's own") == 0);
    check("alignment", (uintptr_t)&aligned % 64 == 0 && aligned == 7);
    answer++;
    zero--;
    check("they change", answer == 43 && zero == -1);
    errno = 5;
    close(-1);
    check("errno is there too", errno == EBADF);
    uintptr_t self;
    asm("mov %%gs:0, %0" : "=r"(self));
    check("the thread's block begins with its own address", *(uintptr_t *)self == self);
    unsigned gs;
    asm("mov %%gs, %0" : "=r"(gs));

    // Three entries a thread has. The library has taken one; the two others are ours.
    static const uint32_t values[3] = {0x11111111, 0x22222222, 0x33333333};
    struct user_desc second = describe(-1, &values[0]), third = describe(-1, &values[1]), fourth = describe(-1, &values[2]);
    outcome("a second entry", syscall(SYS_set_thread_area, &second));
    outcome("a third entry", syscall(SYS_set_thread_area, &third));
    check("they follow the first", second.entry_number == gs / 8 + 1 && third.entry_number == gs / 8 + 2);
    outcome("a fourth entry", syscall(SYS_set_thread_area, &fourth));
    check("%fs reaches the second", load_fs(second.entry_number * 8 + 3) == values[0]);
    check("%fs reaches the third", load_fs(third.entry_number * 8 + 3) == values[1]);
    syscall(SYS_getpid);
    uint32_t value;
    asm volatile("mov %%fs:0, %0" : "=r"(value));
    check("also after a system call", value == values[1]);

    struct user_desc changed = describe(third.entry_number, &values[2]);
    outcome("the third is changed", syscall(SYS_set_thread_area, &changed));
    check("%fs reaches what it is now", load_fs(third.entry_number * 8 + 3) == values[2]);

    struct user_desc read = {.entry_number = second.entry_number};
    outcome("get_thread_area", syscall(SYS_get_thread_area, &read));
    check("base and limit are what was set", read.base_addr == (unsigned long)&values[0] && read.limit == 0xfffff && read.limit_in_pages && read.seg_32bit);
    read.entry_number = 1;
    outcome("get_thread_area of an entry that is no thread's", syscall(SYS_get_thread_area, &read));

    struct user_desc wrong = describe(1, values);
    outcome("an entry that is no thread's", syscall(SYS_set_thread_area, &wrong));
    struct user_desc empty = {.entry_number = third.entry_number, .read_exec_only = 1, .seg_not_present = 1};
    outcome("the third is emptied", syscall(SYS_set_thread_area, &empty));
    struct user_desc again = describe(-1, values);
    outcome("and is free again", syscall(SYS_set_thread_area, &again));
    check("with its old number", again.entry_number == third.entry_number);
    asm("mov %%gs:0, %0" : "=r"(value));
    check("%gs is as it was", value == self);
    return verdict();
}
