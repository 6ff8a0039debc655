#include "brood/child/synthetic.h"
#include "brood/util/phase.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "brood/math/function.h"
#include "record.h"

#define HARMONICS 3
#define LOWEST    0.5 /* accuracies lie between these, noise apart */
#define HIGHEST   0.95
#define CHANCE    0.1 /* accuracy from which curves rise */

/* φ_1 … φ_n of choice a of K; returns n. All 0 for a token outside the choices: their mean. */
static int harmonics(int32_t a, int32_t choices, double phi[HARMONICS]) {
    const double pi = 0x1.921fb54442d18p+1, root2 = 0x1.6a09e667f3bcdp+0;
    int          n = choices - 1 < HARMONICS ? choices - 1 : HARMONICS;
    for (int j = 1; j <= n; j++) {
        double angle = pi * j * (a + 0.5) / choices;
        phi[j - 1] = a < 0 || a >= choices ? 0.0 : root2 * brood_cos(angle);
    }
    return n;
}

/* A sum and the squares of its coefficients. */
typedef struct {
    double value, squares;
} series_t;

static double normalised(series_t series) {
    return series.squares > 0.0 ? series.value / sqrt(series.squares) : 0.0;
}

double brood_synthetic_accuracy(int64_t landscape, const brood_space_t *space, const int32_t tokens[]) {
    series_t      main_effects = {0}, pairs = {0};
    const int64_t length = brood_space_length(space);
    int64_t       counted = 0;
    double        before[HARMONICS];
    int           before_count = 0;
    for (int64_t t = 0; t < length; t++) {
        brood_decision_t decision;
        brood_space_decision(space, tokens, t, &decision);
        if (decision.choices == 0) break;
        if (decision.choices < 2) continue;
        const brood_key4_t of_main = brood_key4((uint64_t)landscape, BROOD_PURPOSE_LANDSCAPE, 0, counted, 0);
        const brood_key4_t of_pair = brood_key4((uint64_t)landscape, BROOD_PURPOSE_LANDSCAPE, 0, counted, 1);
        double             phi[HARMONICS];
        int                n = harmonics(tokens[t], decision.choices, phi);
        for (int j = 0; j < n; j++) {
            double c = brood_random_normal(&of_main, (uint32_t)j) / (j + 1);
            main_effects.value += c * phi[j];
            main_effects.squares += c * c;
            for (int i = 0; i < before_count; i++) {
                double d = brood_random_normal(&of_pair, (uint32_t)(i * HARMONICS + j)) / ((i + 1) * (j + 1));
                pairs.value += d * before[i] * phi[j];
                pairs.squares += d * d;
            }
        }
        for (int j = 0; j < n; j++) before[j] = phi[j];
        before_count = n;
        counted++;
    }
    double z = normalised(main_effects);
    if (counted > 1) z = sqrt(0.5) * (z + normalised(pairs));
    return LOWEST + (HIGHEST - LOWEST) * brood_sigmoid(z);
}

typedef struct {
    const brood_child_config_t *config;
    const brood_space_t        *space;
    uint64_t                    seed;
    bool                        retrain, validated;
    brood_record_t              record;
    double                      final; /* noiseless accuracy after the last epoch */
    double                      pause; /* seconds a step */
} synthetic_t;

static void synthetic_destroy(void **self) {
    synthetic_t *synthetic = *self;
    if (!synthetic) return;
    brood_record_fini(&synthetic->record);
    free(synthetic);
    *self = NULL;
}

static brood_err_t synthetic_create(const brood_evaluator_setup_t *setup, void **self) {
    *self = NULL;
    synthetic_t *synthetic = calloc(1, sizeof *synthetic);
    if (!synthetic) return brood_fail(BROOD_E_MEMORY, "out of memory for the synthetic evaluator");
    synthetic->config = setup->config;
    synthetic->space = setup->space;
    synthetic->seed = setup->seed;
    synthetic->retrain = setup->retrain;
    synthetic->validated = !setup->retrain || setup->config->retrain.images == BROOD_IMAGES_TRAIN;
    brood_err_t err = brood_record_init(&synthetic->record, brood_child_epochs(setup->config, setup->retrain));
    if (err != BROOD_OK) {
        free(synthetic);
        return err;
    }
    *self = synthetic;
    return BROOD_OK;
}

static int64_t steps_in_all(const synthetic_t *synthetic) {
    return synthetic->record.epochs * synthetic->config->steps;
}

/* It waits, whatever the threads: that is all it does. */
static double synthetic_seconds(const brood_child_config_t *config, bool retrain, const brood_data_shape_t *shape,
                                const brood_measure_t *measure, int64_t threads) {
    (void)retrain, (void)shape, (void)threads;
    return config->delay * 1e-6 * (double)measure->flops;
}

