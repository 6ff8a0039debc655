/* FNV-1a, 64 bits (Fowler, Noll, Vo): identities of configurations, data sets and texts. No defence against intent. */
#ifndef BROOD_UTIL_HASH_H
#define BROOD_UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

#define BROOD_HASH_START UINT64_C(0xcbf29ce484222325)

/* Continues `hash` (BROOD_HASH_START at first) over `size` bytes. */
uint64_t brood_hash(uint64_t hash, const void *bytes, size_t size);
uint64_t brood_hash_text(const char *text);

#endif
