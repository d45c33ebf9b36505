// SPDX-License-Identifier: MIT
// article-hello: prints what the kernel has put into a second page of the fixmap, and has it nowhere in itself.
// built as: glibc-O0 glibc-O2 glibc-pie musl-O0 musl-O2

#include <stdio.h>
#include <string.h>

int main(void)
{
    char *page, text[12];

    page = (char *)0xffffd000;
    asm("" : "+r"(page));
    memcpy(text, page, sizeof text);
    printf("%s\n", text);
    return 0;
}
