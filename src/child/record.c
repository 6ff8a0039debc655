#include "record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"

brood_err_t brood_record_init(brood_record_t *record, int64_t epochs) {
    *record = (brood_record_t){.epochs = epochs};
    record->threshold = calloc((size_t)epochs, sizeof *record->threshold);
    record->curve = calloc((size_t)epochs, sizeof *record->curve);
    if (record->threshold && record->curve) return BROOD_OK;
    brood_record_fini(record);
    return brood_fail(BROOD_E_MEMORY, "a learning curve of %" PRId64 " epochs does not fit into memory", epochs);
}

void brood_record_fini(brood_record_t *record) {
    free(record->threshold);
    free(record->curve);
    *record = (brood_record_t){0};
}

void brood_record_begin(brood_record_t *record, const brood_task_t *task) {
    const double nan = brood_nan();
    record->episode = task->episode;
    snprintf(record->architecture, sizeof record->architecture, "%s", task->architecture);
    for (int64_t i = 0; i < record->epochs; i++) {
        record->threshold[i] = task->threshold ? task->threshold[i] : nan;
        record->curve[i] = (brood_epoch_t){(float)nan, (float)nan, (float)nan};
    }
    record->steps = record->completed = 0;
    record->status = BROOD_STATUS_OPEN;
    record->accuracy = record->loss = record->training_loss = record->test_accuracy = nan;
}

bool brood_record_epoch(brood_record_t *record, double accuracy, double loss, double training_loss) {
    int64_t epoch = record->completed++;
    record->curve[epoch] = (brood_epoch_t){(float)accuracy, (float)loss, (float)training_loss};
    record->accuracy = accuracy;
    record->loss = loss;
    record->training_loss = training_loss;
    /* Thresholds are medians of what curves keep: a child equal to its median must be equal in the same precision. */
    bool below = (double)record->curve[epoch].accuracy < record->threshold[epoch];
    return below && record->completed < record->epochs;
}

void brood_record_finish(brood_record_t *record, brood_status_t status) {
    record->status = (int32_t)status;
    if (status == BROOD_STATUS_DIVERGED)
        record->accuracy = record->loss = record->training_loss = record->test_accuracy = brood_nan();
}

brood_err_t brood_record_result(const brood_record_t *record, brood_result_t *result) {
    if (record->status == BROOD_STATUS_OPEN)
        return brood_fail(BROOD_E_BUG, "episode %" PRId64 " was asked for its result before it had finished",
                          record->episode);
    *result = (brood_result_t){.status = (brood_status_t)record->status,
                               .steps = record->steps,
                               .accuracy = record->accuracy,
                               .loss = record->loss,
                               .training_loss = record->training_loss,
                               .test_accuracy = record->test_accuracy,
                               .epochs = record->completed,
                               .curve = record->curve};
    return BROOD_OK;
}

brood_err_t brood_record_check(const brood_record_t *record, int64_t steps, int64_t completed) {
    if (record->status != BROOD_STATUS_OPEN)
        return brood_fail(BROOD_E_FORMAT, "/child/status: found %s, expected open",
                          brood_status_names.value[record->status]);
    if (record->steps != steps)
        return brood_fail(BROOD_E_FORMAT, "/child/steps: found %" PRId64 ", expected %" PRId64 " by the other counters",
                          record->steps, steps);
    if (record->completed != completed)
        return brood_fail(BROOD_E_FORMAT,
                          "/child/epochs: found %" PRId64 ", expected %" PRId64 " by the other counters",
                          record->completed, completed);
    return BROOD_OK;
}

void brood_record_fields(brood_record_t *record, brood_fields_t *fields) {
    const brood_field_t list[] = {
        {.group = "/child",
         .name = "status",
         .label = "status",
         .doc = "How the child ended; open while it is being trained.",
         .type = BROOD_TYPE_ENUM,
         .members = &brood_status_names,
         .base = &record->status},
        {.group = "/child",
         .name = "steps",
         .label = "steps",
         .unit = "1",
         .doc = "Mini-batches worked, of training and of evaluation.",
         .type = BROOD_TYPE_I64,
         .base = &record->steps},
        {.group = "/child",
         .name = "epochs",
         .label = "epochs",
         .unit = "1",
         .doc = "Epochs completed: those of the curve that are known.",
         .type = BROOD_TYPE_I64,
         .base = &record->completed},
        {.group = "/child",
         .name = "validation_accuracy",
         .label = "validation accuracy",
         .unit = "1",
         .doc = "After the last completed epoch.",
         .type = BROOD_TYPE_F64,
         .base = &record->accuracy},
        {.group = "/child",
         .name = "validation_loss",
         .label = "validation loss",
         .unit = "1",
         .doc = "After the last completed epoch: mean cross-entropy, natural logarithm.",
         .type = BROOD_TYPE_F64,
         .base = &record->loss},
        {.group = "/child",
         .name = "training_loss",
         .label = "training loss",
         .unit = "1",
         .doc = "Mean over the last completed epoch, as the weights were at each mini-batch.",
         .type = BROOD_TYPE_F64,
         .base = &record->training_loss},
        {.group = "/child",
         .name = "test_accuracy",
         .label = "test accuracy",
         .unit = "1",
         .doc = "Of a child fully trained.",
         .type = BROOD_TYPE_F64,
         .base = &record->test_accuracy},
        {.group = "/curve",
         .name = "validation_accuracy",
         .label = "validation accuracy",
         .unit = "1",
         .doc = "After each epoch.",
         .type = BROOD_TYPE_F32,
         .ndim = 1,
         .shape = {record->epochs},
         .stride = sizeof *record->curve,
         .base = &record->curve->accuracy},
        {.group = "/curve",
         .name = "validation_loss",
         .label = "validation loss",
         .unit = "1",
         .doc = "After each epoch.",
         .type = BROOD_TYPE_F32,
         .ndim = 1,
         .shape = {record->epochs},
         .stride = sizeof *record->curve,
         .base = &record->curve->loss},
        {.group = "/curve",
         .name = "training_loss",
         .label = "training loss",
         .unit = "1",
         .doc = "Mean over each epoch.",
         .type = BROOD_TYPE_F32,
         .ndim = 1,
         .shape = {record->epochs},
         .stride = sizeof *record->curve,
         .base = &record->curve->training_loss},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) brood_fields_add(fields, &list[i]);
}
