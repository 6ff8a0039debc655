#include "layer.h"

static int64_t arrays(const brood_layer_t *layer, brood_array_t array[BROOD_MAX_ARRAYS]) {
    int64_t units = layer->out[2];
    array[0] = (brood_array_t){.name = "weights",
                               .doc = "Weights of a dense layer: unit, input (height, width, channel).",
                               .ndim = 2,
                               .shape = {units, layer->in_size},
                               .start = BROOD_START_DRAWN,
                               .fan_in = layer->in_size,
                               .fan_out = units};
    array[1] = (brood_array_t){.name = "bias", .doc = "Biases of a dense layer.", .ndim = 1, .shape = {units}};
    array[1].start = BROOD_START_ZERO;
    return layer->args.bias ? 2 : 1;
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    (void)net;
    size_t count = (size_t)brood_packed_count_real(math, layer->in_size, layer->out_size);
    layer->as.dense.packed = brood_arena_take(arena, count * sizeof(brood_real_t));
    return (brood_needs_t){0};
}

static void prepare_forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t count) {
    (void)net, (void)first, (void)count;
    brood_pack_real(worker->math, BROOD_TRANSPOSED, layer->in_size, layer->out_size, layer->array[0]->value,
                    layer->in_size, layer->as.dense.packed);
}

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    int64_t units = layer->out_size;
    brood_product_packed_real(worker->math, BROOD_PLAIN, images, units, layer->in_size,
                              brood_layer_x(net, layer, worker, first), layer->in_size, layer->as.dense.packed,
                              layer->args.bias ? layer->array[1]->value : NULL, false,
                              brood_layer_y(layer, worker, first), units);
}

static int64_t inputs(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net;
    return layer->in_size;
}

/* Of the weights of `count` inputs, which all images add to. */
static void backward_weights(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                             int64_t count) {
    int64_t             units = layer->out_size;
    const brood_real_t *dy = brood_layer_dy(layer, worker, 0);
    brood_product_real(worker->math, BROOD_TRANSPOSED, BROOD_PLAIN, units, count, net->images, dy, units,
                       brood_layer_x(net, layer, worker, 0) + first, layer->in_size, false,
                       layer->array[0]->gradient + first, layer->in_size);
    if (first > 0 || !layer->args.bias) return;
    net->kernels->sum_rows(net->images, units, dy, worker->sums);
    for (int64_t u = 0; u < units; u++) layer->array[1]->gradient[u] = (brood_real_t)worker->sums[u];
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    (void)net;
    int64_t units = layer->out_size;
    if (layer->propagates)
        brood_product_real(worker->math, BROOD_PLAIN, BROOD_PLAIN, images, layer->in_size, units,
                           brood_layer_dy(layer, worker, first), units, layer->array[0]->value, layer->in_size, false,
                           brood_layer_dx(layer, worker, first), layer->in_size);
}

static brood_work_t work(const brood_layer_t *layer) {
    int64_t      units = layer->out_size, inputs = layer->in_size;
    brood_work_t work = {0};
    double       weights = brood_work_vectors(units * inputs);
    brood_work_product(&work, 1, units, (double)inputs, 0.1);  /* y, a part of the mini-batch at a time */
    brood_work_product(&work, (double)units, inputs, 1, 0.01); /* dW */
    brood_work_keep(&work, 3, inputs);
    brood_work_add(&work, BROOD_WORK_COPY, 6 * weights / BROOD_COST_MINIBATCH);
    if (!layer->propagates) return work;
    brood_work_product(&work, 1, inputs, (double)units, 0.1);
    brood_work_keep(&work, 1, inputs);
    return work;
}

const brood_layer_ops_t brood_layer_dense = {
    .name = "dense",
    .keeps_input = true,
    .arrays = arrays,
    .of_part = true,
    .lay_out = lay_out,
    .prepare_forward = {{prepare_forward, brood_one_piece, 0}},
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward_weights, inputs, BROOD_AT_BOTH}, {backward, NULL, BROOD_AT_BOTH}},
    .work = work,
};
