// SPDX-License-Identifier: MIT
// reads: standard input in pieces, and its end, which comes again and again.

#include "program.h"
#include <unistd.h>

int main(void)
{
    char piece[8] = "";
    outcome("nothing is asked for", read(STDIN_FILENO, piece, 0));
    outcome("three bytes", read(STDIN_FILENO, piece, 3));
    printf("[%s]\n", piece);
    outcome("one byte", read(STDIN_FILENO, piece, 1));
    printf("[%s]\n", piece);

    size_t rest = 0;
    unsigned sum = 0;
    ssize_t got;
    while ((got = read(STDIN_FILENO, piece, 7)) > 0)
    {
        rest += got;
        for (ssize_t i = 0; i < got; i++)
        {
            sum = sum * 31 + (unsigned char)piece[i];
        }
    }

    printf("%zu more bytes, sum %08x\n", rest, sum);
    outcome("the end", read(STDIN_FILENO, piece, 7));
    outcome("is the end", read(STDIN_FILENO, piece, 7));
    outcome("reading standard output", read(STDOUT_FILENO, piece, 1));
    return verdict();
}
