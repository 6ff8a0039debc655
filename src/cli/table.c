#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/run/run.h"

brood_err_t table_read(const brood_bytes_t *image, table_t *table) {
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
    table->episode = calloc((size_t)table->episodes + 1, sizeof *table->episode);
    if (!table->episode) err = brood_fail(BROOD_E_MEMORY, "no memory for %lld episodes", (long long)table->episodes);
    if (err == BROOD_OK) err = brood_clock_create(&table->clock);
    if (err == BROOD_OK) err = brood_clock_reserve(table->clock, timed, table->jobs);
    if (err != BROOD_OK) goto done;
    table_fields(table, &fields);
    BROOD_TRY(brood_image_read(BROOD_RUN_FORMAT, image, &fields));
done:
    brood_fields_fini(&fields);
    if (err != BROOD_OK) table_fini(table);
    return err;
}

void table_fields(const table_t *table, brood_fields_t *fields) {
    brood_history_row_fields(table->episode, table->episodes, fields);
    brood_clock_fields(table->clock, fields);
}

void table_fini(table_t *table) {
    free(table->episode);
    brood_clock_destroy(&table->clock);
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
