/* The half of a rank that trains: one child, and at most one task waiting behind it. Knows no other rank. */
#ifndef BROOD_SRC_SCHED_WORKER_H
#define BROOD_SRC_SCHED_WORKER_H

#include "brood/sched/sched.h"
#include "message.h"

/* The slowest so far, in seconds: how long a stop may have to wait. */
typedef struct {
    double step, write; /* of a mini-batch; of an in-flight file */
} pace_t;

typedef struct {
    const brood_sched_worker_t *with;
    double                      every, share; /* checkpoint.child, checkpoint.share */
    int                         rank;
    task_message_t              current, next; /* episode -1: none */

    /* of `current`: */
    bool               begun;       /* by the evaluator */
    bool               filed;       /* there is an in-flight file, of this job or an earlier one */
    int64_t            remaining;   /* steps */
    int64_t            saved_steps; /* in that file */
    brood_child_mark_t mark;
    brood_child_mark_t resumed;     /* as it was taken up; rank -1: begun afresh */
    double             start, busy; /* UTC seconds, seconds */
    writes_t           writes;

    pace_t pace;
    double next_save; /* monotonic */
} worker_t;

void worker_init(worker_t *worker, const brood_sched_worker_t *with, const brood_sched_config_t *config, int rank,
                 int ranks);

/* It begins its last mini-batch, or has nothing to do: time to ask for more. */
bool worker_wants(const worker_t *worker);
bool worker_idle(const worker_t *worker);
void worker_give(worker_t *worker, const task_message_t *task);

/* One mini-batch of the child. When that finishes it, *finished is set, and `result` holds its result, whose curve is
 * the evaluator's, valid until the next step. */
brood_err_t worker_step(worker_t *worker, bool *finished, result_message_t *result) BROOD_WARN_UNUSED;

/* Writes the child's in-flight file, if it is due: checkpoint.child has passed, and not for nothing. */
bool        worker_save_due(const worker_t *worker);
brood_err_t worker_save(worker_t *worker) BROOD_WARN_UNUSED;

/* Leaves everything: the child, in a file where `save`, and the task that waits. What comes of it is in `left`, an
   error of the saving, too. */
void worker_stop(worker_t *worker, bool save, left_message_t *left);

#endif
