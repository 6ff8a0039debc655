/* The smallest and the largest measures of a space, and whether it holds a network at all.

   Dynamic programming over the shapes between the steps of the layers. What an operation adds to a measure depends on
   its own arguments and on the shape that it reads, on nothing else (flops count both gradients of every operation). So
   of all beginnings of networks that end in one shape, the smallest (and the largest) of each measure is all that
   matters for what follows, and what a step adds can be seen on a network that consists of it and reads images of this
   shape. Every choice of a step is tried; of kernel sizes only those of the least and of the most taps, since no shape
   depends on them and nothing of a convolution but parameters and flops, which grow with its taps (where the most taps
   make weights beyond what a network may have, the range is that of the others tried). (The cost of the
   kernels really chosen need not, and is rounded up once a network: its range is that of the kernel sizes tried, but
   for a nanosecond a step.) */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MEASURES 4

typedef struct {
    int64_t of[MEASURES];
} counts_t;

/* All beginnings of networks that end in one shape. */
typedef struct {
    int64_t  shape[3];
    counts_t least, most;
} state_t;

/* A set of states, found by shape. */
typedef struct {
    state_t *state;
    int64_t  count, capacity;
    int64_t *slot; /* [2 capacity] index + 1 of a state, or 0; open addressing */
} states_t;

typedef struct {
    const brood_space_t *space;
    int64_t              minibatch;
    brood_net_spec_t     spec;     /* the network at hand: step, average, dense */
    counts_t             baseline; /* without the step */
} probe_t;

static counts_t counts_of(const brood_measure_t *measure) {
    return (counts_t){{measure->parameters, measure->flops, measure->bytes, measure->cost}};
}

static brood_measure_t measure_of(const counts_t *counts) {
    return (brood_measure_t){counts->of[0], counts->of[1], counts->of[2], counts->of[3]};
}

static counts_t plus(const counts_t *a, const counts_t *b, int64_t sign) {
    counts_t sum;
    for (int m = 0; m < MEASURES; m++) sum.of[m] = a->of[m] + sign * b->of[m];
    return sum;
}

/* ---- sets of states ---- */

static void states_fini(states_t *states) {
    free(states->state);
    free(states->slot);
    *states = (states_t){0};
}

static int64_t *states_slot(const states_t *states, const int64_t shape[3]) {
    uint64_t hash = (uint64_t)shape[0] * 0x9E3779B97F4A7C15u + (uint64_t)shape[1] * 0xC2B2AE3D27D4EB4Fu +
                    (uint64_t)shape[2] * 0x165667B19E3779F9u;
    uint64_t mask = 2 * (uint64_t)states->capacity - 1; /* the capacity is a power of two */
    for (uint64_t at = (hash ^ hash >> 32) & mask;; at = (at + 1) & mask) {
        int64_t *slot = &states->slot[at];
        if (*slot == 0 || !memcmp(states->state[*slot - 1].shape, shape, sizeof states->state->shape)) return slot;
    }
}

static brood_err_t states_grow(states_t *states) {
    states_t grown = {.count = states->count, .capacity = states->capacity ? 2 * states->capacity : 64};
    grown.state = malloc((size_t)grown.capacity * sizeof *grown.state);
    grown.slot = calloc(2 * (size_t)grown.capacity, sizeof *grown.slot);
    if (!grown.state || !grown.slot) {
        states_fini(&grown);
        return brood_fail(BROOD_E_MEMORY, "out of memory while measuring the search space");
    }
    if (states->count) memcpy(grown.state, states->state, (size_t)states->count * sizeof *states->state);
    for (int64_t i = 0; i < grown.count; i++) *states_slot(&grown, grown.state[i].shape) = i + 1;
    states_fini(states);
    *states = grown;
    return BROOD_OK;
}

/* Widens the state of that shape to hold beginnings from `least` to `most`, or makes it. */
static brood_err_t states_add(states_t *states, const int64_t shape[3], const counts_t *least, const counts_t *most) {
    if (states->count == states->capacity) {
        brood_err_t err = states_grow(states);
        if (err != BROOD_OK) return err;
    }
    int64_t *slot = states_slot(states, shape);
    if (*slot == 0) {
        state_t *fresh = &states->state[states->count++];
        memcpy(fresh->shape, shape, sizeof fresh->shape);
        fresh->least = *least;
        fresh->most = *most;
        *slot = states->count;
        return BROOD_OK;
    }
    state_t *state = &states->state[*slot - 1];
    for (int m = 0; m < MEASURES; m++) {
        if (least->of[m] < state->least.of[m]) state->least.of[m] = least->of[m];
        if (most->of[m] > state->most.of[m]) state->most.of[m] = most->of[m];
    }
    return BROOD_OK;
}

