#include "cost.h"
#include "layer.h"

static int64_t arrays(const brood_layer_t *layer, brood_array_t array[BROOD_MAX_ARRAYS]) {
    int64_t units = layer->out[2];
    array[0] = (brood_array_t){.name = "weights",
                               .doc = "Weights of a dense layer: input (height, width, channel), unit.",
                               .ndim = 2,
                               .shape = {layer->in_size, units},
                               .start = BROOD_START_DRAWN,
                               .fan_in = layer->in_size,
                               .fan_out = units};
    array[1] = (brood_array_t){.name = "bias", .doc = "Biases of a dense layer.", .ndim = 1, .shape = {units}};
    array[1].start = BROOD_START_ZERO;
    return layer->args.bias ? 2 : 1;
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    (void)net, (void)math;
    layer->as.dense.sums = brood_arena_take(arena, (size_t)layer->out_size * sizeof(double));
    return (brood_needs_t){0};
}

/* The weights are the large operand: all images at once, so that they are read once. */
static void forward(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    int64_t       units = layer->out_size;
    brood_real_t *y = brood_layer_y(layer, first);
    brood_product_real(net->math, BROOD_PLAIN, BROOD_PLAIN, images, units, layer->in_size,
                       brood_layer_x(net, layer, first), layer->in_size, layer->array[0]->value, units, false, y,
                       units);
    if (!layer->args.bias) return;
    const brood_real_t *bias = layer->array[1]->value;
    for (int64_t i = 0; i < images; i++, y += units)
        for (int64_t u = 0; u < units; u++) y[u] += bias[u];
}

static void backward(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images) {
    int64_t             units = layer->out_size;
    const brood_real_t *dy = brood_layer_dy(layer, first);
    brood_product_real(net->math, BROOD_TRANSPOSED, BROOD_PLAIN, layer->in_size, units, images,
                       brood_layer_x(net, layer, first), layer->in_size, dy, units, false, layer->array[0]->gradient,
                       units);
    if (layer->args.bias) {
        net->kernels->sum_rows(images, units, dy, layer->as.dense.sums);
        for (int64_t u = 0; u < units; u++) layer->array[1]->gradient[u] = (brood_real_t)layer->as.dense.sums[u];
    }
    if (layer->propagates)
        brood_product_real(net->math, BROOD_PLAIN, BROOD_TRANSPOSED, images, layer->in_size, units, dy, units,
                           layer->array[0]->value, units, false, brood_layer_dx(layer, first), layer->in_size);
}

static double cost(const brood_layer_t *layer) {
    double forward_and_weights = 2 * brood_cost_product(1, layer->out_size, layer->in_size);
    return forward_and_weights + (layer->propagates ? brood_cost_product(1, layer->in_size, layer->out_size) : 0);
}

const brood_layer_ops_t brood_layer_dense = {
    .name = "dense",
    .keeps_input = true,
    .arrays = arrays,
    .lay_out = lay_out,
    .forward = {{forward, true, BROOD_AT_BOTH}},
    .backward = {{backward, true, BROOD_AT_BOTH}},
    .cost = cost,
};
