/* Depthwise convolutions, plane by plane. A plane is copied with its pads first, so that y may overwrite x. */
#include "requantize.h"

/* Bytes from one row of a padded plane to the next: windows of four pixels may be read at once. */
static int32_t tb_pitch(const tb_window *w)
{
    const int32_t across = (w->out_width - 1) * w->stride_x + (w->kernel_width - 1) * w->dilation_x + 1;
    const int32_t used = w->pad_left + w->width;
    return ((across > used ? across : used) + 12) & ~3;
}

#if TB_MVE
#include "depthwise_mve.h"
#else
static void tb_pad_plane(const tb_window *w, const int8_t *x, int32_t pitch, int8_t *plane)
{
    for (int32_t i = 0; i < w->height; i++)
        memcpy(plane + (i + w->pad_top) * pitch + w->pad_left, x + i * w->width, (size_t)w->width);
}
#endif

#if TB_DSP && !TB_MVE
/* The nine weights of a plane: of each row the outer two as halves, the middle ones of rows 0 and 1, and of row 2. */
typedef struct {
    uint32_t outer[3], middle01, middle2;
} tb_taps;

#define TB_UNUSED __attribute__((unused))
/* Four pixels of a row in r10: even ones (0, 2), odd ones (1, 3). Two sums of three rows at stride 1, one at 2. */
#define TB_SUMS2                                                                                                      \
    "ldr r10, [r0], #2\n sxtb16 r11, r10, ror #8\n sxtb16 r10, r10\n smuad r12, r10, r5\n smuad lr, r11, r5\n"         \
    "smlabb r12, r11, r8, r12\n smlatb lr, r10, r8, lr\n"                                                             \
    "ldr r10, [r1], #2\n sxtb16 r11, r10, ror #8\n sxtb16 r10, r10\n smlad r12, r10, r6, r12\n smlad lr, r11, r6, lr\n" \
    "smlabt r12, r11, r8, r12\n smlatt lr, r10, r8, lr\n"                                                             \
    "ldr r10, [r2], #2\n sxtb16 r11, r10, ror #8\n sxtb16 r10, r10\n smlad r12, r10, r7, r12\n smlad lr, r11, r7, lr\n" \
    "smlabb r12, r11, r9, r12\n smlatb lr, r10, r9, lr\n strd r12, lr, [r3], #8\n"
#define TB_SUM(acc)                                                                                                   \
    "ldr r10, [r0], #2\n sxtb16 r11, r10, ror #8\n sxtb16 r10, r10\n smuad " acc ", r10, r5\n smlabb " acc             \
    ", r11, r8, " acc "\n ldr r10, [r1], #2\n sxtb16 r11, r10, ror #8\n sxtb16 r10, r10\n smlad " acc ", r10, r6, " acc \
    "\n smlabt " acc ", r11, r8, " acc "\n ldr r10, [r2], #2\n sxtb16 r11, r10, ror #8\n sxtb16 r10, r10\n smlad " acc  \
    ", r10, r7, " acc "\n smlabb " acc ", r11, r9, " acc "\n"
#define TB_ROW_SUMS(four)                                                                                             \
    __asm__ volatile("push {r4-r11, lr}\n ldrd r10, r4, [sp, #36]\n ldm r10, {r5-r9}\n1:\n" four                       \
                     "cmp r3, r4\n bne 1b\n pop {r4-r11, pc}\n")

/* Sums of a row of outputs, four at a time, at 3 x 3 taps over three rows of a padded plane: sums .. end. */
__attribute__((naked, noinline)) static void tb_row_sums1(const int8_t *row0 TB_UNUSED, const int8_t *row1 TB_UNUSED,
    const int8_t *row2 TB_UNUSED, int32_t *sums TB_UNUSED, const tb_taps *taps TB_UNUSED, const int32_t *end TB_UNUSED)
{
    TB_ROW_SUMS(TB_SUMS2 TB_SUMS2);
}

__attribute__((naked, noinline)) static void tb_row_sums2(const int8_t *row0 TB_UNUSED, const int8_t *row1 TB_UNUSED,
    const int8_t *row2 TB_UNUSED, int32_t *sums TB_UNUSED, const tb_taps *taps TB_UNUSED, const int32_t *end TB_UNUSED)
{
    TB_ROW_SUMS(TB_SUM("r12") TB_SUM("lr") "strd r12, lr, [r3], #8\n" TB_SUM("r12") TB_SUM("lr") "strd r12, lr, [r3], #8\n");
}

