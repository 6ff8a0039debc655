/* Passes over tiles along one axis (Lavin and Gray, arXiv 1509.09308), lanes being channels. Of a tile of inputs to its
   points: input, transposed scatter; of a polynomial of the powers' count, outputs or taps, to its values there:
   evaluate, transposed collect. Values at a and at −a share their products. */
#ifndef BROOD_NN_TOOM_PASSES_H
#define BROOD_NN_TOOM_PASSES_H

#include "lanes.h"

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

/* `whole`: all of the tile lies in the image, and all lanes are stored. */
INLINE lanes_t read_element(const strip_t *strip, const bool whole, int64_t tile, const brood_real_t *from, int64_t i) {
    if (!whole && !inside(strip, tile, i)) return lanes_set(0);
    return lanes_load_n(from + i * strip->from_step, strip->from_lanes);
}

/* A mask costs as much as several stores. */
INLINE void write_element(const strip_t *strip, const bool whole, brood_real_t *to, int64_t i, lanes_t x) {
    if (whole || strip->to_lanes == LANES)
        lanes_store(to + i * strip->to_step, x);
    else
        lanes_store_n(to + i * strip->to_step, x, strip->to_lanes);
}

INLINE void input_tile(const int points, const bool whole, const strip_t *strip, int64_t tile, const brood_real_t *from,
                       brood_real_t *to) {
    const brood_toom_axis_t *axis = strip->axis;
    const int                pairs = brood_toom_pairs(points);
    const bool               infinite = brood_toom_infinite(points);
    lanes_t                  d[BROOD_TOOM_POINTS];
#pragma GCC unroll 16
    for (int i = 0; i < points; i++) d[i] = read_element(strip, whole, tile, from, i);
    lanes_t zero = lanes_set(axis->zero[0]) * d[0], infinity = lanes_set(axis->infinity[0]) * d[1];
#pragma GCC unroll 16
    for (int k = 1; k <= pairs; k++) {
        zero = lanes_fma(lanes_set(axis->zero[k]), d[2 * k], zero);
        if (infinite) infinity = lanes_fma(lanes_set(axis->infinity[k]), d[2 * k + 1], infinity);
    }
    write_element(strip, whole, to, 0, zero);
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        lanes_t even = lanes_set(axis->even[a][0]) * d[2], odd = lanes_set(axis->odd[a][0]) * d[1];
#pragma GCC unroll 16
        for (int k = 1; k < pairs; k++) {
            even = lanes_fma(lanes_set(axis->even[a][k]), d[2 * k + 2], even);
            odd = lanes_fma(lanes_set(axis->odd[a][k]), d[2 * k + 1], odd);
        }
        write_element(strip, whole, to, 2 * a + 1, even + odd);
        write_element(strip, whole, to, 2 * a + 2, even - odd);
    }
    if (infinite) write_element(strip, whole, to, points - 1, infinity);
}

INLINE void evaluate_tile(const int points, const bool whole, const strip_t *strip, int64_t tile,
                          const brood_real_t *from, brood_real_t *to) {
    const brood_toom_powers_t *powers = strip->powers;
    const int64_t              count = powers->count;
    const int                  pairs = brood_toom_pairs(points);
    lanes_t even[BROOD_TOOM_PAIRS], odd[BROOD_TOOM_PAIRS], y = read_element(strip, whole, tile, from, 0);
    write_element(strip, whole, to, 0, lanes_set(powers->zero) * y);
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        even[a] = lanes_set(powers->power[a][0]) * y;
        odd[a] = lanes_set(0);
    }
#pragma GCC unroll 16
    for (int k = 1; k < points; k++) {
        if (k >= count) break;
        y = read_element(strip, whole, tile, from, k);
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
        write_element(strip, whole, to, 2 * a + 1, even[a] + odd[a]);
        write_element(strip, whole, to, 2 * a + 2, even[a] - odd[a]);
    }
    if (brood_toom_infinite(points)) write_element(strip, whole, to, points - 1, lanes_set(powers->infinity) * y);
}

/* What a tile has at its points: at 0 and infinity, if that is one, and of each pair ±a sum and difference. */
typedef struct {
    lanes_t zero, infinity, sum[BROOD_TOOM_PAIRS], difference[BROOD_TOOM_PAIRS];
} folded_t;

INLINE folded_t fold(const int points, const strip_t *strip, const brood_real_t *from) {
    const int pairs = brood_toom_pairs(points);
    folded_t  values;
#pragma GCC unroll 16
    for (int a = 0; a < pairs; a++) {
        lanes_t plus = lanes_load_n(from + (2 * a + 1) * strip->from_step, strip->from_lanes);
        lanes_t minus = lanes_load_n(from + (2 * a + 2) * strip->from_step, strip->from_lanes);
        values.sum[a] = plus + minus;
        values.difference[a] = plus - minus;
    }
    values.zero = lanes_load_n(from, strip->from_lanes);
    if (brood_toom_infinite(points))
        values.infinity = lanes_load_n(from + (points - 1) * strip->from_step, strip->from_lanes);
    return values;
}

