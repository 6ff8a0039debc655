/* Transforms of tiles (Lavin and Gray, arXiv 1509.09308), lanes being channels: along axis 1 first, then along axis 0.
 */
#include <string.h>

#include "lanes.h"
#include "path.h"

/* Tiles side by side along one axis, `deep` of them at each place: element i of a tile at from + tile · from_tile +
   k · from_deep + i · from_step, likewise `to`. Elements of an image outside 0 … size − 1 are zeros, or are not
   written; elsewhere size is NO_EDGE. */
typedef struct {
    const brood_toom_axis_t   *axis;
    const brood_toom_powers_t *powers;
    int64_t                    tiles, deep;
    const brood_real_t        *from;
    brood_real_t              *to;
    int64_t                    from_tile, from_deep, from_step, to_tile, to_deep, to_step;
    int64_t                    begin, advance, size; /* of element 0 of tile 0; from tile to tile; of the image */
    int64_t                    from_lanes, to_lanes;
    int64_t                    added, added_later; /* elements that a scattered tile 0, and a later one, adds to */
    const brood_real_t        *bias;               /* LANES or fewer numbers for each of the deep ones; NULL: none */
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

INLINE lanes_t read_element(const strip_t *strip, const bool sure, int64_t tile, const brood_real_t *from, int64_t i) {
    if (!sure && !inside(strip, tile, i)) return lanes_set(0);
    return lanes_load_n(from + i * strip->from_step, strip->from_lanes);
}

/* `full`: all lanes are stored, without a mask, which costs as much as several stores. */
INLINE void write_element(const strip_t *strip, const bool full, brood_real_t *to, int64_t i, lanes_t x) {
    if (full)
        lanes_store(to + i * strip->to_step, x);
    else
        lanes_store_n(to + i * strip->to_step, x, strip->to_lanes);
}

INLINE void input_tile(const int pairs, const bool full, const bool sure, const strip_t *strip, int64_t tile,
                       const brood_real_t *from, brood_real_t *to) {
    const brood_toom_axis_t *axis = strip->axis;
    const int                points = 2 * pairs + 2;
    lanes_t                  d[BROOD_TOOM_POINTS];
#pragma GCC unroll 16
    for (int i = 0; i < points; i++) d[i] = read_element(strip, sure, tile, from, i);
    lanes_t zero = lanes_set(axis->zero[0]) * d[0], infinity = lanes_set(axis->infinity[0]) * d[1];
#pragma GCC unroll 16
    for (int k = 1; k <= pairs; k++) {
        zero = lanes_fma(lanes_set(axis->zero[k]), d[2 * k], zero);
        infinity = lanes_fma(lanes_set(axis->infinity[k]), d[2 * k + 1], infinity);
    }
    write_element(strip, full, to, 0, zero);
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        lanes_t even = lanes_set(axis->even[a][0]) * d[2], odd = lanes_set(axis->odd[a][0]) * d[1];
#pragma GCC unroll 16
        for (int k = 1; k < pairs; k++) {
            even = lanes_fma(lanes_set(axis->even[a][k]), d[2 * k + 2], even);
            odd = lanes_fma(lanes_set(axis->odd[a][k]), d[2 * k + 1], odd);
        }
        write_element(strip, full, to, 2 * a + 1, even + odd);
        write_element(strip, full, to, 2 * a + 2, even - odd);
    }
    write_element(strip, full, to, points - 1, infinity);
}

INLINE void input_pass(const int pairs, const bool full, const strip_t *strip) {
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        const bool          sure = all_inside(strip, tile, 2 * pairs + 2);
        const brood_real_t *from = strip->from + tile * strip->from_tile;
        brood_real_t       *to = strip->to + tile * strip->to_tile;
        for (int64_t k = 0; k < strip->deep; k++, from += strip->from_deep, to += strip->to_deep) {
            if (sure)
                input_tile(pairs, full, true, strip, tile, from, to);
            else
                input_tile(pairs, full, false, strip, tile, from, to);
        }
    }
}

INLINE void evaluate_tile(const int pairs, const bool full, const bool sure, const strip_t *strip, int64_t tile,
                          const brood_real_t *from, brood_real_t *to) {
    const brood_toom_powers_t *powers = strip->powers;
    const int64_t              count = powers->count;
    const int                  points = 2 * pairs + 2;
    lanes_t even[BROOD_TOOM_PAIRS], odd[BROOD_TOOM_PAIRS], y = read_element(strip, sure, tile, from, 0);
    write_element(strip, full, to, 0, lanes_set(powers->zero) * y);
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        even[a] = lanes_set(powers->power[a][0]) * y;
        odd[a] = lanes_set(0);
    }
