/* Requantisation of vectors (Arm's M-profile vector extension). */
#ifndef TRITBANK_MVE_H
#define TRITBANK_MVE_H

#include "requantize.h"
#include <arm_mve.h>

#define TB_UNUSED __attribute__((unused))

/* A row's constants, in the order in which they are loaded. */
typedef struct {
    int32_t bias, multiplier, shift, zero, lower, upper;
    enum { TB_SHORT, TB_LONG, TB_REAL } kind;
} tb_vector_row;

/* Shifts to the left in front of a product that keeps the upper half, or to the right (negative) behind it. */
static inline tb_vector_row tb_vector_row_of(const tb_requantization *r, int32_t row)
{
    const uint32_t shift = r->shifts[row];
    const tb_vector_row result = {r->biases[row], r->multipliers[row], (int32_t)(32u - shift), r->zero_point, r->lower,
                                  r->upper, shift - 1u < 32u ? TB_SHORT : shift ? TB_LONG : TB_REAL};
    return result;
}

/* Sums with their bias (q) as integers, multiplier in m: with shifts above 32 the upper half of a product is rounded as it
 * is shifted, since the half that is added is a multiple of 2^32. `shift` is a core register, or q and a vector. */
#define TB_SCALE_SHORT(q, m, shift) "vshl.s32 " q ", " shift "\n vrmulh.s32 " q ", " q ", " m "\n"
#define TB_SCALE_LONG(q, m, shift) "vmulh.s32 " q ", " q ", " m "\n vrshl.s32 " q ", " shift "\n"
#define TB_SCALE_REAL(q, m, shift) "vcvt.f32.s32 " q ", " q "\n vmul.f32 " q ", " q ", " m "\n vcvtn.s32.f32 " q ", " q "\n"

/* n sums as bytes, four at a time; the loop leaves out by itself what is behind the last. */
#define TB_PUT(name, type, load, scale)                                                                               \
    __attribute__((naked, noinline, unused)) static void name(const type *sums TB_UNUSED, int32_t n TB_UNUSED,         \
        int8_t *y TB_UNUSED, const tb_vector_row *row TB_UNUSED)                                                      \
    {                                                                                                                 \
        __asm__ volatile("push {r4-r8, lr}\n ldm r3, {r3-r8}\n vdup.32 q1, r4\n vdup.32 q2, r7\n vdup.32 q3, r8\n"     \
            "dlstp.32 lr, r1\n 1: " load "vadd.i32 q0, q0, r3\n" scale("q0", "q1", "r5")                               \
            "vqadd.s32 q0, q0, r6\n vmax.s32 q0, q0, q2\n vmin.s32 q0, q0, q3\n vstrb.32 q0, [r2], #4\n letp lr, 1b\n" \
            "pop {r4-r8, pc}\n");                                                                                     \
    }
#define TB_PUT_ALL(name, type, load)                                                                                  \
    TB_PUT(name##_short, type, load, TB_SCALE_SHORT)                                                                  \
    TB_PUT(name##_long, type, load, TB_SCALE_LONG)                                                                    \
    TB_PUT(name##_real, type, load, TB_SCALE_REAL)                                                                    \
    static inline void name(const type *sums, int32_t n, int8_t *y, const tb_vector_row *row)                         \
    {                                                                                                                 \
        (row->kind == TB_SHORT ? name##_short : row->kind == TB_LONG ? name##_long : name##_real)(sums, n, y, row);    \
    }
TB_PUT_ALL(tb_put_words, int32_t, "vldrw.32 q0, [r0], #16\n")
TB_PUT_ALL(tb_put_halves, int16_t, "vldrh.s32 q0, [r0], #8\n")
#endif
