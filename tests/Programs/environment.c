// SPDX-License-Identifier: MIT
// environment: variables that come from outside, are changed, added, removed.

#include "program.h"
#include <unistd.h>

static void show(const char *name)
{
    const char *value = getenv(name);
    printf("%s is %s%s%s\n", name, value ? "[" : "not", value ? value : " set", value ? "]" : "");
}

int main(void)
{
    show("LEVEL");
    show("EMPTY");
    show("SPACED");
    show("NEVER_SET");
    check("set", setenv("LEVEL", "changed", 1) == 0);
    check("not overwritten", setenv("LEVEL", "again", 0) == 0);
    check("added", setenv("ADDED", "=odd=", 0) == 0);
    check("removed", unsetenv("EMPTY") == 0);
    show("LEVEL");
    show("ADDED");
    show("EMPTY");
    outcome("a name with = in it", setenv("A=B", "", 1));
    check("cleared", clearenv() == 0);
    show("ADDED");
    return verdict();
}
