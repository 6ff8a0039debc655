/* Threads that work on one thing together, and sleep in between. */
#ifndef BROOD_UTIL_TEAM_H
#define BROOD_UTIL_TEAM_H

#include <stdint.h>

#include "brood/util/error.h"

#define BROOD_MOST_THREADS 8

typedef struct brood_team brood_team_t;

/* A team of 1 … BROOD_MOST_THREADS threads, the caller being one of them. No signal is handled on the others.
   BROOD_E_MEMORY: a thread can't be started. */
brood_err_t brood_team_create(int64_t threads, brood_team_t **team) BROOD_WARN_UNUSED;
void        brood_team_destroy(brood_team_t **team); /* NULL-safe; leaves NULL */

int64_t brood_team_threads(const brood_team_t *team);

/* Every thread runs work(self, thread), the caller as thread 0; returns when all have. */
typedef void brood_team_work_t(void *self, int64_t thread);
void         brood_team_run(brood_team_t *team, brood_team_work_t *work, void *self);

/* Called by every thread within work: none goes on before all are here, and each sees what the others have written. */
void brood_team_meet(brood_team_t *team);

/* The next of pieces 0 … count − 1 for this thread, each being given once; −1: none is left. A thread takes those of
   its own share, then what others have left of theirs, so that a slow one keeps nobody waiting. From one meeting (or
   the beginning of a run) to the next `count` is one number for all. */
int64_t brood_team_take(brood_team_t *team, int64_t count, int64_t thread);

/* The share of `count` pieces that falls to a thread: first … first + pieces − 1, in order and nearly equal. */
static inline int64_t brood_team_share(int64_t count, int64_t threads, int64_t thread, int64_t *first) {
    *first = count * thread / threads;
    return count * (thread + 1) / threads - *first;
}

#endif
