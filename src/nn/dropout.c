#include <string.h>

#include "layer.h"

/* Units whose 16-bit word is below this are dropped. */
static uint32_t threshold(const brood_layer_t *layer) {
    return ((uint32_t)layer->args.percent * 65536 + 50) / 100;
}

static brood_real_t scale(const brood_layer_t *layer) {
    return (brood_real_t)(65536.0 / (65536.0 - threshold(layer)));
}

static int64_t mask_bytes(const brood_layer_t *layer) {
    return (layer->out_size + 7) / 8;
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    (void)math;
    layer->as.dropout.kept = brood_arena_take(arena, (size_t)(net->minibatch * mask_bytes(layer)));
    return (brood_needs_t){0};
}

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    const brood_real_t *x = brood_layer_x(net, layer, worker, first);
    brood_real_t       *y = brood_layer_y(layer, worker, first);
    if (!net->training || layer->args.percent == 0) {
        if (x != y) memcpy(y, x, (size_t)(images * layer->out_size) * sizeof *y);
        return;
    }
    brood_key4_t key = brood_key4_part(&net->key, layer->index);
    for (int64_t i = 0; i < images; i++) {
        /* An image begins with a block of its own, so that its mask depends on its place in the mini-batch alone. */
        uint32_t block = (uint32_t)((first + i) * mask_bytes(layer));
        uint8_t *kept = layer->as.dropout.kept + (first + i) * mask_bytes(layer);
        net->kernels->dropout_draw(layer->out_size, &key, block, threshold(layer), kept);
        net->kernels->dropout_apply(layer->out_size, kept, scale(layer), x + i * layer->in_size,
                                    y + i * layer->out_size);
    }
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    if (layer->args.percent == 0 && layer->dx == layer->dy) return;
    const brood_real_t *dy = brood_layer_dy(layer, worker, first);
    brood_real_t       *dx = brood_layer_dx(layer, worker, first);
    for (int64_t i = 0; i < images; i++)
        net->kernels->dropout_apply(layer->out_size, layer->as.dropout.kept + (first + i) * mask_bytes(layer),
                                    scale(layer), dy + i * layer->out_size, dx + i * layer->in_size);
}

static brood_work_t work(const brood_layer_t *layer) {
    brood_work_t work = {0};
    if (layer->args.percent == 0) return work;
    brood_work_add(&work, BROOD_WORK_DRAW, brood_work_vectors(layer->out_size));
    brood_work_add(&work, BROOD_WORK_COPY, (layer->propagates ? 4 : 2) * brood_work_vectors(layer->out_size));
    return work;
}

const brood_layer_ops_t brood_layer_dropout = {
    .name = "dropout",
    .in_place = true,
    .lay_out = lay_out,
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward, NULL, BROOD_AT_BOTH}},
    .work = work,
};
