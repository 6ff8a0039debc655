/* Numbers read strictly and written shortest: the whole text, decimal, no locale. */
#ifndef BROOD_UTIL_NUMBER_H
#define BROOD_UTIL_NUMBER_H

#include <stdint.h>

#include "brood/util/error.h"

/* An optional sign and digits, with fraction and exponent ("0.01", "1e-3"); a whole number may be written so too, and
   is read exactly ("1e6", "1.5e3"). Refused with BROOD_E_USAGE and a message that names text and expectation: empty or
   blank, 1e3x, 0,5, nan, inf, 0x10, 1.5 for a whole number, what does not fit. *value is then unchanged. */
brood_err_t brood_integer_parse(const char *text, int64_t *value) BROOD_WARN_UNUSED;
brood_err_t brood_real_parse(const char *text, double *value) BROOD_WARN_UNUSED;

#define BROOD_REAL_SIZE 32 /* bytes of a double's text, its NUL included */

/* The fewest digits that brood_real_parse reads back to the same double: "0.1", "1000000", "1e-05"; "nan", "inf" and
   "-inf", which it refuses, are the caller's concern. */
void brood_real_print(double value, char text[BROOD_REAL_SIZE]);

/* An int64_t where an interface (MPI, BLAS) takes int; aborts with a message when it does not fit, which sizes checked
 * before exclude. */
int brood_to_int(int64_t value);

#endif
