/* What optimisers do to a parameter array. */
#include "lanes.h"
#include "path.h"

typedef struct {
    lanes_t rate, beta1, beta2, rest1, rest2, root, epsilon, decay;
} adam_t;

static inline void adam_lanes(const adam_t *a, lanes_t gradient, lanes_t *first, lanes_t *second, lanes_t *value) {
    gradient = lanes_fma(a->decay, *value, gradient);
    *first = lanes_fma(a->beta1, *first, a->rest1 * gradient);
    *second = lanes_fma(a->beta2, *second, a->rest2 * gradient * gradient);
    lanes_t step = *first / lanes_fma(lanes_sqrt(*second), a->root, a->epsilon);
    *value = lanes_fma(-a->rate, step, *value);
}

void KERNEL(adam)(int64_t n, const brood_adam_t *adam, const brood_real_t *gradient, brood_real_t *first,
                  brood_real_t *second, brood_real_t *value) {
    /* w − (rate / c1) m / (√v / √c2 + ε): the corrections are taken out of the loop. */
    const adam_t a = {.rate = lanes_set((brood_real_t)(adam->rate / adam->correction1)),
                      .beta1 = lanes_set((brood_real_t)adam->beta1),
                      .beta2 = lanes_set((brood_real_t)adam->beta2),
                      .rest1 = lanes_set((brood_real_t)(1 - adam->beta1)),
                      .rest2 = lanes_set((brood_real_t)(1 - adam->beta2)),
                      .root = lanes_set((brood_real_t)(1 / __builtin_sqrt(adam->correction2))),
                      .epsilon = lanes_set((brood_real_t)adam->epsilon),
                      .decay = lanes_set((brood_real_t)adam->decay)};
    int64_t      i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes_t m = lanes_load(first + i), v = lanes_load(second + i), w = lanes_load(value + i);
        adam_lanes(&a, lanes_load(gradient + i), &m, &v, &w);
        lanes_store(first + i, m);
        lanes_store(second + i, v);
        lanes_store(value + i, w);
    }
    if (i == n) return;
    int64_t rest = n - i;
    lanes_t m = lanes_load_n(first + i, rest), v = lanes_load_n(second + i, rest), w = lanes_load_n(value + i, rest);
    adam_lanes(&a, lanes_load_n(gradient + i, rest), &m, &v, &w);
    lanes_store_n(first + i, m, rest);
    lanes_store_n(second + i, v, rest);
    lanes_store_n(value + i, w, rest);
}

void KERNEL(sgd)(int64_t n, double rate, double momentum, double decay, const brood_real_t *gradient,
                 brood_real_t *velocity, brood_real_t *value) {
    const brood_real_t by = -(brood_real_t)rate, keep = (brood_real_t)momentum, pull = (brood_real_t)decay;
    for (int64_t i = 0; i < n; i++) {
        velocity[i] = fused(keep, velocity[i], fused(pull, value[i], gradient[i]));
        value[i] = fused(by, velocity[i], value[i]);
    }
}
