/* Ternary rows by vectors: planes of 16 pixels, or of 32 where memory is there for two tiles. */
#include "gather_mve.h"

/* Both gaps of a byte, in planes of 2^shift bytes; `add` takes or adds what r7 points to. */
#define TB_GAPS(shift, add)                                                                                           \
    "ldrb r5, [r1], #1\n lsrs r6, r5, #4\n add r7, r7, r6, lsl #" shift "\n" add                                       \
    "and r5, r5, #15\n add r7, r7, r5, lsl #" shift "\n" add
#define TB_ADD1(op) "vldrb.s16 q4, [r7]\n " op " q0, q0, q4\n"
#define TB_ADD2(op) TB_ADD1(op) "vldrb.s16 q5, [r7, #8]\n " op " q1, q1, q5\n"
#define TB_ADD4(op)                                                                                                   \
    TB_ADD2(op) "vldrb.s16 q4, [r7, #16]\n " op " q2, q2, q4\n vldrb.s16 q5, [r7, #24]\n " op " q3, q3, q5\n"

/* Sums of a chunk. `before` is the plane in front of the first one. Returns the end of the lists. */
#define TB_SUMS(name, shift, add)                                                                                     \
    __attribute__((naked, noinline)) static const uint8_t *name(const int8_t *before TB_UNUSED,                       \
        const uint8_t *list TB_UNUSED, uint32_t minus TB_UNUSED, uint32_t plus TB_UNUSED, int16_t *sums TB_UNUSED)     \
    {                                                                                                                 \
        __asm__ volatile("push {r4-r7, lr}\n vpush {d8-d11}\n mov r7, r0\n"                                            \
            "vmov.i32 q0, #0\n vmov.i32 q1, #0\n vmov.i32 q2, #0\n vmov.i32 q3, #0\n"                                  \
            "wls lr, r2, 2f\n 1:\n" TB_GAPS(shift, add("vsub.i16")) "le lr, 1b\n 2: mov r7, r0\n"                       \
            "wls lr, r3, 4f\n 3:\n" TB_GAPS(shift, add("vadd.i16")) "le lr, 3b\n 4: ldr r4, [sp, #52]\n"               \
            "vstrh.16 q0, [r4]\n vstrh.16 q1, [r4, #16]\n vstrh.16 q2, [r4, #32]\n vstrh.16 q3, [r4, #48]\n"           \
            "mov r0, r1\n vpop {d8-d11}\n pop {r4-r7, pc}\n");                                                        \
    }
TB_SUMS(tb_sums8, "4", TB_ADD1)
TB_SUMS(tb_sums16, "4", TB_ADD2)
TB_SUMS(tb_wide_sums8, "5", TB_ADD1)
TB_SUMS(tb_wide_sums16, "5", TB_ADD2)
TB_SUMS(tb_wide_sums32, "5", TB_ADD4)

/* At least n sums of a chunk, planes of `size` bytes. */
static inline const uint8_t *tb_chunk_sums(const int8_t *tile, const uint8_t *list, int32_t n, int32_t size, int16_t *sums)
{
    const uint8_t *(*const of)(const int8_t *, const uint8_t *, uint32_t, uint32_t, int16_t *) =
        size == 16 ? (n > 8 ? tb_sums16 : tb_sums8) : n > 16 ? tb_wide_sums32 : n > 8 ? tb_wide_sums16 : tb_wide_sums8;
    return of(tile - size, list + 2, list[0], list[1], sums);
}

/* A row in several chunks: its sums do not fit 16 bits. */
static const uint8_t *tb_put_long_row(const tb_vector_row *r, const int8_t *tile, const uint8_t *list, int32_t n,
                                      int32_t size, int8_t *y)
{
    int32_t all[32] = {0};
    for (int more = 1; more;) {
        int16_t sums[32];
        more = *list == 255;
        list = tb_chunk_sums(tile, list + more, n, size, sums);
        for (int32_t i = 0; i < n; i++) all[i] += sums[i];
    }
    tb_put_words(all, n, y, r);
    return list;
}

/* Rows over tiles `bytes` apart, of n pixels in all. With `into_tiles` y is tiles, too, `pitch` bytes from one to the next;
 * else planes of `pitch` bytes. */
