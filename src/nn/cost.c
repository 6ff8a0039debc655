#include "layer.h"

/* Nanoseconds on one core of a Zen 5 at its AVX-512 path. bench/fit_cost.py tells how well they predict children, and
   fits others: where several kinds come together it leaves one of them without a time, so these are not the fitted
   ones but of like sums. */
static const double times[BROOD_WORKS] = {
    [BROOD_WORK_FMA] = 0.165,    [BROOD_WORK_TILE] = 0.7,   [BROOD_WORK_CALL] = 55, [BROOD_WORK_TOOM] = 0.41,
    [BROOD_WORK_FOURIER] = 0.42, [BROOD_WORK_POOL] = 0.3,   [BROOD_WORK_SUM] = 1.2, [BROOD_WORK_COPY] = 0.6,
    [BROOD_WORK_NEAR] = 1.4,     [BROOD_WORK_MEMORY] = 2.6, [BROOD_WORK_DRAW] = 4,
};

const char *const brood_work_names[BROOD_WORKS] = {
    [BROOD_WORK_FMA] = "fma",       [BROOD_WORK_TILE] = "tile",       [BROOD_WORK_CALL] = "call",
    [BROOD_WORK_TOOM] = "toom",     [BROOD_WORK_FOURIER] = "fourier", [BROOD_WORK_POOL] = "pool",
    [BROOD_WORK_SUM] = "sum",       [BROOD_WORK_COPY] = "copy",       [BROOD_WORK_NEAR] = "near",
    [BROOD_WORK_MEMORY] = "memory", [BROOD_WORK_DRAW] = "draw",
};

double brood_work_cost(const brood_work_t *work) {
    double cost = 0;
    for (int kind = 0; kind < BROOD_WORKS; kind++) cost += work->of[kind] * times[kind];
    return cost;
}

brood_work_t brood_layer_work(const brood_layer_t *layer) {
    return layer->absorbed ? (brood_work_t){0} : layer->ops->work(layer);
}

double brood_layer_cost(const brood_layer_t *layer) {
    brood_work_t work = brood_layer_work(layer);
    return brood_work_cost(&work);
}

brood_work_t brood_optimizer_work(int64_t parameters) {
    /* Gradient, value and two moments are read, three of them written. */
    brood_work_t work = {0};
    brood_work_add(&work, BROOD_WORK_NEAR, 7 * brood_work_vectors(parameters) / BROOD_COST_MINIBATCH);
    return work;
}
