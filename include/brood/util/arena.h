/* One block of memory, cut from the front: what a training loop works in. Without a base an arena only counts, so that
   the same code that lays things out tells beforehand how much it needs. */
#ifndef BROOD_UTIL_ARENA_H
#define BROOD_UTIL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "brood/util/error.h"

#define BROOD_ARENA_ALIGN 64 /* a cache line, and an AVX-512 vector */

typedef struct {
    unsigned char *base; /* NULL: counts only */
    size_t         size, used;
} brood_arena_t;

/* An arena of `size` bytes, its pages touched once. BROOD_E_MEMORY names the size; the arena is then empty. */
brood_err_t brood_arena_init(brood_arena_t *arena, size_t size) BROOD_WARN_UNUSED;
void        brood_arena_fini(brood_arena_t *arena);

/* `bytes` bytes at a multiple of BROOD_ARENA_ALIGN, not cleared; NULL where the arena only counts. An arena that is too
   small is an error of the program: it aborts with a message, since sizes are counted by the same calls that use them.
 */
void *brood_arena_take(brood_arena_t *arena, size_t bytes);

/* Everything taken after `mark` (an earlier value of `used`) is free again. */
void brood_arena_release(brood_arena_t *arena, size_t mark);

#endif
