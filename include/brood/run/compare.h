/* Do two runs have the same content? By walking the two files, not by the program's own tables, which cannot see what
 * they forgot. */
#ifndef BROOD_RUN_COMPARE_H
#define BROOD_RUN_COMPARE_H

#include "brood/run/store.h"

typedef struct {
    bool equal;
    char where[512];          /* path of the first difference in the order of the walk: "/episodes/reward",
                                 "/episodes/reward@units" */
    char    what[1024];       /* "row 17: 0.8125 in A, 0.8130 in B"; "type: …"; "only in A" */
    bool    a_whole, b_whole; /* trailers */
    int64_t objects;          /* datasets, groups, types and attributes compared */
} brood_difference_t;

/* a and b are run directories or run files. Everything outside /clock is compared: names, types, shapes, attributes,
   bytes. Object references (dimension scales) compare by the path they point at, REFERENCE_LIST not at all: their bytes
   are file addresses. BROOD_E_IO; BROOD_E_FORMAT: not readable as HDF5. */
brood_err_t brood_run_compare(const brood_fs_t *fs, const char *a, const char *b,
                              brood_difference_t *difference) BROOD_WARN_UNUSED;

#endif
