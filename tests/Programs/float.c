// SPDX-License-Identifier: MIT
// float: arithmetic in each of the three sizes, to the last bit, and as text. What no standard prescribes to the last bit, CPUs and
// their emulators differ in: of that come twelve digits.
// built with: -lm

#include "program.h"
#include <math.h>
#include <stdint.h>

static void bits_of_double(const char *what, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%s: %016llx %.17g %a\n", what, (unsigned long long)bits, value, value);
}

static void bits_of_float(const char *what, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%s: %08x %.9g\n", what, bits, value);
}

static void bits_of_long_double(const char *what, long double value)
{
    unsigned char bytes[sizeof value] = {0};
    memcpy(bytes, &value, 10);
    printf("%s:", what);
    for (int i = 9; i >= 0; i--)
    {
        printf(" %02x", bytes[i]);
    }

    printf(" %.21Lg\n", value);
}

static void digits(const char *what, double value)
{
    printf("%s: %.12g\n", what, value);
}

int main(void)
{
    volatile double one = 1, three = 3, tenth = 0.1, huge = 1e308, tiny = 1e-308, zero = 0;
    bits_of_double("1/3", one / three);
    bits_of_double("0.1+0.2", tenth + 2 * tenth);
    bits_of_double("overflow", huge * 10);
    bits_of_double("denormal", tiny / 1e10);
    bits_of_double("1/-0", one / -zero);
    bits_of_double("sqrt(2)", sqrt(one + one));
    bits_of_double("fma", fma(tenth, three, -0.3));
    bits_of_double("floor(-2.5)", floor(-2.5 * one));
    bits_of_double("rint(2.5)", rint(2.5 * one));
    bits_of_double("fmod", fmod(huge, three));
    digits("sin(1)", sin(one));
    digits("exp(1)", exp(one));
    digits("log(10)", log(10 * one));
    digits("pow(2,0.5)", pow(2, 0.5 * one));
    bits_of_double("strtod", strtod("3.14159265358979323846", NULL));
    check("0/0 is no number", isnan(zero / zero));

    volatile float fone = 1, fthree = 3;
    bits_of_float("1/3 as float", fone / fthree);
    bits_of_float("16777216+1 as float", 16777216 * fone + fone);
    bits_of_float("sqrtf(2)", sqrtf(fone + fone));

    volatile long double lone = 1, lthree = 3;
    bits_of_long_double("1/3 as long double", lone / lthree);
    bits_of_long_double("sqrtl(2)", sqrtl(lone + lone));
    bits_of_long_double("the largest", __LDBL_MAX__ * lone);
    digits("logl(2)", logl(lone + lone));
    bits_of_long_double("strtold", strtold("2.71828182845904523536028747135266", NULL));

    volatile long long large = 9007199254740993;
    bits_of_double("a 64-bit integer", (double)large);
    printf("and back: %lld\n", (long long)(large * lone));
    volatile double negative = -2.9;
    printf("truncated: %d\n", (int)negative);
    printf("%.3f %10.2e %g %g\n", 2.0005, 12345.678, 1e21, 0.0001);

    double sum = 0;
    for (int i = 1; i <= 10000; i++)
    {
        sum += one / i;
    }

    bits_of_double("the harmonic sum", sum);
    return verdict();
}