static brood_err_t synthetic_begin(void *self, const brood_task_t *task) {
    synthetic_t     *synthetic = self;
    brood_err_t      err;
    int32_t          tokens[BROOD_MAX_POSITIONS];
    char             canonical[BROOD_MAX_TEXT];
    brood_net_spec_t spec;
    brood_measure_t  measure;
    BROOD_TRY(brood_space_parse(synthetic->space, task->architecture, tokens, canonical));
    BROOD_TRY(brood_space_network(synthetic->space, canonical, &spec));
    BROOD_TRY(brood_net_measure(&spec, synthetic->config->batch, &measure));
    synthetic->final = brood_synthetic_accuracy(synthetic->config->landscape, synthetic->space, tokens);
    synthetic->pause =
        synthetic_seconds(synthetic->config, synthetic->retrain, NULL, &measure, 1) / (double)steps_in_all(synthetic);
    brood_record_begin(&synthetic->record, task);
done:
    return err;
}

/* A signal ends the pause early, so that it is answered at once: time is no content. */
static void pause_for(double seconds) {
    if (seconds <= 0.0) return;
    double          whole = floor(seconds);
    struct timespec span = {.tv_sec = (time_t)whole, .tv_nsec = (long)((seconds - whole) * 1e9)};
    nanosleep(&span, NULL);
}

/* `stream` 0: validation, number `index` after epoch `index`; 1: test. */
static double noisy(const synthetic_t *synthetic, double accuracy, int64_t stream, int64_t index) {
    const brood_key4_t key = brood_key4(synthetic->seed, BROOD_PURPOSE_NOISE, synthetic->record.episode, stream, 0);
    double             found = accuracy + synthetic->config->noise * brood_random_normal(&key, (uint32_t)index);
    return found < 0.0 ? 0.0 : found > 1.0 ? 1.0 : found;
}

static double loss_of(double accuracy) {
    return -brood_log(accuracy > 1e-3 ? accuracy : 1e-3);
}

/* The gap to the final accuracy closes as 1 / epoch does, and is 0 at the end. */
static bool finish_epoch(synthetic_t *synthetic) {
    int64_t epoch = synthetic->record.completed;
    double  gap = 1.0 / (double)(epoch + 1) - 1.0 / (double)synthetic->record.epochs;
    double  noiseless = synthetic->final - (synthetic->final - CHANCE) * gap;
    double  accuracy = noisy(synthetic, noiseless, 0, epoch), training_loss = loss_of(noiseless);
    if (!synthetic->validated) return brood_record_epoch(&synthetic->record, brood_nan(), brood_nan(), training_loss);
    return brood_record_epoch(&synthetic->record, accuracy, loss_of(accuracy), training_loss);
}

static brood_err_t synthetic_step(void *self, int64_t *remaining) {
    synthetic_t    *synthetic = self;
    brood_record_t *record = &synthetic->record;
    /* The last step of an epoch is the one that would measure an accuracy. */
    bool last = (record->steps + 1) % synthetic->config->steps == 0;
    brood_phase(last ? BROOD_PHASE_EVALUATING : BROOD_PHASE_TRAINING);
    pause_for(synthetic->pause);
    record->steps++;
    if (last && finish_epoch(synthetic))
        brood_record_finish(record, BROOD_STATUS_STOPPED);
    else if (record->steps == steps_in_all(synthetic)) {
        if (synthetic->retrain) record->test_accuracy = noisy(synthetic, synthetic->final, 1, 0);
        brood_record_finish(record, BROOD_STATUS_DONE);
    }
    *remaining = record->status == BROOD_STATUS_OPEN ? steps_in_all(synthetic) - record->steps : 0;
    return BROOD_OK;
}

static brood_err_t synthetic_result(const void *self, brood_result_t *result) {
    return brood_record_result(&((const synthetic_t *)self)->record, result);
}

static void synthetic_fields(void *self, brood_fields_t *fields) {
    brood_record_fields(&((synthetic_t *)self)->record, fields);
}

static brood_err_t synthetic_check(const void *self) {
    const synthetic_t    *synthetic = self;
    const brood_record_t *record = &synthetic->record;
    if (record->steps < 0 || record->steps >= steps_in_all(synthetic))
        return brood_fail(BROOD_E_FORMAT, "/child/steps: found %lld, expected 0 .. %lld", (long long)record->steps,
                          (long long)steps_in_all(synthetic) - 1);
    return brood_record_check(record, record->steps, record->steps / synthetic->config->steps);
}

const brood_evaluator_t brood_evaluator_synthetic = {
    .name = "synthetic",
    .doc = "an accuracy computed from the tokens, with interactions and noise",
    .needs_data = false,
    .seconds = synthetic_seconds,
    .create = synthetic_create,
    .begin = synthetic_begin,
    .step = synthetic_step,
    .result = synthetic_result,
    .fields = synthetic_fields,
    .check = synthetic_check,
    .destroy = synthetic_destroy,
};
