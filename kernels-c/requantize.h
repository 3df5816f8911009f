/* The one place where sums become integers of 8 bits. */
#ifndef TRITBANK_REQUANTIZE_H
#define TRITBANK_REQUANTIZE_H

#include "tritbank_kernels.h"
#include <string.h>

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && !defined(TRITBANK_PORTABLE)
#define TB_DSP 1
#else
#define TB_DSP 0
#endif

/* Vectors of integers and floats. */
#if TB_DSP && defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 3) == 3
#define TB_MVE 1
#else
#define TB_MVE 0
#endif

/* Functions that are called in several places and would be copied there. */
#if defined(__clang__)
#define TB_NOINLINE __attribute__((noinline))
#elif defined(__GNUC__)
#define TB_NOINLINE __attribute__((noinline, noclone))
#else
#define TB_NOINLINE
#endif

static inline uint32_t tb_word(const void *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

#if !TB_DSP
/* The same at a multiple of 4: cores that cannot load otherwise would take byte after byte. */
static inline uint32_t tb_aligned_word(const void *p)
{
    uint32_t v;
#if defined(__GNUC__)
    memcpy(&v, __builtin_assume_aligned(p, 4), 4);
#else
    memcpy(&v, p, 4);
#endif
    return v;
}
#endif

static inline void tb_put_word(void *p, uint32_t v) { memcpy(p, &v, 4); }

static inline int32_t tb_clamp(int32_t v, int32_t lower, int32_t upper)
{
    return v < lower ? lower : v > upper ? upper : v;
}

/* The nearest integer, halves to even; beyond 11 bits some other number beyond them with the same sign. */
#if TB_DSP && defined(__ARM_FP) && (__ARM_FP & 4)
static inline int32_t tb_round(float v)
{
    int32_t r;
    __asm__("vcvtr.s32.f32 %1, %1\n vmov %0, %1\n ssat %0, #12, %0" : "=r"(r), "+t"(v));
    return r;
}
#else
static inline int32_t tb_round(float v)
{
    /* 1.5 * 2^23 leaves no bits for a fraction; volatile, so that product and sum stay apart */
    const volatile float sum = (v < -1000.0f ? -1000.0f : v > 1000.0f ? 1000.0f : v) + 12582912.0f;
    const float rounded = sum;
    int32_t bits;
    memcpy(&bits, &rounded, 4);
    return bits - 0x4B400000;
}
#endif

static inline float tb_float(int32_t bits)
{
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

/* floor((t * multiplier + 2^(shift - 1)) / 2^shift), shift 24 to 62; below 32, t * 2^(32 - shift) fits 32 bits. */
static inline int32_t tb_scale(int32_t t, int32_t multiplier, uint32_t shift)
{
    if (shift < 32) return (int32_t)(((int64_t)(t * (int32_t)(1u << (32u - shift))) * multiplier + 0x80000000LL) >> 32);
    const int64_t product = (int64_t)t * multiplier + ((int64_t)1 << (shift - 1u));
    return (int32_t)(product >> 32) >> (shift - 32u);
}

/* floor((t * multiplier + half) / 2^(right + 32)), half = 2^(right + 31) */
#if defined(__ARM_ARCH) && __ARM_ARCH == 6 && !defined(TRITBANK_PORTABLE)
/* In halves: without long products the compiler calls a function. */
static inline int32_t tb_scale_high(int32_t t, int32_t multiplier, uint32_t right, int64_t half)
{
    (void)half;
    const int32_t a = t >> 16, b = (int32_t)((uint32_t)t & 0xFFFFu);
    const int32_t c = multiplier >> 16, d = (int32_t)((uint32_t)multiplier & 0xFFFFu);
    const int32_t first = a * d + (int32_t)(((uint32_t)b * (uint32_t)d) >> 16);
    const int32_t second = b * c + (first & 0xFFFF);
    const int32_t high = a * c + (first >> 16);
    if (right == 0) return high + (((second >> 15) + 1) >> 1);
    return (high + (second >> 16) + (int32_t)(1u << (right - 1u))) >> right;
}
#else
static inline int32_t tb_scale_high(int32_t t, int32_t multiplier, uint32_t right, int64_t half)
{
    return (int32_t)(((int64_t)t * multiplier + half) >> 32) >> right;
}
#endif

/* A row's sum as an integer of 8 bits. */
static inline int8_t tb_requantize(const tb_requantization *r, int32_t row, int32_t sum)
{
    const int32_t t = sum + r->biases[row];
    const int32_t multiplier = r->multipliers[row];
    const uint32_t shift = r->shifts[row];
    const int32_t v = shift ? tb_scale(t, multiplier, shift) : tb_round((float)t * tb_float(multiplier));
    return (int8_t)tb_clamp(v + r->zero_point, r->lower, r->upper);
}

/* n sums of a row. */
static inline void tb_requantize_row(const tb_requantization *r, int32_t row, const int32_t *sums, int32_t n, int8_t *y)
{
    const int32_t bias = r->biases[row], multiplier = r->multipliers[row];
    const int32_t zero = r->zero_point, lower = r->lower, upper = r->upper;
    const uint32_t shift = r->shifts[row];
    if (shift) {
        const int32_t factor = (int32_t)(shift < 32 ? 1u << (32u - shift) : 1u);
        const uint32_t right = shift < 32 ? 0 : shift - 32u;
        const int64_t half = (int64_t)1 << (right + 31u);
        for (int32_t i = 0; i < n; i++) {
            const int32_t high = tb_scale_high((sums[i] + bias) * factor, multiplier, right, half);
            y[i] = (int8_t)tb_clamp(high + zero, lower, upper);
        }
    } else {
        const float f = tb_float(multiplier);
        for (int32_t i = 0; i < n; i++) y[i] = (int8_t)tb_clamp(tb_round((float)(sums[i] + bias) * f) + zero, lower, upper);
    }
}

#if TB_DSP && !TB_MVE
static inline uint32_t tb_sxtb16(uint32_t a)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(a));
    return r;
}