/* ---- what a step adds ---- */

/* Measures the network at hand, its tail put behind what it has. False: there is no such network. */
static bool probe_measure(probe_t *probe, brood_tail_t tail, counts_t *counts) {
    int64_t         count = probe->spec.count;
    brood_measure_t measure;
    bool            valid = brood_space_add_tail(&probe->spec, tail) &&
                 brood_net_measure(&probe->spec, probe->minibatch, &measure) == BROOD_OK;
    probe->spec.count = count;
    if (valid) *counts = counts_of(&measure);
    return valid;
}

/* Makes the shape of `state` what a step reads. The tail of all comparisons is the average, which suits every shape. */
static bool probe_from(probe_t *probe, const state_t *state) {
    probe->spec.count = 0;
    memcpy(probe->spec.image, state->shape, sizeof probe->spec.image);
    return probe_measure(probe, BROOD_TAIL_AVERAGE, &probe->baseline);
}

/* Adds what a step with these settings makes of `from` to `into`; nothing where that is no network. */
static brood_err_t probe_step(probe_t *probe, const brood_space_step_t *step, const state_t *from,
                              const brood_setting_t setting[], states_t *into) {
    int64_t  shape[BROOD_MAX_LAYERS][3], after[3];
    counts_t counts;
    probe->spec.count = 0;
    if (!step->add(&probe->spec, setting, probe->space->config.batch_norm) ||
        !probe_measure(probe, BROOD_TAIL_AVERAGE, &counts))
        return BROOD_OK;
    int64_t count = probe->spec.count;
    if (count == 0) return states_add(into, from->shape, &from->least, &from->most);
    if (!brood_space_add_tail(&probe->spec, BROOD_TAIL_AVERAGE)) return BROOD_OK;
    brood_err_t err = brood_net_shapes(&probe->spec, shape);
    if (err != BROOD_OK) return err;
    memcpy(after, shape[count - 1], sizeof after);
    counts = plus(&counts, &probe->baseline, -1);
    counts_t least = plus(&from->least, &counts, 1), most = plus(&from->most, &counts, 1);
    return states_add(into, after, &least, &most);
}

/* ---- the layers ---- */

/* The choices of a hyperparameter to try. */
static int64_t candidates(const brood_hyperparameter_t *hyperparameter, const brood_choices_t *choices,
                          brood_setting_t candidate[BROOD_MAX_CHOICES]) {
    int64_t least = 0, most = 0;
    for (int64_t c = 0; c < choices->count; c++) {
        int64_t size = (int64_t)choices->value[c] * choices->width[c];
        candidate[c] = (brood_setting_t){choices->value[c], choices->width[c]};
        if (size < (int64_t)choices->value[least] * choices->width[least]) least = c;
        if (size > (int64_t)choices->value[most] * choices->width[most]) most = c;
    }
    if (!hyperparameter->extremes) return choices->count;
    brood_setting_t smallest = candidate[least], largest = candidate[most];
    candidate[0] = smallest;
    candidate[1] = largest;
    return least == most ? 1 : 2;
}

/* Every combination of the choices of one step, whose first hyperparameter is `first`, from every state. */
static brood_err_t advance(probe_t *probe, const brood_space_step_t *step, int32_t first, const states_t *from,
                           states_t *into) {
    brood_setting_t candidate[BROOD_SPACE_HYPERPARAMETERS][BROOD_MAX_CHOICES], setting[BROOD_SPACE_HYPERPARAMETERS];
    int64_t         count[BROOD_SPACE_HYPERPARAMETERS], combinations = 1;
    for (int32_t i = 0; i < step->count; i++) {
        count[i] =
            candidates(probe->space->form->hyperparameter[first + i], probe->space->choices[first + i], candidate[i]);
        combinations *= count[i];
    }
    for (int64_t s = 0; s < from->count; s++) {
        if (!probe_from(probe, &from->state[s])) continue;
        for (int64_t combination = 0; combination < combinations; combination++) {
            int64_t rest = combination;
            for (int32_t i = 0; i < step->count; i++) {
                setting[i] = candidate[i][rest % count[i]];
                rest /= count[i];
            }
            brood_err_t err = probe_step(probe, step, &from->state[s], setting, into);
            if (err != BROOD_OK) return err;
        }
    }
    return BROOD_OK;
}

