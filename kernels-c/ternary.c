/* Ternary rows over tiles of 16 pixels. A weight costs one addition for each pixel: with DSP instructions SXTAB16 widens
 * and adds two bytes at a time; without, words of bytes without sign are added in halves. Sums of -1 come first and are
 * negated, since there is no subtraction of the kind. Vectors have one. */
#include "trits.h"

#if TB_MVE
#include "ternary_mve.h"
#else
#if TB_DSP
#define TB_UNUSED __attribute__((unused))

/* Twelve instructions for a weight and 16 pixels, with both nibbles of a byte. Fourteen registers are in use, more than
 * the compiler gives to one asm statement. */
#define TB_NIBBLE16                                                                                                   \
    "ldrd r12, lr, [r0]\n sxtab16 r4, r4, r12\n sxtab16 r5, r5, r12, ror #8\n sxtab16 r6, r6, lr\n"                    \
    "sxtab16 r7, r7, lr, ror #8\n ldrd r12, lr, [r0, #8]\n sxtab16 r8, r8, r12\n sxtab16 r9, r9, r12, ror #8\n"        \
    "sxtab16 r10, r10, lr\n sxtab16 r11, r11, lr, ror #8\n"
#define TB_NIBBLE4 "ldr r12, [r0]\n sxtab16 r4, r4, r12\n sxtab16 r5, r5, r12, ror #8\n"
#define TB_NIBBLES(add)                                                                                               \
    "ldrb r3, [r1], #1\n and r12, r3, #0xF0\n add r0, r0, r12\n" add                                                  \
    "and r12, r3, #15\n add r0, r0, r12, lsl #4\n" add
#define TB_NIBBLE_LOOP(L, add)                                                                                        \
    "lsrs r2, r2, #1\n bcc " L "2f\n" TB_NIBBLES(add) L "2: tst r2, r2\n beq " L "5f\n" L "4:\n" TB_NIBBLES(add)       \
    TB_NIBBLES(add) "subs r2, #1\n bne " L "4b\n" L "5:\n"

/* Sums of a chunk, as halves: out[0] has pixels 0 and 2, out[1] 1 and 3, and so on. `before` is the plane in front of the
 * first one. Returns the end of the list. */
__attribute__((naked, noinline)) static const uint8_t *tb_sum16(const int8_t *before TB_UNUSED,
    const uint8_t *list TB_UNUSED, uint32_t minus TB_UNUSED, uint32_t plus TB_UNUSED, uint32_t *out TB_UNUSED)
{
    __asm__ volatile("push {r0, r3, r4-r11, lr}\n movs r4, #0\n mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r8, r4\n"
        "mov r9, r4\n mov r10, r4\n mov r11, r4\n"
        TB_NIBBLE_LOOP("1", TB_NIBBLE16)
        "movs r3, #0\n ssub16 r4, r3, r4\n ssub16 r5, r3, r5\n ssub16 r6, r3, r6\n ssub16 r7, r3, r7\n"
        "ssub16 r8, r3, r8\n ssub16 r9, r3, r9\n ssub16 r10, r3, r10\n ssub16 r11, r3, r11\n ldrd r0, r2, [sp]\n"
        TB_NIBBLE_LOOP("2", TB_NIBBLE16)
        "ldr r3, [sp, #44]\n stm r3, {r4-r11}\n mov r0, r1\n add sp, #8\n pop {r4-r11, pc}\n");
}

__attribute__((naked, noinline)) static const uint8_t *tb_sum4(const int8_t *before TB_UNUSED,
    const uint8_t *list TB_UNUSED, uint32_t minus TB_UNUSED, uint32_t plus TB_UNUSED, uint32_t *out TB_UNUSED)
{
    __asm__ volatile("push {r0, r3, r4, r5, lr}\n movs r4, #0\n mov r5, r4\n"
        TB_NIBBLE_LOOP("1", TB_NIBBLE4)
        "movs r3, #0\n ssub16 r4, r3, r4\n ssub16 r5, r3, r5\n ldrd r0, r2, [sp]\n"
        TB_NIBBLE_LOOP("2", TB_NIBBLE4)
        "ldr r3, [sp, #20]\n strd r4, r5, [r3]\n mov r0, r1\n add sp, #8\n pop {r4, r5, pc}\n");
}

/* n is 4, 8 or 16 pixels here; the pixels that are not wanted are whatever is in the tile. */
static const uint8_t *tb_chunk_sums(const int8_t *tile, const uint8_t *list, int32_t n, uint32_t *sums)
{
    const uint32_t minus = list[0], plus = list[1];
    if (n == 16) return tb_sum16(tile - 16, list + 2, minus, plus, sums);
    const uint8_t *end = list;
    for (int32_t i = 0; i < n; i += 4) end = tb_sum4(tile - 16 + i, list + 2, minus, plus, sums + i / 2);
    return end;
}

