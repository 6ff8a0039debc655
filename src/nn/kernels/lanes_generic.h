/* The vectors of a CPU that has no path of its own: of 128 bits, element by element where C has no operator for them.
   For the proof that the bits are those of any fused multiply-add, not for speed. */
#ifndef BROOD_NN_LANES_GENERIC_H
#define BROOD_NN_LANES_GENERIC_H

#include <math.h>
#include <string.h>

#include "kernels.h"

#define GENERIC static inline __attribute__((always_inline, unused))

typedef brood_real_t  lanes_t __attribute__((vector_size(16)));
typedef brood_index_t lanes_index_t __attribute__((vector_size(16)));
typedef lanes_index_t lanes_mask_t; /* −1 or 0 */
typedef double        wide_t __attribute__((vector_size(16)));
#define LANES (16 / (int64_t)sizeof(brood_real_t))
#define WIDE  2

#ifdef BROOD_NN_DOUBLE
#define real_fma  fma
#define real_sqrt sqrt
#else
#define real_fma  fmaf
#define real_sqrt sqrtf
#endif

#define EACH(type, set)                                                                                                \
    type r = {0};                                                                                                      \
    for (int i = 0; i < LANES; i++) r[i] = set;                                                                        \
    return r

GENERIC lanes_t lanes_set(brood_real_t x) {
    EACH(lanes_t, x);
}
GENERIC lanes_t lanes_load_n(const brood_real_t *p, int64_t n) {
    EACH(lanes_t, i < n ? p[i] : 0);
}
GENERIC lanes_t lanes_load(const brood_real_t *p) {
    return lanes_load_n(p, LANES);
}
GENERIC void lanes_store_n(brood_real_t *p, lanes_t v, int64_t n) {
    for (int i = 0; i < n; i++) p[i] = v[i];
}
GENERIC void lanes_store(brood_real_t *p, lanes_t v) {
    lanes_store_n(p, v, LANES);
}
GENERIC lanes_t lanes_fma(lanes_t a, lanes_t b, lanes_t c) {
    EACH(lanes_t, real_fma(a[i], b[i], c[i]));
}
GENERIC lanes_t lanes_fnma(lanes_t a, lanes_t b, lanes_t c) {
    return lanes_fma(-a, b, c);
}
GENERIC lanes_t lanes_sqrt(lanes_t a) {
    EACH(lanes_t, real_sqrt(a[i]));
}
GENERIC lanes_mask_t lanes_less(lanes_t a, lanes_t b) {
    return a < b;
}
GENERIC lanes_t lanes_select(lanes_mask_t m, lanes_t a, lanes_t b) {
    EACH(lanes_t, m[i] ? a[i] : b[i]);
}
GENERIC lanes_t lanes_masked(lanes_mask_t m, lanes_t a) {
    EACH(lanes_t, m[i] ? a[i] : 0);
}
GENERIC wide_t lanes_widen(lanes_t v, int half) {
    return (wide_t){(double)v[WIDE * half], (double)v[WIDE * half + 1]};
}
GENERIC wide_t wide_zero(void) {
    return (wide_t){0, 0};
}
GENERIC wide_t wide_fma(wide_t a, wide_t b, wide_t c) {
    return (wide_t){fma(a[0], b[0], c[0]), fma(a[1], b[1], c[1])};
}
GENERIC void wide_store(double *p, wide_t v) {
    p[0] = v[0];
    p[1] = v[1];
}

GENERIC lanes_index_t index_set(brood_index_t x) {
    EACH(lanes_index_t, x);
}
GENERIC lanes_index_t index_load_n(const brood_index_t *p, int64_t n) {
    EACH(lanes_index_t, i < n ? p[i] : 0);
}
GENERIC lanes_index_t index_load(const brood_index_t *p) {
    return index_load_n(p, LANES);
}
GENERIC void index_store_n(brood_index_t *p, lanes_index_t v, int64_t n) {
    for (int i = 0; i < n; i++) p[i] = v[i];
}
GENERIC void index_store(brood_index_t *p, lanes_index_t v) {
    index_store_n(p, v, LANES);
}
GENERIC lanes_mask_t index_equal(lanes_index_t a, lanes_index_t b) {
    return a == b;
}
GENERIC lanes_mask_t index_negative(lanes_index_t a) {
    return a < 0;
}
GENERIC lanes_index_t index_add(lanes_index_t a, lanes_index_t b) {
    return a + b;
}
GENERIC lanes_index_t index_fma(lanes_index_t a, lanes_index_t b, lanes_index_t c) {
    return a * b + c;
}
GENERIC lanes_index_t index_iota(void) {
    EACH(lanes_index_t, i);
}
GENERIC lanes_index_t index_select(lanes_mask_t m, lanes_index_t a, lanes_index_t b) {
    return (m & a) | (~m & b);
}
GENERIC lanes_index_t taps_load_n(const int8_t *p, int64_t n) {
    EACH(lanes_index_t, i < n ? p[i] : 0);
}
GENERIC void taps_store_n(int8_t *p, lanes_index_t v, int64_t n) {
    for (int i = 0; i < n; i++) p[i] = (int8_t)v[i];
}

GENERIC unsigned mask_bits(lanes_mask_t m) {
    unsigned bits = 0;
    for (int i = 0; i < LANES; i++) bits |= (unsigned)(m[i] != 0) << i;
    return bits;
}
GENERIC lanes_mask_t mask_of(uint32_t bits) { /* the lowest bit is the first lane's */
    EACH(lanes_mask_t, -(brood_index_t)(bits >> i & 1));
}

#endif
