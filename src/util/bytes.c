#include "brood/util/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void brood_bytes_init(brood_bytes_t *bytes) {
    *bytes = (brood_bytes_t){0};
}

void brood_bytes_fini(brood_bytes_t *bytes) {
    free(bytes->data);
    brood_bytes_init(bytes);
}

brood_err_t brood_bytes_reserve(brood_bytes_t *bytes, size_t capacity) {
    if (capacity <= bytes->capacity) return BROOD_OK;
    unsigned char *grown = realloc(bytes->data, capacity);
    if (!grown) return brood_fail(BROOD_E_MEMORY, "a buffer of %zu bytes cannot be had", capacity);
    bytes->data = grown;
    bytes->capacity = capacity;
    return BROOD_OK;
}

brood_err_t brood_bytes_append(brood_bytes_t *bytes, const void *data, size_t size) {
    if (size > SIZE_MAX - bytes->size)
        return brood_fail(BROOD_E_MEMORY, "a buffer of %zu bytes cannot grow by %zu", bytes->size, size);
    size_t needed = bytes->size + size;
    if (needed > bytes->capacity) {
        size_t      doubled = bytes->capacity <= SIZE_MAX / 2 ? 2 * bytes->capacity : SIZE_MAX;
        brood_err_t err = brood_bytes_reserve(bytes, needed > doubled ? needed : doubled);
        if (err != BROOD_OK) return err;
    }
    if (size) memcpy(bytes->data + bytes->size, data, size);
    bytes->size = needed;
    return BROOD_OK;
}
