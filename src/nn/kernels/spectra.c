/* Between the filters' spectrum and the matrices that products multiply with, and the gradient back: number by number,
   nothing is transformed. */
#include "path.h"

void KERNEL(fourier_matrix)(int64_t channels, int64_t filters, const brood_real_t *w, brood_real_t *matrix) {
    brood_real_t *upper = matrix, *lower = matrix + channels * 2 * filters;
    for (int64_t c = 0; c < channels; c++, w += 2 * filters, upper += 2 * filters, lower += 2 * filters)
        for (int64_t f = 0; f < filters; f++) {
            brood_real_t re = w[f], im = w[filters + f];
            upper[f] = re;
            upper[filters + f] = -im;
            lower[f] = im;
            lower[filters + f] = re;
        }
}

void KERNEL(fourier_fold)(int64_t channels, int64_t filters, const brood_real_t *matrix, brood_real_t *w) {
    const brood_real_t *upper = matrix, *lower = matrix + channels * 2 * filters;
    for (int64_t c = 0; c < channels; c++, w += 2 * filters, upper += 2 * filters, lower += 2 * filters)
        for (int64_t f = 0; f < filters; f++) {
            w[f] = upper[f] + lower[filters + f];
            w[filters + f] = lower[f] - upper[filters + f];
        }
}
