#include "layer.h"

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    net->kernels->relu_forward(images * layer->out_size, brood_layer_x(net, layer, worker, first),
                               brood_layer_y(layer, worker, first));
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    net->kernels->relu_backward(images * layer->out_size, brood_layer_y(layer, worker, first),
                                brood_layer_dy(layer, worker, first), brood_layer_dx(layer, worker, first));
}

/* What it writes over is kept. */
static brood_work_t work(const brood_layer_t *layer) {
    brood_work_t work = {0};
    brood_work_add(&work, BROOD_WORK_COPY, (layer->propagates ? 4 : 2) * brood_work_vectors(layer->out_size));
    brood_work_keep(&work, 1, layer->out_size);
    return work;
}

/* Dropout may write over y: a unit that it drops has no gradient, and one that it keeps stays positive. */
const brood_layer_ops_t brood_layer_relu = {
    .name = "ReLU",
    .in_place = true,
    .keeps_output = true,
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward, NULL, BROOD_AT_BOTH}},
    .work = work,
};
