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

const brood_layer_ops_t *brood_convolution_choose(brood_layer_t *layer) {
    static const brood_layer_ops_t *const ways[] = {[BROOD_CONVOLUTION_DIRECT] = &brood_convolution_direct,
                                                    [BROOD_CONVOLUTION_TOOM] = &brood_convolution_toom,
                                                    [BROOD_CONVOLUTION_FOURIER] = &brood_convolution_fourier};
    const int32_t                         count = sizeof ways / sizeof *ways;
    if (layer->args.method < 0 || layer->args.method >= count) return NULL;
    const brood_layer_ops_t *best = NULL;
    double                   least = 0;
    for (int32_t i = BROOD_CONVOLUTION_DIRECT; i < count; i++) {
        if (layer->args.method != BROOD_CONVOLUTION_CHEAPEST && layer->args.method != i) continue;
        if (!ways[i]->plan(layer)) continue;
        brood_work_t work = ways[i]->work(layer);
        double       cost = brood_work_cost(&work);
        if (best && cost >= least) continue;
        best = ways[i];
        least = cost;
    }
    if (best) (void)best->plan(layer); /* the others have planned in its place */
    return best;
}

void brood_bias_lay_out(const brood_net_t *net, brood_layer_t *layer, brood_arena_t *arena) {
    layer->bias_partials = brood_arena_take(arena, (size_t)(net->parts * layer->out[2]) * sizeof(double));
}

void brood_bias_add(const brood_net_t *net, const brood_layer_t *layer, const brood_worker_t *worker, bool fresh,
                    int64_t n, const brood_real_t *rows) {
    if (!layer->args.bias) return;
    int64_t filters = layer->out[2];
    double *partial = layer->bias_partials + worker->part * filters;
    net->kernels->sum_rows(n, filters, rows, worker->sums);
    if (fresh) memset(partial, 0, (size_t)filters * sizeof *partial);
    for (int64_t f = 0; f < filters; f++) partial[f] += worker->sums[f];
}

void brood_bias_finish(const brood_net_t *net, const brood_layer_t *layer) {
    if (!layer->args.bias) return;
    int64_t filters = layer->out[2];
    for (int64_t f = 0; f < filters; f++) {
        double sum = 0;
        for (int64_t part = 0; part < brood_net_parts(net); part++) sum += layer->bias_partials[part * filters + f];
        layer->array[1]->gradient[f] = (brood_real_t)sum;
    }
}

int64_t brood_partial_pieces(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net;
    return (layer->partial_size + BROOD_PARTIAL_PIECE - 1) / BROOD_PARTIAL_PIECE;
}

void brood_partials_add_up(const brood_net_t *net, const brood_layer_t *layer, int64_t first, int64_t pieces,
                           brood_real_t *to) {
    int64_t size = layer->partial_size, begin = first * BROOD_PARTIAL_PIECE;
    int64_t end = (first + pieces) * BROOD_PARTIAL_PIECE;
    if (end > size) end = size;
    net->kernels->add_up(end - begin, brood_net_parts(net), size, layer->partials + begin, to + begin);
}
