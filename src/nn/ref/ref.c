#include "ref.h"

#include <math.h>
#include <string.h>

int64_t brood_ref_out(int64_t in, int64_t stride) {
    return (in + stride - 1) / stride;
}

/* Padding in front of an axis: TensorFlow's rule. */
static int64_t before(int64_t in, int64_t kernel, int64_t stride) {
    int64_t total = (brood_ref_out(in, stride) - 1) * stride + kernel - in;
    return total < 0 ? 0 : total / 2;
}

/* The element of an image, its channel 0, that tap (i, j) of output (oy, ox) sees; −1 in the padding. */
static int64_t seen(const brood_ref_window_t *w, int64_t oy, int64_t ox, int64_t i, int64_t j) {
    int64_t y = oy * w->stride_height + i - before(w->height, w->kernel_height, w->stride_height);
    int64_t x = ox * w->stride_width + j - before(w->width, w->kernel_width, w->stride_width);
    return y < 0 || y >= w->height || x < 0 || x >= w->width ? -1 : (y * w->width + x) * w->channels;
}

/* Visits every (image, output, tap inside the image). */
#define FOR_TAPS(w)                                                                                                    \
    const int64_t out_height = brood_ref_out((w)->height, (w)->stride_height);                                         \
    const int64_t out_width = brood_ref_out((w)->width, (w)->stride_width);                                            \
    for (int64_t image = 0; image < (w)->images; image++)                                                              \
        for (int64_t oy = 0; oy < out_height; oy++)                                                                    \
            for (int64_t ox = 0; ox < out_width; ox++)                                                                 \
                for (int64_t i = 0; i < (w)->kernel_height; i++)                                                       \
                    for (int64_t j = 0; j < (w)->kernel_width; j++)                                                    \
                        if (seen(w, oy, ox, i, j) >= 0)
#define POSITION ((image * out_height + oy) * out_width + ox)
#define TAP(w)   ((i * (w)->kernel_width + j) * (w)->channels * (w)->filters)
#define SEEN(w)  (image * (w)->height * (w)->width * (w)->channels + seen(w, oy, ox, i, j))

void brood_ref_convolution(const brood_ref_window_t *w, const double *x, const double *weights, const double *bias,
                           double *y) {
    int64_t positions =
        w->images * brood_ref_out(w->height, w->stride_height) * brood_ref_out(w->width, w->stride_width);
    for (int64_t p = 0; p < positions; p++)
        for (int64_t f = 0; f < w->filters; f++) y[p * w->filters + f] = bias ? bias[f] : 0;
    FOR_TAPS(w) {
        const double *from = x + SEEN(w), *tap = weights + TAP(w);
        double       *to = y + POSITION * w->filters;
        for (int64_t c = 0; c < w->channels; c++)
            for (int64_t f = 0; f < w->filters; f++) to[f] += from[c] * tap[c * w->filters + f];
    }
}

void brood_ref_convolution_gradient(const brood_ref_window_t *w, const double *x, const double *weights,
                                    const double *dy, double *dweights, double *dbias, double *dx) {
    int64_t positions =
        w->images * brood_ref_out(w->height, w->stride_height) * brood_ref_out(w->width, w->stride_width);
    memset(dweights, 0, (size_t)(w->kernel_height * w->kernel_width * w->channels * w->filters) * sizeof *dweights);
    memset(dx, 0, (size_t)(w->images * w->height * w->width * w->channels) * sizeof *dx);
    memset(dbias, 0, (size_t)w->filters * sizeof *dbias);
    for (int64_t p = 0; p < positions; p++)
        for (int64_t f = 0; f < w->filters; f++) dbias[f] += dy[p * w->filters + f];
    FOR_TAPS(w) {
        const double *from = x + SEEN(w), *tap = weights + TAP(w), *gradient = dy + POSITION * w->filters;
        double       *dtap = dweights + TAP(w), *to = dx + SEEN(w);
        for (int64_t c = 0; c < w->channels; c++)
            for (int64_t f = 0; f < w->filters; f++) {
                dtap[c * w->filters + f] += from[c] * gradient[f];
                to[c] += tap[c * w->filters + f] * gradient[f];
            }
    }
}

