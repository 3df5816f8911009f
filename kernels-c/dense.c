/* Rows of int8 weights over a tile. With DSP instructions two rows of four pixels are computed at once from pairs of
 * columns; without, the same in plain products. */
#include "tile.h"

#if TB_DSP
/* Halves (c0, c1) of pixels 0, 2, 1 and 3 of each pair of columns: 16 bytes. */
static void tb_widen(const int8_t *tile, int32_t columns, uint32_t *to)
{
    for (int32_t c = 0; c < columns; c += 2, tile += 32, to += 4) {
        const uint32_t a = tb_word(tile), b = tb_word(tile + 16);
        const uint32_t a0 = tb_sxtb16(a), a1 = tb_sxtb16_ror8(a), b0 = tb_sxtb16(b), b1 = tb_sxtb16_ror8(b);
        __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(to[0]) : "r"(a0), "r"(b0));
        __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(to[1]) : "r"(b0), "r"(a0));
        __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(to[2]) : "r"(a1), "r"(b1));
        __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(to[3]) : "r"(b1), "r"(a1));
    }
}

#define TB_UNUSED __attribute__((unused))
#define TB_TWO(x0, x1)                                                                                                \
    "ldrd r2, r3, [r1], #8\n smlad r4, r2, " x0 ", r4\n smlad r8, r2, " x1 ", r8\n"                                    \
    "smlad r6, r3, " x0 ", r6\n smlad r10, r3, " x1 ", r10\n ldrd r2, r3, [r1], #8\n"                                  \
    "smlad r5, r2, " x0 ", r5\n smlad r9, r2, " x1 ", r9\n smlad r7, r3, " x0 ", r7\n smlad r11, r3, " x1 ", r11\n"

/* Sums of two rows and four pixels, out[8]; columns in fours, 8 bytes of weights each. */
__attribute__((naked, noinline)) static void tb_dense_sums(const uint8_t *weights TB_UNUSED,
    const uint32_t *wide TB_UNUSED, const uint8_t *end TB_UNUSED, int32_t *out TB_UNUSED)
{
    __asm__ volatile("push {r2, r3, r4-r11, lr}\n movs r4, #0\n mov r5, r4\n mov r6, r4\n mov r7, r4\n mov r8, r4\n"
        "mov r9, r4\n mov r10, r4\n mov r11, r4\n1:\n"
        "ldrd r12, lr, [r0]\n sxtb16 r12, r12\n sxtb16 lr, lr\n" TB_TWO("r12", "lr")
        "ldrd r12, lr, [r0], #8\n sxtb16 r12, r12, ror #8\n sxtb16 lr, lr, ror #8\n" TB_TWO("r12", "lr")
        "ldr r2, [sp]\n cmp r0, r2\n bne 1b\n"
        "ldr r3, [sp, #4]\n stm r3, {r4-r11}\n add sp, #8\n pop {r4-r11, pc}\n");
}

void tb_dense_rows(const tb_matrix *m, const int8_t *tile, int32_t n, int8_t *y, int32_t pitch, uint8_t *scratch)
{
    const int32_t columns = (m->columns + 3) & ~3;
    uint32_t *wide = (uint32_t *)(void *)scratch;
    for (int32_t p = 0; p < n; p += 4) {
        const int32_t count = n - p < 4 ? n - p : 4;
        tb_widen(tile + p, columns, wide);
        const uint8_t *w = m->weights;
        for (int32_t row = 0; row < m->rows; row += 2, w += 2 * columns) {
            int32_t sums[8];
            tb_dense_sums(w, wide, w + 2 * columns, sums);
            for (int32_t k = 0; k < 2 && row + k < m->rows; k++) {
                const tb_row r = tb_row_of(&m->output, row + k);
                const int32_t *s = sums + 4 * k;
                int8_t *to = y + (row + k) * pitch + p;
                const uint32_t v = tb_requantize4(&r, s[0], s[1], s[2], s[3]);
                if (count == 4) tb_put_word(to, v);
                else memcpy(to, &v, (size_t)count);
                tb_bound(&m->output, to, count);
            }
        }
    }
}

#else

void tb_dense_rows(const tb_matrix *m, const int8_t *tile, int32_t n, int8_t *y, int32_t pitch, uint8_t *scratch)
{
    (void)scratch;
    const int32_t fours = (m->columns + 3) / 4;
    const int8_t *w = (const int8_t *)m->weights;
    for (int32_t row = 0; row < m->rows; row += 2, w += 8 * fours) {
        for (int32_t p = 0; p < n; p += 4) {
            int32_t s[8] = {0};
            const int8_t *x = tile + p, *at = w;
            for (int32_t i = 0; i < fours; i++, at += 8, x += 64) {
                for (int32_t c = 0; c < 4; c++) {
                    /* columns 0, 2, 1, 3 */
                    const int8_t *column = x + 16 * (c == 1 ? 2 : c == 2 ? 1 : c);
                    const int32_t a = at[c], b = at[c + 4];
                    s[0] += a * column[0], s[1] += a * column[1], s[2] += a * column[2], s[3] += a * column[3];
                    s[4] += b * column[0], s[5] += b * column[1], s[6] += b * column[2], s[7] += b * column[3];
                }
            }
            const int32_t count = n - p < 4 ? n - p : 4;
            tb_requantize_row(&m->output, row, s, count, y + row * pitch + p);
            if (row + 1 < m->rows) tb_requantize_row(&m->output, row + 1, s + 4, count, y + (row + 1) * pitch + p);
        }
    }
}
#endif
