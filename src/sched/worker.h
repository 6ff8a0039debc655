/* The half of a rank that trains: one child, and at most one task waiting behind it. Knows no other rank. */
#ifndef BROOD_SRC_SCHED_WORKER_H
#define BROOD_SRC_SCHED_WORKER_H

#include "brood/sched/sched.h"
#include "message.h"

typedef struct {
    const brood_sched_worker_t *with;
    task_message_t              current, next; /* episode -1: none */
    bool                        begun;         /* the evaluator has begun `current` */
    int64_t                     remaining;     /* steps of `current` */
    double                      start, busy;   /* of `current`: UTC seconds, seconds */
} worker_t;

void worker_init(worker_t *worker, const brood_sched_worker_t *with);

/* It begins its last mini-batch, or has nothing to do: time to ask for more. */
bool worker_wants(const worker_t *worker);
bool worker_idle(const worker_t *worker);
void worker_give(worker_t *worker, const task_message_t *task);

/* One mini-batch of the child. When that finishes it, *finished is set, and `result` holds its result, whose curve is
 * the evaluator's, valid until the next step. */
brood_err_t worker_step(worker_t *worker, bool *finished, result_message_t *result) BROOD_WARN_UNUSED;

/* Gives back the task that waits (-1: none); with `abandon` also leaves the child. */
int64_t worker_stop(worker_t *worker, bool abandon);

#endif