/* bias + the low or the high half */
static inline int32_t tb_low(int32_t bias, uint32_t v)
{
    int32_t r;
    __asm__("sxtah %0, %1, %2" : "=r"(r) : "r"(bias), "r"(v));
    return r;
}
static inline int32_t tb_high(int32_t bias, uint32_t v) { return bias + ((int32_t)v >> 16); }

/* Four pixels of two words of halves. */
#define TB_SAME(v, left) (v)
#define TB_FOUR(shift, at, e, o)                                                                                      \
    tb_put_word(at, tb_pack(tb_smmlar(shift(tb_low(bias, e), left), m, zero),                                         \
                            tb_smmlar(shift(tb_low(bias, o), left), m, zero),                                         \
                            tb_smmlar(shift(tb_high(bias, e), left), m, zero),                                        \
                            tb_smmlar(shift(tb_high(bias, o), left), m, zero)))

static void tb_finish_lanes(const tb_matrix *matrix, int32_t row, const uint32_t *a, int32_t lanes, int8_t *y)
{
    const tb_row r = tb_row_of(&matrix->output, row);
    const int32_t bias = r.bias, m = r.multiplier, zero = r.zero;
    if (r.shift == 32 && lanes == 16) {
        TB_FOUR(TB_SAME, y, a[0], a[1]);
        TB_FOUR(TB_SAME, y + 4, a[2], a[3]);
        TB_FOUR(TB_SAME, y + 8, a[4], a[5]);
        TB_FOUR(TB_SAME, y + 12, a[6], a[7]);
    } else if (tb_is_short(&r)) {
        const uint32_t left = 32u - r.shift;
        for (int32_t i = 0; i < lanes; i += 4, a += 2) TB_FOUR(tb_left, y + i, a[0], a[1]);
    } else {
        for (int32_t i = 0; i < lanes; i += 4, a += 2)
            tb_put_word(y + i, tb_requantize4(&r, tb_low(0, a[0]), tb_low(0, a[1]), tb_high(0, a[0]), tb_high(0, a[1])));
    }
}

/* A row of several chunks: its sums do not fit 16 bits. */
static const uint8_t *tb_long_row(const tb_matrix *m, int32_t row, const int8_t *tile, const uint8_t *list, int32_t lanes,
                                  int8_t *y)
{
    const tb_row r = tb_row_of(&m->output, row);
    int32_t sums[16] = {0};
    for (int more = 1; more;) {
        uint32_t a[8];
        more = *list == 255;
        list = tb_chunk_sums(tile, list + more, lanes, a);
        for (int32_t i = 0; i < lanes; i += 4) {
            const uint32_t e = a[i / 2], o = a[i / 2 + 1];
            sums[i] = tb_low(sums[i], e), sums[i + 1] = tb_low(sums[i + 1], o);
            sums[i + 2] = tb_high(sums[i + 2], e), sums[i + 3] = tb_high(sums[i + 3], o);
        }
    }
    for (int32_t i = 0; i < lanes; i += 4)
        tb_put_word(y + i, tb_requantize4(&r, sums[i], sums[i + 1], sums[i + 2], sums[i + 3]));
    return list;
}

/* One row of one tile; `list` may be in parts. */
static TB_NOINLINE const uint8_t *tb_ternary_row(const tb_matrix *m, int32_t row, const int8_t *tile, const uint8_t *list, int32_t n,
                                     int8_t *y)
{
    uint32_t a[8];
    if (n == 16 && *list != 255) {
        list = tb_sum16(tile - 16, list + 2, list[0], list[1], a);
        tb_finish_lanes(m, row, a, 16, y);
        tb_bound(&m->output, y, n);
        return list;
    }
    const int32_t lanes = n > 8 ? 16 : n > 4 ? 8 : 4;
    int8_t last[16], *to = n == lanes ? y : last;
    if (*list != 255) {
        list = tb_chunk_sums(tile, list, lanes, a);
        tb_finish_lanes(m, row, a, lanes, to);
    } else {
        list = tb_long_row(m, row, tile, list, lanes, to);
    }
    tb_bound(&m->output, to, n);
    if (to == last) memcpy(y, last, (size_t)n);
    return list;
}

#else

/* Sums of the words of a plane, and of their bytes 1 and 3 as halves: those of bytes 0 and 2 are total - 256 * odd, modulo
 * 2^32. */
