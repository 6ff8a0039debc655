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

/* a and b are run directories (of each, the newest file, whole or not) or run files. Everything outside /clock is
   compared: names, kinds of links and objects, types, shapes, attributes, bytes (a NaN equals only the same NaN).
   Object references (dimension scales) compare by the path they point at, REFERENCE_LIST not at all: their bytes are
   file addresses. The walk is done by a forked process, since damaged files crash HDF5; where and what are printable
   UTF-8. BROOD_E_IO: no run there, or unreadable. BROOD_E_FORMAT: not readable as HDF5, or not to its end.
   BROOD_E_MEMORY. */
brood_err_t brood_run_compare(const brood_fs_t *fs, const char *a, const char *b,
                              brood_difference_t *difference) BROOD_WARN_UNUSED;

#endif
