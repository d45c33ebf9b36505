// SPDX-License-Identifier: MIT
// hello: what it was started with, and a status that depends on it.

#include "program.h"
#include <unistd.h>

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int main(int count, char **arguments)
{
    printf("Hello, world\n");
    for (int i = 1; i < count; i++)
    {
        printf("argument %d: [%s]\n", i, arguments[i]);
    }

    size_t variables = 0;
    while (environ[variables] != NULL)
    {
        variables++;
    }

    qsort(environ, variables, sizeof *environ, by_text);
    for (size_t i = 0; i < variables; i++)
    {
        printf("variable: [%s]\n", environ[i]);
    }

    fprintf(stderr, "%d arguments\n", count - 1);
    return count - 1;
}
