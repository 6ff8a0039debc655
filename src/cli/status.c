#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/run/check.h"
#include "brood/util/json.h"
#include "command.h"
#include "config.h"
#include "jobs_told.h"
#include "table.h"
#include "time_left.h"
#include "wording.h"

#define BEST_SHOWN 5

/* What all three forms of output are made from. */
typedef struct {
    const char *dir;
    uint64_t    generation;
    table_t     table;
    int64_t     goal, rounds, told, finished, round;
    int64_t     count[BROOD_STATUS_COUNT]; /* episodes below the goal by status */
    int64_t     best[BEST_SHOWN], best_count;
    jobs_told_t jobs;
    double      per_hour; /* NaN where nothing is known yet */
    time_left_t left;
} status_t;

/* Of the last job in which anything finished: what it did an hour. */
static double episodes_an_hour(const table_t *table) {
    int64_t done = 0, job = -1;
    for (int64_t e = 0; e < table->episodes; e++) {
        int64_t of = brood_clock_episode(table->clock, e)->job;
        if (of > job) done = 0;
        if (of >= job && of >= 0) done++;
        if (of > job) job = of;
    }
    if (job < 0 || job >= table->jobs) return NAN;
    const brood_clock_job_t *last = brood_clock_job(table->clock, job);
    return last->end > last->start ? 3600 * (double)done / (last->end - last->start) : NAN;
}

static brood_err_t read_status(const char *dir, status_t *status) {
    brood_bytes_t image;
    config_t     *config = calloc(1, sizeof *config);
    brood_err_t   err = config ? BROOD_OK : brood_fail(BROOD_E_MEMORY, "no memory for the configuration");
    *status = (status_t){.dir = dir};
    brood_bytes_init(&image);
    if (err != BROOD_OK) goto done;
    BROOD_TRY(brood_run_read(&brood_fs_posix, dir, &image, &status->generation));
    err = config_read_kept(dir, &image, NULL, config);
    if (err == BROOD_OK) err = table_read(&image, &status->table);
    if (err == BROOD_OK) err = brood_image_rows(&image, "/updates/update", &status->told);
    if (err != BROOD_OK) {
        err = brood_because(err, "%s", dir);
        goto done;
    }
    status->round = config->search.round;
    status->rounds = brood_search_goal(&config->search);
    if (status->told > status->rounds) status->told = status->rounds; /* the goal has been lowered since */
    status->goal = status->rounds * status->round;
    for (int64_t e = 0; e < status->table.episodes && e < status->goal; e++) {
        brood_status_t of = status->table.episode[e].status;
        status->finished += of != BROOD_STATUS_OPEN;
        status->count[of]++;
    }
    status->best_count = table_best(&status->table, status->goal, BEST_SHOWN, status->best);
    status->per_hour = episodes_an_hour(&status->table);
    time_left_read(config, &image, &status->table, status->told, status->per_hour, &status->left);
    jobs_told_read(dir, &status->table, &status->jobs);
done:
    free(config);
    brood_bytes_fini(&image);
    return err;
}

static void print_text(const status_t *status) {
    const table_t *table = &status->table;
    char           failures[WORDING_FAILURES_SIZE];
    wording_failures(status->count, failures);
    printf("Run       %s (generation %llu)\n", status->dir, (unsigned long long)status->generation);
    printf("Episodes  %lld of %lld have a result%s\n", (long long)status->finished, (long long)status->goal, failures);
    printf("Rounds    %lld of %lld told, %lld episode%s each\n", (long long)status->told, (long long)status->rounds,
           (long long)status->round, plural(status->round));
    for (int64_t i = 0; i < status->best_count; i++) {
        const brood_episode_t *row = &table->episode[status->best[i]];
        printf("%s", i ? "          " : "Best      ");
        if (!isnan(row->reward)) printf("%.4f  ", row->reward);
        if (!isnan(row->test_accuracy)) printf("test accuracy %.4f  ", row->test_accuracy);
        printf("episode %-5lld %9lld parameters  \"%s\"\n", (long long)row->episode, (long long)row->parameters,
               row->architecture);
    }
    jobs_told_print(&status->jobs);
    if (!isnan(status->per_hour)) printf("Speed     %.0f episodes an hour\n", status->per_hour);
    time_left_print(&status->left);
}

static void count_child(void *self, const brood_checked_t *file) {
    int64_t *steps = self;
    if (file->child && file->state == BROOD_CHECKED_WHOLE) *steps += (int64_t)file->generation;
}

/* Mini-batches worked and kept: of episodes with a result, and of children in flight. A check that finds damage has
   told of the whole files all the same. */
static int64_t count_steps(const status_t *status) {
    int64_t steps = 0;
    for (int64_t e = 0; e < status->table.episodes; e++)
        if (status->table.episode[e].status != BROOD_STATUS_OPEN) steps += status->table.episode[e].steps;
    brood_err_t ignored = brood_run_check(&brood_fs_posix, status->dir, count_child, &steps);
    (void)ignored;
    return steps;
}

