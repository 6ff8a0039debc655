/* Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167): y = scale (x − mean) / √(variance + ε) + shift, each pass
   over the images one fused multiply-add, its coefficients made in double. */
#include <math.h>

#include "layer.h"

#define EPSILON  1e-5
#define MOMENTUM 0.1

enum { SCALE, SHIFT };

static int64_t arrays(const brood_layer_t *layer, brood_array_t array[BROOD_MAX_ARRAYS]) {
    int64_t channels = layer->out[2];
    array[SCALE] =
        (brood_array_t){.name = "scale", .doc = "Scales of a batch normalisation.", .ndim = 1, .shape = {channels}};
    array[SCALE].start = BROOD_START_ONE;
    array[SHIFT] =
        (brood_array_t){.name = "shift", .doc = "Shifts of a batch normalisation.", .ndim = 1, .shape = {channels}};
    array[SHIFT].start = BROOD_START_ZERO;
    return 2;
}

static int64_t positions(const brood_layer_t *layer) {
    return layer->in[0] * layer->in[1];
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    (void)math;
    size_t channels = (size_t)layer->out[2];
    layer->as.norm.running_mean = brood_arena_take(arena, channels * sizeof(brood_real_t));
    layer->as.norm.running_variance = brood_arena_take(arena, channels * sizeof(brood_real_t));
    layer->as.norm.sums = brood_arena_take(arena, (size_t)net->minibatch * 2 * channels * sizeof(double));
    layer->as.norm.mean = brood_arena_take(arena, channels * sizeof(double));
    layer->as.norm.invstd = brood_arena_take(arena, channels * sizeof(double));
    layer->as.norm.tiled = brood_arena_take(arena, 3 * BROOD_TILE * channels * sizeof(brood_real_t));
    return (brood_needs_t){0};
}

/* Σ u and Σ u x of each image's positions. */
static void sum_images(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images, const brood_real_t *u,
                       const brood_real_t *x) {
    int64_t channels = layer->out[2];
    double *sums = layer->as.norm.sums + first * 2 * channels;
    for (int64_t i = 0; i < images; i++, u += layer->in_size, x += layer->in_size, sums += 2 * channels)
        net->kernels->dot_rows(positions(layer), channels, u, x, sums, sums + channels);
}

/* Of one channel, image by image. */
static void sum_channel(const brood_net_t *net, const brood_layer_t *layer, int64_t channel, double *sum, double *dot) {
    int64_t       channels = layer->out[2];
    const double *sums = layer->as.norm.sums + channel;
    *sum = *dot = 0;
    for (int64_t i = 0; i < net->images; i++, sums += 2 * channels) {
        *sum += sums[0];
        *dot += sums[channels];
    }
}

static void forward_sums(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                         int64_t images) {
    if (!net->training) return;
    const brood_real_t *x = brood_layer_x(net, layer, worker, first);
    sum_images(net, layer, first, images, x, x);
}

/* Mean and variance of a channel over the mini-batch; moves the running ones. */
static void take_moments(brood_net_t *net, brood_layer_t *layer, int64_t channel, double *mean, double *variance) {
    double n = (double)(net->images * positions(layer)), sum, squares;
    sum_channel(net, layer, channel, &sum, &squares);
    *mean = sum / n;
    *variance = squares / n - *mean * *mean; /* of float squared and added in double: nothing of note cancels */
    if (*variance < 0) *variance = 0;
    double        unbiased = n > 1 ? *variance * (n / (n - 1)) : *variance;
    brood_real_t *running_mean = &layer->as.norm.running_mean[channel];
    brood_real_t *running_variance = &layer->as.norm.running_variance[channel];
    *running_mean = (brood_real_t)((1 - MOMENTUM) * (double)*running_mean + MOMENTUM * *mean);
    *running_variance = (brood_real_t)((1 - MOMENTUM) * (double)*running_variance + MOMENTUM * unbiased);
}

static int64_t channels_of(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net;
    return layer->out[2];
}

