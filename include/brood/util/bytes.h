/* A growing run of bytes, owned. */
#ifndef BROOD_UTIL_BYTES_H
#define BROOD_UTIL_BYTES_H

#include <stddef.h>

#include "brood/util/error.h"

typedef struct {
    unsigned char *data;
    size_t         size, capacity;
} brood_bytes_t;

void brood_bytes_init(brood_bytes_t *bytes);
void brood_bytes_fini(brood_bytes_t *bytes); /* leaves it as after init */
/* Both: BROOD_E_MEMORY leaves the bytes as they were. `data` lies outside of `bytes`. */
brood_err_t brood_bytes_reserve(brood_bytes_t *bytes, size_t capacity) BROOD_WARN_UNUSED;
brood_err_t brood_bytes_append(brood_bytes_t *bytes, const void *data, size_t size) BROOD_WARN_UNUSED;

#endif