static brood_err_t no_network(const brood_space_t *space, int64_t layer, const states_t *before) {
    int64_t largest[3] = {0, 0, 0};
    for (int64_t s = 0; s < before->count; s++)
        for (int d = 0; d < 3; d++)
            if (before->state[s].shape[d] > largest[d]) largest[d] = before->state[s].shape[d];
    return brood_fail(BROOD_E_CONFIG,
                      "space: none of its architectures is a network for images of %lld x %lld x %lld: found at most "
                      "%lld x %lld x %lld left in layer %lld of %lld, which no choice of stride and pool size fits; "
                      "expected fewer layers, or smaller strides and pool sizes",
                      (long long)space->image[0], (long long)space->image[1], (long long)space->image[2],
                      (long long)largest[0], (long long)largest[1], (long long)largest[2], (long long)layer + 1,
                      (long long)space->config.layers);
}

/* All networks but for their tails: *states, which the caller releases, after the last layer. The counts are those with
   an average as tail. */
static brood_err_t walk_layers(probe_t *probe, states_t *states) {
    const brood_space_t *space = probe->space;
    brood_err_t          err = BROOD_OK;
    states_t             next = {0};
    state_t              image = {0};
    memcpy(image.shape, space->image, sizeof image.shape);
    if (!probe_from(probe, &image))
        return brood_fail(BROOD_E_CONFIG, "space: images of %lld x %lld x %lld are too large",
                          (long long)space->image[0], (long long)space->image[1], (long long)space->image[2]);
    BROOD_TRY(states_add(states, image.shape, &probe->baseline, &probe->baseline));
    for (int64_t layer = 0; layer < space->config.layers; layer++) {
        int32_t first = 0;
        for (int s = 0; s < BROOD_SPACE_STEPS; s++) {
            const brood_space_step_t *step = &space->form->step[s];
            BROOD_TRY(advance(probe, step, first, states, &next));
            if (next.count == 0) BROOD_TRY(no_network(space, layer, states));
            states_fini(states);
            *states = next;
            next = (states_t){0};
            first += step->count;
        }
    }
done:
    states_fini(&next);
    return err;
}

/* The space's own tail takes the place of the average; all ends have one shape then, and are one state. */
static brood_err_t put_tail(probe_t *probe, const states_t *states, states_t *ends) {
    for (int64_t s = 0; s < states->count; s++) {
        const state_t *state = &states->state[s];
        const int64_t  shape[3] = {1, 1, probe->space->classes};
        counts_t       tail;
        if (!probe_from(probe, state) || !probe_measure(probe, (brood_tail_t)probe->space->config.tail, &tail))
            continue;
        tail = plus(&tail, &probe->baseline, -1);
        counts_t    least = plus(&state->least, &tail, 1), most = plus(&state->most, &tail, 1);
        brood_err_t err = states_add(ends, shape, &least, &most);
        if (err != BROOD_OK) return err;
    }
    if (ends->count > 0) return BROOD_OK;
    return brood_fail(BROOD_E_CONFIG, "space.tail: found flatten, where every dense layer has too many parameters, "
                                      "expected average, or larger strides and pool sizes");
}

brood_err_t brood_space_range(const brood_space_t *space, int64_t minibatch, brood_measure_t *least,
                              brood_measure_t *most) {
    brood_err_t err = BROOD_OK;
    states_t    states = {0}, ends = {0};
    probe_t    *probe = calloc(1, sizeof *probe);
    if (!probe) return brood_fail(BROOD_E_MEMORY, "out of memory while measuring the search space");
    probe->space = space;
    probe->minibatch = minibatch;
    probe->spec.classes = space->classes;
    probe->spec.init = (brood_init_t)space->config.init;
    BROOD_TRY(walk_layers(probe, &states));
    BROOD_TRY(put_tail(probe, &states, &ends));
    *least = measure_of(&ends.state[0].least);
    *most = measure_of(&ends.state[0].most);
done:
    states_fini(&states);
    states_fini(&ends);
    free(probe);
    return err;
}