static inline uint32_t tb_sxtb16_ror8(uint32_t a)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(a));
    return r;
}

static inline int32_t tb_smlad(uint32_t a, uint32_t b, int32_t c)
{
    int32_t r;
    __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
    return r;
}

/* zero + round(t * multiplier / 2^32) */
static inline int32_t tb_smmlar(int32_t t, int32_t multiplier, int32_t zero)
{
    int32_t r;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(r) : "r"(t), "r"(multiplier), "r"(zero));
    return r;
}

/* v * 2^left, which fits */
static inline int32_t tb_left(int32_t v, uint32_t left) { return (int32_t)((uint32_t)v << left); }

/* Four values that fit 16 bits, as bytes. */
static inline uint32_t tb_pack(int32_t v0, int32_t v1, int32_t v2, int32_t v3)
{
    uint32_t a, b;
    __asm__("pkhbt %0, %1, %2, lsl #16\n ssat16 %0, #8, %0\n uxtb16 %0, %0" : "=&r"(a) : "r"(v0), "r"(v2));
    __asm__("pkhbt %0, %1, %2, lsl #16\n ssat16 %0, #8, %0\n uxtb16 %0, %0" : "=&r"(b) : "r"(v1), "r"(v3));
    return a | b << 8;
}

/* Values that are not bounded by 16 bits. */
static inline int32_t tb_saturate(int32_t v)
{
    int32_t r;
    __asm__("ssat %0, #8, %1" : "=r"(r) : "r"(v));
    return r;
}

/* What four sums of a row become, when the row's constants are in registers. */
typedef struct {
    int32_t bias, multiplier, zero;
    uint32_t shift;
} tb_row;

static inline tb_row tb_row_of(const tb_requantization *r, int32_t row)
{
    const tb_row result = {r->biases[row], r->multipliers[row], r->zero_point, r->shifts[row]};
    return result;
}

/* Whether a row takes one multiplication that keeps the upper 32 bits. */
static inline int tb_is_short(const tb_row *r) { return r->shift - 1u < 32u; }

/* The other rows; t has the bias. */
static __attribute__((noinline, unused)) uint32_t tb_requantize_long(const tb_row *r, int32_t t0, int32_t t1, int32_t t2, int32_t t3)
{
    const int32_t m = r->multiplier, zero = r->zero;
    if (r->shift)
        return tb_pack(tb_saturate(tb_scale(t0, m, r->shift) + zero), tb_saturate(tb_scale(t1, m, r->shift) + zero),
                       tb_saturate(tb_scale(t2, m, r->shift) + zero), tb_saturate(tb_scale(t3, m, r->shift) + zero));
    const float f = tb_float(m);
    return tb_pack(tb_round((float)t0 * f) + zero, tb_round((float)t1 * f) + zero, tb_round((float)t2 * f) + zero,
                   tb_round((float)t3 * f) + zero);
}

static inline uint32_t tb_requantize4(const tb_row *r, int32_t s0, int32_t s1, int32_t s2, int32_t s3)
{
    s0 += r->bias, s1 += r->bias, s2 += r->bias, s3 += r->bias;
    if (!tb_is_short(r)) return tb_requantize_long(r, s0, s1, s2, s3);
    const int32_t m = r->multiplier, zero = r->zero;
    const uint32_t left = 32u - r->shift;
    return tb_pack(tb_smmlar(tb_left(s0, left), m, zero), tb_smmlar(tb_left(s1, left), m, zero),
                   tb_smmlar(tb_left(s2, left), m, zero), tb_smmlar(tb_left(s3, left), m, zero));
}

/* Sums of a row in fours: up to three more than n are read, and bytes written. */
static inline void tb_requantize_words(const tb_row *r, const int32_t *s, int32_t n, int8_t *y)
{
    const int32_t bias = r->bias, m = r->multiplier, zero = r->zero;
    if (r->shift == 32) {
        for (const int32_t *end = s + n; s < end; s += 4, y += 4)
            tb_put_word(y, tb_pack(tb_smmlar(s[0] + bias, m, zero), tb_smmlar(s[1] + bias, m, zero),
                                   tb_smmlar(s[2] + bias, m, zero), tb_smmlar(s[3] + bias, m, zero)));
        return;
    }
    const tb_row row = *r;
    for (const int32_t *end = s + n; s < end; s += 4, y += 4) tb_put_word(y, tb_requantize4(&row, s[0], s[1], s[2], s[3]));
}

/* The same for exactly n. */
static inline void tb_requantize_pixels(const tb_row *r, const int32_t *s, int32_t n, int8_t *y)
{
    const int32_t whole = n & ~3;
    tb_requantize_words(r, s, whole, y);
    if (whole == n) return;
    const uint32_t v = tb_requantize4(r, s[whole], s[whole + 1], s[whole + 2], s[whole + 3]);
    memcpy(y + whole, &v, (size_t)(n - whole));
}
#endif

#if TB_DSP
static inline int tb_is_bounded(const tb_requantization *r) { return r->lower != -128 || r->upper != 127; }

/* The bounds of a row, where they are not those of int8. */
static inline void tb_bound(const tb_requantization *r, int8_t *y, int32_t n)
{
    if (!tb_is_bounded(r)) return;
    for (int32_t i = 0; i < n; i++) y[i] = (int8_t)tb_clamp(y[i], r->lower, r->upper);
}
#endif
#endif
