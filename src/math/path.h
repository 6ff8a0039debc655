/* Private to the room: who can make products, each one const table of functions of the same contract as the public
   ones (brood/math/product.h) plus a workspace of BROOD_WORKSPACE bytes, aligned to 64, that a call may overwrite. */
#ifndef BROOD_MATH_PATH_H
#define BROOD_MATH_PATH_H

#include <stddef.h>

#include "brood/math/product.h"

#define BROOD_WORKSPACE ((size_t)256 * 1024) /* stays in a second-level cache */

#define BROOD_PRODUCTS(real)                                                                                           \
    struct {                                                                                                           \
        void (*product)(brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const real *a, int64_t lda, \
                        const real *b, int64_t ldb, bool accumulate, real *c, int64_t ldc, void *workspace);           \
        int64_t (*packed_count)(int64_t k, int64_t n);                                                                 \
        void (*pack)(brood_op_t b_op, int64_t k, int64_t n, const real *b, int64_t ldb, real *packed);                 \
        void (*product_packed)(brood_op_t a_op, int64_t m, int64_t n, int64_t k, const real *a, int64_t lda,           \
                               const real *packed, const real *bias, bool accumulate, real *c, int64_t ldc,            \
                               void *workspace);                                                                       \
    }

typedef struct {
    BROOD_PRODUCTS(float) f32;
    BROOD_PRODUCTS(double) f64;
    double (*work)(int64_t rounds); /* brood/math/rate.h */
} brood_path_t;

#define BROOD_PATH_DECLARE(path, name) extern const brood_path_t brood_path_##path;
BROOD_ISAS(BROOD_PATH_DECLARE)
extern const brood_path_t brood_path_native;

/* "openblas 0.3.21 Haswell" */
void brood_native_describe(char *text, size_t size);
/* One thread, for the whole process: a rank's threads are Brood's own. */
void brood_native_start(void);

#endif
