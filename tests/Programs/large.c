// SPDX-License-Identifier: MIT
// large: a mebibyte in one write, which arrives whole.

#include <string.h>
#include <unistd.h>

int main(void)
{
    enum { SIZE = 1 << 20 };
    static char text[SIZE];
    for (int i = 0; i < SIZE; i++)
    {
        text[i] = i % 64 == 63 ? '\n' : "0123456789abcdef"[(i ^ i >> 6 ^ i >> 12) & 15];
    }

    for (int done = 0; done < SIZE;)
    {
        ssize_t wrote = write(STDOUT_FILENO, text + done, SIZE - done);
        if (wrote <= 0)
        {
            return 1;
        }

        done += wrote;
    }

    return 0;
}
