/* Between the filters' spectrum and the matrices that products multiply with, and the gradient back. Nothing is
   transformed. */
#include "lanes.h"
#include "path.h"

INLINE void matrix_row(int64_t filters, int64_t f, int64_t n, const brood_real_t *w, brood_real_t *upper,
                       brood_real_t *lower) {
    const lanes_t re = lanes_load_n(w + f, n), im = lanes_load_n(w + filters + f, n);
    lanes_store_n(upper + f, re, n);
    lanes_store_n(upper + filters + f, -im, n);
    lanes_store_n(lower + f, im, n);
    lanes_store_n(lower + filters + f, re, n);
}

void KERNEL(fourier_matrix)(int64_t channels, int64_t filters, const brood_real_t *w, brood_real_t *matrix) {
    brood_real_t *upper = matrix, *lower = matrix + channels * 2 * filters;
    for (int64_t c = 0; c < channels; c++, w += 2 * filters, upper += 2 * filters, lower += 2 * filters) {
        int64_t f = 0;
        for (; f + LANES <= filters; f += LANES) matrix_row(filters, f, LANES, w, upper, lower);
        if (f < filters) matrix_row(filters, f, filters - f, w, upper, lower);
    }
}

INLINE void fold_row(int64_t filters, int64_t f, int64_t n, const brood_real_t *upper, const brood_real_t *lower,
                     brood_real_t *w) {
    lanes_store_n(w + f, lanes_load_n(upper + f, n) + lanes_load_n(lower + filters + f, n), n);
    lanes_store_n(w + filters + f, lanes_load_n(lower + f, n) - lanes_load_n(upper + filters + f, n), n);
}

void KERNEL(fourier_fold)(int64_t channels, int64_t filters, const brood_real_t *matrix, brood_real_t *w) {
    const brood_real_t *upper = matrix, *lower = matrix + channels * 2 * filters;
    for (int64_t c = 0; c < channels; c++, w += 2 * filters, upper += 2 * filters, lower += 2 * filters) {
        int64_t f = 0;
        for (; f + LANES <= filters; f += LANES) fold_row(filters, f, LANES, upper, lower, w);
        if (f < filters) fold_row(filters, f, filters - f, upper, lower, w);
    }
}
