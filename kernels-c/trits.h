/* Five ternary weights a byte, as lists. */
#ifndef TRITBANK_TRITS_H
#define TRITBANK_TRITS_H

#include "tile.h"

/* A list of a sign of gaps, written pair by pair. */
typedef struct {
    uint8_t *at;
    int32_t plane, channel;
    int is_low;
} tb_writer;

static void tb_write_gap(tb_writer *w, int32_t gap)
{
    if (w->is_low) *w->at++ |= (uint8_t)gap;
    else *w->at = (uint8_t)(gap << 4);
    w->is_low = !w->is_low;
    w->plane += gap;
}

static void tb_write_channel(tb_writer *w, int32_t plane)
{
    while (plane - w->plane > 15) {
        /* the last plane of zeros that one gap reaches */
        const int32_t reach = w->plane + 15;
        tb_write_gap(w, reach - (reach + 1) % (TB_GAP_CHANNELS + 1) - w->plane);
    }
    tb_write_gap(w, plane - w->plane);
}

/* A row of trits as a list, into `list`; such rows have at most 255 non-zeros. Returns the row's end. */
static TB_NOINLINE const uint8_t *tb_decode(const tb_matrix *m, const uint8_t *trits, uint8_t *list)
{
    const int32_t end = tb_gapped_planes(m->columns) - 1, room = (m->columns + 17) / 2 + 2;
    tb_writer signs[2] = {{list + 2, -1, 0, 0}, {list + 2 + room, -1, 0, 0}};
    int32_t plane = 0, until = TB_GAP_CHANNELS;
    for (int32_t c = 0; c < m->columns;) {
        uint32_t digits = *trits++;
        for (int k = 0; k < 5 && c < m->columns; k++, c++, plane++) {
            if (until-- == 0) plane++, until = TB_GAP_CHANNELS - 1;
            digits *= 3;
            const uint32_t trit = digits >> 8;
            digits &= 0xFFu;
            if (trit != 1) tb_write_channel(&signs[trit / 2], plane);
        }
    }
    for (int s = 0; s < 2; s++) {
        if (!signs[s].is_low) continue;
        const int32_t next = signs[s].plane + (TB_GAP_CHANNELS + 1) - (signs[s].plane + 1) % (TB_GAP_CHANNELS + 1);
        tb_write_gap(&signs[s], (next < end ? next : end) - signs[s].plane);
    }
    list[0] = (uint8_t)(signs[0].at - (list + 2));
    list[1] = (uint8_t)(signs[1].at - (list + 2 + room));
    memmove(signs[0].at, list + 2 + room, list[1]);
    return trits;
}
#endif
