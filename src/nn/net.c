#include "brood/nn/net.h"

#include <stdio.h>
#include <string.h>

#include "layer.h"

/* A block of images whose largest layer has about so many elements, so that what two or three layers of it exchange
   stays in L2; and never more images than this. Blocks follow from the shapes alone. */
#define BLOCK_ELEMENTS 65536
#define BLOCK_IMAGES   32

static int64_t block_of(const brood_net_t *net) {
    int64_t largest = 1;
    for (int64_t i = 0; i < net->count; i++)
        if (net->layer[i].out_size > largest) largest = net->layer[i].out_size;
    int64_t block = BLOCK_ELEMENTS / largest;
    return block < 1 ? 1 : block > BLOCK_IMAGES ? BLOCK_IMAGES : block;
}

/* One step of a pass with the layer it belongs to. */
typedef struct {
    brood_layer_t *layer;
    brood_step_t   step;
} planned_t;

static int64_t plan(brood_net_t *net, bool backward, planned_t planned[BROOD_MAX_LAYERS * BROOD_MAX_STEPS]) {
    int64_t count = 0;
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[backward ? net->count - 1 - i : i];
        if (layer->absorbed || (backward && !layer->trains)) continue;
        const brood_step_t *step = backward ? layer->ops->backward : layer->ops->forward;
        for (int64_t j = 0; j < BROOD_MAX_STEPS && step[j].run; j++) planned[count++] = (planned_t){layer, step[j]};
    }
    return count;
}

/* The steps from `first` on that are run block by block together; a whole step is alone. */
static int64_t group_end(const planned_t planned[], int64_t first, int64_t count) {
    int64_t end = first + 1;
    if (!planned[first].step.whole)
        while (end < count && !planned[end].step.whole) end++;
    return end;
}

static void tell_time(brood_net_t *net, const brood_layer_t *layer, bool backward, double started) {
    if (!net->times) return;
    double seconds = net->now() - started;
    if (backward)
        net->times[layer->index].backward += seconds;
    else
        net->times[layer->index].forward += seconds;
}

/* What a layer does once in a pass, before or behind all steps. */
static void once(brood_net_t *net, brood_layer_t *layer, void (*act)(brood_net_t *net, brood_layer_t *layer),
                 bool backward) {
    if (!act) return;
    double started = net->times ? net->now() : 0;
    act(net, layer);
    tell_time(net, layer, backward, started);
}

static void run(brood_net_t *net, bool backward) {
    planned_t planned[BROOD_MAX_LAYERS * BROOD_MAX_STEPS];
    int64_t   count = plan(net, backward, planned);
    for (int64_t begin = 0, end; begin < count; begin = end) {
        end = group_end(planned, begin, count);
        int64_t block = planned[begin].step.whole ? net->images : net->block;
        for (int64_t first = 0; first < net->images; first += block) {
            int64_t images = net->images - first < block ? net->images - first : block;
            for (int64_t i = begin; i < end; i++) {
                double started = net->times ? net->now() : 0;
                planned[i].step.run(net, planned[i].layer, first, images);
                tell_time(net, planned[i].layer, backward, started);
            }
        }
    }
}

static size_t reals(int64_t count) {
    return (size_t)count * sizeof(brood_real_t);
}

static bool writes_over(const brood_layer_t *layer) {
    return layer->ops->in_place && layer->input != BROOD_INPUT_IMAGE;
}

/* Marks the outputs, or their gradients, that steps of more than one group touch: they must hold all images, others
   only a block of them. */
static void find_whole(brood_net_t *net, bool backward, bool whole[BROOD_MAX_LAYERS]) {
    planned_t planned[BROOD_MAX_LAYERS * BROOD_MAX_STEPS];
    int64_t   count = plan(net, backward, planned), group_of[BROOD_MAX_LAYERS];
    for (int64_t i = 0; i < net->count; i++) {
        group_of[i] = -1;
        whole[i] = false;
    }
    whole[net->count - 1] = true; /* read, and its gradient written, by the caller */
    int64_t group = 0;
    for (int64_t begin = 0, end; begin < count; begin = end, group++) {
        end = group_end(planned, begin, count);
        for (int64_t i = begin; i < end; i++) {
            const brood_layer_t *layer = planned[i].layer;
            const int32_t        touched[2] = {planned[i].step.at & BROOD_AT_OUTPUT ? layer->index : BROOD_INPUT_IMAGE,
                                        planned[i].step.at & BROOD_AT_INPUT ? layer->input : BROOD_INPUT_IMAGE};
            for (int j = 0; j < 2; j++) {
                if (touched[j] == BROOD_INPUT_IMAGE) continue;
                int64_t *seen = &group_of[touched[j]];
                if (*seen != -1 && *seen != group) whole[touched[j]] = true;
                *seen = group;
            }
        }
    }
}

