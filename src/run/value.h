/* Values of whatever HDF5 type, of two files: equal? and how do they read? */
#ifndef BROOD_SRC_RUN_VALUE_H
#define BROOD_SRC_RUN_VALUE_H

#include "h5.h"

/* Where values come from: object references only mean something in their file. */
typedef struct {
    hid_t       file;
    const void *at;
} brood_value_t;

/* The index of the first of `count` elements that differs, or −1. Numbers are compared by their bytes, so that a NaN
   equals only the same NaN, and 0 is not −0; texts and lists by content, compounds by member, object references by the
   path that they point at. BROOD_E_FORMAT: a kind of reference that has no such path. BROOD_E_MEMORY. */
brood_err_t brood_value_compare(hid_t type, brood_value_t a, brood_value_t b, int64_t count,
                                int64_t *different) BROOD_WARN_UNUSED;

/* "in A" and "in B" of two elements that differ: "0.8125 in A, 0.8130 in B"; of long texts the first line that differs;
   with their bytes where they read alike. */
void brood_value_difference(hid_t type, brood_value_t a, brood_value_t b, char *text, size_t size);

#endif
