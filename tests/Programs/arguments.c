// SPDX-License-Identifier: MIT
// arguments: each argument's length and a sum over its bytes, so that empty, long and strange ones can be told apart.

#include "program.h"

int main(int count, char **arguments)
{
    const char *name = strrchr(arguments[0], '/');
    printf("named [%s], %d arguments\n", name != NULL ? name + 1 : arguments[0], count - 1);
    for (int i = 1; i < count; i++)
    {
        unsigned sum = 0;
        for (const char *at = arguments[i]; *at != '\0'; at++)
        {
            sum = sum * 31 + (unsigned char)*at;
        }

        printf("%d: %zu bytes, sum %08x\n", i, strlen(arguments[i]), sum);
    }

    check("a null pointer ends them", arguments[count] == NULL);
    int together = 1;
    for (int i = 1; i < count; i++)
    {
        together &= arguments[i] == arguments[i - 1] + strlen(arguments[i - 1]) + 1;
    }

    check("their strings follow one another", together);
    return verdict();
}