#pragma GCC unroll 16
    for (int k = 1; k < points; k++) {
        if (k >= count) break;
        y = read_element(strip, sure, tile, from, k);
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
        write_element(strip, full, to, 2 * a + 1, even[a] + odd[a]);
        write_element(strip, full, to, 2 * a + 2, even[a] - odd[a]);
    }
    write_element(strip, full, to, points - 1, lanes_set(powers->infinity) * y);
}

INLINE void evaluate_pass(const int pairs, const bool full, const strip_t *strip) {
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        const bool          sure = all_inside(strip, tile, strip->powers->count);
        const brood_real_t *from = strip->from + tile * strip->from_tile;
        brood_real_t       *to = strip->to + tile * strip->to_tile;
        for (int64_t k = 0; k < strip->deep; k++, from += strip->from_deep, to += strip->to_deep) {
            if (sure)
                evaluate_tile(pairs, full, true, strip, tile, from, to);
            else
                evaluate_tile(pairs, full, false, strip, tile, from, to);
        }
    }
}

INLINE void collect_tile(const int pairs, const bool full, const bool sure, const strip_t *strip, int64_t tile,
                         const brood_real_t *from, brood_real_t *to, lanes_t bias) {
    const brood_toom_powers_t *powers = strip->powers;
    const int64_t              count = powers->count;
    const int                  points = 2 * pairs + 2;
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
        lanes_t y = bias;
        if (k == 0) y = lanes_fma(lanes_set(powers->zero), zero, y);
        if (k == count - 1) y = lanes_fma(lanes_set(powers->infinity), infinity, y);
#pragma GCC unroll 16
        for (int a = 0; a < pairs; a++)
            y = lanes_fma(lanes_set(powers->power[a][k]), k % 2 == 0 ? sum[a] : difference[a], y);
        write_element(strip, full, to, k, y);
    }
}

INLINE void collect_pass(const int pairs, const bool full, const strip_t *strip) {
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        const bool          sure = all_inside(strip, tile, strip->powers->count);
        const brood_real_t *from = strip->from + tile * strip->from_tile;
        brood_real_t       *to = strip->to + tile * strip->to_tile;
        for (int64_t k = 0; k < strip->deep; k++, from += strip->from_deep, to += strip->to_deep) {
            lanes_t bias = strip->bias ? lanes_load_n(strip->bias + k * LANES, strip->to_lanes) : lanes_set(0);
            if (sure)
                collect_tile(pairs, full, true, strip, tile, from, to, bias);
            else
                collect_tile(pairs, full, false, strip, tile, from, to, bias);
        }
    }
}

/* The transposed of input_tile: tiles that overlap are added up. */
INLINE void scatter_element(const strip_t *strip, const bool full, const bool sure, int64_t tile, brood_real_t *to,
                            int64_t i, lanes_t x) {
    if (!sure && !inside(strip, tile, i)) return;
    if (i < (tile == 0 ? strip->added : strip->added_later))
        x = lanes_load_n(to + i * strip->to_step, strip->to_lanes) + x;
    write_element(strip, full, to, i, x);
}

INLINE void scatter_tile(const int pairs, const bool full, const bool sure, const strip_t *strip, int64_t tile,
                         const brood_real_t *from, brood_real_t *to) {
    const brood_toom_axis_t *axis = strip->axis;
    const int                points = 2 * pairs + 2;
    lanes_t                  sum[BROOD_TOOM_PAIRS], difference[BROOD_TOOM_PAIRS];
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
    for (int k = 0; k <= pairs; k++) {
        lanes_t even = lanes_set(axis->zero[k]) * zero, odd = lanes_set(axis->infinity[k]) * infinity;
#pragma GCC unroll 16
        for (int a = 0; a < pairs; a++) {
            if (k > 0) even = lanes_fma(lanes_set(axis->even[a][k - 1]), sum[a], even);
            if (k < pairs) odd = lanes_fma(lanes_set(axis->odd[a][k]), difference[a], odd);
        }
        scatter_element(strip, full, sure, tile, to, 2 * k, even);
        scatter_element(strip, full, sure, tile, to, 2 * k + 1, odd);
    }
}

INLINE void scatter_pass(const int pairs, const bool full, const strip_t *strip) {
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        const bool          sure = all_inside(strip, tile, 2 * pairs + 2);
        const brood_real_t *from = strip->from + tile * strip->from_tile;
        brood_real_t       *to = strip->to + tile * strip->to_tile;
        for (int64_t k = 0; k < strip->deep; k++, from += strip->from_deep, to += strip->to_deep) {
            if (sure)
                scatter_tile(pairs, full, true, strip, tile, from, to);
            else
                scatter_tile(pairs, full, false, strip, tile, from, to);
        }
    }
}

