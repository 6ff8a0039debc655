#include "fuse.h"

#include <string.h>

#include "pool.h"

/* A strip has so many elements, or a row of tiles where that has more: L1 holds it, and most of what is made of it. */
#define STRIP_ELEMENTS 2048
/* Lines that windows of the next strip share with those of this one are copied, and long windows are begun anew: a
   pooling is fused where a strip has so many times more lines. Otherwise it is as fast behind the convolution. */
#define MADE_TO_SHARED 16

/* Of the convolution's outputs. */
static int64_t lines_of(const brood_layer_t *layer) {
    return layer->out[brood_axis_of_lines(layer->out)];
}
static int64_t line_of(const brood_layer_t *layer) {
    return layer->out_size / lines_of(layer);
}

int64_t brood_fuse_lines(const brood_layer_t *layer) {
    const int64_t at_once = layer->ops->lines_at_once(layer);
    return brood_smaller(lines_of(layer), brood_larger(at_once, STRIP_ELEMENTS / line_of(layer) / at_once * at_once));
}

static bool fuses(const brood_layer_t *layer, const brood_layer_t *next) {
    if (!layer->ops->lines_at_once || layer->ops->lines_at_once(layer) == 0) return false;
    if (next->kind == BROOD_LAYER_RELU) return true;
    if (next->kind != BROOD_LAYER_MAX_POOL || !brood_pool_by_lines(next)) return false;
    const brood_axis_t axis = brood_pool_across(next);
    return brood_fuse_lines(layer) >= MADE_TO_SHARED * brood_larger(0, axis.kernel - axis.stride);
}

void brood_layers_fuse(int64_t count, brood_layer_t layers[]) {
    for (int64_t i = 0; i < count; i++) {
        brood_layer_t *layer = &layers[i];
        if (layer->absorbed || layer->input == BROOD_INPUT_IMAGE) continue;
        brood_layer_t *before = &layers[layer->input];
        if (before->absorbed) before = &layers[before->input];
        if (before->kind != BROOD_LAYER_CONVOLUTION || !fuses(before, layer)) continue;
        layer->fused = true;
        before->makes = layer->index;
    }
}

int64_t brood_fuse_room(const brood_net_t *net, const brood_layer_t *layer) {
    const brood_layer_t *last = &net->layer[layer->makes];
    if (last == layer || last->kind != BROOD_LAYER_MAX_POOL) return 0;
    const int64_t kept = brood_pool_across(last).kernel - 1; /* of a window whose last line is yet to come */
    return brood_smaller(lines_of(layer), kept + brood_fuse_lines(layer)) * line_of(layer);
}

static void rectify(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, brood_lines_t lines,
                    brood_real_t *y) {
    const int64_t all = lines_of(layer), line = line_of(layer), strip = brood_fuse_lines(layer);
    for (; lines.begin < all; lines.begin += lines.count) {
        brood_real_t *to = y + lines.begin * line;
        lines.count = brood_smaller(strip, all - lines.begin);
        layer->ops->outputs(net, layer, worker, &lines, to);
        net->kernels->relu_forward(lines.count * line, to, to);
    }
}

static void pool(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, brood_lines_t lines, brood_real_t *y) {
    const brood_layer_t *last = &net->layer[layer->makes];
    const int64_t        all = lines_of(layer), line = line_of(layer), strip = brood_fuse_lines(layer);
    int64_t              begin = 0, pooled = 0; /* the first line of those at hand; lines of outputs */
    while (lines.begin < all) {
        lines.count = brood_smaller(strip, all - lines.begin);
        layer->ops->outputs(net, layer, worker, &lines, worker->strip + (lines.begin - begin) * line);
        lines.begin += lines.count;
        const int64_t complete = brood_pool_complete(last, lines.begin);
        brood_pool_lines(net->kernels, last, lines.image, pooled, complete, worker->strip - begin * line, y);
        pooled = complete;
        /* What the next ones read goes to the front. */
        const int64_t next = brood_smaller(lines.begin, brood_pool_reads_from(last, pooled));
        if (next > begin)
            memmove(worker->strip, worker->strip + (next - begin) * line,
                    (size_t)((lines.begin - next) * line) * sizeof *worker->strip);
        begin = next;
    }
}

void brood_convolution_outputs(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                               int64_t images) {
    const brood_layer_t *last = &net->layer[layer->makes];
    brood_real_t        *y = brood_layer_y(last, worker, first);
    for (int64_t i = 0; i < images; i++, y += last->out_size) {
        brood_lines_t lines = {.block = first, .image = first + i, .count = lines_of(layer)};
        if (last == layer)
            layer->ops->outputs(net, layer, worker, &lines, y);
        else if (last->kind == BROOD_LAYER_RELU)
            rectify(net, layer, worker, lines, y);
        else
            pool(net, layer, worker, lines, y);
    }
}
