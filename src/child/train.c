#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"
#include "brood/nn/loss.h"
#include "brood/util/bound.h"
#include "brood/util/phase.h"
#include "record.h"

#define THREAD_GAIN 0.9 /* of a child's threads, each beside one alone: they wait for the slowest of them */

/* Where in its training a child is. An epoch is TRAIN, then VALIDATE where there are validation images; TEST comes
 * once, behind the last. */
typedef enum { PHASE_TRAIN, PHASE_VALIDATE, PHASE_TEST, PHASES } phase_t;

typedef struct {
    brood_evaluator_setup_t setup;
    double                  rate;
    brood_schedule_t        schedule;
    brood_part_t            part[PHASES];  /* images of each phase */
    int64_t                 count[PHASES]; /* of them; 0: there is no such phase */
    brood_optimizer_args_t  optimizer_args;

    /* the child */
    brood_record_t record;
    struct {
        int64_t phase, position; /* phase_t; images of the phase worked */
        int64_t updates;         /* training steps */
        int64_t correct;         /* of the phase so far */
        double  loss;            /* sum over the images of the phase so far, in their order */
        double  training_loss;   /* mean of this epoch, while it is validated */
    } state;

    /* Derived from it: not saved. */
    brood_arena_t      arena;
    brood_net_t       *net;
    brood_optimizer_t *optimizer;
    int64_t            order_epoch;      /* that `order` is for; -1: none */
    int32_t           *order;            /* [count[PHASE_TRAIN]] */
    float             *x;                /* [batch, H, W, C] */
    uint8_t           *y;                /* [batch] */
    float             *logits, *dlogits; /* [batch, classes] */
    double            *losses;           /* [batch] */
} train_t;

static void train_destroy(void **self) {
    train_t *train = *self;
    if (!train) return;
    brood_arena_fini(&train->arena);
    brood_record_fini(&train->record);
    free(train);
    *self = NULL;
}

/* Images of each phase: of an epoch, and at the end. */
static void count_images(const brood_child_config_t *config, bool retrain, const brood_data_shape_t *shape,
                         int64_t count[PHASES]) {
    bool all = brood_child_trains_on_all(config, retrain);
    count[PHASE_TRAIN] = shape->train + (all ? shape->validation : 0);
    count[PHASE_VALIDATE] = all ? 0 : shape->validation;
    count[PHASE_TEST] = retrain ? shape->test : 0;
}

static double train_seconds(const brood_child_config_t *config, bool retrain, const brood_data_shape_t *shape,
                            const brood_measure_t *measure, int64_t threads) {
    int64_t count[PHASES];
    count_images(config, retrain, shape, count);
    /* Forward is one product of a layer's three: the gradients of its input and of its weights are not made. */
    double epochs = (double)brood_child_epochs(config, retrain);
    double images =
        epochs * ((double)count[PHASE_TRAIN] + (double)count[PHASE_VALIDATE] / 3) + (double)count[PHASE_TEST] / 3;
    double gain = threads > 1 ? THREAD_GAIN * (double)threads : 1;
    return 1e-9 * (double)measure->cost * images / gain;
}

static brood_err_t train_create(const brood_evaluator_setup_t *setup, void **self) {
    const brood_child_config_t *config = setup->config;
    *self = NULL;
    train_t *train = calloc(1, sizeof *train);
    if (!train) return brood_fail(BROOD_E_MEMORY, "no memory for the evaluator");
    train->setup = *setup;
    train->rate = setup->retrain ? config->retrain.learning_rate : config->learning_rate;
    train->schedule = (brood_schedule_t)(setup->retrain ? config->retrain.schedule : config->schedule);
    train->part[PHASE_TRAIN] = brood_child_trains_on_all(config, setup->retrain) ? BROOD_PART_ALL : BROOD_PART_TRAIN;
    train->part[PHASE_VALIDATE] = BROOD_PART_VALIDATION;
    train->part[PHASE_TEST] = BROOD_PART_TEST;
    count_images(config, setup->retrain, &setup->data->shape, train->count);
    train->optimizer_args = (brood_optimizer_args_t){.kind = (brood_optimizer_kind_t)config->optimizer,
                                                     .momentum = config->momentum,
                                                     .weight_decay = config->weight_decay};
    brood_err_t err = brood_record_init(&train->record, brood_child_epochs(config, setup->retrain));
    if (err != BROOD_OK) free(train);
    if (err == BROOD_OK) *self = train;
    return err;
}

