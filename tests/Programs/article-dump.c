// SPDX-License-Identifier: MIT
// article-dump: the page at 0xffffe000, on standard output. By way of a buffer: write(2) itself takes no address that high.
// built as: glibc-O0 glibc-O2 glibc-pie musl-O0 musl-O2

#include <string.h>
#include <unistd.h>

int main(void)
{
    char *s, buf[4096];

    s = (char *)0xffffe000;
    asm("" : "+r"(s)); // the compiler need not know where that is
    memcpy(buf, s, sizeof(buf));
    return write(1, buf, sizeof(buf)) == sizeof(buf) ? 0 : 1;
}
