/* The smaller and the larger of two counts. */
#ifndef BROOD_UTIL_BOUND_H
#define BROOD_UTIL_BOUND_H

#include <stdint.h>

static inline int64_t brood_smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t brood_larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

#endif
