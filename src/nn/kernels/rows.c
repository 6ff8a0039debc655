/* Element-wise passes over [rows, channels], and sums over rows. */
#include "brood/util/bound.h"
#include "lanes.h"
#include "path.h"

void KERNEL(relu_forward)(int64_t n, const brood_real_t *x, brood_real_t *y) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

void KERNEL(relu_backward)(int64_t n, const brood_real_t *y, const brood_real_t *dy, brood_real_t *dx) {
    for (int64_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

void KERNEL(affine_rows)(int64_t rows, int64_t channels, const brood_real_t *a, const brood_real_t *b,
                         const brood_real_t *x, brood_real_t *y) {
    for (int64_t row = 0; row < rows; row += BROOD_TILE, x += BROOD_TILE * channels, y += BROOD_TILE * channels) {
        int64_t n = brood_smaller(rows - row, BROOD_TILE) * channels;
        for (int64_t i = 0; i < n; i++) y[i] = fused(a[i], x[i], b[i]);
    }
}

void KERNEL(affine2_rows)(int64_t rows, int64_t channels, const brood_real_t *a, const brood_real_t *b,
                          const brood_real_t *c, const brood_real_t *dy, const brood_real_t *x, brood_real_t *dx) {
    for (int64_t row = 0; row < rows; row += BROOD_TILE) {
        int64_t n = brood_smaller(rows - row, BROOD_TILE) * channels;
        for (int64_t i = 0; i < n; i++) dx[i] = fused(a[i], dy[i], fused(b[i], x[i], c[i]));
        dy += n, x += n, dx += n;
    }
}

void KERNEL(add_up)(int64_t n, int64_t arrays, int64_t pitch, const brood_real_t *x, brood_real_t *y) {
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t lanes = brood_smaller(n - i, LANES);
        lanes_t sum = lanes_load_n(x + i, lanes);
        for (int64_t j = 1; j < arrays; j++) sum += lanes_load_n(x + j * pitch + i, lanes);
        lanes_store_n(y + i, sum, lanes);
    }
}

#define SHORT 8 /* rows that are added up as reals */

/* Channels `first` … `first + n − 1`, n ≤ LANES. */
static inline void sum_lanes(int64_t rows, int64_t channels, int64_t n, const brood_real_t *x, double *sum) {
    wide_t total[HALVES];
    for (int half = 0; half < HALVES; half++) total[half] = wide_zero();
    for (int64_t row = 0; row < rows; row += SHORT) {
        lanes_t few = lanes_set(0);
        for (int64_t i = row; i < brood_smaller(row + SHORT, rows); i++, x += channels)
            few += n == LANES ? lanes_load(x) : lanes_load_n(x, n);
        for (int half = 0; half < HALVES; half++) total[half] += lanes_widen(few, half);
    }
    double out[LANES];
    for (int half = 0; half < HALVES; half++) wide_store(out + half * WIDE, total[half]);
    for (int64_t i = 0; i < n; i++) sum[i] = out[i];
}

void KERNEL(sum_rows)(int64_t rows, int64_t channels, const brood_real_t *x, double *sum) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) sum_lanes(rows, channels, LANES, x + c, sum + c);
    if (c < channels) sum_lanes(rows, channels, channels - c, x + c, sum + c);
}

static inline void dot_lanes(int64_t rows, int64_t channels, int64_t n, const brood_real_t *x, const brood_real_t *v,
                             double *sum, double *dot) {
    wide_t total[HALVES], products[HALVES];
    for (int half = 0; half < HALVES; half++) total[half] = products[half] = wide_zero();
    for (int64_t row = 0; row < rows; row++, x += channels, v += channels) {
        lanes_t a = n == LANES ? lanes_load(x) : lanes_load_n(x, n);
        lanes_t b = n == LANES ? lanes_load(v) : lanes_load_n(v, n);
        for (int half = 0; half < HALVES; half++) {
            total[half] += lanes_widen(a, half);
            products[half] = wide_fma(lanes_widen(a, half), lanes_widen(b, half), products[half]);
        }
    }
    double out[2][LANES];
    for (int half = 0; half < HALVES; half++) {
        wide_store(out[0] + half * WIDE, total[half]);
        wide_store(out[1] + half * WIDE, products[half]);
    }
    for (int64_t i = 0; i < n; i++) {
        sum[i] = out[0][i];
        dot[i] = out[1][i];
    }
}

void KERNEL(dot_rows)(int64_t rows, int64_t channels, const brood_real_t *x, const brood_real_t *v, double *sum,
                      double *dot) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) dot_lanes(rows, channels, LANES, x + c, v + c, sum + c, dot + c);
    if (c < channels) dot_lanes(rows, channels, channels - c, x + c, v + c, sum + c, dot + c);
}