#define PASS(kind, pairs)                                                                                              \
    static void kind##_pass_##pairs(const strip_t *strip) {                                                            \
        if (strip->to_lanes == LANES)                                                                                  \
            kind##_pass(pairs, true, strip);                                                                           \
        else                                                                                                           \
            kind##_pass(pairs, false, strip);                                                                          \
    }
#define PASSES(pairs) PASS(input, pairs) PASS(evaluate, pairs) PASS(collect, pairs) PASS(scatter, pairs)
#define ALL_PAIRS(X)  X(1) X(2) X(3) X(4) X(5)
ALL_PAIRS(PASSES)
_Static_assert(BROOD_TOOM_PAIRS == 5, "a pass is missing");

#define INPUT(pairs)    [pairs] = input_pass_##pairs,
#define EVALUATE(pairs) [pairs] = evaluate_pass_##pairs,
#define COLLECT(pairs)  [pairs] = collect_pass_##pairs,
#define SCATTER(pairs)  [pairs] = scatter_pass_##pairs,
static strip_pass_t *const input_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(INPUT)};
static strip_pass_t *const evaluate_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(EVALUATE)};
static strip_pass_t *const collect_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(COLLECT)};
static strip_pass_t *const scatter_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(SCATTER)};

/* Elements of a tile along an axis in the image, and how far apart tiles begin. */
static int64_t advance_of(const brood_toom_t *toom, int axis) {
    return toom->axis[axis]->points == 1 ? 1 : toom->powers[axis]->count;
}

/* Channels that lie side by side: `deep` groups of `lanes`. */
typedef struct {
    int64_t deep, lanes;
} group_t;

/* All whole groups at once where an axis alone is transformed, so that images are read and written in order; else one,
   whose rows and columns stay in the cache in between. What fills no group is one of its own. */
static group_t group_at(const brood_toom_t *toom, int64_t channel) {
    int64_t left = toom->channels - channel, whole = left / LANES;
    if (whole == 0) return (group_t){1, left};
    return (group_t){toom->axis[0]->points == 1 ? whole : 1, LANES};
}

/* A row of the image in tiles along axis 1. */
static strip_t row_of(const brood_toom_t *toom) {
    return (strip_t){.axis = toom->axis[1],
                     .powers = toom->powers[1],
                     .tiles = toom->tiles[1],
                     .deep = 1,
                     .begin = -toom->before[1],
                     .advance = advance_of(toom, 1),
                     .size = toom->size[1]};
}

/* A row of tiles along axis 0: at each point of axis 1 all of them, which lie side by side in t. */
static strip_t column_of(const brood_toom_t *toom) {
    return (strip_t){.axis = toom->axis[0],
                     .powers = toom->powers[0],
                     .tiles = toom->axis[1]->points,
                     .deep = toom->tiles[1],
                     .size = NO_EDGE};
}

/* The row of the workspace where the tiles behind those at row `at` begin. Rows that both have stay where they are
   until the room ends. */
static int64_t next_tiles(const brood_toom_t *toom, int64_t elements, int64_t line, int64_t at,
                          brood_real_t *workspace) {
    const int64_t advance = advance_of(toom, 0), next = at + advance;
    if (next + elements <= toom->rows) return next;
    if (elements > advance)
        memmove(workspace, workspace + next * line, (size_t)((elements - advance) * line) * sizeof *workspace);
    return 0;
}

