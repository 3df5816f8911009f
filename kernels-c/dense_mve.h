/* Convolutions with int8 weights by vectors: products of 16 columns at once, of two rows and four pixels. Pixels lie in
 * fours: of every 16 columns 16 bytes of each of the four, in the order in which VLD2 brings the weights of a row. */
#include "gather_mve.h"

/* Four pixels, 16 columns of both rows (q0, q1). */
#define TB_PRODUCTS(op)                                                                                               \
    "vldrb.8 q2, [r3], #16\n " op " r0, q0, q2\n " op " r8, q1, q2\n vldrb.8 q3, [r3], #16\n " op " r2, q0, q3\n "       \
    op " r10, q1, q3\n vldrb.8 q2, [r3], #16\n " op " r4, q0, q2\n " op " r12, q1, q2\n vldrb.8 q3, [r3], #16\n "        \
    op " r6, q0, q3\n " op " lr, q1, q3\n"
#define TB_WEIGHTS "vld20.32 {q0, q1}, [r1]\n vld21.32 {q0, q1}, [r1]!\n"

/* Sums of two rows and four pixels, out[0 .. 3] and out[16 .. 19]. `end` is that of the weights in blocks of 16 columns, of
 * which 32 bytes are read; behind it are `rest` (0 to 3) fours of columns, which come first here. */
__attribute__((naked, noinline)) static void tb_vector_sums(const uint8_t *weights TB_UNUSED, const int8_t *x TB_UNUSED,
    const uint8_t *end TB_UNUSED, int32_t *out TB_UNUSED, uint32_t rest TB_UNUSED)
{
    __asm__ volatile("push {r3, r4-r11, lr}\n mov r5, r2\n mov r9, r1\n mov r3, r1\n mov r1, r0\n ldr r7, [sp, #40]\n"
        "cmp r7, #0\n beq 3f\n"
        "vctp.32 r7\n movs r4, #0\n vidup.u32 q3, r4, #8\n adds r0, r5, #4\n"
        "vpstt\n vldrwt.u32 q0, [r5, q3]\n vldrwt.u32 q1, [r0, q3]\n"
        "sub r7, r5, r1\n add r3, r9, r7, lsl #1\n" TB_PRODUCTS("vmladav.s8") "mov r3, r9\n b 4f\n"
        "3:\n" TB_WEIGHTS TB_PRODUCTS("vmladav.s8")
        "4: cmp r1, r5\n beq 5f\n"
        "1:\n" TB_WEIGHTS TB_PRODUCTS("vmladava.s8") "cmp r1, r5\n bne 1b\n"
        "5: ldr r3, [sp]\n stm r3, {r0, r2, r4, r6}\n adds r3, #64\n stm r3, {r8, r10, r12, lr}\n add sp, #4\n"
        "pop {r4-r11, pc}\n");
}

/* Where a column's byte of a pixel is: columns 1 and 2 of four are exchanged. */
static inline int32_t tb_column_place(int32_t c)
{
    const int32_t place = (c & 12) | (c & 1) << 1 | (c & 2) >> 1;
    return (c >> 4) * 64 + place;
}

/* Up to 16 pixels as fours, `bytes` from one four to the next. */
static void tb_gather_fours(const tb_window *w, const int8_t *x, int32_t pixel, int32_t n, int8_t *fours, int32_t bytes)
{
    const int32_t pixels = w->height * w->width, taps = w->kernel_height * w->kernel_width;
    const uint16x8_t k = vidupq_n_u16(0, 1);
    const uint16x8_t to = vmlaq_n_u16(vmulq_n_u16(vandq_u16(k, vdupq_n_u16(3)), 16), vshrq_n_u16(k, 2), (uint16_t)bytes);
    const int16x8_t zero = vdupq_n_s16(w->zero_point);
    for (; n > 0; n -= 8, pixel += 8, fours += 2 * bytes) {
        const tb_corners at = tb_corners_of(w, pixel, n);
        for (int32_t i = 0, tap = 0; i < w->kernel_height; i++) {
            for (int32_t j = 0; j < w->kernel_width; j++, tap++) {
                const tb_tap_pixels from = tb_tap_of(w, &at, i * w->dilation_y, j * w->dilation_x);
                const int8_t *plane = x + at.base * w->width;
                for (int32_t c = tap; c < w->channels * taps; c += taps, plane += pixels)
                    vstrbq_scatter_offset_p_s16(fours + tb_column_place(c), to, tb_load_tap(plane, &from, zero), at.wanted);
            }
        }
    }
}

/* The same where every pixel is its own window. */
static void tb_gather_points(int32_t columns, const int8_t *x, int32_t pixels, int32_t n, int8_t *fours, int32_t bytes)
{
    const uint16x8_t k = vidupq_n_u16(0, 1);
    const uint16x8_t to = vmlaq_n_u16(vmulq_n_u16(vandq_u16(k, vdupq_n_u16(3)), 16), vshrq_n_u16(k, 2), (uint16_t)bytes);
    int32_t left = n;
    for (; left >= 16; left -= 16, x += 16, fours += 4 * bytes) {
        const int8_t *from = x;
        for (int32_t c = 0; c < columns; c++, from += pixels) {
            int8_t *const column = fours + tb_column_place(c);
            vstrbq_scatter_offset_s16(column, to, vldrbq_s16(from));
            vstrbq_scatter_offset_s16(column + 2 * bytes, to, vldrbq_s16(from + 8));
        }
    }
    for (; left > 0; left -= 8, x += 8, fours += 2 * bytes) {
        const mve_pred16_t wanted = vctp16q((uint32_t)left);
        const int8_t *from = x;
        for (int32_t c = 0; c < columns; c++, from += pixels)
            vstrbq_scatter_offset_p_s16(fours + tb_column_place(c), to, vldrbq_z_s16(from, wanted), wanted);
    }
}

void tb_run_dense(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch)
{
    const tb_window *w = &layer->window;
    const tb_matrix *m = layer->first;
    const int32_t columns = (m->columns + 3) & ~3, whole = columns & ~15, bytes = 4 * ((columns + 15) & ~15);
    const int32_t pixels = w->out_height * w->out_width, step = 4 * layer->tiles, rows = m->rows;
    const int isPointwise = tb_is_pointwise(w);
    int8_t *const fours = scratch;
    for (int32_t p = range->first; p < range->end; p += step, y += step) {
        const int32_t count = range->end - p < step ? range->end - p : step;
        const uint8_t *weights = m->weights;
        int8_t *to = y;
        if (isPointwise) tb_gather_points(m->columns, x + p, pixels, count, fours, bytes);
        else tb_gather_fours(w, x, p, count, fours, bytes);
        for (int32_t row = 0; row < rows; weights += 2 * columns) {
            int32_t sums[32];
            for (int32_t i = 0; i < count; i += 4)
                tb_vector_sums(weights, fours + i / 4 * bytes, weights + 2 * whole, sums + i, (uint32_t)(columns - whole) / 4);
            const int32_t end = row + 2 < rows ? row + 2 : rows;
            for (const int32_t *s = sums; row < end; row++, s += 16, to += range->pitch) {
                const tb_vector_row r = tb_vector_row_of(&m->output, row);
                tb_put_words(s, count, to, &r);
            }
        }
    }
}
