// SPDX-License-Identifier: MIT
// library: what programs do all day with the C library: formats, conversions, strings, sorting, searching, time, locale.

#include "program.h"
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <search.h>
#include <time.h>
#include <wchar.h>

static int by_number(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

static void formats(void)
{
    printf("[%5d] [%-5d] [%05d] [%+d] [%x] [%#o] [%c] [%%]\n", 42, 42, 42, 42, 0xbeef, 8, 'c');
    printf("[%s] [%.3s] [%10s] [%-10s]\n", "string", "string", "string", "string");
    printf("[%" PRId64 "] [%" PRIu64 "] [%" PRIx64 "]\n", INT64_MIN, UINT64_MAX, UINT64_C(0x0123456789abcdef));
    printf("[%hhd] [%hd] [%ld] [%zu]\n", (signed char)-1, (short)-1, LONG_MIN, (size_t)UINT_MAX);
    printf("[%f] [%.0f] [%e] [%g] [%a]\n", 1.5, 2.5, 12345.6789, 1e-10, 1.0);
    printf("[%*d] [%-*d] [%.*f]\n", 8, 1, 8, 2, 3, 3.14159);
    char text[32];
    const char *volatile longer = "longer than that"; // the compiler would see that it does not fit
    int length = snprintf(text, 8, "%s", longer);
    printf("[%s] of %d\n", text, length);
}

static void conversions(void)
{
    char *end;
    printf("%ld", strtol("  -0x1f rest", &end, 0));
    printf(" [%s]\n", end);
    errno = 0;
    printf("%ld %s\n", strtol("99999999999", NULL, 10), error_name(errno));
    printf("%llu\n", strtoull("18446744073709551615", NULL, 10));
    printf("%g %g %g\n", strtod("1e-3", NULL), strtod("inf", NULL), strtod("0x1.8p3", NULL));
    int a = 0, b = 0;
    char word[10] = "";
    printf("%d:", sscanf("12 words 34", "%d %9s %d", &a, word, &b));
    printf(" %d %s %d\n", a, word, b);
    volatile long long dividend = -1000000007LL * 1000003;
    printf("%lld %lld %llu\n", dividend / 1009, dividend % 1009, (unsigned long long)dividend >> 17);
}

static void strings(void)
{
    char text[64] = "the quick brown fox";
    strcat(text, " jumps");
    printf("%zu [%s] [%s] [%s]\n", strlen(text), strchr(text, 'q'), strrchr(text, 'j'), strstr(text, "brown"));
    memmove(text + 4, text, 9);
    printf("[%s]\n", text);
    char *state, list[] = "a,b,,c";
    for (char *part = strtok_r(list, ",", &state); part != NULL; part = strtok_r(NULL, ",", &state))
    {
        printf("<%s>", part);
    }

    printf(" %zu %zu\n", strspn("112358x", "0123456789"), strcspn("abc;def", ";"));
    printf("%d %d\n", strcmp("a", "b") < 0, memcmp("b", "a", 1) > 0);
    for (char *at = text; *at != '\0'; at++)
    {
        *at = toupper((unsigned char)*at);
    }

    printf("[%s] %s\n", text, strerror(ENOENT));
}

static void searching(void)
{
    int numbers[1000];
    unsigned seed = 1;
    for (int i = 0; i < 1000; i++)
    {
        seed = seed * 1103515245 + 12345;
        numbers[i] = (int)(seed >> 8) % 10000;
    }

    qsort(numbers, 1000, sizeof *numbers, by_number);
    int sorted = 1;
    for (int i = 1; i < 1000; i++)
    {
        sorted &= numbers[i - 1] <= numbers[i];
    }

    check("sorted", sorted);
    int *found = bsearch(&numbers[500], numbers, 1000, sizeof *numbers, by_number);
    check("found", found != NULL && *found == numbers[500]);
    int absent = -1;
    check("not found", bsearch(&absent, numbers, 1000, sizeof *numbers, by_number) == NULL);
    srand(42);
    int first = rand();
    srand(42);
    check("rand repeats", rand() == first);
    hcreate(50);
    hsearch((ENTRY){"key", "value"}, ENTER);
    ENTRY *entry = hsearch((ENTRY){"key", NULL}, FIND);
    printf("%s\n", entry != NULL ? (char *)entry->data : "LOST");
    hdestroy();
}

static void times(void)
{
    time_t moment = 1124064000;
    char text[64];
    struct tm *calendar = gmtime(&moment);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %j", calendar);
    printf("%s %s", text, asctime(calendar));
    setenv("TZ", "XST-5:30", 1);
    tzset();
    strftime(text, sizeof text, "%H:%M %Z %z", localtime(&moment));
    printf("%s\n", text);
    check("there and back", mktime(localtime(&moment)) == moment);
    printf("locale %s\n", setlocale(LC_ALL, "C"));
    wchar_t wide[16];
    printf("%zu characters\n", mbstowcs(wide, "plain", 16));
}

int main(void)
{
    formats();
    conversions();
    strings();
    searching();
    times();
    return verdict();
}
