/* The predicted time of a step, counted: products by their operations, element-wise passes by their bytes. The rates
   are of one core of the reference CPU (Zen 5, AVX2 path). */
#ifndef BROOD_NN_COST_H
#define BROOD_NN_COST_H

#include <stdint.h>

#define BROOD_COST_FLOPS_PER_NS  100.0
#define BROOD_COST_BYTES_PER_NS  20.0
#define BROOD_COST_COPIED_PER_NS 64.0 /* bytes, within L2 */
#define BROOD_COST_NS_A_VECTOR   0.2  /* an instruction of a transform, on eight numbers */
#define BROOD_COST_MINIBATCH     100  /* images that share what is done with filters once a mini-batch */

/* Of C[m, n] = A[m, k] B[k, n]: the last vector of a row costs as much as a full one. */
static inline double brood_cost_product(int64_t m, int64_t n, int64_t k) {
    return 2.0 * (double)m * (double)((n + 7) / 8 * 8) * (double)k / BROOD_COST_FLOPS_PER_NS;
}

/* Of reading or writing so many float32. */
static inline double brood_cost_pass(int64_t elements) {
    return 4.0 * (double)elements / BROOD_COST_BYTES_PER_NS;
}

/* Of copying so many float32 to where a product reads them. */
static inline double brood_cost_copy(int64_t elements) {
    return 4.0 * (double)elements / BROOD_COST_COPIED_PER_NS;
}

#endif
