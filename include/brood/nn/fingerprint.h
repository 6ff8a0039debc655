/* What this node's arithmetic makes of fixed small cases: ranks, and jobs of one run, that agree here train children to
   the same bits. */
#ifndef BROOD_NN_FINGERPRINT_H
#define BROOD_NN_FINGERPRINT_H

#include <stdint.h>

#include "brood/math/math.h"

typedef enum {
    BROOD_FINGERPRINT_PRODUCTS,  /* matrix products, float and double, of shapes that children and policies have */
    BROOD_FINGERPRINT_KERNELS,   /* networks in which every kind of layer, loss and optimiser occurs */
    BROOD_FINGERPRINT_FUNCTIONS, /* brood/math/function.h */
    BROOD_FINGERPRINT_TRAINING,  /* two steps of a small child */
    BROOD_FINGERPRINT_PARTS
} brood_fingerprint_part_t;

/* What a message calls them: "products". */
extern const char *const brood_fingerprint_parts[BROOD_FINGERPRINT_PARTS];

/* Hashes of output bits, NaNs as the canonical one. */
typedef struct {
    uint64_t all, part[BROOD_FINGERPRINT_PARTS];
} brood_fingerprint_t;

/* Of what `math` computes, products on this thread and networks on all of its threads; local. Under portable numerics
   the same on every CPU and path. It does not depend on what was computed before, and leaves nothing behind. Networks
   multiply too: where products differ, kernels and training do. Takes some tens of milliseconds, and 13 MB that are
   free again afterwards. BROOD_E_MEMORY: `fingerprint` is unchanged. */
brood_err_t brood_fingerprint(brood_math_t *math, brood_fingerprint_t *fingerprint) BROOD_WARN_UNUSED;

#endif
