/* Where activations and gradients lie, and of how many images: all of the mini-batch where the backward pass reads them
   again or steps of another group need them, else as few as meet in the cache. */
#include "layer.h"

static bool writes_over(const brood_layer_t *layer) {
    return layer->ops->in_place && layer->input != BROOD_INPUT_IMAGE;
}

/* The layer whose output a layer's output lies in: its own, unless it writes over its input. */
static int32_t place_of(const brood_net_t *net, int32_t index) {
    while (writes_over(&net->layer[index])) index = net->layer[index].input;
    return index;
}

/* Which steps have touched an output so far. */
typedef struct {
    const brood_planned_t *by; /* the first of them; NULL: none */
    brood_extent_t         extent;
} touched_t;

static void touch(const brood_planned_t *by, touched_t *touched) {
    if (!touched->by) touched->by = by;
    brood_extent_t needed = touched->by->group != by->group ? BROOD_OF_ALL
                            : touched->by->run != by->run   ? BROOD_OF_PART
                                                            : BROOD_OF_BLOCK;
    if (needed > touched->extent) touched->extent = needed;
}

/* What a pass needs of each layer's output, or of its gradient. */
static void find_touched(const brood_net_t *net, const brood_pass_t *pass, touched_t touched[BROOD_MAX_LAYERS]) {
    for (int64_t i = 0; i < net->count; i++) touched[i] = (touched_t){.extent = BROOD_OF_BLOCK};
    for (int64_t i = 0; i < pass->count; i++) {
        const brood_planned_t *planned = &pass->planned[i];
        const brood_layer_t   *layer = planned->layer;
        const int32_t          outputs = pass->backward ? layer->index : layer->makes;
        if (planned->step->at & BROOD_AT_OUTPUT) touch(planned, &touched[place_of(net, outputs)]);
        if (planned->step->at & BROOD_AT_INPUT && layer->input != BROOD_INPUT_IMAGE)
            touch(planned, &touched[place_of(net, layer->input)]);
    }
    /* The last layer's are read, and written, by the caller. */
    touched[place_of(net, (int32_t)net->count - 1)].extent = BROOD_OF_ALL;
    for (int64_t i = 0; net->keeps_all && i < net->count; i++) touched[i].extent = BROOD_OF_ALL;
}

static brood_held_t hold(const brood_net_t *net, const touched_t *touched) {
    int64_t room = touched->extent == BROOD_OF_ALL ? net->minibatch : brood_net_part_room(net);
    if (touched->extent == BROOD_OF_BLOCK) /* no step touches what is pooled from strips */
        room = touched->by ? brood_smaller(room, touched->by->grain) : 0;
    return (brood_held_t){.extent = touched->extent, .room = room};
}

static brood_real_t *take(const brood_held_t *held, int64_t threads, int64_t size, brood_arena_t *arena) {
    int64_t images = held->extent == BROOD_OF_ALL ? held->room : threads * held->room;
    return brood_arena_take(arena, (size_t)(images * size) * sizeof(brood_real_t));
}

static void hold_activations(brood_net_t *net, int64_t threads, brood_arena_t *arena) {
    touched_t touched[BROOD_MAX_LAYERS];
    find_touched(net, &net->forward, touched);
    for (int64_t i = 0; i < net->count; i++) { /* what the backward pass reads again */
        const brood_layer_t *layer = &net->layer[i];
        if (layer->absorbed || !layer->trains) continue;
        if (layer->ops->keeps_output) touched[place_of(net, layer->index)].extent = BROOD_OF_ALL;
        if (layer->ops->keeps_input && layer->input != BROOD_INPUT_IMAGE)
            touched[place_of(net, layer->input)].extent = BROOD_OF_ALL;
    }
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        layer->held_y = hold(net, &touched[place_of(net, layer->index)]);
        if (layer->input != BROOD_INPUT_IMAGE) {
            layer->x = net->layer[layer->input].y;
            layer->held_x = net->layer[layer->input].held_y;
        }
        layer->y = writes_over(layer) ? layer->x : take(&layer->held_y, threads, layer->out_size, arena);
    }
}

static void hold_gradients(brood_net_t *net, int64_t threads, brood_arena_t *arena) {
    touched_t touched[BROOD_MAX_LAYERS];
    find_touched(net, &net->backward, touched);
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        layer->held_dy = hold(net, &touched[place_of(net, layer->index)]);
        if (layer->input != BROOD_INPUT_IMAGE) {
            layer->dx = net->layer[layer->input].dy;
            layer->held_dx = net->layer[layer->input].held_dy;
        }
        if (!layer->trains) continue;
        layer->dy = writes_over(layer) ? layer->dx : take(&layer->held_dy, threads, layer->out_size, arena);
    }
}

void brood_net_hold(brood_net_t *net, int64_t threads, brood_arena_t *arena) {
    hold_activations(net, threads, arena);
    hold_gradients(net, threads, arena);
}
