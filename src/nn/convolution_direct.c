/* Products of the images' windows with the filters, tap by tap. */
#include <math.h>

#include "convolution.h"
#include "fuse.h"

static brood_sweep_t plan_forward(const brood_layer_t *layer) {
    brood_axis_t height = brood_convolution_height(layer), width = brood_convolution_width(layer);
    return brood_sweep_plan(&height, &width, layer->in[2], layer->out[2]);
}

/* Without strides dx is the convolution of dy with the flipped filter: the padding changes sides. */
static brood_sweep_t plan_backward(const brood_layer_t *layer) {
    brood_sweep_t forward = plan_forward(layer);
    forward.height.before = forward.height.kernel - 1 - forward.height.before;
    forward.width.before = forward.width.kernel - 1 - forward.width.before;
    return brood_sweep_plan(&forward.height, &forward.width, layer->out[2], layer->in[2]);
}

static int64_t partial(const brood_layer_t *layer) {
    return (int64_t)layer->args.height * layer->args.width * layer->in[2] * layer->out[2];
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    int64_t              filters = layer->out[2], channels = layer->in[2];
    const brood_sweep_t *forward = &layer->as.direct.forward, *backward = &layer->as.direct.backward;
    layer->as.direct.packed =
        brood_arena_take(arena, (size_t)brood_packed_count_real(math, forward->depth, filters) * sizeof(brood_real_t));
    brood_bias_lay_out(net, layer, arena);
    int64_t workspace = brood_sweep_workspace(forward, brood_layer_room(net, layer));
    if (!layer->propagates) return (brood_needs_t){.workspace = workspace};

    if (brood_convolution_strided(layer)) {
        layer->as.direct.packed_back = brood_arena_take(
            arena, (size_t)brood_packed_count_real(math, filters, forward->depth) * sizeof(brood_real_t));
        return (brood_needs_t){.workspace = brood_larger(workspace, brood_sweep_scatter_workspace(forward))};
    }
    layer->as.direct.packed_back = brood_arena_take(
        arena, (size_t)brood_packed_count_real(math, backward->depth, channels) * sizeof(brood_real_t));
    workspace = brood_larger(workspace, brood_sweep_workspace(backward, brood_layer_room(net, layer)));
    workspace = brood_larger(workspace, forward->depth * filters); /* the flipped filter, while it is packed */
    return (brood_needs_t){.workspace = workspace};
}

static void prepare_forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t count) {
    (void)net, (void)first, (void)count;
    const brood_sweep_t *sweep = &layer->as.direct.forward;
    brood_pack_real(worker->math, BROOD_PLAIN, sweep->depth, sweep->filters, layer->array[0]->value, sweep->filters,
                    layer->as.direct.packed);
}

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    const brood_sweep_t *sweep = &layer->as.direct.forward;
    if (layer->makes != layer->index) {
        brood_convolution_outputs(net, layer, worker, first, images);
        return;
    }
    /* Panels go on from image to image. */
    brood_sweep_forward(sweep, worker->math, net->kernels, images, brood_layer_x(net, layer, worker, first),
                        layer->as.direct.packed, layer->args.bias ? layer->array[1]->value : NULL,
                        brood_layer_y(layer, worker, first), worker->workspace);
}

static int64_t lines_at_once(const brood_layer_t *layer) {
    return brood_sweep_has_lines(&layer->as.direct.forward) ? 1 : 0;
}

static void outputs(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, const brood_lines_t *lines,
                    brood_real_t *to) {
    brood_sweep_lines(&layer->as.direct.forward, worker->math, lines->begin, lines->count,
                      brood_layer_x(net, layer, worker, lines->block) + (lines->image - lines->block) * layer->in_size,
                      layer->as.direct.packed, layer->args.bias ? layer->array[1]->value : NULL, to, worker->workspace);
}

/* flipped[tap, filter, channel] of weights[tap, channel, filter]: dx is the convolution of dy with these. */
static void flip(int64_t taps, int64_t channels, int64_t filters, const brood_real_t *weights, brood_real_t *flipped) {
    for (int64_t tap = 0; tap < taps; tap++)
        for (int64_t f = 0; f < filters; f++)
            for (int64_t c = 0; c < channels; c++)
                flipped[(tap * filters + f) * channels + c] = weights[((taps - 1 - tap) * channels + c) * filters + f];
}

