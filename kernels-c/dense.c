/* Convolutions with int8 weights. With DSP instructions two rows of four pixels are computed at once from pairs of columns;
 * without, the same in plain products; with vectors from 16 columns. */
#include "tile.h"

#if TB_MVE
#include "dense_mve.h"
#elif TB_DSP
#define TB_UNUSED __attribute__((unused))
/* Halves (c0, c1) of pixels 0, 2, 1 and 3 of each pair of columns: 16 bytes. Columns in fours, planes of `pitch` bytes. A
 * pair is read before it is written. */
#define TB_WIDEN2                                                                                                     \
    "ldr r4, [r0]\n ldr r6, [r0, r1]\n add r0, r0, r1, lsl #1\n sxtb16 r5, r4, ror #8\n sxtb16 r7, r6, ror #8\n"      \
    "sxtb16 r4, r4\n sxtb16 r6, r6\n pkhbt r8, r4, r6, lsl #16\n pkhtb r9, r6, r4, asr #16\n"                        \
    "pkhbt r10, r5, r7, lsl #16\n pkhtb r11, r7, r5, asr #16\n stm r2!, {r8-r11}\n"
__attribute__((naked, noinline)) static void tb_widen(const int8_t *planes TB_UNUSED, int32_t pitch TB_UNUSED,
    uint32_t *to TB_UNUSED, const uint32_t *end TB_UNUSED)
{
    __asm__ volatile("push {r4-r11, lr}\n1:\n" TB_WIDEN2 TB_WIDEN2 "cmp r2, r3\n bne 1b\n pop {r4-r11, pc}\n");
}

#define TB_TWO(x0, x1)                                                                                                \
    "ldrd r2, r3, [r1], #8\n smlad r4, r2, " x0 ", r4\n smlad r8, r2, " x1 ", r8\n"                                    \
    "smlad r6, r3, " x0 ", r6\n smlad r10, r3, " x1 ", r10\n ldrd r2, r3, [r1], #8\n"                                  \
    "smlad r5, r2, " x0 ", r5\n smlad r9, r2, " x1 ", r9\n smlad r7, r3, " x0 ", r7\n smlad r11, r3, " x1 ", r11\n"

#define TB_FOUR_COLUMNS                                                                                               \
    "ldrd r12, lr, [r0]\n sxtb16 r12, r12\n sxtb16 lr, lr\n" TB_TWO("r12", "lr")                                       \
    "ldrd r12, lr, [r0], #8\n sxtb16 r12, r12, ror #8\n sxtb16 lr, lr, ror #8\n" TB_TWO("r12", "lr")

/* Sums of two rows and four pixels, out[0 .. 3] and out[16 .. 19]; columns in fours, 8 bytes of weights each, and eights at
 * once. */
__attribute__((naked, noinline)) static void tb_dense_sums(const uint8_t *weights TB_UNUSED,
    const uint32_t *wide TB_UNUSED, const uint8_t *end TB_UNUSED, int32_t *out TB_UNUSED)
{
    __asm__ volatile("push {r2, r3, r4-r11, lr}\n movs r4, #0\n mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r8, r4\n"
        "mov r9, r4\n mov r10, r4\n mov r11, r4\n eor r2, r2, r0\n lsls r2, r2, #28\n bmi 2f\n"
        "1:\n" TB_FOUR_COLUMNS "2:\n" TB_FOUR_COLUMNS
        "ldr r2, [sp]\n cmp r0, r2\n bne 1b\n"
        "ldr r3, [sp, #4]\n stm r3, {r4-r7}\n adds r3, #64\n stm r3, {r8-r11}\n add sp, #8\n pop {r4-r11, pc}\n");
}

/* Four pixels of `columns` planes. */
static void tb_widen_columns(const int8_t *x, int32_t pixels, int32_t columns, uint32_t *to, const uint32_t *end)
{
    const int32_t whole = columns & ~3, rest = columns - whole;
    if (whole) tb_widen(x, pixels, to, to + 2 * whole);
    if (!rest) return;
    int8_t last[16] = {0};
    for (int32_t c = 0; c < rest; c++) tb_put_word(last + 4 * c, tb_word(x + (whole + c) * pixels));
    tb_widen(last, 4, to + 2 * whole, end);
}

/* Pixels p .. p + count - 1 as fours of halves, each `bytes` from the one before. Planes that have to be gathered lie in
 * the last part of the memory, where they are read before they are written over. */
