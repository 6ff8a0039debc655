/* Every directory that a crash may leave of a model file system. Of directory operations that are not durable: all
 * subsets; of each directory alone the first ones, where its fsync is refused (they are taken in order). Of writes that
 * are not durable, in the files that have a name: all combinations of the four fates where they are few; else each one
 * dropped, torn or hollow, each prefix, and seeded combinations (as in SQLite's test6.c, and ALICE). */
#ifndef TESTS_RUN_STATES_H
#define TESTS_RUN_STATES_H

#include "model.h"

#define STATES_SEEDED 1000
#define STATES_WRITES 96 /* not durable at one time, at most */

typedef enum {
    PART_KEPT,
    PART_DROPPED,
    PART_TORN,   /* the first half of it */
    PART_HOLLOW, /* its room in the file, without its bytes */
    PART_FATES
} part_t;

/* How a directory came about. */
typedef struct {
    int           operations, writes; /* that were not durable */
    uint32_t      applied;            /* bit i: operation i is there */
    unsigned char part[STATES_WRITES];
} crash_t;

/* Is told of each; who writes to it takes a copy. False ends it. */
typedef bool states_visit_t(void *with, const model_t *left, const crash_t *crash);

/* `seeded`: with the seeded combinations, which a later state has too where only more is written to the same file.
   Returns how many states there were, the one that ended it included. */
int64_t states_each(const model_t *at, bool seeded, states_visit_t *visit, void *with);

void crash_text(const crash_t *crash, char *text, size_t size);

#endif
