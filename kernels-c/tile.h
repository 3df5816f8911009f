/* Tiles: 16 pixels of all columns of a product, one plane of 16 bytes for each column. */
#ifndef TRITBANK_TILE_H
#define TRITBANK_TILE_H

#include "requantize.h"

/* Without DSP instructions, ternary products add bytes without sign, two to a word: elements are then 128 more. */
#define TB_FLIP (TB_DSP ? 0u : 0x80808080u)
/* Channels between two planes of zeros. */
#define TB_GAP_CHANNELS 14

/* Planes of a tile for ternary products: one of zeros behind every 14 channels, and one at the end. */
static inline int32_t tb_gapped_planes(int32_t columns) { return columns + (columns - 1) / TB_GAP_CHANNELS + 1; }

/* Bytes of a tile of ternary columns. */
static inline int32_t tb_tile_bytes(const tb_matrix *m) { return 16 * tb_gapped_planes(m->columns); }

/* Keeps compilers from moving what comes behind it in front of it: they would want more registers than there are. */
#if defined(__GNUC__)
#define TB_KEEP(v) __asm__("" : "+r"(v))
#else
#define TB_KEEP(v) ((void)0)
#endif

static inline void tb_fill_plane(int8_t *plane, uint32_t value)
{
    for (int32_t i = 0; i < 16; i += 4) tb_put_word(plane + i, value);
}

static inline int tb_is_pointwise(const tb_window *w)
{
    return w->kernel_height == 1 && w->kernel_width == 1 && w->stride_y == 1 && w->stride_x == 1 && w->pad_top == 0 &&
           w->pad_left == 0 && w->out_height == w->height && w->out_width == w->width;
}

/* Pixels `pixel` .. `pixel + n - 1` under the window, 16 at the most, as columns of `m`: planes of `pitch` bytes, a
 * multiple of 4; of 16 for ternary products. */
TB_NOINLINE void tb_gather(const tb_window *w, const tb_matrix *m, const int8_t *x, int32_t pixel, int32_t n,
                           int8_t *tile, int32_t pitch);

/* Output pixels first .. end - 1; y is where the first of them is written, its planes are `pitch` bytes apart. */
typedef struct {
    int32_t first, end, pitch;
} tb_range;

/* A convolution with ternary weights, or a bank. */
void tb_run_ternary(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch);

/* A convolution with int8 weights. */
void tb_run_dense(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch);

/* Either. */
void tb_run_pixels(const tb_convolution *layer, const int8_t *x, const tb_range *range, int8_t *y, void *scratch);
#endif
