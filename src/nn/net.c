#include "brood/nn/net.h"

#include <stdio.h>
#include <string.h>

#include "fuse.h"

/* A mini-batch is cut into so many parts, unless what they add to gradients then has more than these elements. */
#define MOST_PARTS       BROOD_MOST_THREADS
#define LEAST_PARTS      2
#define PARTIAL_ELEMENTS 2097152

static int64_t parts_of(brood_net_t *net) {
    int64_t parts = MOST_PARTS, elements = 0;
    for (int64_t i = 0; i < net->count; i++)
        if (net->layer[i].ops->partial)
            elements += net->layer[i].partial_size = net->layer[i].ops->partial(&net->layer[i]);
    while (parts > LEAST_PARTS && parts * elements > PARTIAL_ELEMENTS) parts /= 2;
    return parts;
}

static size_t reals(int64_t count) {
    return (size_t)count * sizeof(brood_real_t);
}

/* So many images of a layer that what it reads and writes stays in L2, and never more than these; of all of a part
   where its weights are the large operand, so that they are read once. */
#define BLOCK_ELEMENTS 65536
#define BLOCK_IMAGES   32

static int64_t grain_of(const brood_layer_t *layer) {
    if (layer->ops->of_part) return INT64_MAX;
    int64_t images = BLOCK_ELEMENTS / brood_larger(layer->in_size, layer->out_size);
    return brood_larger(1, brood_smaller(images, BLOCK_IMAGES));
}

static void lay_out_parameters(brood_net_t *net, brood_layer_t *layer, brood_arena_t *arena) {
    brood_array_t array[BROOD_MAX_ARRAYS];
    int64_t       arrays = layer->ops->arrays ? layer->ops->arrays(layer, array) : 0;
    for (int64_t i = 0; i < arrays; i++) {
        int64_t            index = net->parameter_count++, count = brood_array_count(&array[i]);
        brood_parameter_t *parameter = &net->parameter[index];
        net->array[index] = array[i];
        snprintf(net->name[index], sizeof net->name[index], "layer%d/%s", layer->index, array[i].name);
        *parameter = (brood_parameter_t){.name = net->name[index],
                                         .count = count,
                                         .value = brood_arena_take(arena, reals(count)),
                                         .gradient = brood_arena_take(arena, reals(count)),
                                         .decays = array[i].start == BROOD_START_DRAWN};
        layer->array[i] = parameter;
    }
}

/* Everything but the struct itself. With an arena that only counts, the pointers are NULL and are not used. */
static brood_err_t lay_out(const brood_net_spec_t *spec, int64_t minibatch, const brood_math_t *math,
                           brood_arena_t *arena, brood_net_t *net) {
    memset(net, 0, sizeof *net);
    if (minibatch < 1)
        return brood_fail(BROOD_E_DATA, "a mini-batch of %lld images: expected at least 1", (long long)minibatch);
    brood_err_t err = brood_layers_describe(spec, net->layer);
    if (err != BROOD_OK) return err;
    net->count = spec->count;
    net->minibatch = minibatch;
    net->classes = spec->classes;
    net->init = spec->init;
    net->keeps_all = spec->keeps_all;
    net->parts = parts_of(net);
    for (int64_t i = 0; i < net->count; i++) net->layer[i].grain = grain_of(&net->layer[i]);
    net->kernels = brood_nn_kernels(math);
    brood_pass_plan(net, false, &net->forward);
    brood_pass_plan(net, true, &net->backward);
    const int64_t threads = brood_team_threads(brood_math_team(math));
    brood_net_hold(net, threads, arena);
    brood_needs_t most = {0};
    int64_t       widest = 0, strip = 0;
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        lay_out_parameters(net, layer, arena);
        if (layer->out[2] > widest) widest = layer->out[2];
        const int64_t of_strip = brood_fuse_room(net, layer);
        if (of_strip > strip) strip = of_strip;
        if (layer->ops->partial) layer->partials = brood_arena_take(arena, reals(net->parts * layer->partial_size));
        if (!layer->ops->lay_out) continue;
        brood_needs_t needs = layer->ops->lay_out(net, layer, math, arena);
        if (needs.workspace > most.workspace) most.workspace = needs.workspace;
        if (needs.exchange > most.exchange) most.exchange = needs.exchange;
    }
    for (int64_t i = 0; i < threads; i++)
        net->worker[i] = (brood_worker_t){.workspace = brood_arena_take(arena, reals(most.workspace)),
                                          .strip = brood_arena_take(arena, reals(strip)),
                                          .sums = brood_arena_take(arena, (size_t)widest * sizeof(double)),
                                          .thread = i};
    net->exchange = brood_arena_take(arena, reals(most.exchange));
    return BROOD_OK;
}

brood_err_t brood_net_size(const brood_net_spec_t *spec, int64_t minibatch, const brood_math_t *math, size_t *bytes) {
    brood_arena_t counting = {0};
    brood_net_t   net;
    brood_arena_take(&counting, sizeof net);
    brood_err_t err = lay_out(spec, minibatch, math, &counting, &net);
    *bytes = counting.used;
    return err;
}

brood_err_t brood_net_create(const brood_net_spec_t *spec, int64_t minibatch, brood_math_t *math, brood_arena_t *arena,
                             brood_net_t **net) {
    size_t mark = arena->used;
    *net = brood_arena_take(arena, sizeof **net);
    brood_err_t err = lay_out(spec, minibatch, math, arena, *net);
    if (err != BROOD_OK) {
        brood_arena_release(arena, mark);
        *net = NULL;
        return err;
    }
    (*net)->math = math;
    for (int64_t i = 0; i < brood_team_threads(brood_math_team(math)); i++)
        (*net)->worker[i].math = brood_math_of_thread(math, i);
    return BROOD_OK;
}

void brood_net_forward(brood_net_t *net, int64_t images, const brood_real_t *x, bool training, brood_key4_t key,
                       brood_real_t *logits) {
    net->images = images;
    net->x = x;
    net->training = training;
    net->key = key;
    brood_pass_run(net, &net->forward);
    memcpy(logits, net->layer[net->count - 1].y, reals(images * net->classes));
}

void brood_net_backward(brood_net_t *net, const brood_real_t *dlogits) {
    const brood_layer_t *last = &net->layer[net->count - 1];
    if (!last->trains) return;
    memcpy(last->dy, dlogits, reals(net->images * net->classes));
    brood_pass_run(net, &net->backward);
}

int64_t brood_net_parameter_count(const brood_net_t *net) {
    return net->parameter_count;
}

const brood_parameter_t *brood_net_parameter(const brood_net_t *net, int64_t index) {
    return &net->parameter[index];
}

void brood_net_time(brood_net_t *net, brood_layer_time_t times[], double (*now)(void)) {
    net->times = times;
    net->now = now;
}

const char *brood_net_way(const brood_net_t *net, int64_t layer) {
    const brood_layer_t     *asked = &net->layer[layer];
    const brood_layer_ops_t *ops = asked->ops;
    if (asked->absorbed) return "ReLU, in the pooling behind it";
    if (asked->fused) return asked->kind == BROOD_LAYER_RELU ? "ReLU, fused" : "max-pooling, fused";
    return ops->way ? ops->way : ops->name;
}

brood_work_t brood_net_work(const brood_net_t *net, int64_t layer) {
    return brood_layer_work(&net->layer[layer]);
}