void brood_ref_max_pool(const brood_ref_window_t *w, const double *x, double *y, int64_t *chosen) {
    int64_t positions =
        w->images * brood_ref_out(w->height, w->stride_height) * brood_ref_out(w->width, w->stride_width);
    for (int64_t p = 0; p < positions * w->channels; p++) chosen[p] = -1;
    FOR_TAPS(w)
    for (int64_t c = 0; c < w->channels; c++) {
        int64_t at = POSITION * w->channels + c;
        if (chosen[at] >= 0 && !(x[SEEN(w) + c] > y[at])) continue;
        y[at] = x[SEEN(w) + c];
        chosen[at] = seen(w, oy, ox, i, j) + c;
    }
}

void brood_ref_max_pool_gradient(const brood_ref_window_t *w, const int64_t *chosen, const double *dy, double *dx) {
    int64_t image_size = w->height * w->width * w->channels;
    int64_t out_size =
        brood_ref_out(w->height, w->stride_height) * brood_ref_out(w->width, w->stride_width) * w->channels;
    memset(dx, 0, (size_t)(w->images * image_size) * sizeof *dx);
    for (int64_t image = 0; image < w->images; image++)
        for (int64_t o = 0; o < out_size; o++)
            dx[image * image_size + chosen[image * out_size + o]] += dy[image * out_size + o];
}

void brood_ref_norm(int64_t rows, int64_t channels, const double *x, const double *scale, const double *shift,
                    double *moments, double *y) {
    for (int64_t c = 0; c < channels; c++) {
        double mean = 0, variance = 0;
        for (int64_t r = 0; r < rows; r++) mean += x[r * channels + c] / (double)rows;
        for (int64_t r = 0; r < rows; r++)
            variance += (x[r * channels + c] - mean) * (x[r * channels + c] - mean) / (double)rows;
        for (int64_t r = 0; r < rows; r++)
            y[r * channels + c] = scale[c] * (x[r * channels + c] - mean) / sqrt(variance + 1e-5) + shift[c];
        moments[c] = mean;
        moments[channels + c] = variance;
    }
}

void brood_ref_norm_gradient(int64_t rows, int64_t channels, const double *x, const double *scale, const double *dy,
                             double *dscale, double *dshift, double *dx) {
    double n = (double)rows;
    for (int64_t c = 0; c < channels; c++) {
        double mean = 0, variance = 0;
        for (int64_t r = 0; r < rows; r++) mean += x[r * channels + c] / n;
        for (int64_t r = 0; r < rows; r++) variance += (x[r * channels + c] - mean) * (x[r * channels + c] - mean) / n;
        double std = sqrt(variance + 1e-5);
        dscale[c] = dshift[c] = 0;
        for (int64_t r = 0; r < rows; r++) {
            dscale[c] += dy[r * channels + c] * (x[r * channels + c] - mean) / std;
            dshift[c] += dy[r * channels + c];
        }
        for (int64_t r = 0; r < rows; r++)
            dx[r * channels + c] =
                scale[c] / std *
                (dy[r * channels + c] - dshift[c] / n - (x[r * channels + c] - mean) / std * dscale[c] / n);
    }
}

void brood_ref_dense(int64_t rows, int64_t inputs, int64_t units, const double *x, const double *weights,
                     const double *bias, double *y) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t u = 0; u < units; u++) {
            double sum = bias ? bias[u] : 0;
            for (int64_t i = 0; i < inputs; i++) sum += x[r * inputs + i] * weights[i * units + u];
            y[r * units + u] = sum;
        }
}

void brood_ref_dense_gradient(int64_t rows, int64_t inputs, int64_t units, const double *x, const double *weights,
                              const double *dy, double *dweights, double *dbias, double *dx) {
    memset(dweights, 0, (size_t)(inputs * units) * sizeof *dweights);
    memset(dbias, 0, (size_t)units * sizeof *dbias);
    memset(dx, 0, (size_t)(rows * inputs) * sizeof *dx);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t u = 0; u < units; u++) {
            double gradient = dy[r * units + u];
            dbias[u] += gradient;
            for (int64_t i = 0; i < inputs; i++) {
                dweights[i * units + u] += x[r * inputs + i] * gradient;
                dx[r * inputs + i] += weights[i * units + u] * gradient;
            }
        }
}
