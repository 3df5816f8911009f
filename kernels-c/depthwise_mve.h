/* Depthwise convolutions of 3 x 3 by vectors: four pixels of a padded plane at once. */
#include "mve.h"

/* What a plane needs besides its pixels, in the order in which it is loaded. */
typedef struct {
    int32_t rows, width;
    /* Bytes from behind the pixels of a row of outputs to the next row: of the padded plane, of y. */
    int32_t skip_x, skip_y;
    int32_t weights[9];
    uint32_t offsets[4];
    int32_t bias[4], multiplier[4], shift[4], zero[4];
} tb_work3;

/* Three taps of four pixels, which lie side by side or are every other one (q2), and the step to the next four. */
#define TB_SIDE(at, w0, w1, w2)                                                                                       \
    "vldrb.s32 q0, [" at ", #1]\n vmla.s32 q1, q0, " w1 "\n vldrb.s32 q3, [" at ", #2]\n vmla.s32 q1, q3, " w2 "\n"     \
    "vldrb.s32 q0, [" at "], #4\n vmla.s32 q1, q0, " w0 "\n"
#define TB_OTHER(at, w0, w1, w2)                                                                                      \
    "vldrb.s32 q0, [" at ", q2]\n vmla.s32 q1, q0, " w0 "\n adds " at ", #1\n vldrb.s32 q3, [" at ", q2]\n"            \
    "vmla.s32 q1, q3, " w1 "\n adds " at ", #1\n vldrb.s32 q0, [" at ", q2]\n vmla.s32 q1, q0, " w2 "\n"               \
    "adds " at ", #6\n"

/* r0, r1, r2: three rows of the padded plane; r3: y; r4 to r12: weights; q4 to q7: bias, multiplier, shift, zero point. The
 * loop over pixels leaves out what is behind the last one by itself. */
#define TB_PLANE3(name, taps, scale)                                                                                  \
    __attribute__((naked, noinline)) static void name(const int8_t *row0 TB_UNUSED, const int8_t *row1 TB_UNUSED,     \
        const int8_t *row2 TB_UNUSED, int8_t *y TB_UNUSED, const tb_work3 *work TB_UNUSED)                            \
    {                                                                                                                 \
        __asm__ volatile("push {r4-r11, lr}\n vpush {d8-d15}\n sub sp, #16\n ldr r4, [sp, #116]\n"                     \
            "ldm r4!, {r5-r8}\n stm sp, {r5-r8}\n mov lr, r4\n ldm lr!, {r4-r12}\n"                                    \
            "vldrw.32 q2, [lr]\n vldrw.32 q4, [lr, #16]\n vldrw.32 q5, [lr, #32]\n vldrw.32 q6, [lr, #48]\n"           \
            "vldrw.32 q7, [lr, #64]\n"                                                                                 \
            "1: ldr lr, [sp, #4]\n dlstp.32 lr, lr\n"                                                                  \
            "2: vmov q1, q4\n" taps("r0", "r4", "r5", "r6") taps("r1", "r7", "r8", "r9")                               \
            taps("r2", "r10", "r11", "r12") scale("q1", "q5", "q1, q6")                                                                      \
            "vqadd.s32 q1, q1, q7\n vqmovnb.s32 q1, q1\n vqmovnb.s16 q1, q1\n vstrb.32 q1, [r3], #4\n letp lr, 2b\n"    \
            "ldr lr, [sp, #8]\n add r0, lr\n add r1, lr\n add r2, lr\n ldr lr, [sp, #12]\n add r3, lr\n"               \
            "ldr lr, [sp]\n subs lr, #1\n str lr, [sp]\n bne 1b\n"                                                     \
            "add sp, #16\n vpop {d8-d15}\n pop {r4-r11, pc}\n");                                                       \
    }

TB_PLANE3(tb_side_short, TB_SIDE, TB_SCALE_SHORT)
TB_PLANE3(tb_side_long, TB_SIDE, TB_SCALE_LONG)
TB_PLANE3(tb_side_real, TB_SIDE, TB_SCALE_REAL)
TB_PLANE3(tb_other_short, TB_OTHER, TB_SCALE_SHORT)
TB_PLANE3(tb_other_long, TB_OTHER, TB_SCALE_LONG)
TB_PLANE3(tb_other_real, TB_OTHER, TB_SCALE_REAL)

static void tb_pad_plane(const tb_window *w, const int8_t *x, int32_t pitch, int8_t *plane)
{
    plane += w->pad_top * pitch + w->pad_left;
    for (int32_t i = 0; i < w->height; i++, plane += pitch) {
        int8_t *to = plane;
        for (int32_t left = w->width; left > 0; left -= 16, to += 16) {
            const mve_pred16_t wanted = vctp8q((uint32_t)left);
            vstrbq_p_s8(to, vldrbq_z_s8(x + (w->width - left), wanted), wanted);
        }
        x += w->width;
    }
}

/* 3 x 3, stride 1 or 2. */
static void tb_plane3(const tb_depthwise *layer, int32_t row, const int8_t *plane, int32_t pitch, int8_t *y)
{
    const tb_window *w = &layer->window;
    const int8_t *k = layer->weights + 9 * row;
    const tb_vector_row r = tb_vector_row_of(&layer->output, row);
    const int32_t width = w->out_width, fours = (width + 3) & ~3, stride = w->stride_x;
    tb_work3 work = {w->out_height, width, w->stride_y * pitch - fours * stride, width - fours, {0}, {0}, {0}, {0}, {0}, {0}};
    for (int32_t i = 0; i < 9; i++) work.weights[i] = k[i];
    vst1q_u32(work.offsets, vidupq_n_u32(0, 2));
    vst1q_s32(work.bias, vdupq_n_s32(r.bias));
    vst1q_s32(work.multiplier, vdupq_n_s32(r.multiplier));
    vst1q_s32(work.shift, vdupq_n_s32(r.shift));
    vst1q_s32(work.zero, vdupq_n_s32(r.zero));
    const int8_t *row1 = plane + pitch, *row2 = row1 + pitch;
    if (r.kind == TB_SHORT) (stride == 1 ? tb_side_short : tb_other_short)(plane, row1, row2, y, &work);
    else if (r.kind == TB_LONG) (stride == 1 ? tb_side_long : tb_other_long)(plane, row1, row2, y, &work);
    else (stride == 1 ? tb_side_real : tb_other_real)(plane, row1, row2, y, &work);
    tb_bound(&layer->output, y, w->out_height * width);
}