static void tb_vector_rows(const tb_matrix *m, const int8_t *tile, int32_t bytes, int32_t n, int32_t size, int8_t *y,
                           int32_t pitch, int into_tiles, uint8_t *scratch)
{
    const uint8_t *weights = m->weights;
    int32_t until = TB_GAP_CHANNELS;
    for (int32_t row = 0; row < m->rows; row++) {
        const tb_vector_row r = tb_vector_row_of(&m->output, row);
        const uint8_t *list = weights, *end = list;
        if (m->form == TB_TRITS) {
            list = scratch;
            weights = tb_decode(m, weights, scratch);
        }
        if (into_tiles && until-- == 0) {
            y += size;
            until = TB_GAP_CHANNELS - 1;
        }
        int8_t *to = y;
        const int8_t *from = tile;
        for (int32_t left = n; left > 0; left -= size, from += bytes, to += into_tiles ? pitch : size) {
            const int32_t count = left < size ? left : size;
            if (*list == 255) {
                end = tb_put_long_row(&r, from, list, count, size, to);
            } else {
                int16_t sums[32];
                end = tb_chunk_sums(from, list, count, size, sums);
                tb_put_halves(sums, count, to, &r);
            }
        }
        if (m->form == TB_LISTS) weights = end;
        y += into_tiles ? size : pitch;
    }
}

/* Pixels of one tile as planes of `size` bytes. */
static void tb_gather_planes(const tb_window *w, const int8_t *x, int32_t pixel, int32_t n, int8_t *tile, int32_t size)
{
    const int32_t pixels = w->height * w->width, taps = w->kernel_height * w->kernel_width;
    int32_t until = TB_GAP_CHANNELS;
    if (tb_is_pointwise(w)) {
        const mve_pred16_t low = vctp8q((uint32_t)n), high = vctp8q(n > 16 ? (uint32_t)n - 16 : 0);
        x += pixel;
        for (int32_t c = 0; c < w->channels; c++, x += pixels, tile += size) {
            if (until-- == 0) tile += size, until = TB_GAP_CHANNELS - 1;
            vst1q_s8(tile, vldrbq_z_s8(x, low));
            if (n > 16) vst1q_s8(tile + 16, vldrbq_z_s8(x + 16, high));
        }
        return;
    }
    const int16x8_t zero = vdupq_n_s16(w->zero_point);
    for (; n > 0; n -= 8, pixel += 8, tile += 8) {
        const tb_corners at = tb_corners_of(w, pixel, n);
        for (int32_t i = 0, tap = 0; i < w->kernel_height; i++) {
            for (int32_t j = 0; j < w->kernel_width; j++, tap++) {
                const tb_tap_pixels from = tb_tap_of(w, &at, i * w->dilation_y, j * w->dilation_x);
                const int8_t *plane = x + at.base * w->width;
                for (int32_t c = tap; c < w->channels * taps; c += taps, plane += pixels)
                    vstrbq_s16(tile + (c + c / TB_GAP_CHANNELS) * size, tb_load_tap(plane, &from, zero));
            }
        }
    }
}

/* The planes of zeros. */
static void tb_clear_gaps(const tb_matrix *m, int8_t *tile, int32_t size)
{
    const int32_t planes = tb_gapped_planes(m->columns);
    for (int32_t plane = TB_GAP_CHANNELS; plane < planes; plane += TB_GAP_CHANNELS + 1)
        for (int32_t i = 0; i < size; i += 16) vst1q_s8(tile + plane * size + i, vdupq_n_s8(0));
    for (int32_t i = 0; i < size; i += 16) vst1q_s8(tile + (planes - 1) * size + i, vdupq_n_s8(0));
}

void tb_run_ternary(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch)
{
    const tb_window *w = &layer->window;
    const tb_matrix *first = layer->first, *second = layer->second;
    const int32_t size = layer->tiles > 1 ? 32 : 16, tiles = layer->tiles > 1 ? layer->tiles / 2 : 1;
    const int32_t pixels = range->end, pitch = range->pitch, bytes = size / 16 * tb_tile_bytes(first);
    const int32_t hidden_bytes = second ? size / 16 * tb_tile_bytes(second) : 0;
    int8_t *memory = scratch, *hidden = memory + tiles * bytes;
    uint8_t *rest = (uint8_t *)hidden + tiles * hidden_bytes;
    for (int32_t t = 0; t < tiles; t++) {
        tb_clear_gaps(first, memory + t * bytes, size);
        if (second) tb_clear_gaps(second, hidden + t * hidden_bytes, size);
    }
    for (int32_t p = range->first; p < pixels; p += size * tiles, y += size * tiles) {
        const int32_t n = pixels - p < size * tiles ? pixels - p : size * tiles;
        for (int32_t at = 0; at < n; at += size)
            tb_gather_planes(w, x, p + at, n - at < size ? n - at : size, memory + at / size * bytes, size);
        if (!second) {
            tb_vector_rows(first, memory, bytes, n, size, y, pitch, 0, rest);
        } else {
            tb_vector_rows(first, memory, bytes, n, size, hidden, hidden_bytes, 1, rest);
            tb_vector_rows(second, hidden, hidden_bytes, n, size, y, pitch, 0, rest);
        }
    }
}
