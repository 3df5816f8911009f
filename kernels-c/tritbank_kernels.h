/* Kernels of 8-bit and ternary layers, C99. Tensors are planes [channels][height][width] of int8_t without gaps; an
 * element q stands for scale * (q - zero_point). Every result equals that of tritbank/runtime to the bit. The code that
 * `tritbank export --to c` writes fills these structs; nothing here allocates or keeps state. */
#ifndef TRITBANK_KERNELS_H
#define TRITBANK_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the integer sum of a row becomes: t = sum + biases[row], then
 *   shift 24..62: y = floor((t * multipliers[row] + 2^(shift - 1)) / 2^shift) + zero_point, verified by the exporter to
 *                 equal the float formula for every sum that the row can have (and to fit 16 bits up to shift 32)
 *   shift 0:      y = round_to_even((float)t * f) + zero_point, f the float32 whose bits are multipliers[row]
 * and last min(max(y, lower), upper). */
typedef struct {
    const int32_t *biases;
    const int32_t *multipliers;
    const uint8_t *shifts;
    int8_t zero_point, lower, upper;
} tb_requantization;

/* score = min(max(sum * multipliers[row] + biases[row], lower), upper), each step rounded to float32. */
typedef struct {
    const float *multipliers, *biases;
    float lower, upper;
} tb_scores;

/* How weights are stored.
 * TB_LISTS: of each row, where its weights of -1 and +1 are. chunk := m, p, then m and p bytes of two gaps each, the high
 *   nibble first; row := (255 chunk)* chunk. A gap is the distance to the next plane of a tile, from the plane in front
 *   of it on; a tile has a plane of zeros behind every 14 channels, where longer gaps rest.
 * TB_TRITS: of each row, five weights a byte: ceil(n * 256 / 243), n = (w0 + 1) * 81 + (w1 + 1) * 27 + ...
 * TB_DENSE: int8, two rows side by side: of every 4 columns c0, c2, c1, c3 of the first, then of the second.
 * TB_PLAIN: int8, row after row. */
typedef enum { TB_LISTS, TB_TRITS, TB_DENSE, TB_PLAIN } tb_form;

typedef struct {
    int32_t rows, columns;
    tb_form form;
    const uint8_t *weights;
    tb_requantization output;
} tb_matrix;

/* Windows over planes; `zero_point` is what lies outside of the image. */
typedef struct {
    int32_t channels, height, width, out_height, out_width;
    uint8_t kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x, pad_top, pad_left;
    int8_t zero_point;
} tb_window;

/* y = matrix2 (matrix1 x), or matrix1 x without a second one: a convolution, or the hidden units and ternary filters of a
 * bank, whose hidden units are in memory for a few tiles of 16 pixels only. Columns are channels by taps. Pixels are read
 * before they are written: y may lie over x where every pixel is its own window, plane over plane. */
typedef struct {
    tb_window window;
    const tb_matrix *first, *second;
    /* Tiles of 16 pixels that are computed together, one or an even number: weights that have to be decoded are decoded once
     * for all of them, vectors add planes of two. Of int8 weights, fours of pixels that are computed together: 1 to 4. */
    int32_t tiles;
} tb_convolution;

/* Every channel has `multiplier` filters of its own; weights are [channels * multiplier][taps]. */
typedef struct {
    tb_window window;
    int32_t multiplier;
    const int8_t *weights;
    tb_requantization output;
} tb_depthwise;

/* One pixel: TB_TRITS or TB_PLAIN. One of the outputs is given. */
typedef struct {
    int32_t rows, columns;
    tb_form form;
    const uint8_t *weights;
    const tb_requantization *integers;
    const tb_scores *scores;
} tb_connected;

/* average: round(sum(x - zero_point) / n * multiplier) + out_zero_point, n the pixels inside of the image, or of the
 * image with its pads; with `shift` the integers as for tb_requantization, for windows of one size. Without `is_average`
 * the maximum. */
typedef struct {
    tb_window window;
    int32_t padded_height, padded_width;
    float multiplier;
    int32_t integer_multiplier;
    uint8_t shift, is_average, counts_pads;
    int8_t out_zero_point;
} tb_pool;

/* y = floor((a * multiplier_a + b * multiplier_b + rounding) / 2^shift), shift 24 to 32, verified for all a and b; with
 * shift 0 the float formula round((scale_a (a - zero_a) + scale_b (b - zero_b)) / scale) + zero_point. */
typedef struct {
    int64_t rounding;
    int32_t count, multiplier_a, multiplier_b;
    float scale_a, scale_b, scale;
    uint8_t shift;
    int8_t zero_a, zero_b, zero_point, lower, upper;
} tb_addition;

/* y[c][i][j] = x[offset + c * strides[0] + i * strides[1] + j * strides[2]] */
typedef struct {
    int32_t channels, height, width, strides[3], offset;
} tb_move;

/* x with `value` around it. */
typedef struct {
    int32_t channels, height, width, out_channels, out_height, out_width, first_channel, top, left;
    int8_t value;
} tb_pad;

void tb_run_convolution(const tb_convolution *layer, const int8_t *x, int8_t *y, void *scratch);
/* The other operand of the sum is in y and becomes the sum; the convolution is its first one. */
void tb_run_convolution_sum(const tb_convolution *layer, const tb_addition *sum, const int8_t *x, int8_t *y, void *scratch);
void tb_run_depthwise(const tb_depthwise *layer, const int8_t *x, int8_t *y, void *scratch);
void tb_run_connected(const tb_connected *layer, const int8_t *x, void *y, void *scratch);
void tb_run_pool(const tb_pool *layer, const int8_t *x, int8_t *y);
void tb_run_addition(const tb_addition *layer, const int8_t *a, const int8_t *b, int8_t *y);
void tb_run_move(const tb_move *layer, const int8_t *x, int8_t *y);
void tb_run_pad(const tb_pad *layer, const int8_t *x, int8_t *y);
/* y[i] = table[x[i] + 128] */
void tb_run_table(const int8_t *table, int32_t count, const int8_t *x, int8_t *y);
/* Planes `indices` of x, of so many bytes each. */
void tb_run_channels(const uint16_t *indices, int32_t channels, int32_t bytes, const void *x, void *y);
void tb_run_dequantize(float scale, int8_t zero_point, int32_t count, const int8_t *x, float *y);
/* y = exp(x - max) / sum; the only one that needs the C library's mathematics, equal to the runtime's up to its exp. */
void tb_run_softmax(int32_t count, const float *x, float *y);

#ifdef __cplusplus
}
#endif
#endif
