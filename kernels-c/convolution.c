/* Convolutions and banks: pixels under a window as columns. */
#include "tile.h"

/* Bytes 0 and 2 of two words. */
static inline uint32_t tb_even_bytes(uint32_t a, uint32_t b)
{
#if TB_DSP
    uint32_t r;
    __asm__("uxtb16 %1, %1\n uxtb16 %2, %2\n orr %1, %1, %1, lsr #8\n orr %2, %2, %2, lsr #8\n pkhbt %0, %1, %2, lsl #16"
            : "=r"(r), "+r"(a), "+r"(b));
    return r;
#else
    a &= 0x00FF00FFu, b &= 0x00FF00FFu;
    a |= a >> 8, b |= b >> 8;
    return (a & 0xFFFFu) | b << 16;
#endif
}

/* Pixels of a tile that lie in one row of outputs: `at` .. `at + count - 1`; y, x are those of their window. */
typedef struct {
    int16_t y, x;
    uint8_t at, count;
} tb_run;

/* Runs of n pixels from `pixel` on, 16 at the most. */
static int32_t tb_find_runs(const tb_window *w, int32_t pixel, int32_t n, tb_run *runs)
{
    int32_t row = pixel / w->out_width, column = pixel - row * w->out_width, count = 0;
    for (int32_t at = 0; at < n; row++, column = 0, count++) {
        int32_t length = w->out_width - column;
        if (length > n - at) length = n - at;
        runs[count].y = (int16_t)(row * w->stride_y - w->pad_top);
        runs[count].x = (int16_t)(column * w->stride_x - w->pad_left);
        runs[count].at = (uint8_t)at;
        runs[count].count = (uint8_t)length;
        at += length;
    }
    return count;
}

/* A run of one tap, at (y, x) of a plane. */
static void tb_gather_run(const tb_window *w, const int8_t *plane, int32_t y, int32_t x, int32_t count, int8_t *to)
{
    const int32_t stride = w->stride_x, width = w->width;
    int32_t k = 0;
    if (y < 0 || y >= w->height) {
        memset(to, w->zero_point, (size_t)count);
        return;
    }
    const int8_t *from = plane + y * width;
    if (count == 16 && x >= 0 && x + 16 * stride <= width && stride <= 2) {
        from += x;
        if (stride == 1)
            for (; k < 16; k += 4) tb_put_word(to + k, tb_word(from + k));
        else
            for (; k < 16; k += 4) tb_put_word(to + k, tb_even_bytes(tb_word(from + 2 * k), tb_word(from + 2 * k + 4)));
        return;
    }
    for (; k < count && x < 0; k++, x += stride) to[k] = w->zero_point;
    from += x;
    if (stride == 1) {
        for (; k + 4 <= count && x + 4 <= width; k += 4, x += 4, from += 4) tb_put_word(to + k, tb_word(from));
    } else if (stride == 2) {
        for (; k + 4 <= count && x + 8 <= width; k += 4, x += 8, from += 8)
            tb_put_word(to + k, tb_even_bytes(tb_word(from), tb_word(from + 4)));
    }
    for (; k < count && x < width; k++, x += stride, from += stride) to[k] = *from;
    for (; k < count; k++) to[k] = w->zero_point;
}

/* Whether all taps of a run are inside of the image. */
static int tb_is_inside(const tb_window *w, const tb_run *run)
{
    const int32_t bottom = run->y + (w->kernel_height - 1) * w->dilation_y;
    const int32_t right = run->x + (run->count - 1) * w->stride_x + (w->kernel_width - 1) * w->dilation_x;
    return run->y >= 0 && bottom < w->height && run->x >= 0 && right < w->width;
}

/* Fours of pixels of one run at stride 1, inside of the image. */
static void tb_gather_inside(const tb_window *w, const int8_t *x, int32_t n, int8_t *tile, int32_t pitch)
{
    const int32_t down = w->dilation_y * w->width, across = w->dilation_x, pixels = w->height * w->width;
    for (int32_t c = 0; c < w->channels; c++, x += pixels) {
        const int8_t *row = x;
        for (int32_t i = 0; i < w->kernel_height; i++, row += down) {
            const int8_t *from = row;
            for (int32_t j = 0; j < w->kernel_width; j++, from += across, tile += pitch)
                for (int32_t k = 0; k < n; k += 4) tb_put_word(tile + k, tb_word(from + k));
        }
    }
}

void tb_gather(const tb_window *w, const tb_matrix *m, const int8_t *x, int32_t pixel, int32_t n, int8_t *tile,
               int32_t pitch)
{
    const int is_gapped = m->form != TB_DENSE, pointwise = tb_is_pointwise(w);
    const uint32_t flip = is_gapped ? TB_FLIP : 0;
    const int32_t pixels = w->height * w->width;
    tb_run runs[16];
    const int32_t count = pointwise ? 0 : tb_find_runs(w, pixel, n, runs);
    if (!is_gapped && count == 1 && w->stride_x == 1 && (n & 3) == 0 && tb_is_inside(w, runs)) {
        tb_gather_inside(w, x + runs->y * w->width + runs->x, n, tile, pitch);
        return;
    }
    int32_t until = TB_GAP_CHANNELS;
    for (int32_t c = 0; c < w->channels; c++, x += pixels) {
        for (int32_t i = 0; i < w->kernel_height; i++) {
            for (int32_t j = 0; j < w->kernel_width; j++) {
                if (is_gapped && until-- == 0) {
                    tb_fill_plane(tile, flip);
                    tile += 16;
                    until = TB_GAP_CHANNELS - 1;
                }
                if (pointwise && n == 16) {
                    for (int32_t k = 0; k < 16; k += 4) tb_put_word(tile + k, tb_word(x + pixel + k) ^ flip);
                } else if (pointwise && (n & 3) == 0) {
                    for (int32_t k = 0; k < n; k += 4) tb_put_word(tile + k, tb_word(x + pixel + k) ^ flip);
                } else {
                    if (pointwise) memcpy(tile, x + pixel, (size_t)n);
                    const int32_t top = i * w->dilation_y, left = j * w->dilation_x;
                    for (const tb_run *run = runs; run < runs + count; run++)
                        tb_gather_run(w, x, run->y + top, run->x + left, run->count, tile + run->at);
                    if (flip)
                        for (int32_t k = 0; k < n; k += 4) tb_put_word(tile + k, tb_word(tile + k) ^ flip);
                }
                tile += pitch;
            }
        }
    }
    if (is_gapped) tb_fill_plane(tile, flip);
}

void tb_run_pixels(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch)
{
    (layer->first->form == TB_DENSE ? tb_run_dense : tb_run_ternary)(layer, x, range, y, scratch);
}

void tb_run_convolution(const tb_convolution *layer, const int8_t *x, int8_t *y, void *scratch)
{
    const int32_t pixels = layer->window.out_height * layer->window.out_width;
    const tb_range all = {0, pixels, pixels};
    tb_run_pixels(layer, x, &all, y, scratch);
}
