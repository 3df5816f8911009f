/* Sums of elements of two tensors. */
#ifndef TRITBANK_ADDITION_H
#define TRITBANK_ADDITION_H

#include "requantize.h"

static TB_NOINLINE void tb_add(const tb_addition *layer, const int8_t *a, const int8_t *b, int32_t count, int8_t *y)
{
    const int32_t lower = layer->lower, upper = layer->upper;
    if (layer->shift) {
        /* one shift to the left, so that the other one is by 32 */
        const int32_t factor = (int32_t)(1u << (32u - layer->shift));
        const int32_t ma = layer->multiplier_a, mb = layer->multiplier_b;
        const int64_t rounding = layer->rounding * factor;
        for (int32_t i = 0; i < count; i++) {
            const int64_t sum = (int64_t)(a[i] * factor) * ma + (int64_t)(b[i] * factor) * mb + rounding;
            y[i] = (int8_t)tb_clamp((int32_t)(sum >> 32), lower, upper);
        }
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        const volatile float p = layer->scale_a * (float)(a[i] - layer->zero_a);
        const volatile float q = layer->scale_b * (float)(b[i] - layer->zero_b);
        y[i] = (int8_t)tb_clamp(tb_round((p + q) / layer->scale) + layer->zero_point, lower, upper);
    }
}
#endif
