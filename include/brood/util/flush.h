/* The end of an output. */
#ifndef BROOD_UTIL_FLUSH_H
#define BROOD_UTIL_FLUSH_H

#include <stdio.h>

#include "brood/util/error.h"

/* BROOD_E_FULL, BROOD_E_IO where not all of it was written: "WHAT cannot be written: …", with the reason if it is
   known still. */
brood_err_t brood_flush(FILE *file, const char *what) BROOD_WARN_UNUSED;

#endif
