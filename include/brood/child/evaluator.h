/* Evaluators behind one interface: each a stepper, so that who drives it may stop, poll or save between any two steps.
 */
#ifndef BROOD_CHILD_EVALUATOR_H
#define BROOD_CHILD_EVALUATOR_H

#include "brood/data/data.h"
#include "brood/history/history.h"
#include "brood/math/math.h"
#include "brood/nn/optimizer.h"
#include "brood/space/space.h"

typedef enum { BROOD_EVALUATOR_TRAIN, BROOD_EVALUATOR_SYNTHETIC } brood_evaluator_name_t;
typedef enum { BROOD_SCHEDULE_CONSTANT, BROOD_SCHEDULE_COSINE } brood_schedule_t;

typedef struct {
    int32_t evaluator; /* evaluator.name: brood_evaluator_name_t */
    /* evaluator train: child.* */
    int64_t epochs, batch;
    int32_t optimizer; /* brood_optimizer_kind_t */
    double  learning_rate, momentum, weight_decay;
    int32_t schedule; /* brood_schedule_t */
    /* retrain.*: what `brood train` uses in their place */
    struct {
        int64_t epochs;
        double  learning_rate;
        int32_t schedule;
        int32_t images; /* 0 train, 1 all (training + validation) */
    } retrain;
    /* evaluator synthetic: evaluator.* */
    double noise; /* standard deviation of the accuracy's noise */
    double delay; /* seconds that a child of a million flops takes */
} brood_child_config_t;
extern const brood_key_t brood_child_keys[];
extern const int64_t     brood_child_key_count;

/* What an evaluator is made from. All of it outlives the evaluator. */
typedef struct {
    const brood_child_config_t *config;
    const brood_space_t        *space;
    const brood_data_t         *data; /* NULL: none is needed (brood_evaluator_t.needs_data) */
    brood_math_t               *math;
    uint64_t                    seed;
    bool                        retrain; /* `brood train`: config->retrain, and the test images at the end */
} brood_evaluator_setup_t;

/* Epochs of the learning curve under this configuration. */
int64_t brood_child_epochs(const brood_child_config_t *config, bool retrain);

typedef struct {
    const char *name, *doc;
    bool        needs_data;
    brood_err_t (*create)(const brood_evaluator_setup_t *setup, void **self); /* once a rank: data, arena live here */
    /* Starts a child; one at a time; the task's text is copied. BROOD_E_MEMORY: the arena cannot be had. */
    brood_err_t (*begin)(void *self, const brood_task_t *task);
    /* One mini-batch, of training or of evaluation. *remaining: steps still to go, 0 when the child has finished (a
     * child that diverges finishes at once). */
    brood_err_t (*step)(void *self, int64_t *remaining);
    /* Of a finished child. The curve is valid until the next begin. */
    brood_err_t (*result)(const void *self, brood_result_t *result);
    /* The child in its present state: what it needs to go on, in-flight file and model file alike. */
    void (*fields)(void *self, brood_fields_t *fields);
    void (*destroy)(void **self);
} brood_evaluator_t;

extern const brood_evaluator_t brood_evaluator_train;
extern const brood_evaluator_t brood_evaluator_synthetic;
const brood_evaluator_t       *brood_evaluator_find(brood_evaluator_name_t name);

#endif