static int64_t batches(const train_t *train, phase_t phase) {
    int64_t batch = train->setup.config->batch;
    return (train->count[phase] + batch - 1) / batch;
}

/* Images that a mini-batch of this child has at most. */
static int64_t largest_batch(const train_t *train) {
    int64_t images = 1;
    for (int phase = 0; phase < PHASES; phase++) images = brood_larger(images, train->count[phase]);
    return brood_smaller(train->setup.config->batch, images);
}

static int64_t updates_in_all(const train_t *train) {
    return train->record.epochs * batches(train, PHASE_TRAIN);
}

static int64_t steps_in_all(const train_t *train) {
    return updates_in_all(train) + train->record.epochs * batches(train, PHASE_VALIDATE) + batches(train, PHASE_TEST);
}

/* What a child needs beside network and optimiser. With an arena that only counts, all are NULL. */
static void take_buffers(train_t *train, brood_arena_t *arena) {
    const brood_data_shape_t *shape = &train->setup.data->shape;
    size_t                    batch = (size_t)largest_batch(train), classes = (size_t)shape->classes;
    size_t                    pixels = (size_t)(shape->image[0] * shape->image[1] * shape->image[2]);
    train->order = brood_arena_take(arena, (size_t)train->count[PHASE_TRAIN] * sizeof *train->order);
    train->x = brood_arena_take(arena, batch * pixels * sizeof *train->x);
    train->y = brood_arena_take(arena, batch * sizeof *train->y);
    train->logits = brood_arena_take(arena, batch * classes * sizeof *train->logits);
    train->dlogits = brood_arena_take(arena, batch * classes * sizeof *train->dlogits);
    train->losses = brood_arena_take(arena, batch * sizeof *train->losses);
}

/* An arena that holds this child: that of the child before, where it is large enough. */
static brood_err_t make_room(train_t *train, const brood_net_spec_t *spec, int64_t parameters) {
    brood_arena_t counting = {0};
    size_t        network;
    brood_err_t   err = brood_net_size(spec, largest_batch(train), train->setup.math, &network);
    if (err != BROOD_OK) return err;
    take_buffers(train, &counting);
    size_t size = counting.used + network + brood_optimizer_size(&train->optimizer_args, parameters);
    brood_arena_release(&train->arena, 0);
    if (size <= train->arena.size) return BROOD_OK;
    brood_arena_fini(&train->arena);
    return brood_arena_init(&train->arena, size);
}

static brood_err_t train_begin(void *self, const brood_task_t *task) {
    train_t                       *train = self;
    const brood_evaluator_setup_t *setup = &train->setup;
    brood_net_spec_t               spec;
    brood_measure_t                measure;
    brood_err_t                    err = BROOD_OK;
    train->net = NULL;
    BROOD_TRY(brood_space_network(setup->space, task->architecture, &spec));
    BROOD_TRY(brood_net_measure(&spec, setup->config->batch, &measure));
    BROOD_TRY(make_room(train, &spec, measure.parameters));
    take_buffers(train, &train->arena);
    BROOD_TRY(brood_net_create(&spec, largest_batch(train), setup->math, &train->arena, &train->net));
    train->optimizer = brood_optimizer_create(&train->optimizer_args, train->net, &train->arena);
    brood_net_initialise(train->net, brood_key4(setup->seed, BROOD_PURPOSE_CHILD_INIT, task->episode, 0, 0));
    brood_record_begin(&train->record, task);
    memset(&train->state, 0, sizeof train->state);
    train->state.training_loss = brood_nan();
    train->order_epoch = -1;
done:
    if (err == BROOD_E_MEMORY)
        brood_because(err, "training needs more memory than this rank can have (fewer ranks a node%s would help)",
                      setup->retrain ? " or a smaller child.batch" : ", a smaller child.batch or limits.bytes");
    return err;
}

