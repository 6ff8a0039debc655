/* Transforms of tiles (Lavin and Gray, arXiv 1509.09308), lanes being channels: along axis 1 first, then along axis 0.
 */
#include <string.h>

#include "lanes.h"
#include "path.h"

/* Tiles side by side along one axis: element i of a tile at from + tile · from_tile + i · from_step, likewise `to`.
   Elements of an image outside 0 … size − 1 are zeros, or are not written; elsewhere size is NO_EDGE. */
typedef struct {
    const brood_toom_axis_t   *axis;
    const brood_toom_powers_t *powers;
    int64_t                    tiles;
    const brood_real_t        *from;
    brood_real_t              *to;
    int64_t                    from_tile, from_step, to_tile, to_step;
    int64_t                    begin, advance, size; /* of element 0 of tile 0; from tile to tile; of the image */
    int64_t                    from_lanes, to_lanes;
    lanes_t                    bias;
} strip_t;

#define NO_EDGE INT64_MAX

typedef void strip_pass_t(const strip_t *strip);

INLINE bool inside(const strip_t *strip, int64_t tile, int64_t i) {
    int64_t at = strip->begin + tile * strip->advance + i;
    return at >= 0 && at < strip->size;
}

/* Whether all of a tile of `count` elements lies in the image. */
INLINE bool all_inside(const strip_t *strip, int64_t tile, int64_t count) {
    int64_t first = strip->begin + tile * strip->advance;
    return first >= 0 && first <= strip->size - count;
}

INLINE lanes_t read_element(const strip_t *strip, const bool sure, int64_t tile, int64_t i) {
    if (!sure && !inside(strip, tile, i)) return lanes_set(0);
    return lanes_load_n(strip->from + tile * strip->from_tile + i * strip->from_step, strip->from_lanes);
}

INLINE void write_element(const strip_t *strip, int64_t tile, int64_t i, lanes_t x) {
    lanes_store_n(strip->to + tile * strip->to_tile + i * strip->to_step, x, strip->to_lanes);
}

INLINE void input_tile(const int pairs, const bool sure, const strip_t *strip, int64_t tile) {
    const brood_toom_axis_t *axis = strip->axis;
    const int                points = 2 * pairs + 2;
    lanes_t                  d[BROOD_TOOM_POINTS];
#pragma GCC unroll 16
    for (int i = 0; i < points; i++) d[i] = read_element(strip, sure, tile, i);
    lanes_t zero = lanes_set(axis->zero[0]) * d[0], infinity = lanes_set(axis->infinity[0]) * d[1];
#pragma GCC unroll 16
    for (int k = 1; k <= pairs; k++) {
        zero = lanes_fma(lanes_set(axis->zero[k]), d[2 * k], zero);
        infinity = lanes_fma(lanes_set(axis->infinity[k]), d[2 * k + 1], infinity);
    }
    write_element(strip, tile, 0, zero);
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        lanes_t even = lanes_set(axis->even[a][0]) * d[2], odd = lanes_set(axis->odd[a][0]) * d[1];
#pragma GCC unroll 16
        for (int k = 1; k < pairs; k++) {
            even = lanes_fma(lanes_set(axis->even[a][k]), d[2 * k + 2], even);
            odd = lanes_fma(lanes_set(axis->odd[a][k]), d[2 * k + 1], odd);
        }
        write_element(strip, tile, 2 * a + 1, even + odd);
        write_element(strip, tile, 2 * a + 2, even - odd);
    }
    write_element(strip, tile, points - 1, infinity);
}

INLINE void input_pass(const int pairs, const strip_t *strip) {
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        if (all_inside(strip, tile, 2 * pairs + 2))
            input_tile(pairs, true, strip, tile);
        else
            input_tile(pairs, false, strip, tile);
    }
}

INLINE void evaluate_tile(const int pairs, const bool sure, const strip_t *strip, int64_t tile) {
    const brood_toom_powers_t *powers = strip->powers;
    const int64_t              count = powers->count;
    const int                  points = 2 * pairs + 2;
    lanes_t                    even[BROOD_TOOM_PAIRS], odd[BROOD_TOOM_PAIRS], y = read_element(strip, sure, tile, 0);
    write_element(strip, tile, 0, lanes_set(powers->zero) * y);
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        even[a] = lanes_set(powers->power[a][0]) * y;
        odd[a] = lanes_set(0);
    }
#pragma GCC unroll 16
    for (int k = 1; k < points; k++) {
        if (k >= count) break;
        y = read_element(strip, sure, tile, k);
#pragma GCC unroll 16
        for (int a = 0; a < pairs; a++) {
            if (k % 2 == 0)
                even[a] = lanes_fma(lanes_set(powers->power[a][k]), y, even[a]);
            else
                odd[a] = lanes_fma(lanes_set(powers->power[a][k]), y, odd[a]);
        }
    }
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        write_element(strip, tile, 2 * a + 1, even[a] + odd[a]);
        write_element(strip, tile, 2 * a + 2, even[a] - odd[a]);
    }
    write_element(strip, tile, points - 1, lanes_set(powers->infinity) * y);
}

