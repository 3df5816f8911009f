/* Convolutions and banks, tile by tile. */
#include "tile.h"

static int tb_is_pointwise(const tb_window *w)
{
    return w->kernel_height == 1 && w->kernel_width == 1 && w->stride_y == 1 && w->stride_x == 1 && w->pad_top == 0 &&
           w->pad_left == 0 && w->out_height == w->height && w->out_width == w->width;
}

/* Bytes 0 and 2 of two words. */
static inline uint32_t tb_even_bytes(uint32_t a, uint32_t b)
{
    a &= 0x00FF00FFu, b &= 0x00FF00FFu;
    a |= a >> 8, b |= b >> 8;
    return (a & 0xFFFFu) | b << 16;
}

/* One column of 16 pixels or fewer; `first` is the pixel under the tap for output row and column 0. */
static void tb_gather_tap(const tb_window *w, const int8_t *plane, int32_t top, int32_t left, int32_t pixel, int32_t n,
                          int8_t *to)
{
    int32_t row = pixel / w->out_width, column = pixel % w->out_width;
    for (int32_t i = 0; i < n;) {
        int32_t run = w->out_width - column;
        if (run > n - i) run = n - i;
        const int32_t y = row * w->stride_y + top;
        int32_t x = column * w->stride_x + left;
        if (y < 0 || y >= w->height) {
            memset(to + i, w->zero_point, (size_t)run);
        } else {
            const int8_t *from = plane + y * w->width;
            int32_t k = i;
            const int32_t end = i + run;
            for (; k < end && x < 0; k++, x += w->stride_x) to[k] = w->zero_point;
            if (w->stride_x == 1) {
                for (; k + 4 <= end && x + 4 <= w->width; k += 4, x += 4) tb_put_word(to + k, tb_word(from + x));
            } else if (w->stride_x == 2) {
                for (; k + 4 <= end && x + 8 <= w->width; k += 4, x += 8)
                    tb_put_word(to + k, tb_even_bytes(tb_word(from + x), tb_word(from + x + 4)));
            }
            for (; k < end && x < w->width; k++, x += w->stride_x) to[k] = from[x];
            for (; k < end; k++) to[k] = w->zero_point;
        }
        i += run;
        row++;
        column = 0;
    }
}

void tb_gather(const tb_window *w, const tb_matrix *m, const int8_t *x, int32_t pixel, int32_t n, int8_t *tile)
{
    const int is_gapped = m->form != TB_DENSE, pointwise = tb_is_pointwise(w);
    const uint32_t flip = is_gapped ? TB_FLIP : 0;
    const int32_t pixels = w->height * w->width;
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
                } else {
                    if (pointwise) memcpy(tile, x + pixel, (size_t)n);
                    else tb_gather_tap(w, x, i * w->dilation_y - w->pad_top, j * w->dilation_x - w->pad_left, pixel, n, tile);
                    if (flip)
                        for (int32_t k = 0; k < n; k += 4) tb_put_word(tile + k, tb_word(tile + k) ^ flip);
                }
                tile += 16;
            }
        }
    }
    if (is_gapped) tb_fill_plane(tile, flip);
}

void tb_run_convolution(const tb_convolution *layer, const int8_t *x, int8_t *y, void *scratch)
{
    const tb_window *w = &layer->window;
    const tb_matrix *first = layer->first, *second = layer->second;
    const int32_t pixels = w->out_height * w->out_width;
    const int32_t bytes = tb_tile_bytes(first), hidden_bytes = second ? tb_tile_bytes(second) : 0;
    int8_t *tiles = scratch, *hidden = tiles + layer->tiles * bytes;
    uint8_t *rest = (uint8_t *)hidden + layer->tiles * hidden_bytes;
    for (int32_t p = 0; p < pixels; p += 16 * layer->tiles) {
        int32_t count = 0, n = 16;
        for (int32_t at = p; count < layer->tiles && at < pixels; count++, at += 16) {
            n = pixels - at < 16 ? pixels - at : 16;
            tb_gather(w, first, x, at, n, tiles + count * bytes);
        }
        if (first->form == TB_DENSE) {
            tb_dense_rows(first, tiles, n, y + p, pixels, rest);
        } else if (!second) {
            tb_ternary_rows(first, tiles, count, n, y + p, pixels, 0, rest);
        } else {
            tb_ternary_rows(first, tiles, count, n, hidden, hidden_bytes, 1, rest);
            tb_ternary_rows(second, hidden, count, n, y + p, pixels, 0, rest);
        }
    }
}