/* x and y of the next mini-batch of the phase; returns its images. */
static int64_t load_batch(train_t *train) {
    phase_t        phase = (phase_t)train->state.phase;
    int64_t        position = train->state.position, left = train->count[phase] - position;
    int64_t        n = left < train->setup.config->batch ? left : train->setup.config->batch;
    const int32_t *order = NULL;
    if (phase == PHASE_TRAIN) {
        int64_t epoch = train->record.completed;
        if (train->order_epoch != epoch) { /* a new epoch, or a child that was loaded */
            brood_key4_t key = brood_key4(train->setup.seed, BROOD_PURPOSE_SHUFFLE, train->record.episode, epoch, 0);
            brood_random_shuffle(&key, train->count[phase], train->order);
            train->order_epoch = epoch;
        }
        order = train->order + position;
    }
    brood_data_batch(train->setup.data, train->part[phase], order, position, n, train->x, train->y);
    return n;
}

/* Adds the losses of a mini-batch, image by image. False: one of them is no finite number. */
static bool add_losses(train_t *train, int64_t n) {
    for (int64_t i = 0; i < n; i++) train->state.loss += train->losses[i];
    return isfinite(train->state.loss);
}

/* One mini-batch forward, in training also backward and into the weights. False: the child has diverged. */
static bool work(train_t *train, int64_t n) {
    const brood_evaluator_setup_t *setup = &train->setup;
    bool                           training = train->state.phase == PHASE_TRAIN;
    brood_key4_t key = brood_key4(setup->seed, BROOD_PURPOSE_DROPOUT, train->record.episode, train->state.updates, 0);
    brood_net_forward(train->net, n, train->x, training, key, train->logits);
    train->state.correct += brood_loss_softmax(n, setup->data->shape.classes, train->logits, train->y, train->losses,
                                               training ? train->dlogits : NULL);
    if (!add_losses(train, n)) return false;
    if (!training) return true;
    brood_net_backward(train->net, train->dlogits);
    brood_optimizer_step(train->optimizer,
                         brood_child_rate(train->schedule, train->rate, train->state.updates, updates_in_all(train)));
    train->state.updates++;
    return true;
}

static void enter(train_t *train, phase_t phase) {
    train->state.phase = phase;
    train->state.position = train->state.correct = 0;
    train->state.loss = 0;
}

static void finish_epoch(train_t *train, double accuracy, double loss) {
    brood_record_t *record = &train->record;
    bool            stop = brood_record_epoch(record, accuracy, loss, train->state.training_loss);
    train->state.training_loss = brood_nan();
    if (stop)
        brood_record_finish(record, BROOD_STATUS_STOPPED);
    else if (record->completed < record->epochs)
        enter(train, PHASE_TRAIN);
    else if (train->count[PHASE_TEST] > 0)
        enter(train, PHASE_TEST);
    else
        brood_record_finish(record, BROOD_STATUS_DONE);
}

/* The last mini-batch of a phase has been worked. */
static void finish_phase(train_t *train) {
    double images = (double)train->state.position, loss = train->state.loss / images;
    double accuracy = (double)train->state.correct / images;
    switch ((phase_t)train->state.phase) {
    case PHASE_TRAIN:
        train->state.training_loss = loss;
        if (train->count[PHASE_VALIDATE] > 0)
            enter(train, PHASE_VALIDATE);
        else
            finish_epoch(train, brood_nan(), brood_nan());
        break;
    case PHASE_VALIDATE:
        finish_epoch(train, accuracy, loss);
        break;
    case PHASE_TEST:
        train->record.test_accuracy = accuracy;
        brood_record_finish(&train->record, BROOD_STATUS_DONE);
        break;
    case PHASES:
        break;
    }
}

static brood_err_t train_step(void *self, int64_t *remaining) {
    train_t *train = self;
    brood_phase(train->state.phase == PHASE_TRAIN ? BROOD_PHASE_TRAINING : BROOD_PHASE_EVALUATING);
    int64_t n = load_batch(train);
    bool    sound = work(train, n);
    train->record.steps++;
    train->state.position += n;
    if (!sound)
        brood_record_finish(&train->record, BROOD_STATUS_DIVERGED);
    else if (train->state.position == train->count[train->state.phase])
        finish_phase(train);
    *remaining = train->record.status == BROOD_STATUS_OPEN ? steps_in_all(train) - train->record.steps : 0;
    return BROOD_OK;
}