INLINE void evaluate_pass(const int pairs, const strip_t *strip) {
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        if (all_inside(strip, tile, strip->powers->count))
            evaluate_tile(pairs, true, strip, tile);
        else
            evaluate_tile(pairs, false, strip, tile);
    }
}

INLINE void collect_tile(const int pairs, const bool sure, const strip_t *strip, int64_t tile) {
    const brood_toom_powers_t *powers = strip->powers;
    const int64_t              count = powers->count;
    const int                  points = 2 * pairs + 2;
    const brood_real_t        *from = strip->from + tile * strip->from_tile;
    lanes_t                    sum[BROOD_TOOM_PAIRS], difference[BROOD_TOOM_PAIRS];
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        lanes_t plus = lanes_load_n(from + (2 * a + 1) * strip->from_step, strip->from_lanes);
        lanes_t minus = lanes_load_n(from + (2 * a + 2) * strip->from_step, strip->from_lanes);
        sum[a] = plus + minus;
        difference[a] = plus - minus;
    }
    lanes_t zero = lanes_load_n(from, strip->from_lanes);
    lanes_t infinity = lanes_load_n(from + (points - 1) * strip->from_step, strip->from_lanes);
#pragma GCC unroll 16
    for (int k = 0; k < points; k++) {
        if (k >= count) break;
        if (!sure && !inside(strip, tile, k)) continue;
        lanes_t y = strip->bias;
        if (k == 0) y = lanes_fma(lanes_set(powers->zero), zero, y);
        if (k == count - 1) y = lanes_fma(lanes_set(powers->infinity), infinity, y);
#pragma GCC unroll 16
        for (int a = 0; a < pairs; a++)
            y = lanes_fma(lanes_set(powers->power[a][k]), k % 2 == 0 ? sum[a] : difference[a], y);
        write_element(strip, tile, k, y);
    }
}

INLINE void collect_pass(const int pairs, const strip_t *strip) {
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        if (all_inside(strip, tile, strip->powers->count))
            collect_tile(pairs, true, strip, tile);
        else
            collect_tile(pairs, false, strip, tile);
    }
}

#define PASSES(pairs)                                                                                                  \
    static void input_pass_##pairs(const strip_t *strip) {                                                             \
        input_pass(pairs, strip);                                                                                      \
    }                                                                                                                  \
    static void evaluate_pass_##pairs(const strip_t *strip) {                                                          \
        evaluate_pass(pairs, strip);                                                                                   \
    }                                                                                                                  \
    static void collect_pass_##pairs(const strip_t *strip) {                                                           \
        collect_pass(pairs, strip);                                                                                    \
    }
#define ALL_PAIRS(X) X(1) X(2) X(3) X(4) X(5)
ALL_PAIRS(PASSES)
_Static_assert(BROOD_TOOM_PAIRS == 5, "a pass is missing");

#define INPUT(pairs)    [pairs] = input_pass_##pairs,
#define EVALUATE(pairs) [pairs] = evaluate_pass_##pairs,
#define COLLECT(pairs)  [pairs] = collect_pass_##pairs,
static strip_pass_t *const input_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(INPUT)};
static strip_pass_t *const evaluate_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(EVALUATE)};
static strip_pass_t *const collect_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(COLLECT)};

static int64_t lanes_at(int64_t channel, int64_t channels) {
    return channels - channel < LANES ? channels - channel : LANES;
}

/* Elements of a tile along an axis in the image, and how far apart tiles begin. */
static int64_t advance_of(const brood_toom_t *toom, int axis) {
    return toom->axis[axis]->points == 1 ? 1 : toom->powers[axis]->count;
}

/* A row of the image, in tiles along axis 1, to its points. */
static strip_t row_strip(const brood_toom_t *toom, int64_t lanes) {
    return (strip_t){.axis = toom->axis[1],
                     .powers = toom->powers[1],
                     .tiles = toom->tiles[1],
                     .begin = -toom->before[1],
                     .advance = advance_of(toom, 1),
                     .size = toom->size[1],
                     .from_step = toom->step[1],
                     .from_tile = advance_of(toom, 1) * toom->step[1],
                     .from_lanes = lanes};
}

