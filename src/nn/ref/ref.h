/* What every layer computes, in the plainest loops, in double: the tests' oracle. */
#ifndef BROOD_NN_REF_H
#define BROOD_NN_REF_H

#include <stdint.h>

/* A window over x[images, height, width, channels] with SAME padding. */
typedef struct {
    int64_t images, height, width, channels, filters;
    int64_t kernel_height, kernel_width, stride_height, stride_width;
} brood_ref_window_t;

int64_t brood_ref_out(int64_t in, int64_t stride);

/* y[images, out height, out width, filters] = x * weights[kernel height, kernel width, channels, filters] + bias. */
void brood_ref_convolution(const brood_ref_window_t *w, const double *x, const double *weights,
                           const double *bias /* or NULL */, double *y);
/* All are overwritten. */
void brood_ref_convolution_gradient(const brood_ref_window_t *w, const double *x, const double *weights,
                                    const double *dy, double *dweights, double *dbias, double *dx);

/* chosen[…]: the element of its image where each maximum stands; of equals the first in window order. */
void brood_ref_max_pool(const brood_ref_window_t *w, const double *x, double *y, int64_t *chosen);
void brood_ref_max_pool_gradient(const brood_ref_window_t *w, const int64_t *chosen, const double *dy, double *dx);

/* Over rows = images · positions. moments[2, channels]: mean and biased variance. */
void brood_ref_norm(int64_t rows, int64_t channels, const double *x, const double *scale, const double *shift,
                    double *moments, double *y);
void brood_ref_norm_gradient(int64_t rows, int64_t channels, const double *x, const double *scale, const double *dy,
                             double *dscale, double *dshift, double *dx);

/* y[rows, units] = x[rows, inputs] weights[inputs, units] + bias. */
void brood_ref_dense(int64_t rows, int64_t inputs, int64_t units, const double *x, const double *weights,
                     const double *bias, double *y);
void brood_ref_dense_gradient(int64_t rows, int64_t inputs, int64_t units, const double *x, const double *weights,
                              const double *dy, double *dweights, double *dbias, double *dx);

#endif
