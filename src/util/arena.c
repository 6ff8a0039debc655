#include "brood/util/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* SIZE_MAX stands for every size beyond it, so that a sum too large to count is one too large to be had. */
static size_t round_up(size_t bytes) {
    if (bytes > SIZE_MAX - BROOD_ARENA_ALIGN) return SIZE_MAX;
    return (bytes + BROOD_ARENA_ALIGN - 1) & ~(size_t)(BROOD_ARENA_ALIGN - 1);
}

brood_err_t brood_arena_init(brood_arena_t *arena, size_t size) {
    *arena = (brood_arena_t){0};
    size = round_up(size);
    if (size == 0) return BROOD_OK;
    if (size < SIZE_MAX) arena->base = aligned_alloc(BROOD_ARENA_ALIGN, size);
    if (!arena->base) return brood_fail(BROOD_E_MEMORY, "a block of %zu bytes cannot be had", size);
    memset(arena->base, 0, size); /* page faults now, not in the training loop */
    arena->size = size;
    return BROOD_OK;
}

void brood_arena_fini(brood_arena_t *arena) {
    free(arena->base);
    *arena = (brood_arena_t){0};
}

void *brood_arena_take(brood_arena_t *arena, size_t bytes) {
    size_t at = arena->used;
    size_t taken = round_up(bytes);
    arena->used = taken > SIZE_MAX - at ? SIZE_MAX : at + taken;
    if (!arena->base) return NULL;
    if (arena->used > arena->size) {
        fprintf(stderr, "brood: internal error: an arena of %zu bytes was asked for %zu\n", arena->size, arena->used);
        abort();
    }
    return arena->base + at;
}

void brood_arena_release(brood_arena_t *arena, size_t mark) {
    arena->used = mark;
}
