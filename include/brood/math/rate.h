/* What this core can do at most: the limit that kernels are measured against. */
#ifndef BROOD_MATH_RATE_H
#define BROOD_MATH_RATE_H

#include <stdint.h>

#include "brood/math/math.h"

/* Works `rounds` rounds of independent fused multiply-adds on vectors of the path's width, in registers alone; returns
   how many floating-point operations that were, multiply and add being two. */
double brood_math_work(const brood_math_t *math, int64_t rounds);

#endif
