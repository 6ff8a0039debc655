/* What every evaluator keeps of a child whatever its accuracies come from: the task, the learning curve and how it
 * ended.
 */
#ifndef BROOD_CHILD_RECORD_H
#define BROOD_CHILD_RECORD_H

#include <stdbool.h>

#include "brood/child/evaluator.h"

typedef struct {
    /* the task's, set by begin */
    int64_t episode;
    char    architecture[BROOD_MAX_TEXT];
    int64_t epochs;    /* of a child trained to its end */
    double *threshold; /* [epochs]; NaN: none */
    /* state, saved */
    int64_t        steps;     /* mini-batches worked */
    int64_t        completed; /* epochs of the curve so far */
    brood_epoch_t *curve;     /* [epochs], NaN from `completed` on */
    int32_t        status;    /* brood_status_t; open until the child has finished */
    double         accuracy, loss, training_loss, test_accuracy;
} brood_record_t;

brood_err_t brood_record_init(brood_record_t *record, int64_t epochs) BROOD_WARN_UNUSED; /* BROOD_E_MEMORY */
void        brood_record_fini(brood_record_t *record);

/* A new child: an empty curve, status open. */
void brood_record_begin(brood_record_t *record, const brood_task_t *task);

/* Appends an epoch. True where the child is to be stopped: below its threshold, and not at its end anyway. */
bool brood_record_epoch(brood_record_t *record, double accuracy, double loss, double training_loss);

/* The child has finished. Of one that diverged no number but the curve is known. */
void brood_record_finish(brood_record_t *record, brood_status_t status);

/* BROOD_E_BUG: it has not finished. */
brood_err_t brood_record_result(const brood_record_t *record, brood_result_t *result) BROOD_WARN_UNUSED;

/* Of one loaded: BROOD_E_FORMAT where it is not that of an unfinished child with so many steps and whole epochs. */
brood_err_t brood_record_check(const brood_record_t *record, int64_t steps, int64_t completed) BROOD_WARN_UNUSED;

/* /child and /curve. */
void brood_record_fields(brood_record_t *record, brood_fields_t *fields);

#endif
