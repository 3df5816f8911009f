/* Depthwise convolutions, plane by plane. A plane is copied with its pads first, so that y may overwrite x. */
#include "requantize.h"

/* Bytes from one row of a padded plane to the next: windows of four pixels may be read at once. */
static int32_t tb_pitch(const tb_window *w)
{
    const int32_t across = (w->out_width - 1) * w->stride_x + (w->kernel_width - 1) * w->dilation_x + 1;
    const int32_t used = w->pad_left + w->width;
    return ((across > used ? across : used) + 12) & ~3;
}

static void tb_pad_plane(const tb_window *w, const int8_t *x, int32_t pitch, int8_t *plane)
{
    for (int32_t i = 0; i < w->height; i++)
        memcpy(plane + (i + w->pad_top) * pitch + w->pad_left, x + i * w->width, (size_t)w->width);
}

#if TB_DSP
static inline int32_t tb_smlabb(uint32_t a, uint32_t b, int32_t c)
{
    int32_t r;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
    return r;
}

static inline int32_t tb_smlatb(uint32_t a, uint32_t b, int32_t c)
{
    int32_t r;
    __asm__("smlatb %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
    return r;
}

/* 3 x 3, stride 1 or 2: the outer taps of a row in one product of pairs. */
static void tb_plane3(const tb_depthwise *layer, int32_t row, const int8_t *plane, int32_t pitch, int8_t *y)
{
    const tb_window *w = &layer->window;
    const int8_t *k = layer->weights + 9 * row;
    const uint32_t p0 = (uint16_t)k[0] | (uint32_t)k[2] << 16, p1 = (uint16_t)k[3] | (uint32_t)k[5] << 16,
                   p2 = (uint16_t)k[6] | (uint32_t)k[8] << 16;
    const uint32_t m0 = (uint32_t)k[1], m1 = (uint32_t)k[4], m2 = (uint32_t)k[7];
    const tb_row r = tb_row_of(&layer->output, row);
    for (int32_t i = 0; i < w->out_height; i++) {
        const int8_t *at = plane + i * w->stride_y * pitch;
        for (int32_t j = 0; j < w->out_width; j += 4) {
            int32_t s[4];
            if (w->stride_x == 1) {
                for (int q = 0; q < 4; q += 2, at += 2) {
                    uint32_t v = tb_word(at), even = tb_sxtb16(v), odd = tb_sxtb16_ror8(v);
                    int32_t a = tb_smlabb(odd, m0, tb_smlad(even, p0, 0)), b = tb_smlatb(even, m0, tb_smlad(odd, p0, 0));
                    v = tb_word(at + pitch), even = tb_sxtb16(v), odd = tb_sxtb16_ror8(v);
                    a = tb_smlabb(odd, m1, tb_smlad(even, p1, a)), b = tb_smlatb(even, m1, tb_smlad(odd, p1, b));
                    v = tb_word(at + 2 * pitch), even = tb_sxtb16(v), odd = tb_sxtb16_ror8(v);
                    s[q] = tb_smlabb(odd, m2, tb_smlad(even, p2, a)), s[q + 1] = tb_smlatb(even, m2, tb_smlad(odd, p2, b));
                }
            } else {
                for (int q = 0; q < 4; q++, at += 2) {
                    uint32_t v = tb_word(at);
                    int32_t a = tb_smlabb(tb_sxtb16_ror8(v), m0, tb_smlad(tb_sxtb16(v), p0, 0));
                    v = tb_word(at + pitch);
                    a = tb_smlabb(tb_sxtb16_ror8(v), m1, tb_smlad(tb_sxtb16(v), p1, a));
                    v = tb_word(at + 2 * pitch);
                    s[q] = tb_smlabb(tb_sxtb16_ror8(v), m2, tb_smlad(tb_sxtb16(v), p2, a));
                }
            }
            const uint32_t v = tb_requantize4(&r, s[0], s[1], s[2], s[3]);
            const int32_t count = w->out_width - j < 4 ? w->out_width - j : 4;
            if (count == 4) tb_put_word(y, v);
            else memcpy(y, &v, (size_t)count);
            tb_bound(&layer->output, y, count);
            y += count;
        }
    }
}
#endif

static void tb_plane(const tb_depthwise *layer, int32_t row, const int8_t *plane, int32_t pitch, int8_t *y)
{
    const tb_window *w = &layer->window;
    const int32_t height = w->kernel_height, width = w->kernel_width;
    const int8_t *weights = layer->weights + row * height * width;
    for (int32_t i = 0; i < w->out_height; i++) {
        for (int32_t j = 0; j < w->out_width; j += 4) {
            int32_t s[4];
            const int32_t count = w->out_width - j < 4 ? w->out_width - j : 4;
            for (int32_t q = 0; q < count; q++) {
                const int8_t *from = plane + i * w->stride_y * pitch + (j + q) * w->stride_x, *k = weights;
                int32_t sum = 0;
                for (int32_t u = 0; u < height; u++, from += w->dilation_y * pitch)
                    for (int32_t v = 0; v < width; v++) sum += *k++ * from[v * w->dilation_x];
                s[q] = sum;
            }
            tb_requantize_row(&layer->output, row, s, count, y);
            y += count;
        }
    }
}

void tb_run_depthwise(const tb_depthwise *layer, const int8_t *x, int8_t *y, void *scratch)
{
    const tb_window *w = &layer->window;
    const int32_t pitch = tb_pitch(w), pixels = w->out_height * w->out_width;
    const int32_t reach = (w->out_height - 1) * w->stride_y + (w->kernel_height - 1) * w->dilation_y + 1;
    const int32_t rows = reach > w->pad_top + w->height ? reach : w->pad_top + w->height;
    int8_t *plane = scratch;
    memset(plane, w->zero_point, (size_t)(rows * pitch));
    for (int32_t c = 0; c < w->channels; c++, x += w->height * w->width) {
        tb_pad_plane(w, x, pitch, plane);
        for (int32_t k = 0; k < layer->multiplier; k++, y += pixels) {
            const int32_t row = c * layer->multiplier + k;
#if TB_DSP
            const int is3 = w->kernel_height == 3 && w->kernel_width == 3 && w->dilation_y == 1 && w->dilation_x == 1 &&
                            (w->stride_x == 1 || w->stride_x == 2);
            if (is3) {
                tb_plane3(layer, row, plane, pitch, y);
                continue;
            }
#endif
            tb_plane(layer, row, plane, pitch, y);
        }
    }
}
