#include "brood/util/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t round_up(size_t bytes) {
    return (bytes + BROOD_ARENA_ALIGN - 1) & ~(size_t)(BROOD_ARENA_ALIGN - 1);
}

brood_err_t brood_arena_init(brood_arena_t *arena, size_t size) {
    *arena = (brood_arena_t){0};
    size = round_up(size);
    if (size == 0) return BROOD_OK;
    arena->base = aligned_alloc(BROOD_ARENA_ALIGN, size);
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
    arena->used += round_up(bytes);
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
