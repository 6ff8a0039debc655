#include "brood/util/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Pages so large that a transform's far strides stay within the reach of the CPU's page tables' cache; asked for where
   a block has at least one, and taken as they come. */
#define LARGE_PAGE ((size_t)2 << 20)

/* SIZE_MAX stands for every size beyond it, so that a sum too large to count is one too large to be had. */
static size_t round_up(size_t bytes, size_t to) {
    if (bytes > SIZE_MAX - to) return SIZE_MAX;
    return (bytes + to - 1) & ~(to - 1);
}

static void *allocate(size_t size) {
    if (size < LARGE_PAGE) return aligned_alloc(BROOD_ARENA_ALIGN, size);
    size = round_up(size, LARGE_PAGE);
    void *block = size < SIZE_MAX ? aligned_alloc(LARGE_PAGE, size) : NULL;
    if (block) madvise(block, size, MADV_HUGEPAGE);
    return block;
}

brood_err_t brood_arena_init(brood_arena_t *arena, size_t size) {
    *arena = (brood_arena_t){0};
    size = round_up(size, BROOD_ARENA_ALIGN);
    if (size == 0) return BROOD_OK;
    arena->base = allocate(size);
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
    size_t taken = round_up(bytes, BROOD_ARENA_ALIGN);
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