/* The coefficient `which` (a, b, c) of a channel. */
static void set_coefficient(brood_layer_t *layer, int64_t which, int64_t channel, double value) {
    int64_t       channels = layer->out[2];
    brood_real_t *tiled = layer->as.norm.tiled + which * channels * BROOD_TILE + channel;
    for (int64_t i = 0; i < BROOD_TILE; i++) tiled[i * channels] = (brood_real_t)value;
}

static void forward_settle(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                           int64_t count) {
    (void)worker;
    for (int64_t c = first; c < first + count; c++) {
        double mean = (double)layer->as.norm.running_mean[c], variance = (double)layer->as.norm.running_variance[c];
        if (net->training) take_moments(net, layer, c, &mean, &variance);
        double invstd = 1 / sqrt(variance + EPSILON), slope = (double)layer->array[SCALE]->value[c] * invstd;
        layer->as.norm.mean[c] = mean;
        layer->as.norm.invstd[c] = invstd;
        set_coefficient(layer, 0, c, slope);
        set_coefficient(layer, 1, c, (double)layer->array[SHIFT]->value[c] - mean * slope);
    }
}

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    int64_t             channels = layer->out[2];
    const brood_real_t *a = layer->as.norm.tiled, *b = a + channels * BROOD_TILE;
    net->kernels->affine_rows(images * positions(layer), channels, a, b, brood_layer_x(net, layer, worker, first),
                              brood_layer_y(layer, worker, first));
}

static void backward_sums(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                          int64_t images) {
    sum_images(net, layer, first, images, brood_layer_dy(layer, worker, first),
               brood_layer_x(net, layer, worker, first));
}

/* With x̂ = (x − mean) / std and n images · positions: dscale = Σ dy x̂, dshift = Σ dy,
   dx = scale / std (dy − dshift / n − x̂ dscale / n), written as a dy + (b x + c). */
static void backward_settle(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t count) {
    (void)worker;
    double n = (double)(net->images * positions(layer));
    for (int64_t i = first; i < first + count; i++) {
        double sum, dot, mean = layer->as.norm.mean[i], invstd = layer->as.norm.invstd[i];
        sum_channel(net, layer, i, &sum, &dot);
        double dscale = invstd * (dot - mean * sum), slope = (double)layer->array[SCALE]->value[i] * invstd;
        double by_x = -slope * invstd * dscale / n;
        layer->array[SCALE]->gradient[i] = (brood_real_t)dscale;
        layer->array[SHIFT]->gradient[i] = (brood_real_t)sum;
        set_coefficient(layer, 0, i, slope);
        set_coefficient(layer, 1, i, by_x);
        set_coefficient(layer, 2, i, -slope * sum / n - by_x * mean);
    }
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    if (!layer->propagates) return;
    int64_t             channels = layer->out[2], tiled = channels * BROOD_TILE;
    const brood_real_t *a = layer->as.norm.tiled;
    net->kernels->affine2_rows(images * positions(layer), channels, a, a + tiled, a + 2 * tiled,
                               brood_layer_dy(layer, worker, first), brood_layer_x(net, layer, worker, first),
                               brood_layer_dx(layer, worker, first));
}

/* x is read for the sums and for y, again for both in the backward pass; so is dy, and dx written. */
static brood_work_t work(const brood_layer_t *layer) {
    brood_work_t work = {0};
    double       vectors = brood_work_vectors(layer->out_size);
    brood_work_add(&work, BROOD_WORK_SUM, 4 * vectors);
    brood_work_keep(&work, layer->propagates ? 8 : 5, layer->out_size);
    return work;
}

const brood_layer_ops_t brood_layer_norm = {
    .name = "batch normalisation",
    .keeps_input = true,
    .arrays = arrays,
    .lay_out = lay_out,
    .forward = {{forward_sums, NULL, BROOD_AT_INPUT}, {forward_settle, channels_of, 0}, {forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward_sums, NULL, BROOD_AT_OUTPUT},
                 {backward_settle, channels_of, 0},
                 {backward, NULL, BROOD_AT_BOTH}},
    .work = work,
};
