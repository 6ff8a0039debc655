#include "layer.h"

int64_t brood_array_count(const brood_array_t *array) {
    int64_t count = 1;
    for (int i = 0; i < array->ndim; i++) count *= array->shape[i];
    return count;
}

const brood_layer_ops_t *brood_layer_ops(brood_layer_kind_t kind) {
    static const brood_layer_ops_t *const ops[BROOD_LAYER_KINDS] = {
        [BROOD_LAYER_CONVOLUTION] = &brood_convolution_direct,
        [BROOD_LAYER_NORM] = &brood_layer_norm,
        [BROOD_LAYER_RELU] = &brood_layer_relu,
        [BROOD_LAYER_MAX_POOL] = &brood_layer_max_pool,
        [BROOD_LAYER_DROPOUT] = &brood_layer_dropout,
        [BROOD_LAYER_AVERAGE] = &brood_layer_average,
        [BROOD_LAYER_DENSE] = &brood_layer_dense,
    };
    return ops[kind];
}
