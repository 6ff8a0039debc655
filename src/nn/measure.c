#include "layer.h"

#include <math.h>

brood_err_t brood_net_measure(const brood_net_spec_t *spec, int64_t minibatch, brood_measure_t *measure) {
    brood_layer_t layer[BROOD_MAX_LAYERS];
    *measure = (brood_measure_t){0};
    brood_err_t err = brood_layers_describe(spec, layer);
    if (err != BROOD_OK) return err;
    double cost = 0;
    for (int64_t i = 0; i < spec->count; i++) {
        const brood_layer_t *at = &layer[i];
        brood_array_t        array[BROOD_MAX_ARRAYS];
        int64_t              arrays = at->ops->arrays ? at->ops->arrays(at, array) : 0;
        for (int64_t j = 0; j < arrays; j++) measure->parameters += brood_array_count(&array[j]);
        if (at->kind == BROOD_LAYER_CONVOLUTION || at->kind == BROOD_LAYER_DENSE)
            measure->flops += 6 * at->out_size * array[0].fan_in;
        measure->bytes += 4 * minibatch * at->out_size;
        cost += brood_layer_cost(at);
    }
    brood_work_t of_optimizer = brood_optimizer_work(measure->parameters);
    cost += brood_work_cost(&of_optimizer);
    measure->cost = (int64_t)ceil(cost);
    return BROOD_OK;
}
