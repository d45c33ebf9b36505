// SPDX-License-Identifier: MIT
// sort: the lines of standard input, by getline into growing memory, sorted, counted.

#include "program.h"
#include <unistd.h>

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int main(void)
{
    char **lines = NULL, *line = NULL;
    size_t count = 0, room = 0, size = 0;
    while (getline(&line, &size, stdin) > 0)
    {
        if (count == room)
        {
            room = room * 2 + 1;
            lines = realloc(lines, room * sizeof *lines);
        }

        lines[count++] = strdup(line);
    }

    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 0; i < count; i++)
    {
        size_t same = i;
        while (same + 1 < count && strcmp(lines[same + 1], lines[i]) == 0)
        {
            same++;
        }

        printf("%4zu %s", same - i + 1, lines[i]);
        i = same;
    }

    check("the end, not an error", feof(stdin) && !ferror(stdin));
    return verdict();
}