INLINE void collect_tile(const int points, const bool whole, const strip_t *strip, int64_t tile,
                         const brood_real_t *from, brood_real_t *to, lanes_t bias) {
    const brood_toom_powers_t *powers = strip->powers;
    const int64_t              count = powers->count;
    const int                  pairs = brood_toom_pairs(points);
    const folded_t             values = fold(points, strip, from);
#pragma GCC unroll 16
    for (int k = 0; k < points; k++) {
        if (k >= count) break;
        if (!whole && !inside(strip, tile, k)) continue;
        lanes_t y = bias;
        if (k == 0) y = lanes_fma(lanes_set(powers->zero), values.zero, y);
        if (brood_toom_infinite(points) && k == count - 1)
            y = lanes_fma(lanes_set(powers->infinity), values.infinity, y);
#pragma GCC unroll 16
        for (int a = 0; a < pairs; a++)
            y = lanes_fma(lanes_set(powers->power[a][k]), k % 2 == 0 ? values.sum[a] : values.difference[a], y);
        write_element(strip, whole, to, k, y);
    }
}

/* The transposed of input_tile: tiles that overlap are added up. */
INLINE void scatter_element(const strip_t *strip, const bool whole, int64_t tile, brood_real_t *to, int64_t i,
                            lanes_t x) {
    if (!whole && !inside(strip, tile, i)) return;
    if (i < (tile == 0 ? strip->added : strip->added_later))
        x = lanes_load_n(to + i * strip->to_step, strip->to_lanes) + x;
    write_element(strip, whole, to, i, x);
}

INLINE void scatter_tile(const int points, const bool whole, const strip_t *strip, int64_t tile,
                         const brood_real_t *from, brood_real_t *to) {
    const brood_toom_axis_t *axis = strip->axis;
    const int                pairs = brood_toom_pairs(points);
    const folded_t           values = fold(points, strip, from);
#pragma GCC unroll 16
    for (int k = 0; k <= pairs; k++) {
        lanes_t even = lanes_set(axis->zero[k]) * values.zero, odd = lanes_set(0);
        if (brood_toom_infinite(points)) odd = lanes_set(axis->infinity[k]) * values.infinity;
#pragma GCC unroll 16
        for (int a = 0; a < pairs; a++) {
            if (k > 0) even = lanes_fma(lanes_set(axis->even[a][k - 1]), values.sum[a], even);
            if (k < pairs) odd = lanes_fma(lanes_set(axis->odd[a][k]), values.difference[a], odd);
        }
        scatter_element(strip, whole, tile, to, 2 * k, even);
        if (2 * k + 1 < points) scatter_element(strip, whole, tile, to, 2 * k + 1, odd);
    }
}

typedef enum { INPUT, EVALUATE, COLLECT, SCATTER } pass_kind_t;

INLINE void make_tile(const pass_kind_t kind, const int points, const bool whole, const strip_t *strip, int64_t tile,
                      int64_t deep) {
    const brood_real_t *from = strip->from + tile * strip->from_tile + deep * strip->from_deep;
    brood_real_t       *to = strip->to + tile * strip->to_tile + deep * strip->to_deep;
    switch (kind) {
    case INPUT:
        input_tile(points, whole, strip, tile, from, to);
        break;
    case EVALUATE:
        evaluate_tile(points, whole, strip, tile, from, to);
        break;
    case COLLECT:
        collect_tile(points, whole, strip, tile, from, to,
                     strip->bias ? lanes_load_n(strip->bias + deep * LANES, strip->to_lanes) : lanes_set(0));
        break;
    case SCATTER:
        scatter_tile(points, whole, strip, tile, from, to);
        break;
    }
}

INLINE void make_tiles(const pass_kind_t kind, const int points, const strip_t *strip) {
    const int64_t elements = kind == INPUT || kind == SCATTER ? points : strip->powers->count;
    for (int64_t tile = 0; tile < strip->tiles; tile++) {
        const bool whole = strip->to_lanes == LANES && all_inside(strip, tile, elements);
        for (int64_t deep = 0; deep < strip->deep; deep++) {
            if (whole)
                make_tile(kind, points, true, strip, tile, deep);
            else
                make_tile(kind, points, false, strip, tile, deep);
        }
    }
}

#define PASS(name, kind, points)                                                                                       \
    static void name##_pass_##points(const strip_t *strip) {                                                           \
        make_tiles(kind, points, strip);                                                                               \
    }
#define PASSES(points)                                                                                                 \
    PASS(input, INPUT, points)                                                                                         \
    PASS(evaluate, EVALUATE, points) PASS(collect, COLLECT, points) PASS(scatter, SCATTER, points)
#define ALL_POINTS(X) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
ALL_POINTS(PASSES)
#undef PASSES
#undef PASS
_Static_assert(BROOD_TOOM_POINTS == 12, "a pass is missing");

#define INPUT_ENTRY(points)    [points] = input_pass_##points,
#define EVALUATE_ENTRY(points) [points] = evaluate_pass_##points,
#define COLLECT_ENTRY(points)  [points] = collect_pass_##points,
#define SCATTER_ENTRY(points)  [points] = scatter_pass_##points,
static strip_pass_t *const input_passes[BROOD_TOOM_POINTS + 1] = {ALL_POINTS(INPUT_ENTRY)};
static strip_pass_t *const evaluate_passes[BROOD_TOOM_POINTS + 1] = {ALL_POINTS(EVALUATE_ENTRY)};
static strip_pass_t *const collect_passes[BROOD_TOOM_POINTS + 1] = {ALL_POINTS(COLLECT_ENTRY)};
static strip_pass_t *const scatter_passes[BROOD_TOOM_POINTS + 1] = {ALL_POINTS(SCATTER_ENTRY)};
#undef INPUT_ENTRY
#undef EVALUATE_ENTRY
#undef COLLECT_ENTRY
#undef SCATTER_ENTRY

#endif
