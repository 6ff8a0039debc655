#include "cost.h"
#include "layer.h"

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    net->kernels->relu_forward(images * layer->out_size, brood_layer_x(net, layer, worker, first),
                               brood_layer_y(layer, worker, first));
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    net->kernels->relu_backward(images * layer->out_size, brood_layer_y(layer, worker, first),
                                brood_layer_dy(layer, worker, first), brood_layer_dx(layer, worker, first));
}

/* In place, behind the layer that has just written it. */
static double cost(const brood_layer_t *layer) {
    return brood_cost_copy((layer->propagates ? 5 : 2) * layer->out_size);
}

/* Dropout may write over y: a unit that it drops has no gradient, and one that it keeps stays positive. */
const brood_layer_ops_t brood_layer_relu = {
    .name = "ReLU",
    .in_place = true,
    .keeps_output = true,
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward, NULL, BROOD_AT_BOTH}},
    .cost = cost,
};
