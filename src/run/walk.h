/* Two HDF5 files walked together. */
#ifndef BROOD_SRC_RUN_WALK_H
#define BROOD_SRC_RUN_WALK_H

#include "brood/run/compare.h"

/* Compares the images; sets equal, where, what and objects of *difference. BROOD_E_FORMAT: not readable as HDF5, or not
   to its end. BROOD_E_MEMORY. */
brood_err_t brood_walk(const brood_bytes_t *a, const brood_bytes_t *b,
                       brood_difference_t *difference) BROOD_WARN_UNUSED;

#endif
