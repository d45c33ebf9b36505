// SPDX-License-Identifier: MIT
// sse: SSE2 by intrinsics, and what its control register starts with and does.
// built with: -msse2

#include "program.h"
#include <emmintrin.h>
#include <stdint.h>

static void show(const char *what, __m128i value)
{
    uint32_t words[4];
    _mm_storeu_si128((__m128i *)words, value);
    printf("%s: %08x %08x %08x %08x\n", what, words[3], words[2], words[1], words[0]);
}

int main(void)
{
    printf("MXCSR: %04x\n", _mm_getcsr());
    __m128i a = _mm_set_epi32(0x7fffffff, -1, 0x12345678, 1), b = _mm_set_epi32(1, 1, 0x11111111, -1);
    show("add", _mm_add_epi32(a, b));
    show("subtract", _mm_sub_epi32(a, b));
    show("multiply", _mm_mul_epu32(a, b));
    show("saturate", _mm_adds_epi16(a, b));
    show("compare", _mm_cmpgt_epi32(a, b));
    show("shuffle", _mm_shuffle_epi32(a, _MM_SHUFFLE(0, 1, 2, 3)));
    show("shift", _mm_slli_epi64(a, 9));
    show("unpack", _mm_unpacklo_epi8(a, b));
    show("sum of differences", _mm_sad_epu8(a, b));

    __m128d c = _mm_set_pd(2, 1), d = _mm_set_pd(3, 10);
    show("divide", _mm_castpd_si128(_mm_div_pd(c, d)));
    show("square root", _mm_castpd_si128(_mm_sqrt_pd(c)));
    __m128 e = _mm_set_ps(1.5f, -2.5f, 1e38f, 0.1f);
    show("single", _mm_castps_si128(_mm_mul_ps(e, e)));
    show("to integers", _mm_cvtps_epi32(e));
    printf("the sign bits: %x\n", _mm_movemask_ps(e));
    printf("sticky flags: %02x\n", _mm_getcsr() & 0x3f);

    _mm_setcsr(0x7f80); // towards zero
    show("to integers, towards zero", _mm_cvtps_epi32(_mm_set_ps(2.9f, -2.9f, 0.9f, -0.9f)));
    _mm_setcsr(0x9fc0); // flush denormals to zero
    volatile float tiny = 1e-38f;
    show("a denormal, flushed", _mm_castps_si128(_mm_mul_ss(_mm_set_ss(tiny), _mm_set_ss(0.1f))));
    _mm_setcsr(0x1f80);
    show("a denormal", _mm_castps_si128(_mm_mul_ss(_mm_set_ss(tiny), _mm_set_ss(0.1f))));

    _Alignas(16) uint8_t bytes[64];
    for (int i = 0; i < 64; i++)
    {
        bytes[i] = i * 37;
    }

    show("unaligned", _mm_loadu_si128((__m128i *)(bytes + 3)));
    _mm_stream_si128((__m128i *)bytes, a);
    _mm_sfence();
    check("a streamed store", memcmp(bytes, &a, 16) == 0);
    return verdict();
}