#define TB_ADD(at, total, odd)                                                                                        \
    do {                                                                                                              \
        const uint32_t v = tb_aligned_word(at);                                                                       \
        total += v;                                                                                                   \
        odd += (v >> 8) & 0x00FF00FFu;                                                                                \
        TB_KEEP(total);                                                                                               \
        TB_KEEP(odd);                                                                                                 \
    } while (0)

/* Sums of a chunk at 16, 8 or 4 pixels, as words whose halves, the upper one 65536 times, were added: out[0] has pixels 0
 * and 2, out[1] 1 and 3, and so on. Every element counts 128 more than it is, which `excess` takes away again. `before` is
 * the plane in front of the first one. Cores of Arm have too few registers for what compilers make of it. */
#if defined(__GNUC__) && defined(__thumb__) && !defined(TRITBANK_PORTABLE)
#include "ternary_thumb.h"
#else
#define TB_AT_ONCE 16
static TB_NOINLINE void tb_sum16(const int8_t *before, const uint8_t *list, uint32_t excess, uint32_t *out)
{
    uint32_t t0 = excess + (excess << 8), t1 = t0, t2 = t0, t3 = t0, s0 = excess, s1 = s0, s2 = s0, s3 = s0;
    const uint8_t *at = list + 2;
    for (int sign = 0; sign < 2; sign++) {
        const int8_t *plane = before;
        t0 = -t0, t1 = -t1, t2 = -t2, t3 = -t3, s0 = -s0, s1 = -s1, s2 = -s2, s3 = -s3;
        for (const uint8_t *end = at + list[sign]; at < end;) {
            const uint32_t gaps = *at++;
            plane += gaps & 0xF0u;
            TB_ADD(plane, t0, s0);
            TB_ADD(plane + 4, t1, s1);
            TB_ADD(plane + 8, t2, s2);
            TB_ADD(plane + 12, t3, s3);
            plane += (gaps & 15u) << 4;
            TB_ADD(plane, t0, s0);
            TB_ADD(plane + 4, t1, s1);
            TB_ADD(plane + 8, t2, s2);
            TB_ADD(plane + 12, t3, s3);
        }
    }
    out[0] = t0 - (s0 << 8), out[1] = s0, out[2] = t1 - (s1 << 8), out[3] = s1;
    out[4] = t2 - (s2 << 8), out[5] = s2, out[6] = t3 - (s3 << 8), out[7] = s3;
}
#endif

#if TB_AT_ONCE == 16
static TB_NOINLINE void tb_sum8(const int8_t *before, const uint8_t *list, uint32_t excess, uint32_t *out)
{
    uint32_t t0 = excess + (excess << 8), t1 = t0, s0 = excess, s1 = s0;
    const uint8_t *at = list + 2;
    for (int sign = 0; sign < 2; sign++) {
        const int8_t *plane = before;
        t0 = -t0, t1 = -t1, s0 = -s0, s1 = -s1;
        for (const uint8_t *end = at + list[sign]; at < end;) {
            const uint32_t gaps = *at++;
            plane += gaps & 0xF0u;
            TB_ADD(plane, t0, s0);
            TB_ADD(plane + 4, t1, s1);
            plane += (gaps & 15u) << 4;
            TB_ADD(plane, t0, s0);
            TB_ADD(plane + 4, t1, s1);
        }
    }
    out[0] = t0 - (s0 << 8), out[1] = s0, out[2] = t1 - (s1 << 8), out[3] = s1;
}
#endif

static TB_NOINLINE void tb_sum4(const int8_t *before, const uint8_t *list, uint32_t excess, uint32_t *out)
{
    uint32_t t0 = excess + (excess << 8), s0 = excess;
    const uint8_t *at = list + 2;
    for (int sign = 0; sign < 2; sign++) {
        const int8_t *plane = before;
        t0 = -t0, s0 = -s0;
        for (const uint8_t *end = at + list[sign]; at < end;) {
            const uint32_t gaps = *at++;
            plane += gaps & 0xF0u;
            TB_ADD(plane, t0, s0);
            plane += (gaps & 15u) << 4;
            TB_ADD(plane, t0, s0);
        }
    }
    out[0] = t0 - (s0 << 8), out[1] = s0;
}

static void tb_chunk_sums(const int8_t *before, const uint8_t *list, int32_t words, uint32_t *out)
{
    const uint32_t excess = ((uint32_t)list[0] - list[1]) * 256u * 65537u;
    if (words == 1) {
        tb_sum4(before, list, excess, out);
        return;
    }
#if TB_AT_ONCE == 16
    if (words > 2) {
        tb_sum16(before, list, excess, out);
        return;
    }
#endif
    tb_sum8(before, list, excess, out);
    if (words > 2) tb_sum8(before + 8, list, excess, out + 4);
}