/* From the image to the points: of a group of channels. `elements` of a tile along axis 0 are read. */
static void spread(const brood_toom_t *toom, strip_pass_t *const passes[], int64_t elements, int64_t lanes,
                   const brood_real_t *x, brood_real_t *t, int64_t pitch, brood_real_t *workspace) {
    const int64_t wide = toom->axis[1]->points, tiles = toom->tiles[1];
    strip_t       row = row_strip(toom, lanes);
    x -= toom->before[1] * toom->step[1];
    if (toom->axis[0]->points == 1) {
        row.to_step = pitch;
        row.to_tile = toom->channels;
        row.to_lanes = lanes;
        for (int64_t i = 0; i < toom->size[0]; i++) {
            row.from = x + i * toom->step[0];
            row.to = t + i * tiles * toom->channels;
            passes[row.axis->pairs](&row);
        }
        return;
    }
    row.to_step = LANES;
    row.to_tile = wide * LANES;
    row.to_lanes = LANES;
    strip_t       column = {.axis = toom->axis[0],
                            .powers = toom->powers[0],
                            .tiles = tiles,
                            .from_tile = wide * LANES,
                            .from_step = tiles * wide * LANES,
                            .from_lanes = LANES,
                            .to_tile = toom->channels,
                            .to_step = wide * pitch,
                            .to_lanes = lanes,
                            .size = NO_EDGE};
    const int64_t advance = advance_of(toom, 0), shared = elements - advance; /* rows that the next tiles read again */
    for (int64_t i = 0; i < toom->tiles[0]; i++) {
        const int64_t top = i * advance - toom->before[0];
        if (i > 0 && shared > 0)
            memmove(workspace, workspace + advance * column.from_step,
                    (size_t)(shared * column.from_step) * sizeof *workspace);
        for (int64_t j = i > 0 ? shared : 0; j < elements; j++) {
            bool there = top + j >= 0 && top + j < toom->size[0];
            row.from = there ? x + (top + j) * toom->step[0] : x;
            row.size = there ? toom->size[1] : 0;
            row.to = workspace + j * column.from_step;
            passes[row.axis->pairs](&row);
        }
        for (int64_t p = 0; p < wide; p++) {
            column.from = workspace + p * LANES;
            column.to = t + p * pitch + i * tiles * toom->channels;
            passes[column.axis->pairs](&column);
        }
    }
}

static void gather(const brood_toom_t *toom, int64_t lanes, const brood_real_t *t, int64_t pitch, lanes_t bias,
                   brood_real_t *y, brood_real_t *workspace) {
    const int64_t wide = toom->axis[1]->points, tiles = toom->tiles[1], count = advance_of(toom, 1);
    strip_t       row = {.axis = toom->axis[1],
                         .powers = toom->powers[1],
                         .tiles = tiles,
                         .advance = count,
                         .size = toom->size[1],
                         .to_step = toom->step[1],
                         .to_tile = count * toom->step[1],
                         .to_lanes = lanes,
                         .bias = bias};
    if (toom->axis[0]->points == 1) {
        row.from_step = pitch;
        row.from_tile = toom->channels;
        row.from_lanes = lanes;
        for (int64_t i = 0; i < toom->size[0]; i++) {
            row.from = t + i * tiles * toom->channels;
            row.to = y + i * toom->step[0];
            collect_passes[row.axis->pairs](&row);
        }
        return;
    }
    row.from_step = LANES;
    row.from_tile = wide * LANES;
    row.from_lanes = LANES;
    strip_t column = {.axis = toom->axis[0],
                      .powers = toom->powers[0],
                      .tiles = tiles,
                      .from_tile = toom->channels,
                      .from_step = wide * pitch,
                      .from_lanes = lanes,
                      .to_tile = wide * LANES,
                      .to_step = tiles * wide * LANES,
                      .to_lanes = LANES,
                      .size = NO_EDGE,
                      .bias = lanes_set(0)};
    for (int64_t i = 0; i < toom->tiles[0]; i++) {
        const int64_t top = i * advance_of(toom, 0);
        for (int64_t p = 0; p < wide; p++) {
            column.from = t + p * pitch + i * tiles * toom->channels;
            column.to = workspace + p * LANES;
            collect_passes[column.axis->pairs](&column);
        }
        for (int64_t j = 0; j < advance_of(toom, 0) && top + j < toom->size[0]; j++) {
            row.from = workspace + j * column.to_step;
            row.to = y + (top + j) * toom->step[0];
            collect_passes[row.axis->pairs](&row);
        }
    }
}

void KERNEL(toom_input)(const brood_toom_t *toom, const brood_real_t *x, brood_real_t *t, int64_t pitch,
                        brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += LANES)
        spread(toom, input_passes, toom->axis[0]->points, lanes_at(c, toom->channels), x + c, t + c, pitch, workspace);
}

void KERNEL(toom_evaluate)(const brood_toom_t *toom, const brood_real_t *y, brood_real_t *t, int64_t pitch,
                           brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += LANES)
        spread(toom, evaluate_passes, advance_of(toom, 0), lanes_at(c, toom->channels), y + c, t + c, pitch, workspace);
}

void KERNEL(toom_collect)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, const brood_real_t *bias,
                          brood_real_t *y, brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += LANES) {
        int64_t lanes = lanes_at(c, toom->channels);
        lanes_t plus = bias ? lanes_load_n(bias + c, lanes) : lanes_set(0);
        gather(toom, lanes, t + c, pitch, plus, y + c, workspace);
    }
}
