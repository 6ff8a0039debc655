/* Columns of arrays of structs, laid out as HDF5 takes them: enums as bytes, texts as pointers, numbers row behind row.
 */
#ifndef BROOD_SRC_RUN_GATHER_H
#define BROOD_SRC_RUN_GATHER_H

#include "brood/util/bytes.h"
#include "brood/util/field.h"

#define GATHER_MOST 32 /* columns at a time */

/* Room that is used again. */
typedef struct {
    brood_bytes_t rows, texts;
} gather_t;

void gather_init(gather_t *gather);
void gather_fini(gather_t *gather);

/* How many of these fields, at least the first and at most GATHER_MOST, are members of the same structs: gathered
   together, since the structs of a long history are many times what a cache holds. */
int64_t gather_count(const brood_field_t fields[], int64_t n);

/* values[i] of each field, valid until the next call; the field's own memory where that is so laid out. BROOD_E_BUG: a
   text without end, a value that its enum does not have. BROOD_E_MEMORY. */
brood_err_t gather(gather_t *gather, const brood_field_t fields[], int64_t n,
                   const void *values[GATHER_MOST]) BROOD_WARN_UNUSED;

#endif
