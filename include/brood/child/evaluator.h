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
typedef enum { BROOD_IMAGES_ALL, BROOD_IMAGES_TRAIN } brood_images_t;

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
        int32_t images; /* brood_images_t */
    } retrain;
    /* evaluator synthetic: evaluator.* */
    int64_t landscape; /* which of its formulas */
    double  noise;     /* standard deviation of an accuracy's noise */
    int64_t steps;     /* of an epoch */
    double  delay;     /* seconds that a child of a million flops takes */
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

/* Whether no images are kept for validation. */
bool brood_child_trains_on_all(const brood_child_config_t *config, bool retrain);

/* The learning rate of training step `step` of `steps`: `rate`, or with the cosine schedule rate (1 + cos(π step /
   steps)) / 2 (Loshchilov and Hutter, arXiv 1608.03983, without restarts). */
double brood_child_rate(brood_schedule_t schedule, double rate, int64_t step, int64_t steps);

typedef struct {
    const char *name, *doc;
    bool        needs_data;
    /* Seconds that a whole child is expected to take on a rank of so many threads: of a network measured with the
       configuration's mini-batch, on images of this shape. An estimate, of cores of the reference CPU where
       `measure->cost` is what it is made of; for order, plans and time left, never for content. Needs no `self`. */
    double (*seconds)(const brood_child_config_t *config, bool retrain, const brood_data_shape_t *shape,
                      const brood_measure_t *measure, int64_t threads);
    /* Once a rank: what all children share lives here. BROOD_E_MEMORY. */
    brood_err_t (*create)(const brood_evaluator_setup_t *setup, void **self);
    /* Starts a child; one at a time, and an unfinished one is forgotten. Text and threshold of the task are copied.
       BROOD_E_DATA: no such network. BROOD_E_MEMORY: it needs more than this node has. After an error there is no
       child; begin may be called again. */
    brood_err_t (*begin)(void *self, const brood_task_t *task);
    /* One mini-batch, of training or of evaluation. *remaining: steps still to go, 0 when the child has finished: after
       its last mini-batch, when it diverges (status diverged: accuracy and losses NaN, the curve up to the last whole
       epoch), or after an epoch whose validation accuracy, as the curve keeps it, is below the task's threshold (status
       stopped: the last epoch's numbers). */
    brood_err_t (*step)(void *self, int64_t *remaining);
    /* Of a finished child. `steps` counts the mini-batches worked, evaluation included. Accuracy and losses are those
       of the last epoch; accuracy and validation loss are NaN where no images were left for validation (retrain.images:
       all), the test accuracy where none was asked for (a search) or there are no test images. The curve is valid until
       the next begin. */
    brood_err_t (*result)(const void *self, brood_result_t *result);
    /* The child in its present state, valid after begin and until the next one: what it needs to go on, in-flight file
       and model file alike. Loaded after begin with the same task, in another process too, they continue that child to
       the same bits. */
    void (*fields)(void *self, brood_fields_t *fields);
    /* Call it after loading, before the next step. BROOD_E_FORMAT: what was loaded contradicts itself or is no state
       of an unfinished child, as another program could have written; there is then no child. */
    brood_err_t (*check)(const void *self);
    void (*destroy)(void **self); /* NULL-safe; leaves NULL */
} brood_evaluator_t;

/* Trains the network on the training images, each epoch in an order of its own, and evaluates it on the validation
   images after every epoch; `brood train` evaluates the test images at the end. Bits depend on the numerics, the data,
   the configuration, the seed, the episode and the text; never on the child trained before. */
extern const brood_evaluator_t brood_evaluator_train;
/* Computes an accuracy from the tokens (brood/child/synthetic.h): no images, no training, for tests and simulations. */
extern const brood_evaluator_t brood_evaluator_synthetic;
const brood_evaluator_t       *brood_evaluator_find(brood_evaluator_name_t name);

#endif
