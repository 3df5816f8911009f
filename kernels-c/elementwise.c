/* Layers that have no weights. */
#include "addition.h"

void tb_run_addition(const tb_addition *layer, const int8_t *a, const int8_t *b, int8_t *y)
{
    tb_add(layer, a, b, layer->count, y);
}

#if TB_MVE
#include <arm_mve.h>
/* Sum and maximum of n bytes. */
static void tb_pool_row(const int8_t *x, int32_t n, int32_t *sum, int32_t *most)
{
    for (; n > 0; n -= 16, x += 16) {
        const mve_pred16_t wanted = vctp8q((uint32_t)n);
        const int8x16_t v = vldrbq_z_s8(x, wanted);
        *sum = vaddvaq_p_s8(*sum, v, wanted);
        *most = vmaxvq_p_s8((int8_t)*most, v, wanted);
    }
}

/* Whether every window lies inside of the image, of pixels side by side. */
static int tb_is_inside_pool(const tb_window *w)
{
    return w->pad_top == 0 && w->pad_left == 0 && w->dilation_x == 1 && w->dilation_y == 1 &&
           (w->out_height - 1) * w->stride_y + w->kernel_height <= w->height &&
           (w->out_width - 1) * w->stride_x + w->kernel_width <= w->width;
}

/* Such a window; of windows that are as wide as the image the rows follow each other. */
static void tb_pool_inside(const tb_window *w, const int8_t *x, int32_t *sum, int32_t *most, int32_t *n)
{
    *n = w->kernel_height * w->kernel_width;
    if (w->kernel_width == w->width) tb_pool_row(x, *n, sum, most);
    else
        for (int32_t u = 0; u < w->kernel_height; u++) tb_pool_row(x + u * w->width, w->kernel_width, sum, most);
    *sum -= *n * w->zero_point;
}
#endif

/* A window that may reach beyond the image: n has the pixels that count. */
static void tb_pool_window(const tb_pool *layer, const int8_t *x, int32_t i, int32_t j, int32_t *sum, int32_t *most,
                           int32_t *n)
{
    const tb_window *w = &layer->window;
    for (int32_t u = 0; u < w->kernel_height; u++) {
        const int32_t row = i * w->stride_y + u * w->dilation_y - w->pad_top;
        for (int32_t v = 0; v < w->kernel_width; v++) {
            const int32_t column = j * w->stride_x + v * w->dilation_x - w->pad_left;
            const int is_inside = row >= 0 && row < w->height && column >= 0 && column < w->width;
            *n += is_inside || (layer->counts_pads && row + w->pad_top < layer->padded_height &&
                               column + w->pad_left < layer->padded_width);
            if (!is_inside) continue;
            const int32_t q = x[row * w->width + column];
            *sum += q - w->zero_point;
            *most = q > *most ? q : *most;
        }
    }
}

void tb_run_pool(const tb_pool *layer, const int8_t *x, int8_t *y)
{
    const tb_window *w = &layer->window;
#if TB_MVE
    const int is_inside = tb_is_inside_pool(w);
#endif
    for (int32_t c = 0; c < w->channels; c++, x += w->height * w->width) {
        for (int32_t i = 0; i < w->out_height; i++) {
            for (int32_t j = 0; j < w->out_width; j++) {
                int32_t sum = 0, most = -128, n = 0;
#if TB_MVE
                if (is_inside) tb_pool_inside(w, x + i * w->stride_y * w->width + j * w->stride_x, &sum, &most, &n);
                else
#endif
                    tb_pool_window(layer, x, i, j, &sum, &most, &n);
                if (layer->is_average) {
                    const int32_t v = layer->shift ? tb_scale(sum, layer->integer_multiplier, layer->shift)
                                                   : tb_round((float)sum / (float)(n ? n : 1) * layer->multiplier);
                    most = tb_clamp(v + layer->out_zero_point, -128, 127);
                }
                *y++ = (int8_t)most;
            }
        }
    }
}

void tb_run_table(const int8_t *table, int32_t count, const int8_t *x, int8_t *y)
{
    for (int32_t i = 0; i < count; i++) y[i] = table[x[i] + 128];
}

void tb_run_channels(const uint16_t *indices, int32_t channels, int32_t bytes, const void *x, void *y)
{
    for (int32_t c = 0; c < channels; c++)
        memcpy((uint8_t *)y + c * bytes, (const uint8_t *)x + indices[c] * bytes, (size_t)bytes);
}

void tb_run_move(const tb_move *layer, const int8_t *x, int8_t *y)
{
    for (int32_t c = 0; c < layer->channels; c++)
        for (int32_t i = 0; i < layer->height; i++) {
            const int8_t *from = x + layer->offset + c * layer->strides[0] + i * layer->strides[1];
            for (int32_t j = 0; j < layer->width; j++) *y++ = from[j * layer->strides[2]];
        }
}

void tb_run_pad(const tb_pad *layer, const int8_t *x, int8_t *y)
{
    memset(y, layer->value, (size_t)(layer->out_channels * layer->out_height * layer->out_width));
    for (int32_t c = 0; c < layer->channels; c++)
        for (int32_t i = 0; i < layer->height; i++, x += layer->width) {
            const int32_t row = (c + layer->first_channel) * layer->out_height + i + layer->top;
            memcpy(y + row * layer->out_width + layer->left, x, (size_t)layer->width);
        }
}

void tb_run_dequantize(float scale, int8_t zero_point, int32_t count, const int8_t *x, float *y)
{
    for (int32_t i = 0; i < count; i++) y[i] = scale * (float)(x[i] - zero_point);
}
