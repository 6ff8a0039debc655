/* Maxima that know where in their window they stand. Of equals the first wins: an earlier number keeps its place unless
   a later one is larger. */
#ifndef BROOD_NN_POOL_BEST_H
#define BROOD_NN_POOL_BEST_H

#include "lanes.h"

/* Vectors of channels that are pooled side by side. What is constant where it is used is compiled apart. */
typedef struct {
    int64_t vectors;
    int64_t last;   /* where the last begins: nearer than LANES to the one before it where less than LANES are left */
    int64_t n;      /* lanes of each: LANES, or less of a single one */
    bool    narrow; /* int8_t is kept, else brood_index_t */
    bool    rectifies;
} kind_t;

typedef struct {
    lanes_t       value;
    lanes_index_t at; /* in the line, or in its window */
} best_t;

/* Of the v-th vector. */
INLINE int64_t offset(kind_t kind, int64_t v) {
    return v + 1 < kind.vectors ? v * LANES : kind.last;
}

INLINE lanes_t load(kind_t kind, const brood_real_t *p, int64_t v) {
    p += offset(kind, v);
    return kind.n == LANES ? lanes_load(p) : lanes_load_n(p, kind.n);
}
INLINE void put(kind_t kind, brood_real_t *p, int64_t v, lanes_t value) {
    p += offset(kind, v);
    if (kind.n == LANES)
        lanes_store(p, value);
    else
        lanes_store_n(p, value, kind.n);
}

INLINE lanes_index_t load_index(kind_t kind, const void *index, int64_t at, int64_t v) {
    at += offset(kind, v);
    if (kind.narrow) return taps_load_n((const int8_t *)index + at, kind.n);
    const brood_index_t *p = (const brood_index_t *)index + at;
    return kind.n == LANES ? index_load(p) : index_load_n(p, kind.n);
}
INLINE void put_index(kind_t kind, void *index, int64_t at, int64_t v, lanes_index_t value) {
    at += offset(kind, v);
    if (kind.narrow) {
        taps_store_n((int8_t *)index + at, value, kind.n);
        return;
    }
    brood_index_t *p = (brood_index_t *)index + at;
    if (kind.n == LANES)
        index_store(p, value);
    else
        index_store_n(p, value, kind.n);
}

/* The index behind `c` channels. */
INLINE void *index_at(bool narrow, void *index, int64_t c) {
    return narrow ? (void *)((int8_t *)index + c) : (void *)((brood_index_t *)index + c);
}
INLINE const void *index_read_at(bool narrow, const void *index, int64_t c) {
    return narrow ? (const void *)((const int8_t *)index + c) : (const void *)((const brood_index_t *)index + c);
}

/* `later` stands behind `best` and replaces it where it is larger. */
INLINE best_t follow(best_t best, best_t later) {
    lanes_mask_t larger = lanes_less(best.value, later.value);
    return (best_t){lanes_select(larger, later.value, best.value), index_select(larger, later.at, best.at)};
}

/* What becomes of a window's best: at its place `first` + tap of the line, to memory. */
INLINE void finish(kind_t kind, best_t best, int64_t first, brood_real_t *y, void *index, int64_t at, int64_t v) {
    lanes_index_t tap = index_add(best.at, index_set((brood_index_t)-first));
    if (kind.rectifies) {
        const lanes_t zero = lanes_set(0);
        lanes_mask_t  above = lanes_less(zero, best.value), below = lanes_less(best.value, zero);
        tap = index_select(above, tap, index_set(BROOD_NOWHERE));
        best.value = lanes_select(below, zero, best.value) + zero; /* NaN stays NaN, and −0 becomes 0 */
    }
    put(kind, y + at, v, best.value);
    put_index(kind, index, at, v, tap);
}

#endif
