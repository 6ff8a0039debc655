#include <string.h>

#include "layer.h"

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    int64_t             positions = layer->in[0] * layer->in[1], channels = layer->out[2];
    const brood_real_t *x = brood_layer_x(net, layer, worker, first);
    brood_real_t       *y = brood_layer_y(layer, worker, first);
    double             *sums = worker->sums;
    for (int64_t i = 0; i < images; i++, x += layer->in_size, y += channels) {
        net->kernels->sum_rows(positions, channels, x, sums);
        for (int64_t c = 0; c < channels; c++) y[c] = (brood_real_t)(sums[c] / (double)positions);
    }
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    (void)net;
    int64_t             positions = layer->in[0] * layer->in[1], channels = layer->out[2];
    const brood_real_t *dy = brood_layer_dy(layer, worker, first);
    brood_real_t       *dx = brood_layer_dx(layer, worker, first);
    for (int64_t i = 0; i < images; i++, dy += channels, dx += layer->in_size) {
        for (int64_t c = 0; c < channels; c++) dx[c] = dy[c] / (brood_real_t)positions;
        for (int64_t p = 1; p < positions; p++) memcpy(dx + p * channels, dx, (size_t)channels * sizeof *dx);
    }
}

static brood_work_t work(const brood_layer_t *layer) {
    brood_work_t work = {0};
    brood_work_add(&work, BROOD_WORK_SUM, brood_work_vectors(layer->in_size));
    brood_work_add(&work, BROOD_WORK_COPY, (layer->propagates ? 2 : 1) * brood_work_vectors(layer->in_size));
    return work;
}

const brood_layer_ops_t brood_layer_average = {
    .name = "average",
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward, NULL, BROOD_AT_BOTH}},
    .work = work,
};
