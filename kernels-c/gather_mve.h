/* Pixels under a window by vectors: addresses and whether they are inside of the image, of eight pixels for each tap. */
#ifndef TRITBANK_GATHER_MVE_H
#define TRITBANK_GATHER_MVE_H

#include "mve.h"
#include "tile.h"

/* Rows and columns of the first taps of eight pixels; addresses are counted from row `base` on, so that they fit 16 bits. */
typedef struct {
    int16x8_t y, x;
    int32_t base;
    mve_pred16_t wanted;
} tb_corners;

/* Of pixels `pixel` .. `pixel + n - 1`, eight at the most. */
static inline tb_corners tb_corners_of(const tb_window *w, int32_t pixel, int32_t n)
{
    int16_t ys[8], xs[8];
    int32_t row = pixel / w->out_width, column = pixel - row * w->out_width;
    for (int32_t k = 0; k < 8; k++) {
        ys[k] = (int16_t)(row * w->stride_y - w->pad_top);
        xs[k] = (int16_t)(column * w->stride_x - w->pad_left);
        if (++column == w->out_width) column = 0, row++;
    }
    const tb_corners result = {vld1q_s16(ys), vld1q_s16(xs), ys[0] > 0 ? ys[0] : 0, vctp16q((uint32_t)n)};
    return result;
}

typedef struct {
    uint16x8_t offsets;
    mve_pred16_t inside;
} tb_tap_pixels;

/* Of the tap so far down and across. Coordinates without sign are too large on both sides of the image. */
static inline tb_tap_pixels tb_tap_of(const tb_window *w, const tb_corners *at, int32_t down, int32_t across)
{
    const uint16x8_t y = vreinterpretq_u16_s16(vaddq_n_s16(at->y, (int16_t)down));
    const uint16x8_t x = vreinterpretq_u16_s16(vaddq_n_s16(at->x, (int16_t)across));
    const mve_pred16_t rows = vcmphiq_m_u16(vdupq_n_u16((uint16_t)w->height), y, at->wanted);
    const uint16x8_t below = vsubq_n_u16(y, (uint16_t)at->base);
    const tb_tap_pixels result = {vmlaq_n_u16(x, below, (uint16_t)w->width),
                                  vcmphiq_m_u16(vdupq_n_u16((uint16_t)w->width), x, rows)};
    return result;
}

static inline int16x8_t tb_load_tap(const int8_t *plane, const tb_tap_pixels *tap, int16x8_t zero)
{
    return vpselq_s16(vldrbq_gather_offset_z_s16(plane, tap->offsets, tap->inside), zero, tap->inside);
}
#endif
