/* Fully connected layers: one pixel. */
#include "requantize.h"
#if TB_MVE
#include <arm_mve.h>
#endif

static void tb_finish(const tb_connected *layer, int32_t row, int32_t sum, void *y)
{
    if (layer->integers) {
        ((int8_t *)y)[row] = tb_requantize(layer->integers, row, sum);
        return;
    }
    const tb_scores *s = layer->scores;
    const volatile float product = (float)sum * s->multipliers[row];
    const float score = product + s->biases[row];
    ((float *)y)[row] = score < s->lower ? s->lower : score > s->upper ? s->upper : score;
}

static int32_t tb_dot(const int8_t *w, const int8_t *x, int32_t n)
{
    int32_t sum = 0, i = 0;
#if TB_MVE
    for (; i < n; i += 16) {
        const mve_pred16_t wanted = vctp8q((uint32_t)(n - i));
        sum = vmladavaq_p_s8(sum, vldrbq_z_s8(w + i, wanted), vldrbq_z_s8(x + i, wanted), wanted);
    }
#elif TB_DSP
    for (; i + 4 <= n; i += 4) {
        const uint32_t a = tb_word(w + i), b = tb_word(x + i);
        sum = tb_smlad(tb_sxtb16(a), tb_sxtb16(b), sum);
        sum = tb_smlad(tb_sxtb16_ror8(a), tb_sxtb16_ror8(b), sum);
    }
#endif
    for (; i < n; i++) sum += w[i] * x[i];
    return sum;
}

/* Few rows: trits one after the other, the highest digit of a byte of 256ths first. */
static int32_t tb_trit_dot(const uint8_t *trits, const int8_t *x, int32_t n)
{
    int32_t sum = 0;
    for (int32_t c = 0; c < n;) {
        uint32_t digits = *trits++;
        const int32_t end = c + 5 < n ? c + 5 : n;
        for (; c < end; c++) {
            digits *= 3;
            sum += ((int32_t)(digits >> 8) - 1) * x[c];
            digits &= 0xFFu;
        }
    }
    return sum;
}

/* Sums of five inputs under all 243 combinations of trits, by the byte that stands for each. */
static void tb_trit_sums(const int8_t *x, int32_t n, int16_t *sums)
{
    int32_t all = 0, v[5] = {0};
    for (int32_t i = 0; i < n; i++) v[i] = x[i], all -= x[i];
    int32_t number = 0;
    for (int a = 0, s0 = all; a < 3; a++, s0 += v[0])
        for (int b = 0, s1 = s0; b < 3; b++, s1 += v[1])
            for (int c = 0, s2 = s1; c < 3; c++, s2 += v[2])
                for (int d = 0, s3 = s2; d < 3; d++, s3 += v[3])
                    for (int e = 0, s4 = s3; e < 3; e++, s4 += v[4], number++)
                        sums[(number * 256 + 242) / 243] = (int16_t)s4;
}

void tb_run_connected(const tb_connected *layer, const int8_t *x, void *y, void *scratch)
{
    const int32_t rows = layer->rows, columns = layer->columns, bytes = (columns + 4) / 5;
    if (layer->form == TB_PLAIN) {
        const int8_t *w = (const int8_t *)layer->weights;
        for (int32_t row = 0; row < rows; row++, w += columns) tb_finish(layer, row, tb_dot(w, x, columns), y);
    } else if (rows < 128) {
        for (int32_t row = 0; row < rows; row++)
            tb_finish(layer, row, tb_trit_dot(layer->weights + row * bytes, x, columns), y);
    } else {
        /* many rows: a table for every five inputs */
        int32_t *sums = scratch;
        int16_t *table = (int16_t *)(void *)(sums + rows);
        memset(sums, 0, (size_t)rows * sizeof *sums);
        for (int32_t i = 0; i < bytes; i++) {
            const uint8_t *code = layer->weights + i;
            tb_trit_sums(x + 5 * i, columns - 5 * i < 5 ? columns - 5 * i : 5, table);
            for (int32_t row = 0; row < rows; row++, code += bytes) sums[row] += table[*code];
        }
        for (int32_t row = 0; row < rows; row++) tb_finish(layer, row, sums[row], y);
    }
}