/* The halves of a word that is low + 65536 * high. */
static inline int32_t tb_low(uint32_t v) { return (int16_t)(uint16_t)v; }
static inline int32_t tb_high(uint32_t v) { return (int16_t)(uint16_t)((v + 0x8000u) >> 16); }

static TB_NOINLINE const uint8_t *tb_ternary_row(const tb_matrix *m, int32_t row, const int8_t *tile, const uint8_t *list, int32_t n,
                                     int8_t *y)
{
    const int32_t words = (n + 3) / 4;
    int32_t sums[16];
    for (int is_first = 1, more = 1; more; is_first = 0) {
        uint32_t a[8];
        more = *list == 255;
        list += more;
        tb_chunk_sums(tile - 16, list, words, a);
        list += 2 + list[0] + list[1];
        const uint32_t *from = a;
        for (int32_t *to = sums, *end = sums + 4 * words; to < end; to += 4, from += 2) {
            if (is_first) to[0] = to[1] = to[2] = to[3] = 0;
            to[0] += tb_low(from[0]), to[1] += tb_low(from[1]);
            to[2] += tb_high(from[0]), to[3] += tb_high(from[1]);
        }
    }
    tb_requantize_row(&m->output, row, sums, n, y);
    return list;
}
#endif

/* Rows of `tiles` tiles, each `tile_bytes` from the one before; of the last tile n pixels. With `into_tiles` y is tiles,
 * too, `pitch` bytes from one to the next; else planes of `pitch` bytes. */
static TB_NOINLINE void tb_ternary_rows(const tb_matrix *m, const int8_t *tile, int32_t tiles, int32_t n, int8_t *y, int32_t pitch,
                     int into_tiles, uint8_t *scratch)
{
    const int32_t bytes = tb_tile_bytes(m);
    const uint8_t *weights = m->weights;
    int32_t until = TB_GAP_CHANNELS;
    for (int32_t row = 0; row < m->rows; row++) {
        const uint8_t *list = weights;
        if (m->form == TB_TRITS) {
            list = scratch;
            weights = tb_decode(m, weights, scratch);
        }
        if (into_tiles && until-- == 0) {
            for (int32_t t = 0; t < tiles; t++) tb_fill_plane(y + t * pitch, TB_FLIP);
            y += 16;
            until = TB_GAP_CHANNELS - 1;
        }
        const uint8_t *end = list;
        for (int32_t t = 0; t < tiles; t++) {
            const int32_t count = t < tiles - 1 ? 16 : n;
            int8_t *to = y + t * (into_tiles ? pitch : 16);
            end = tb_ternary_row(m, row, tile + t * bytes, list, count, to);
            if (into_tiles && TB_FLIP != 0)
                for (int32_t i = 0; i < count; i += 4) tb_put_word(to + i, tb_word(to + i) ^ TB_FLIP);
        }
        if (m->form == TB_LISTS) weights = end;
        y += into_tiles ? 16 : pitch;
    }
    if (into_tiles)
        for (int32_t t = 0; t < tiles; t++) tb_fill_plane(y + t * pitch, TB_FLIP);
}

void tb_run_ternary(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch)
{
    const tb_window *w = &layer->window;
    const tb_matrix *first = layer->first, *second = layer->second;
    const int32_t pixels = range->end, pitch = range->pitch, tiles = layer->tiles;
    const int32_t bytes = tb_tile_bytes(first), hidden_bytes = second ? tb_tile_bytes(second) : 0;
    int8_t *memory = scratch, *hidden = memory + tiles * bytes;
    uint8_t *rest = (uint8_t *)hidden + tiles * hidden_bytes;
    for (int32_t p = range->first; p < pixels; p += 16 * tiles, y += 16 * tiles) {
        int32_t count = 0, n = 16;
        for (int32_t at = p; count < tiles && at < pixels; count++, at += 16) {
            n = pixels - at < 16 ? pixels - at : 16;
            tb_gather(w, first, x, at, n, memory + count * bytes, 16);
        }
        if (!second) {
            tb_ternary_rows(first, memory, count, n, y, pitch, 0, rest);
        } else {
            tb_ternary_rows(first, memory, count, n, hidden, hidden_bytes, 1, rest);
            tb_ternary_rows(second, hidden, count, n, y, pitch, 0, rest);
        }
    }
}
#endif
