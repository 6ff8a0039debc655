/* Matrix products whose bits are a promise.

   C[m, n] = op(A)[m, k] op(B)[k, n], added to C where `accumulate`. Under portable numerics each output is made of
   chains of fused multiply-adds over at most BROOD_CHAIN consecutive k, each starting at +0; the chains are added in
   order, onto C where C is added to. That is the same under any tile, vector width, number of rows or columns, row
   position or thread, and what a scalar loop over fma() computes.

   Matrices are row-major; ld* is the distance of rows in elements. op(A) is m x k, so A is stored m x k (BROOD_PLAIN)
   or k x m (BROOD_TRANSPOSED); likewise op(B), k x n. A may overlap itself: lda may be smaller than a stored row is
   long (a convolution reads its windows so), which costs nothing under portable numerics and a copy under native. C
   must not overlap A or B. m, n, k may be 0: k = 0 gives +0, or leaves C. No alignment is asked for but that of the
   elements, and nothing is read or written beyond the matrices. Nothing is allocated; calls with one math must not run
   at once (brood_math_of_thread). Where a result is NaN, its sign and payload are not promised. */
#ifndef BROOD_MATH_PRODUCT_H
#define BROOD_MATH_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "brood/math/math.h"

#define BROOD_CHAIN 256

typedef enum { BROOD_PLAIN, BROOD_TRANSPOSED } brood_op_t;

void brood_product_f32(brood_math_t *math, brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k,
                       const float *a, int64_t lda, const float *b, int64_t ldb, bool accumulate, float *c,
                       int64_t ldc);
void brood_product_f64(brood_math_t *math, brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k,
                       const double *a, int64_t lda, const double *b, int64_t ldb, bool accumulate, double *c,
                       int64_t ldc);

/* B packed once for many products (weights, over the panels of a mini-batch), to the same bits. The layout is the
   path's own: valid for the same math, k and n. The count is of elements; storage aligned to 64 bytes is the fastest.
   bias[n], unless NULL, is added to each row when it is else complete. */
int64_t brood_packed_count_f32(const brood_math_t *math, int64_t k, int64_t n);
void    brood_pack_f32(brood_math_t *math, brood_op_t b_op, int64_t k, int64_t n, const float *b, int64_t ldb,
                       float *packed);
void    brood_product_packed_f32(brood_math_t *math, brood_op_t a_op, int64_t m, int64_t n, int64_t k, const float *a,
                                 int64_t lda, const float *packed, const float *bias, bool accumulate, float *c,
                                 int64_t ldc);
int64_t brood_packed_count_f64(const brood_math_t *math, int64_t k, int64_t n);
void    brood_pack_f64(brood_math_t *math, brood_op_t b_op, int64_t k, int64_t n, const double *b, int64_t ldb,
                       double *packed);
void    brood_product_packed_f64(brood_math_t *math, brood_op_t a_op, int64_t m, int64_t n, int64_t k, const double *a,
                                 int64_t lda, const double *packed, const double *bias, bool accumulate, double *c,
                                 int64_t ldc);

#endif
