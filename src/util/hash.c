#include "brood/util/hash.h"

#include <string.h>

uint64_t brood_hash(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t brood_hash_text(const char *text) {
    return brood_hash(BROOD_HASH_START, text, strlen(text));
}
