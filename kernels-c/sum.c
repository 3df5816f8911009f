/* A convolution that is added to a tensor, a few pixels at a time, so that its own output is never in memory as a whole. */
#include "addition.h"
#include "tile.h"

/* y is the other operand and becomes the sum. Scratch: the rows of the pixels that the convolution computes at once, and
 * behind them its own. */
void tb_run_convolution_sum(const tb_convolution *layer, const tb_addition *sum, const int8_t *x, int8_t *y, void *scratch)
{
    const tb_matrix *first = layer->first, *last = layer->second ? layer->second : first;
    const int32_t pixels = layer->window.out_height * layer->window.out_width;
    const int32_t step = (first->form == TB_DENSE ? 4 : 16) * layer->tiles;
    int8_t *const own = scratch, *const rest = own + ((last->rows * step + 7) & ~7);
    for (int32_t p = 0; p < pixels; p += step, y += step) {
        const int32_t n = pixels - p < step ? pixels - p : step;
        const tb_range range = {p, p + n, step};
        tb_run_pixels(layer, x, &range, own, rest);
        for (int32_t row = 0; row < last->rows; row++) tb_add(sum, own + row * step, y + row * pixels, n, y + row * pixels);
    }
}
