// SPDX-License-Identifier: MIT
// cat: standard input to standard output, all of it, by read and write alone.

#include <unistd.h>

int main(void)
{
    char buffer[3000];
    ssize_t got;
    while ((got = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
    {
        for (ssize_t done = 0, wrote; done < got; done += wrote)
        {
            wrote = write(STDOUT_FILENO, buffer + done, got - done);
            if (wrote <= 0)
            {
                return 2;
            }
        }
    }

    return got < 0;
}
