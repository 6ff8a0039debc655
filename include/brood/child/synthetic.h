/* A landscape of accuracies in closed form, on which strategies can be compared: smooth along every decision's choices,
   and with interactions, so that no decision can be judged alone.

   Decisions with two choices or more count; the first of them is t = 0. With φ_j(a) = √2 cos(π j (a + ½) / K), j = 1 …
   min(3, K − 1), an orthonormal basis of the functions on K choices whose mean is 0 (the discrete cosine transform),
       main = Σ_t Σ_j c_tj φ_j(a_t),   pairs = Σ_t Σ_jk d_tjk φ_j(a_t) φ_k(a_t+1),
   c_tj normal with deviation 1/j, d_tjk with 1/(j k); both sums are divided by the root of the sum of the squares of
   their coefficients. z = √½ main + √½ pairs then has mean 0 and variance 1 over the space, and the accuracy is 0.5 +
   0.45 σ(z). In a space with one such decision z = main. */
#ifndef BROOD_CHILD_SYNTHETIC_H
#define BROOD_CHILD_SYNTHETIC_H

#include "brood/space/space.h"

/* Noiseless accuracy of tokens[T] on a landscape. A token outside the choices (−1) contributes the mean of its choices.
 */
double brood_synthetic_accuracy(int64_t landscape, const brood_space_t *space, const int32_t tokens[]);

#endif