static brood_err_t print_json(const status_t *status) {
    const table_t *table = &status->table;
    brood_json_t   json;
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    brood_json_text(&json, "run", status->dir);
    brood_json_integer(&json, "generation", (int64_t)status->generation);
    brood_json_integer(&json, "episodes_goal", status->goal);
    brood_json_integer(&json, "episodes_finished", status->finished);
    brood_json_begin_object(&json, "episodes_by_status");
    for (int s = 0; s < BROOD_STATUS_COUNT; s++)
        brood_json_integer(&json, brood_status_names.value[s], status->count[s]);
    brood_json_end_object(&json);
    brood_json_integer(&json, "rounds_goal", status->rounds);
    brood_json_integer(&json, "rounds_told", status->told);
    brood_json_integer(&json, "steps", count_steps(status));
    brood_json_bool(&json, "complete", status->told >= status->rounds);
    brood_json_real(&json, "episodes_per_hour", status->per_hour);
    time_left_json(&status->left, &json);
    brood_json_begin_array(&json, "best");
    for (int64_t i = 0; i < status->best_count; i++) {
        const brood_episode_t *row = &table->episode[status->best[i]];
        brood_json_begin_object(&json, NULL);
        brood_json_integer(&json, "episode", row->episode);
        brood_json_real(&json, "reward", row->reward);
        brood_json_real(&json, "validation_accuracy", row->validation_accuracy);
        brood_json_real(&json, "test_accuracy", row->test_accuracy);
        brood_json_integer(&json, "parameters", row->parameters);
        brood_json_integer(&json, "flops", row->flops);
        brood_json_text(&json, "architecture", row->architecture);
        brood_json_end_object(&json);
    }
    brood_json_end_array(&json);
    jobs_told_json(&status->jobs, &json);
    brood_json_end_object(&json);
    return brood_json_finish(&json);
}

static void print_cell(const brood_field_t *field, int64_t row) {
    const char *at = (const char *)field->base + (size_t)row * field->stride;
    switch (field->type) {
    case BROOD_TYPE_TEXT:
        printf("\"%s\"", at); /* architectures and host names: no quotes in them */
        break;
    case BROOD_TYPE_ENUM:
        printf("%s", field->members->value[*(const int32_t *)(const void *)at]);
        break;
    case BROOD_TYPE_I32:
        printf("%d", *(const int32_t *)(const void *)at);
        break;
    case BROOD_TYPE_I64:
        printf("%lld", (long long)*(const int64_t *)(const void *)at);
        break;
    case BROOD_TYPE_F64:
        if (!isnan(*(const double *)(const void *)at)) printf("%.17g", *(const double *)(const void *)at);
        break;
    case BROOD_TYPE_U8:
    case BROOD_TYPE_U64:
    case BROOD_TYPE_F32:
        break; /* no column of these */
    }
}

static bool is_of_episodes(const brood_field_t *field) {
    return !strcmp(field->group, "/episodes") || !strcmp(field->group, "/clock/episodes");
}

static brood_err_t print_csv(const status_t *status) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    table_fields(&status->table, &fields);
    brood_err_t err = brood_fields_error(&fields);
    /* Row −1 is the names. */
    for (int64_t e = -1; e < status->table.episodes && err == BROOD_OK; e++) {
        const char *between = "";
        for (int64_t i = 0; i < fields.count; i++) {
            if (!is_of_episodes(&fields.field[i])) continue;
            printf("%s", between);
            between = ",";
            if (e < 0)
                printf("%s", fields.field[i].name);
            else
                print_cell(&fields.field[i], e);
        }
        printf("\n");
    }
    brood_fields_fini(&fields);
    return err;
}

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    const char    *dir[1] = {NULL};
    bool           json = false, csv = false;
    const option_t options[] = {{.name = "--json", .given = &json}, {.name = "--csv", .given = &csv}, {0}};
    status_t       status = {0};
    brood_err_t    err = parse_options(argc, argv, options, dir, 1);
    if (err == BROOD_OK && !dir[0]) err = brood_fail(BROOD_E_USAGE, "of which run? brood status DIR");
    if (err == BROOD_OK && json && csv) err = brood_fail(BROOD_E_USAGE, "--json and --csv exclude each other");
    if (err == BROOD_OK) err = read_status(dir[0], &status);
    if (err == BROOD_OK && json)
        err = print_json(&status);
    else if (err == BROOD_OK && csv)
        err = print_csv(&status);
    else if (err == BROOD_OK)
        print_text(&status);
    table_fini(&status.table);
    *exit_code = 0;
    return err;
}

const command_t command_status = {
    .name = "status",
    .summary = "how far a run is, and what it found",
    .help =
        "  brood status runs/first                 progress, best architectures, speed, time left\n"
        "  brood status runs/first --csv           all episodes as a table\n\n"
        "Usage: brood status DIR [--json | --csv]\n\n"
        "  --json    one JSON object. seconds_left comes with seconds_left_by: `children` of this run that were timed "
        "(they took\n"
        "            cost_ratio times what was predicted), the cost `model` alone, or the `speed` so far\n"
        "  --csv     a line for each episode asked, what is not known left empty\n\n"
        "Works while the search runs, too: it shows what the last checkpoint holds.\n",
    .run = run,
};
