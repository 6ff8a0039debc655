/* Products of both element types, in shapes as children and policies have them. */
#include "brood/math/product.h"
#include "brood/util/arena.h"
#include "fingerprint_parts.h"

typedef struct {
    brood_op_t a_op, b_op;
    int64_t    m, n, k;
    int64_t    step; /* of overlapping rows of A; 0: they do not */
    bool       accumulate, tiny;
} product_t;

#define REAL    float
#define TYPE(x) x##_f32
#define TINY    0x1p-66f
#include "fingerprint_product_type.h"
#undef REAL
#undef TYPE
#undef TINY

#define REAL    double
#define TYPE(x) x##_f64
#define TINY    0x1p-520
#include "fingerprint_product_type.h"

static const product_t products[] = {
    /* odd sizes around vectors and panels; sums as long as a chain, longer, and cut twice */
    {BROOD_PLAIN, BROOD_PLAIN, 1, 1, 1, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 5, 7, 9, 0, false, true},
    {BROOD_PLAIN, BROOD_PLAIN, 13, 17, 256, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 37, 33, 257, 0, true, false},
    {BROOD_PLAIN, BROOD_TRANSPOSED, 33, 65, 31, 0, false, false},
    {BROOD_TRANSPOSED, BROOD_TRANSPOSED, 7, 23, 520, 0, true, false},
    /* a convolution: over one channel, over many, a signal's windows; its weights' gradient */
    {BROOD_TRANSPOSED, BROOD_PLAIN, 77, 24, 25, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 21, 36, 288, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 61, 20, 75, 3, false, false},
    {BROOD_TRANSPOSED, BROOD_PLAIN, 27, 19, 300, 0, true, false},
    /* a dense layer: forward, and both gradients */
    {BROOD_PLAIN, BROOD_PLAIN, 11, 10, 600, 0, false, false},
    {BROOD_TRANSPOSED, BROOD_PLAIN, 600, 10, 11, 0, false, false},
    {BROOD_PLAIN, BROOD_TRANSPOSED, 11, 600, 10, 0, false, false},
    /* a policy's cell of 32 units and 8 gates, a round of 8 */
    {BROOD_PLAIN, BROOD_PLAIN, 8, 256, 32, 0, true, false},
    {BROOD_PLAIN, BROOD_TRANSPOSED, 8, 32, 256, 0, false, false},
    {BROOD_TRANSPOSED, BROOD_PLAIN, 32, 256, 8, 0, true, false},
};

brood_err_t brood_fingerprint_products(brood_math_t *math, uint64_t *hash) {
    brood_err_t err = BROOD_OK;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        BROOD_TRY(hash_product_f32(math, (int64_t)i, &products[i], hash));
        BROOD_TRY(hash_product_f64(math, (int64_t)i, &products[i], hash));
    }
done:
    return err;
}