static void tb_widen_pixels(const tb_convolution *layer, const int8_t *x, int32_t p, int32_t count, int8_t *wide,
                            int32_t bytes)
{
    const tb_window *w = &layer->window;
    const tb_matrix *m = layer->first;
    const int32_t pixels = w->height * w->width;
    if (tb_is_pointwise(w)) {
        for (int32_t i = 0; i < count; i += 4, wide += bytes) {
            uint32_t *const to = (uint32_t *)(void *)wide, *const end = to + bytes / 4;
            if (i + 4 <= count) {
                tb_widen_columns(x + p + i, pixels, m->columns, to, end);
            } else {
                int8_t *const tile = wide + bytes / 2;
                tb_gather(w, m, x, p + i, count - i, tile, 4);
                tb_widen(tile, 4, to, end);
            }
        }
        return;
    }
    const int32_t quads = layer->tiles, pitch = 4 * quads;
    int8_t *const tile = wide + (quads > 2 ? quads * bytes : quads * bytes / 2);
    tb_gather(w, m, x, p, count, tile, pitch);
    for (int32_t i = 0; i < count; i += 4, wide += bytes)
        tb_widen(tile + i, pitch, (uint32_t *)(void *)wide, (uint32_t *)(void *)(wide + bytes));
}

/* Rows first of `tiles` times four pixels, so that a row's constants are loaded once for them. */
void tb_run_dense(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch)
{
    const tb_matrix *m = layer->first;
    const tb_requantization *out = &m->output;
    const int32_t columns = (m->columns + 3) & ~3, rows = m->rows, step = 4 * layer->tiles;
    const int32_t pixels = range->end, pitch = range->pitch;
    const uint32_t *wide = scratch;
    for (int32_t p = range->first; p < pixels; p += step, y += step) {
        const int32_t count = pixels - p < step ? pixels - p : step;
        const uint8_t *w = m->weights;
        int8_t *to = y;
        tb_widen_pixels(layer, x, p, count, scratch, 8 * columns);
        for (int32_t row = 0; row < rows; w += 2 * columns) {
            int32_t sums[32];
            for (int32_t i = 0; i < count; i += 4) tb_dense_sums(w, wide + i / 2 * columns, w + 2 * columns, sums + i);
            const int32_t end = row + 2 < rows ? row + 2 : rows;
            for (const int32_t *s = sums; row < end; row++, s += 16, to += pitch) {
                const tb_row r = tb_row_of(out, row);
                tb_requantize_pixels(&r, s, count, to);
                tb_bound(out, to, count);
            }
        }
    }
}

#else

/* A pixel in both rows. */
#define TB_MAC(s, t, pixel)                                                                                           \
    do {                                                                                                              \
        const int32_t v = pixel;                                                                                      \
        s += a * v;                                                                                                   \
        t += b * v;                                                                                                   \
    } while (0)

/* Two rows and four pixels at a time; n is 16 at the most. */
static void tb_dense_rows(const tb_matrix *m, const int8_t *tile, int32_t n, int8_t *y, int32_t pixels, int32_t pitch)
{
    const int8_t *w = (const int8_t *)m->weights, *end = w;
    for (int32_t row = 0; row < m->rows; row += 2, y += 2 * pixels, w = end) {
        int32_t first[16], second[16];
        end = w + 8 * ((m->columns + 3) / 4);
        for (int32_t p = 0; p < n; p += 4) {
            const int8_t *x = tile + p, *at = w;
            int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, t0 = 0, t1 = 0, t2 = 0, t3 = 0;
            for (; at < end; at += 8) {
                for (int32_t c = 0; c < 4; c++, x += pitch) {
                    /* columns 0, 2, 1, 3 */
                    const int32_t place = c == 1 ? 2 : c == 2 ? 1 : c;
                    const int32_t a = at[place], b = at[place + 4];
                    TB_MAC(s0, t0, x[0]);
                    TB_MAC(s1, t1, x[1]);
                    TB_MAC(s2, t2, x[2]);
                    TB_MAC(s3, t3, x[3]);
                    TB_KEEP(x);
                }
            }
            first[p] = s0, first[p + 1] = s1, first[p + 2] = s2, first[p + 3] = s3;
            second[p] = t0, second[p + 1] = t1, second[p + 2] = t2, second[p + 3] = t3;
        }
        tb_requantize_row(&m->output, row, first, n, y);
        if (row + 1 < m->rows) tb_requantize_row(&m->output, row + 1, second, n, y + pixels);
    }
}

void tb_run_dense(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch)
{
    const int32_t pixels = range->end, step = 4 * layer->tiles;
    for (int32_t p = range->first; p < pixels; p += step, y += step) {
        const int32_t n = pixels - p < step ? pixels - p : step;
        tb_gather(&layer->window, layer->first, x, p, n, scratch, step);
        tb_dense_rows(layer->first, scratch, n, y, range->pitch, step);
    }
}
#endif
