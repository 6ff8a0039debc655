/* Elementary functions with bits of our own: libm's depend on its version and on the CPU. Made of +, −, ×, ÷, sqrt and
   fma only; errors below 1 ulp. NaN in, the canonical NaN out; signed zeros, infinities, overflow
   and gradual underflow as C's Annex F (no exception flags are promised). To be called after brood_isa_choose has
   succeeded. */
#ifndef BROOD_MATH_FUNCTION_H
#define BROOD_MATH_FUNCTION_H

#include <stdint.h>

#include "brood/rng/philox.h"

double brood_exp(double x);
double brood_log(double x);
double brood_pow(double x, double y); /* x ≥ 0, and −0 is 0; NaN for x < 0. pow(x, 0) and pow(1, y) are 1 even of NaN */
double brood_tanh(double x);
double brood_sigmoid(double x); /* 1 / (1 + exp(−x)), without overflow */
double brood_sin(double x);     /* |x| ≤ 2^20; NaN beyond */
double brood_cos(double x);     /* |x| ≤ 2^20; NaN beyond */

/* The one NaN that is ever stored: 0x7ff8000000000000. Needs no brood_isa_choose. */
static inline double brood_nan(void) {
    return __builtin_nan("");
}

/* Element by element, y[i] = f(x[i]), the same bits as above: for the policy's rows. y may be x, and may not overlap it
   otherwise. */
void brood_tanh_n(int64_t n, const double x[], double y[]);
void brood_sigmoid_n(int64_t n, const double x[], double y[]);

/* Number `index` of a stream, normal with mean 0 and variance 1 (Box and Muller 1958: sqrt(−2 log u) cos(2π v)) from
   the four words of block `index`: u in (0, 1] of the first two, v in [0, 1) of the others. */
double brood_random_normal(const brood_key4_t *key, uint32_t index);

#endif