/* Layers that write in place share one buffer: it is whole if any of them needs it so. */
static void spread_whole(const brood_net_t *net, bool whole[BROOD_MAX_LAYERS]) {
    for (int64_t i = net->count - 1; i >= 0; i--)
        if (writes_over(&net->layer[i])) whole[net->layer[i].input] |= whole[i];
    for (int64_t i = 0; i < net->count; i++)
        if (writes_over(&net->layer[i])) whole[i] = whole[net->layer[i].input];
}

static brood_real_t *take_images(const brood_net_t *net, brood_arena_t *arena, bool whole, int64_t size) {
    int64_t block = net->block < net->minibatch ? net->block : net->minibatch;
    return brood_arena_take(arena, reals((whole ? net->minibatch : block) * size));
}

static void lay_out_activations(brood_net_t *net, brood_arena_t *arena) {
    bool whole[BROOD_MAX_LAYERS];
    find_whole(net, false, whole);
    for (int64_t i = 0; i < net->count; i++) { /* what the backward pass reads again */
        const brood_layer_t *layer = &net->layer[i];
        if (layer->absorbed || !layer->trains) continue;
        if (layer->ops->keeps_output) whole[i] = true;
        if (layer->ops->keeps_input && layer->input != BROOD_INPUT_IMAGE) whole[layer->input] = true;
    }
    spread_whole(net, whole);
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        layer->y_whole = whole[i];
        if (layer->input != BROOD_INPUT_IMAGE) {
            layer->x = net->layer[layer->input].y;
            layer->x_whole = whole[layer->input];
        }
        layer->y = writes_over(layer) ? layer->x : take_images(net, arena, whole[i], layer->out_size);
    }
}

static void lay_out_gradients(brood_net_t *net, brood_arena_t *arena) {
    bool whole[BROOD_MAX_LAYERS];
    find_whole(net, true, whole);
    spread_whole(net, whole);
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        layer->dy_whole = whole[i];
        if (layer->input != BROOD_INPUT_IMAGE) {
            layer->dx = net->layer[layer->input].dy;
            layer->dx_whole = whole[layer->input];
        }
        if (!layer->trains) continue;
        layer->dy = writes_over(layer) ? layer->dx : take_images(net, arena, whole[i], layer->out_size);
    }
}

/* A ReLU and a max-pooling may change places: the pooling then does both, and keeps which maxima were above 0. */
static void absorb(brood_net_t *net) {
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        if (layer->kind != BROOD_LAYER_MAX_POOL || layer->input == BROOD_INPUT_IMAGE) continue;
        brood_layer_t *before = &net->layer[layer->input];
        before->absorbed = before->kind == BROOD_LAYER_RELU;
        layer->as.pool.rectifies = before->absorbed;
    }
}

static void lay_out_parameters(brood_net_t *net, brood_layer_t *layer, brood_arena_t *arena) {
    brood_array_t array[BROOD_MAX_ARRAYS];
    int64_t       arrays = layer->ops->arrays ? layer->ops->arrays(layer, array) : 0;
    for (int64_t i = 0; i < arrays; i++) {
        int64_t            index = net->parameter_count++, count = 1;
        brood_parameter_t *parameter = &net->parameter[index];
        for (int j = 0; j < array[i].ndim; j++) count *= array[i].shape[j];
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
    net->block = block_of(net);
    net->kernels = brood_nn_kernels(math);
    absorb(net);
    lay_out_activations(net, arena);
    lay_out_gradients(net, arena);
    brood_needs_t most = {0};
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        lay_out_parameters(net, layer, arena);
        if (!layer->ops->lay_out) continue;
        brood_needs_t needs = layer->ops->lay_out(net, layer, math, arena);
        if (needs.workspace > most.workspace) most.workspace = needs.workspace;
        if (needs.exchange > most.exchange) most.exchange = needs.exchange;
    }
    net->workspace = brood_arena_take(arena, reals(most.workspace));
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
    return BROOD_OK;
}

void brood_net_forward(brood_net_t *net, int64_t images, const brood_real_t *x, bool training, brood_key4_t key,
                       brood_real_t *logits) {
    net->images = images;
    net->x = x;
    net->training = training;
    net->key = key;
    for (int64_t i = 0; i < net->count; i++) once(net, &net->layer[i], net->layer[i].ops->prepare_forward, false);
    run(net, false);
    memcpy(logits, net->layer[net->count - 1].y, reals(images * net->classes));
}

void brood_net_backward(brood_net_t *net, const brood_real_t *dlogits) {
    const brood_layer_t *last = &net->layer[net->count - 1];
    if (!last->trains) return;
    memcpy(last->dy, dlogits, reals(net->images * net->classes));
    for (int64_t i = 0; i < net->count; i++) once(net, &net->layer[i], net->layer[i].ops->prepare_backward, true);
    run(net, true);
    for (int64_t i = 0; i < net->count; i++) once(net, &net->layer[i], net->layer[i].ops->finish_backward, true);
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
    const brood_layer_ops_t *ops = net->layer[layer].ops;
    return net->layer[layer].absorbed ? "ReLU, in the pooling behind it" : ops->way ? ops->way : ops->name;
}
