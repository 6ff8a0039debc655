/* The trailer of a file: made, and judged. */
#ifndef BROOD_SRC_RUN_TRAILER_H
#define BROOD_SRC_RUN_TRAILER_H

#include "brood/run/store.h"

brood_trailer_t brood_trailer_make(uint64_t generation, const brood_bytes_t *image);

/* Has a file of `size` bytes that ends with `trailer` the length that the trailer says? Cheap; not the checksum.
   BROOD_E_FORMAT names `path` and what is wrong. */
brood_err_t brood_trailer_fits(const brood_trailer_t *trailer, uint64_t size, const char *path) BROOD_WARN_UNUSED;

/* Is this whole file (image and trailer) as it was written? BROOD_E_FORMAT names `path` and what is wrong. */
brood_err_t brood_trailer_verify(const brood_bytes_t *file, const char *path,
                                 brood_trailer_t *trailer) BROOD_WARN_UNUSED;

#endif
