/* Numbers read strictly: the whole text, decimal, no locale. */
#ifndef BROOD_UTIL_NUMBER_H
#define BROOD_UTIL_NUMBER_H

#include <stdint.h>

#include "brood/util/error.h"

/* An optional sign and digits, with fraction and exponent where it is a real ("0.01", "1e-3"); a whole number may be
   written with an exponent ("1e6"). Refused with BROOD_E_USAGE and a message that names text and expectation: empty or
   blank, 1e3x, 0,5, nan, inf, 0x10, 1.5 for a whole number, what does not fit. */
brood_err_t brood_integer_parse(const char *text, int64_t *value) BROOD_WARN_UNUSED;
brood_err_t brood_real_parse(const char *text, double *value) BROOD_WARN_UNUSED;

/* An int64_t where an interface (MPI, BLAS) takes int; aborts with a message when it does not fit, which sizes checked
 * before exclude. */
int brood_to_int(int64_t value);

#endif