static void prepare_backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                             int64_t count) {
    (void)net, (void)first, (void)count;
    const brood_sweep_t *sweep = &layer->as.direct.forward, *backward = &layer->as.direct.backward;
    if (!layer->propagates) return;
    const brood_real_t *weights = layer->array[0]->value;
    if (brood_convolution_strided(layer)) {
        brood_pack_real(worker->math, BROOD_TRANSPOSED, sweep->filters, sweep->depth, weights, sweep->filters,
                        layer->as.direct.packed_back);
        return;
    }
    flip(sweep->depth / sweep->channels, sweep->channels, sweep->filters, weights, worker->workspace);
    brood_pack_real(worker->math, BROOD_PLAIN, backward->depth, backward->filters, worker->workspace, backward->filters,
                    layer->as.direct.packed_back);
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    const brood_sweep_t *sweep = &layer->as.direct.forward;
    const brood_real_t  *dy = brood_layer_dy(layer, worker, first);
    brood_sweep_weights(sweep, worker->math, net->kernels, images, brood_layer_x(net, layer, worker, first), dy,
                        first > worker->begin, brood_layer_partial(layer, worker), worker->workspace);
    brood_bias_add(net, layer, worker, first == worker->begin, images * sweep->positions, dy);
    if (!layer->propagates) return;
    if (brood_convolution_strided(layer))
        brood_sweep_scatter(sweep, worker->math, net->kernels, images, dy, layer->as.direct.packed_back,
                            brood_layer_dx(layer, worker, first), worker->workspace);
    else
        brood_sweep_forward(&layer->as.direct.backward, worker->math, net->kernels, images, dy,
                            layer->as.direct.packed_back, NULL, brood_layer_dx(layer, worker, first),
                            worker->workspace);
}

static void finish_backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t pieces) {
    (void)worker;
    brood_partials_add_up(net, layer, first, pieces, layer->array[0]->gradient);
    if (first == 0) brood_bias_finish(net, layer);
}

/* Padding, and gathering where there is any, for one pass over the images. */
static void add_gathering(const brood_sweep_t *sweep, brood_work_t *work) {
    if (sweep->kind != BROOD_SWEEP_POINTWISE) brood_work_add(work, BROOD_WORK_COPY, brood_work_vectors(sweep->padded));
    if (sweep->kind == BROOD_SWEEP_PLANES || sweep->kind == BROOD_SWEEP_PATCHES)
        brood_work_add(work, BROOD_WORK_COPY, 2 * brood_work_vectors(sweep->positions * sweep->depth));
}

static void add_forward(const brood_sweep_t *sweep, brood_work_t *work) {
    brood_work_product(work, (double)sweep->positions, sweep->filters, (double)sweep->depth, 1);
    brood_work_tiles(work, (double)sweep->positions * ceil((double)sweep->depth / BROOD_CHAIN), sweep->filters);
    add_gathering(sweep, work);
}

static bool plan(brood_layer_t *layer) {
    layer->as.direct.forward = plan_forward(layer);
    layer->as.direct.backward = plan_backward(layer);
    return true;
}

static brood_work_t work(const brood_layer_t *layer) {
    const brood_sweep_t sweep = layer->as.direct.forward;
    brood_work_t        work = {0};
    double              positions = (double)sweep.positions;
    add_forward(&sweep, &work);
    brood_work_product(&work, (double)sweep.depth, sweep.filters, positions, 1); /* dW */
    brood_work_tiles(&work, (double)sweep.depth * ceil(positions / BROOD_CHAIN), sweep.filters);
    add_gathering(&sweep, &work);
    if (layer->args.bias) brood_work_add(&work, BROOD_WORK_COPY, brood_work_vectors(layer->out_size));
    brood_work_keep(&work, (layer->propagates ? 3 : 2), layer->in_size);
    if (!layer->propagates) return work;
    if (brood_convolution_strided(layer)) {
        brood_work_product(&work, positions, sweep.depth, (double)sweep.filters, 1);
        brood_work_tiles(&work, positions, sweep.depth);
        brood_work_add(&work, BROOD_WORK_COPY, 3 * brood_work_vectors(sweep.positions * sweep.depth));
    } else {
        add_forward(&layer->as.direct.backward, &work);
    }
    return work;
}

const brood_layer_ops_t brood_convolution_direct = {
    .name = "convolution",
    .way = "convolution, direct",
    .keeps_input = true,
    .arrays = brood_convolution_arrays,
    .partial = partial,
    .lay_out = lay_out,
    .prepare_forward = {{prepare_forward, brood_one_piece, 0}},
    .prepare_backward = {{prepare_backward, brood_one_piece, 0}},
    .finish_backward = {{finish_backward, brood_partial_pieces, 0}},
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward, NULL, BROOD_AT_BOTH}},
    .outputs = outputs,
    .lines_at_once = lines_at_once,
    .plan = plan,
    .work = work,
};
