/* The parts of the numerics fingerprint, and what they share: numbers drawn from Philox, hashed by their bits. */
#ifndef BROOD_NN_FINGERPRINT_PARTS_H
#define BROOD_NN_FINGERPRINT_PARTS_H

#include <math.h>

#include "brood/math/function.h"
#include "brood/nn/fingerprint.h"
#include "brood/rng/philox.h"
#include "brood/util/hash.h"

/* The parts that have a file of their own; each goes on from *hash. */
brood_err_t brood_fingerprint_products(brood_math_t *math, uint64_t *hash);
brood_err_t brood_fingerprint_kernels(brood_math_t *math, uint64_t *hash);
brood_err_t brood_fingerprint_training(brood_math_t *math, uint64_t *hash);

static inline brood_key4_t key_of(int64_t part, int64_t number, int64_t array) {
    return brood_key4(0, BROOD_PURPOSE_FINGERPRINT, part, number, array);
}

/* The bits of an array, all NaNs alike; draw: uniform in ±bound. */
#define ARRAYS(type, suffix)                                                                                           \
    static inline uint64_t hash_##suffix(uint64_t hash, int64_t n, const type *x) {                                    \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            type number = isnan(x[i]) ? (type)brood_nan() : x[i];                                                      \
            hash = brood_hash(hash, &number, sizeof number);                                                           \
        }                                                                                                              \
        return hash;                                                                                                   \
    }                                                                                                                  \
    static inline void draw_##suffix(brood_key4_t key, type bound, int64_t n, type *x) {                               \
        for (int64_t i = 0; i < n; i++) x[i] = (type)(2 * brood_random_uniform(&key, (uint32_t)i) - 1) * bound;        \
    }
ARRAYS(float, f32)
ARRAYS(double, f64)
#undef ARRAYS

#endif
