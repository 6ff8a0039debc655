/* The products that every cell shares. */
#ifndef BROOD_POLICY_CELL_PRIVATE_H
#define BROOD_POLICY_CELL_PRIVATE_H

#include "brood/policy/cell.h"

/* a[B, G U] = x Wx and h[B, G U] = b + m Wm. */
void brood_cell_products(brood_math_t *math, const brood_cell_t *cell, int64_t rows, int64_t inputs, int64_t units,
                         const double *parameters, const double *x, const double *m, double *a, double *h);

/* From da[B, G U] and dh[B, G U], which may be one array: dx and dm are set, d_parameters is added to, row after row.
 */
void brood_cell_products_backward(brood_math_t *math, const brood_cell_t *cell, int64_t rows, int64_t inputs,
                                  int64_t units, const double *parameters, const double *x, const double *m,
                                  const double *da, const double *dh, double *dx, double *dm, double *d_parameters);

/* Derivatives by the argument, from the function's value. */
static inline double brood_cell_tanh_slope(double y) {
    return (1 - y) * (1 + y);
}
static inline double brood_cell_sigmoid_slope(double y) {
    return y * (1 - y);
}

#endif
