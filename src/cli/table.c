#include "table.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "brood/run/run.h"

static const struct {
    const char  *name;
    brood_type_t type;
    size_t       offset;
} column[] = {
    {"episode", BROOD_TYPE_I64, offsetof(brood_episode_t, episode)},
    {"round", BROOD_TYPE_I64, offsetof(brood_episode_t, round)},
    {"policy_version", BROOD_TYPE_I64, offsetof(brood_episode_t, policy_version)},
    {"original", BROOD_TYPE_I64, offsetof(brood_episode_t, original)},
    {"status", BROOD_TYPE_ENUM, offsetof(brood_episode_t, status)},
    {"architecture", BROOD_TYPE_TEXT, offsetof(brood_episode_t, architecture)},
    {"reward", BROOD_TYPE_F64, offsetof(brood_episode_t, reward)},
    {"validation_accuracy", BROOD_TYPE_F64, offsetof(brood_episode_t, validation_accuracy)},
    {"validation_loss", BROOD_TYPE_F64, offsetof(brood_episode_t, validation_loss)},
    {"training_loss", BROOD_TYPE_F64, offsetof(brood_episode_t, training_loss)},
    {"test_accuracy", BROOD_TYPE_F64, offsetof(brood_episode_t, test_accuracy)},
    {"log_probability", BROOD_TYPE_F64, offsetof(brood_episode_t, log_probability)},
    {"entropy", BROOD_TYPE_F64, offsetof(brood_episode_t, entropy)},
    {"advantage", BROOD_TYPE_F64, offsetof(brood_episode_t, advantage)},
    {"parameters", BROOD_TYPE_I64, offsetof(brood_episode_t, parameters)},
    {"flops", BROOD_TYPE_I64, offsetof(brood_episode_t, flops)},
    {"bytes", BROOD_TYPE_I64, offsetof(brood_episode_t, bytes)},
    {"steps", BROOD_TYPE_I64, offsetof(brood_episode_t, steps)},
    {"epochs", BROOD_TYPE_I64, offsetof(brood_episode_t, epochs)},
};

static void list_columns(const table_t *table, brood_fields_t *fields) {
    for (size_t i = 0; i < sizeof column / sizeof *column; i++) {
        brood_field_t field = {.group = "/episodes",
                               .type = column[i].type,
                               .members = column[i].type == BROOD_TYPE_ENUM ? &brood_status_names : NULL,
                               .ndim = 1,
                               .shape = {table->episodes},
                               .base = (char *)table->episode + column[i].offset,
                               .stride = sizeof *table->episode,
                               .text_size = column[i].type == BROOD_TYPE_TEXT ? BROOD_MAX_TEXT : 0};
        memcpy(field.name, column[i].name, strlen(column[i].name) + 1);
        brood_fields_add(fields, &field);
    }
}

brood_err_t table_read(const brood_bytes_t *image, table_t *table) {
    brood_clock_t *clock = NULL;
    brood_fields_t fields;
    int64_t        timed = 0;
    brood_err_t    err = BROOD_OK;
    *table = (table_t){0};
    brood_fields_init(&fields);
    BROOD_TRY(brood_image_rows(image, "/episodes/episode", &table->episodes));
    BROOD_TRY(brood_image_rows(image, "/clock/episodes/rank", &timed));
    BROOD_TRY(brood_image_rows(image, "/clock/jobs/id", &table->jobs));
    if (timed != table->episodes)
        err = brood_fail(BROOD_E_FORMAT, "/clock/episodes has %lld rows, /episodes %lld", (long long)timed,
                         (long long)table->episodes);
    if (err != BROOD_OK) goto done;
    BROOD_TRY(brood_clock_create(&clock));
    BROOD_TRY(brood_clock_reserve(clock, timed, table->jobs));
    table->episode = calloc((size_t)table->episodes + 1, sizeof *table->episode);
    table->times = calloc((size_t)table->episodes + 1, sizeof *table->times);
    table->job = calloc((size_t)table->jobs + 1, sizeof *table->job);
    if (!table->episode || !table->times || !table->job) {
        err = brood_fail(BROOD_E_MEMORY, "no memory for %lld episodes", (long long)table->episodes);
        goto done;
    }
    list_columns(table, &fields);
    brood_clock_fields(clock, &fields);
    BROOD_TRY(brood_image_read(BROOD_RUN_FORMAT, image, &fields));
    for (int64_t e = 0; e < timed; e++) table->times[e] = *brood_clock_episode(clock, e);
    for (int64_t j = 0; j < table->jobs; j++) table->job[j] = *brood_clock_job(clock, j);
done:
    brood_fields_fini(&fields);
    brood_clock_destroy(&clock);
    if (err != BROOD_OK) table_fini(table);
    return err;
}

void table_fini(table_t *table) {
    free(table->episode);
    free(table->times);
    free(table->job);
    *table = (table_t){0};
}

/* What episodes are ranked by: the reward or, where `brood train` left no images to be rewarded on, the test accuracy.
 */
static double merit(const brood_episode_t *row) {
    return isnan(row->reward) ? row->test_accuracy : row->reward;
}

int64_t table_best(const table_t *table, int64_t goal, int64_t most, int64_t best[]) {
    int64_t count = 0;
    while (count < most) {
        int64_t next = -1;
        for (int64_t e = 0; e < table->episodes && e < goal; e++) {
            const brood_episode_t *row = &table->episode[e];
            bool                   out = row->status != BROOD_STATUS_DONE && row->status != BROOD_STATUS_STOPPED;
            for (int64_t i = 0; i < count && !out; i++)
                out = !strcmp(table->episode[best[i]].architecture, row->architecture);
            if (out || isnan(merit(row))) continue;
            if (next < 0 || merit(row) > merit(&table->episode[next])) next = e;
        }
        if (next < 0) break;
        best[count++] = next;
    }
    return count;
}