/* 3 x 3, stride 1 or 2: the outer taps of a row in one product of pairs. `sums` has room for a row of outputs. */
static void tb_plane3(const tb_depthwise *layer, int32_t row, const int8_t *plane, int32_t pitch, int8_t *y, int32_t *sums)
{
    const tb_window *w = &layer->window;
    const int8_t *k = layer->weights + 9 * row;
    const tb_taps taps = {{(uint16_t)k[0] | (uint32_t)k[2] << 16, (uint16_t)k[3] | (uint32_t)k[5] << 16,
                           (uint16_t)k[6] | (uint32_t)k[8] << 16},
                          (uint16_t)k[1] | (uint32_t)k[4] << 16, (uint32_t)k[7]};
    const tb_row r = tb_row_of(&layer->output, row);
    const int32_t width = w->out_width, step = w->stride_y * pitch;
    int32_t *const end = sums + ((width + 3) & ~3);
    int8_t *const start = y;
    for (int32_t i = 0; i < w->out_height; i++, plane += step, y += width) {
        if (w->stride_x == 1) tb_row_sums1(plane, plane + pitch, plane + 2 * pitch, sums, &taps, end);
        else tb_row_sums2(plane, plane + pitch, plane + 2 * pitch, sums, &taps, end);
        /* what is written behind a row belongs to the next one, which follows */
        if (i < w->out_height - 1) tb_requantize_words(&r, sums, width, y);
        else tb_requantize_pixels(&r, sums, width, y);
    }
    tb_bound(&layer->output, start, w->out_height * width);
}
#endif

#if !TB_DSP
/* Sums of a row of outputs, four at a time, at 3 x 3 taps of a padded plane: sums .. end. */
static inline void tb_row_sums(const int8_t *plane, int32_t pitch, int32_t stride, const int8_t *weights, int32_t *sums,
                               const int32_t *end)
{
    for (; sums < end; sums += 4, plane += 4 * stride) {
        const int8_t *x = plane, *k = weights;
        int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int32_t i = 0; i < 3; i++, x += pitch, k += 3) {
            const int8_t *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;
            const int32_t a = k[0], b = k[1], c = k[2];
            s0 += a * x[0] + b * x[1] + c * x[2];
            s1 += a * x1[0] + b * x1[1] + c * x1[2];
            s2 += a * x2[0] + b * x2[1] + c * x2[2];
            s3 += a * x3[0] + b * x3[1] + c * x3[2];
        }
        sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
    }
}

/* 3 x 3, stride 1 or 2. `sums` has room for a row of outputs. */
static void tb_plane3(const tb_depthwise *layer, int32_t row, const int8_t *plane, int32_t pitch, int8_t *y, int32_t *sums)
{
    const tb_window *w = &layer->window;
    const int8_t *weights = layer->weights + 9 * row;
    const int32_t width = w->out_width, step = w->stride_y * pitch;
    const int32_t *const end = sums + ((width + 3) & ~3);
    for (int32_t i = 0; i < w->out_height; i++, plane += step, y += width) {
        if (w->stride_x == 1) tb_row_sums(plane, pitch, 1, weights, sums, end);
        else tb_row_sums(plane, pitch, 2, weights, sums, end);
        tb_requantize_row(&layer->output, row, sums, width, y);
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
#if !TB_MVE
    int32_t *sums = (int32_t *)(void *)(plane + rows * pitch);
#endif
    memset(plane, w->zero_point, (size_t)(rows * pitch));
    for (int32_t c = 0; c < w->channels; c++, x += w->height * w->width) {
        tb_pad_plane(w, x, pitch, plane);
        for (int32_t k = 0; k < layer->multiplier; k++, y += pixels) {
            const int32_t row = c * layer->multiplier + k;
            const int is3 = w->kernel_height == 3 && w->kernel_width == 3 && w->dilation_y == 1 && w->dilation_x == 1 &&
                            (w->stride_x == 1 || w->stride_x == 2);
            if (is3) {
#if TB_MVE
                tb_plane3(layer, row, plane, pitch, y);
#else
                tb_plane3(layer, row, plane, pitch, y, sums);
#endif
                continue;
            }
            tb_plane(layer, row, plane, pitch, y);
        }
    }
}