/* From the image to the points: of a group of channels. `elements` of a tile along axis 0 are read. */
static void spread(const brood_toom_t *toom, strip_pass_t *const passes[], int64_t elements, group_t group,
                   const brood_real_t *x, brood_real_t *t, int64_t pitch, brood_real_t *workspace) {
    const int64_t wide = toom->axis[1]->points, tiles = toom->tiles[1], line = tiles * wide * LANES;
    strip_t       row = row_of(toom);
    row.from_step = toom->step[1];
    row.from_tile = row.advance * toom->step[1];
    row.from_lanes = group.lanes;
    x -= toom->before[1] * toom->step[1];
    if (toom->axis[0]->points == 1) {
        row.deep = group.deep;
        row.from_deep = row.to_deep = LANES;
        row.to_step = pitch;
        row.to_tile = toom->channels;
        row.to_lanes = group.lanes;
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
    strip_t column = column_of(toom);
    column.from_tile = LANES;
    column.from_deep = wide * LANES;
    column.from_step = line;
    column.from_lanes = LANES;
    column.to_tile = pitch;
    column.to_deep = toom->channels;
    column.to_step = wide * pitch;
    column.to_lanes = group.lanes;
    const int64_t advance = advance_of(toom, 0), shared = elements - advance; /* rows that the next tiles read again */
    for (int64_t i = 0, at = 0; i < toom->tiles[0]; i++) {
        const int64_t top = i * advance - toom->before[0];
        if (i > 0) at = next_tiles(toom, elements, line, at, workspace);
        for (int64_t j = i > 0 ? shared : 0; j < elements; j++) {
            bool there = top + j >= 0 && top + j < toom->size[0];
            row.from = there ? x + (top + j) * toom->step[0] : x;
            row.size = there ? toom->size[1] : 0;
            row.to = workspace + (at + j) * line;
            passes[row.axis->pairs](&row);
        }
        column.from = workspace + at * line;
        column.to = t + i * tiles * toom->channels;
        passes[column.axis->pairs](&column);
    }
}

/* The transposed: from the points to the image. `elements` of a tile along axis 0 are made; where that is more than
   tiles are apart, those of the next tiles are added to them. */
static void gather(const brood_toom_t *toom, strip_pass_t *const passes[], int64_t elements, group_t group,
                   const brood_real_t *t, int64_t pitch, const brood_real_t *bias, brood_real_t *x,
                   brood_real_t *workspace) {
    const int64_t wide = toom->axis[1]->points, tiles = toom->tiles[1], line = tiles * wide * LANES;
    strip_t       row = row_of(toom);
    row.to_step = toom->step[1];
    row.to_tile = row.advance * toom->step[1];
    row.to_lanes = group.lanes;
    row.added_later = wide - row.advance;
    row.bias = bias;
    x -= toom->before[1] * toom->step[1];
    if (toom->axis[0]->points == 1) {
        row.deep = group.deep;
        row.from_deep = row.to_deep = LANES;
        row.from_step = pitch;
        row.from_tile = toom->channels;
        row.from_lanes = group.lanes;
        for (int64_t i = 0; i < toom->size[0]; i++) {
            row.from = t + i * tiles * toom->channels;
            row.to = x + i * toom->step[0];
            passes[row.axis->pairs](&row);
        }
        return;
    }
    row.from_step = LANES;
    row.from_tile = wide * LANES;
    row.from_lanes = LANES;
    strip_t column = column_of(toom);
    column.from_tile = pitch;
    column.from_deep = toom->channels;
    column.from_step = wide * pitch;
    column.from_lanes = group.lanes;
    column.to_tile = LANES;
    column.to_deep = wide * LANES;
    column.to_step = line;
    column.to_lanes = LANES;
    const int64_t advance = advance_of(toom, 0), shared = elements - advance;
    for (int64_t i = 0, at = 0; i < toom->tiles[0]; i++) {
        const int64_t top = i * advance - toom->before[0];
        const int64_t complete = i == toom->tiles[0] - 1 ? elements : advance;
        column.added = column.added_later = i == 0 ? 0 : shared;
        if (i > 0) at = next_tiles(toom, elements, line, at, workspace);
        column.from = t + i * tiles * toom->channels;
        column.to = workspace + at * line;
        passes[column.axis->pairs](&column);
        for (int64_t j = 0; j < complete; j++) {
            if (top + j < 0 || top + j >= toom->size[0]) continue;
            row.from = workspace + (at + j) * line;
            row.to = x + (top + j) * toom->step[0];
            passes[row.axis->pairs](&row);
        }
    }
}

void KERNEL(toom_input)(const brood_toom_t *toom, const brood_real_t *x, brood_real_t *t, int64_t pitch,
                        brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        spread(toom, input_passes, toom->axis[0]->points, group_at(toom, c), x + c, t + c, pitch, workspace);
}

void KERNEL(toom_evaluate)(const brood_toom_t *toom, const brood_real_t *y, brood_real_t *t, int64_t pitch,
                           brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        spread(toom, evaluate_passes, advance_of(toom, 0), group_at(toom, c), y + c, t + c, pitch, workspace);
}

void KERNEL(toom_collect)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, const brood_real_t *bias,
                          brood_real_t *y, brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        gather(toom, collect_passes, advance_of(toom, 0), group_at(toom, c), t + c, pitch, bias ? bias + c : NULL,
               y + c, workspace);
}

void KERNEL(toom_scatter)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, brood_real_t *x,
                          brood_real_t *workspace) {
    for (int64_t c = 0; c < toom->channels; c += group_at(toom, c).deep * LANES)
        gather(toom, scatter_passes, toom->axis[0]->points, group_at(toom, c), t + c, pitch, NULL, x + c, workspace);
}
