/* Elementary functions with bits of our own: libm's depend on its version and on the CPU. Made of +, −, ×, ÷, sqrt and
   fma only; errors below 2 ulp unless said otherwise. NaN in, the canonical NaN out; infinities and overflow as C's
   Annex F. */
#ifndef BROOD_MATH_FUNCTION_H
#define BROOD_MATH_FUNCTION_H

#include <stdint.h>

#include "brood/rng/philox.h"

double brood_exp(double x);
double brood_log(double x);
double brood_pow(double x, double y); /* x ≥ 0: exp(y log x) with the logarithm in twice the precision */
double brood_tanh(double x);
double brood_sigmoid(double x); /* 1 / (1 + exp(−x)), without overflow */
double brood_sin(double x);     /* |x| ≤ 2^20: below 2 ulp of the result or 1e-16 absolute */
double brood_cos(double x);

double brood_nan(void); /* the one NaN that is ever stored: 0x7ff8000000000000 */

/* Element by element, for the policy's rows; y may be x. */
void brood_tanh_n(int64_t n, const double x[], double y[]);
void brood_sigmoid_n(int64_t n, const double x[], double y[]);

/* Number `index` of a stream, normal with mean 0 and variance 1 (Box and Muller, from the four words of block `index`).
 */
double brood_random_normal(const brood_key4_t *key, uint32_t index);

#endif
