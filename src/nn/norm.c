/* Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167): y = scale (x − mean) / √(variance + ε) + shift, each pass
   over the images one fused multiply-add, its coefficients made in double. */
#include <math.h>

#include "cost.h"
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
    return (brood_needs_t){.workspace = 3 * layer->out[2]}; /* the coefficients before they are tiled */
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

static void forward_sums(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    if (!net->training) return;
    const brood_real_t *x = brood_layer_x(net, layer, first);
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

static void tile_coefficients(brood_net_t *net, brood_layer_t *layer, int64_t count) {
    int64_t channels = layer->out[2];
    for (int64_t i = 0; i < count; i++)
        brood_nn_tile(channels, net->workspace + i * channels, layer->as.norm.tiled + i * channels * BROOD_TILE);
}

static void forward_settle(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    (void)first, (void)images;
    int64_t       channels = layer->out[2];
    brood_real_t *a = net->workspace, *b = a + channels;
    for (int64_t c = 0; c < channels; c++) {
        double mean = (double)layer->as.norm.running_mean[c], variance = (double)layer->as.norm.running_variance[c];
        if (net->training) take_moments(net, layer, c, &mean, &variance);
        double invstd = 1 / sqrt(variance + EPSILON), slope = (double)layer->array[SCALE]->value[c] * invstd;
        layer->as.norm.mean[c] = mean;
        layer->as.norm.invstd[c] = invstd;
        a[c] = (brood_real_t)slope;
        b[c] = (brood_real_t)((double)layer->array[SHIFT]->value[c] - mean * slope);
    }
    tile_coefficients(net, layer, 2);
}

static void forward(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    int64_t             channels = layer->out[2];
    const brood_real_t *a = layer->as.norm.tiled, *b = a + channels * BROOD_TILE;
    net->kernels->affine_rows(images * positions(layer), channels, a, b, brood_layer_x(net, layer, first),
                              brood_layer_y(layer, first));
}

static void backward_sums(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    sum_images(net, layer, first, images, brood_layer_dy(layer, first), brood_layer_x(net, layer, first));
}

/* With x̂ = (x − mean) / std and n images · positions: dscale = Σ dy x̂, dshift = Σ dy,
   dx = scale / std (dy − dshift / n − x̂ dscale / n), written as a dy + (b x + c). */
static void backward_settle(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    (void)first, (void)images;
    int64_t       channels = layer->out[2];
    double        n = (double)(net->images * positions(layer));
    brood_real_t *a = net->workspace, *b = a + channels, *c = b + channels;
    for (int64_t i = 0; i < channels; i++) {
        double sum, dot, mean = layer->as.norm.mean[i], invstd = layer->as.norm.invstd[i];
        sum_channel(net, layer, i, &sum, &dot);
        double dscale = invstd * (dot - mean * sum), slope = (double)layer->array[SCALE]->value[i] * invstd;
        double by_x = -slope * invstd * dscale / n;
        layer->array[SCALE]->gradient[i] = (brood_real_t)dscale;
        layer->array[SHIFT]->gradient[i] = (brood_real_t)sum;
        a[i] = (brood_real_t)slope;
        b[i] = (brood_real_t)by_x;
        c[i] = (brood_real_t)(-slope * sum / n - by_x * mean);
    }
    tile_coefficients(net, layer, 3);
}

static void backward(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    if (!layer->propagates) return;
    int64_t             channels = layer->out[2], tiled = channels * BROOD_TILE;
    const brood_real_t *a = layer->as.norm.tiled;
    net->kernels->affine2_rows(images * positions(layer), channels, a, a + tiled, a + 2 * tiled,
                               brood_layer_dy(layer, first), brood_layer_x(net, layer, first),
                               brood_layer_dx(layer, first));
}

static double cost(const brood_layer_t *layer) {
    return brood_cost_pass((layer->propagates ? 8 : 5) * layer->out_size);
}

const brood_layer_ops_t brood_layer_norm = {
    .name = "batch normalisation",
    .keeps_input = true,
    .arrays = arrays,
    .lay_out = lay_out,
    .forward = {{forward_sums, false, BROOD_AT_INPUT}, {forward_settle, true, 0}, {forward, false, BROOD_AT_BOTH}},
    .backward = {{backward_sums, false, BROOD_AT_OUTPUT}, {backward_settle, true, 0}, {backward, false, BROOD_AT_BOTH}},
    .cost = cost,
};
