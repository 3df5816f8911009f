/* Probabilities of scores. */
#include "requantize.h"
#include <math.h>

void tb_run_softmax(int32_t count, const float *x, float *y)
{
    float most = x[0];
    double sum = 0;
    for (int32_t i = 1; i < count; i++) most = x[i] > most ? x[i] : most;
    for (int32_t i = 0; i < count; i++) sum += exp((double)x[i] - most);
    for (int32_t i = 0; i < count; i++) y[i] = (float)(exp((double)x[i] - most) / sum);
}
