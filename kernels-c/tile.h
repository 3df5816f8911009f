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

/* Bytes of a tile: columns of dense products are padded to fours. */
static inline int32_t tb_tile_bytes(const tb_matrix *m)
{
    return 16 * (m->form == TB_DENSE ? ((m->columns + 3) & ~3) : tb_gapped_planes(m->columns));
}

static inline void tb_fill_plane(int8_t *plane, uint32_t value)
{
    for (int32_t i = 0; i < 16; i += 4) tb_put_word(plane + i, value);
}

/* Pixels `pixel` .. `pixel + n - 1` under the window, as columns of `m`. */
void tb_gather(const tb_window *w, const tb_matrix *m, const int8_t *x, int32_t pixel, int32_t n, int8_t *tile);

/* Ternary rows of `tiles` tiles, each `tile_bytes` from the one before; of the last tile n pixels. With `into_tiles` y is
 * tiles, too, `pitch` bytes from one to the next; else planes of `pitch` bytes. */
void tb_ternary_rows(const tb_matrix *m, const int8_t *tile, int32_t tiles, int32_t n, int8_t *y, int32_t pitch,
                     int into_tiles, uint8_t *scratch);

/* Rows of int8 weights of one tile, `quads` times four pixels at once. */
void tb_dense_rows(const tb_matrix *m, const int8_t *tile, int32_t n, int8_t *y, int32_t pitch, int32_t quads,
                   uint8_t *scratch);
#endif
