#include "convolution.h"

#include <string.h>

int64_t brood_convolution_arrays(const brood_layer_t *layer, brood_array_t array[BROOD_MAX_ARRAYS]) {
    int64_t taps = (int64_t)layer->args.height * layer->args.width, channels = layer->in[2], filters = layer->out[2];
    array[0] = (brood_array_t){.name = "weights",
                               .doc = "Filters of a convolution: tap (row by row), input channel, filter.",
                               .ndim = 3,
                               .shape = {taps, channels, filters},
                               .start = BROOD_START_DRAWN,
                               .fan_in = taps * channels,
                               .fan_out = taps * filters};
    array[1] = (brood_array_t){.name = "bias", .doc = "Biases of a convolution.", .ndim = 1, .shape = {filters}};
    array[1].start = BROOD_START_ZERO;
    return layer->args.bias ? 2 : 1;
}

const brood_layer_ops_t *brood_convolution_choose(const brood_layer_t *layer) {
    static const brood_layer_ops_t *const ways[] = {[BROOD_CONVOLUTION_DIRECT] = &brood_convolution_direct,
                                                    [BROOD_CONVOLUTION_TOOM] = &brood_convolution_toom,
                                                    [BROOD_CONVOLUTION_FOURIER] = &brood_convolution_fourier};
    const int32_t                         count = sizeof ways / sizeof *ways;
    if (layer->args.method < 0 || layer->args.method >= count) return NULL;
    const brood_layer_ops_t *best = NULL;
    double                   least = 0;
    for (int32_t i = BROOD_CONVOLUTION_DIRECT; i < count; i++) {
        if (layer->args.method != BROOD_CONVOLUTION_CHEAPEST && layer->args.method != i) continue;
        double cost = ways[i]->cost(layer);
        if (cost < 0 || (best && cost >= least)) continue;
        best = ways[i];
        least = cost;
    }
    return best;
}

void brood_convolution_flip(int64_t taps, int64_t channels, int64_t filters, const brood_real_t *weights,
                            brood_real_t *flipped) {
    for (int64_t tap = 0; tap < taps; tap++)
        for (int64_t f = 0; f < filters; f++)
            for (int64_t c = 0; c < channels; c++)
                flipped[(tap * filters + f) * channels + c] = weights[((taps - 1 - tap) * channels + c) * filters + f];
}

void brood_bias_lay_out(brood_layer_t *layer, brood_arena_t *arena) {
    layer->bias_gradient = brood_arena_take(arena, (size_t)(2 * layer->out[2]) * sizeof(double));
}

void brood_bias_clear(const brood_layer_t *layer) {
    if (layer->args.bias) memset(layer->bias_gradient, 0, (size_t)layer->out[2] * sizeof(double));
}

void brood_bias_add(const brood_net_t *net, const brood_layer_t *layer, int64_t images, const brood_real_t *dy) {
    if (!layer->args.bias) return;
    int64_t filters = layer->out[2], positions = layer->out[0] * layer->out[1];
    double *total = layer->bias_gradient, *partial = total + filters;
    for (int64_t i = 0; i < images; i++) {
        net->kernels->sum_rows(positions, filters, dy + i * positions * filters, partial);
        for (int64_t f = 0; f < filters; f++) total[f] += partial[f];
    }
}

void brood_bias_finish(const brood_layer_t *layer) {
    if (!layer->args.bias) return;
    for (int64_t f = 0; f < layer->out[2]; f++) layer->array[1]->gradient[f] = (brood_real_t)layer->bias_gradient[f];
}
