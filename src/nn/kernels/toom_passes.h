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
#undef PASSES
#undef PASS
_Static_assert(BROOD_TOOM_PAIRS == 5, "a pass is missing");

#define INPUT(pairs)    [pairs] = input_pass_##pairs,
#define EVALUATE(pairs) [pairs] = evaluate_pass_##pairs,
#define COLLECT(pairs)  [pairs] = collect_pass_##pairs,
#define SCATTER(pairs)  [pairs] = scatter_pass_##pairs,
static strip_pass_t *const input_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(INPUT)};
static strip_pass_t *const evaluate_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(EVALUATE)};
static strip_pass_t *const collect_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(COLLECT)};
static strip_pass_t *const scatter_passes[BROOD_TOOM_PAIRS + 1] = {ALL_PAIRS(SCATTER)};
#undef INPUT
#undef EVALUATE
#undef COLLECT
#undef SCATTER

#endif