static brood_err_t train_result(const void *self, brood_result_t *result) {
    return brood_record_result(&((const train_t *)self)->record, result);
}

#define STATE(member, type_, label_, unit_, doc_)                                                                      \
    brood_fields_add(fields, &(brood_field_t){.group = "/child",                                                       \
                                              .name = #member,                                                         \
                                              .label = label_,                                                         \
                                              .unit = unit_,                                                           \
                                              .doc = doc_,                                                             \
                                              .type = type_,                                                           \
                                              .base = &train->state.member})

static void train_fields(void *self, brood_fields_t *fields) {
    train_t *train = self;
    brood_record_fields(&train->record, fields);
    STATE(phase, BROOD_TYPE_I64, "phase", NULL, "0: training, 1: validation, 2: test.");
    STATE(position, BROOD_TYPE_I64, "position", "images", "Images of the phase that have been worked.");
    STATE(updates, BROOD_TYPE_I64, "updates", "1", "Training steps done: updates of the weights.");
    STATE(correct, BROOD_TYPE_I64, "correct", "images", "Images of the phase so far whose class was found.");
    STATE(loss, BROOD_TYPE_F64, "loss", "1", "Sum over the images of the phase so far, in their order.");
    brood_fields_add(fields, &(brood_field_t){.group = "/child",
                                              .name = "epoch_training_loss",
                                              .label = "training loss of this epoch",
                                              .unit = "1",
                                              .doc = "Mean over its training images, while it is validated; else NaN.",
                                              .type = BROOD_TYPE_F64,
                                              .base = &train->state.training_loss});
    brood_net_fields(train->net, "/network", fields);
    brood_optimizer_fields(train->optimizer, "/optimizer", fields);
}

static brood_err_t check_counter(const char *name, int64_t value, int64_t least, int64_t most) {
    if (value >= least && value <= most) return BROOD_OK;
    return brood_fail(BROOD_E_FORMAT, "/child/%s: found %lld, expected %lld .. %lld", name, (long long)value,
                      (long long)least, (long long)most);
}

/* Phase and position decide, with the epochs completed, all other counters. */
static brood_err_t train_check(const void *self) {
    const train_t *train = self;
    const int64_t  batch = train->setup.config->batch, epochs = train->record.epochs;
    const int64_t  phase = train->state.phase, position = train->state.position;
    const int64_t  training = batches(train, PHASE_TRAIN), validation = batches(train, PHASE_VALIDATE);
    brood_err_t    err = BROOD_OK;
    BROOD_TRY(check_counter("phase", phase, 0, PHASES - 1));
    const int64_t whole = phase == PHASE_TEST ? epochs : train->record.completed;
    BROOD_TRY(check_counter("epochs", whole, 0, phase == PHASE_TEST ? epochs : epochs - 1));
    BROOD_TRY(check_counter("position", position, 0, train->count[phase] - 1));
    if (position % batch != 0)
        return brood_fail(BROOD_E_FORMAT, "/child/position: found %lld, expected a multiple of child.batch %lld",
                          (long long)position, (long long)batch);
    const int64_t updates = whole * training + (phase == PHASE_TRAIN      ? position / batch
                                                : phase == PHASE_VALIDATE ? training
                                                                          : 0);
    BROOD_TRY(check_counter("updates", train->state.updates, updates, updates));
    BROOD_TRY(check_counter("correct", train->state.correct, 0, position));
    const int64_t evaluated = whole * validation + (phase == PHASE_TRAIN ? 0 : position / batch);
    BROOD_TRY(brood_record_check(&train->record, updates + evaluated, whole));
done:
    return err;
}

const brood_evaluator_t brood_evaluator_train = {
    .name = "train",
    .doc = "trains the network on images and measures its accuracy",
    .needs_data = true,
    .seconds = train_seconds,
    .create = train_create,
    .begin = train_begin,
    .step = train_step,
    .result = train_result,
    .fields = train_fields,
    .check = train_check,
    .destroy = train_destroy,
};
