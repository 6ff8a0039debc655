#include "time_left.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "brood/run/run.h"
#include "forecast.h"
#include "wording.h"

#define ENOUGH 1e-3 /* seconds of a child from which on its time tells of more than of the clock */
#define RECENT 32   /* episodes whose like is to come */

/* What predictions are made from. */
typedef struct {
    const config_t    *config;
    const table_t     *table;
    brood_data_shape_t shape;
    brood_space_t     *space;
} run_t;

/* BROOD_E_FORMAT: written before run files told of the images' shape. */
static brood_err_t open_run(const config_t *config, const brood_bytes_t *image, const table_t *table, run_t *run) {
    brood_fields_t fields;
    brood_err_t    err = BROOD_OK;
    *run = (run_t){.config = config, .table = table};
    brood_fields_init(&fields);
    config_shape_fields(&run->shape, &fields);
    BROOD_TRY(brood_image_read(BROOD_RUN_FORMAT, image, &fields));
    BROOD_TRY(brood_space_create(&config->space, run->shape.image, run->shape.classes, &run->space));
done:
    brood_fields_fini(&fields);
    return err;
}

static double predicted(const run_t *run, int64_t episode, int64_t threads) {
    return forecast_child(run->config, run->space, &run->shape, &run->table->episode[episode], threads);
}

/* Trained from its beginning to its end in one job, whose clock therefore knows all of it. */
static bool is_measured(const table_t *table, int64_t episode) {
    const brood_clock_episode_t *times = brood_clock_episode(table->clock, episode);
    return table->episode[episode].status == BROOD_STATUS_DONE && times->resumed_step == 0 && times->busy >= ENOUGH &&
           times->job >= 0 && times->job < table->jobs;
}

static int32_t last_measured_job(const table_t *table) {
    int32_t last = -1;
    for (int64_t e = 0; e < table->episodes; e++) {
        int32_t job = brood_clock_episode(table->clock, e)->job;
        if (job > last && is_measured(table, e)) last = job;
    }
    return last;
}

/* Measured beside predicted, of the last children of the last job that has measured any: nodes, threads and what else
   runs on them may have been others before. The median, since a child that shared its core for a while tells little. */
static void measure(const run_t *run, time_left_t *left) {
    const table_t *table = run->table;
    const int32_t  job = last_measured_job(table);
    double         ratio[RECENT];
    for (int64_t e = table->episodes - 1; e >= 0 && left->children < RECENT; e--) {
        if (!is_measured(table, e) || brood_clock_episode(table->clock, e)->job != job) continue;
        double seconds = predicted(run, e, brood_clock_job(table->clock, job)->threads);
        if (seconds > 0) ratio[left->children++] = brood_clock_episode(table->clock, e)->busy / seconds;
    }
    left->ratio = forecast_quantile(left->children, ratio, 0.5);
}

/* The rounds that are not told: episodes asked as each is predicted, those to come as the last ones asked. `room`
   [2 × episodes asked + 1] is what the forecast points to. */
static forecast_t foresee(const run_t *run, int64_t told, double room[]) {
    const brood_search_config_t *search = &run->config->search;
    const brood_episode_t       *row = run->table->episode;
    const int64_t                goal = brood_search_goal(search), asked = run->table->episodes;
    const int64_t                first = told * search->round, end = goal * search->round;
    const int64_t                recent = 2 * search->round > RECENT ? 2 * search->round : RECENT;
    double                      *typical = room + asked;
    forecast_t                   forecast = {.known = room,
                                             .typical = typical,
                                             .rounds = goal - told,
                                             .round = search->round,
                                             .lag = search->strategy == BROOD_STRATEGY_LIST ? goal : search->lag};
    for (int64_t e = first; e < asked && e < end; e++)
        room[forecast.known_count++] =
            row[e].status == BROOD_STATUS_OPEN ? predicted(run, e, run->config->sched.threads) : 0;
    for (int64_t e = asked > recent ? asked - recent : 0; e < asked && asked < end; e++)
        typical[forecast.typical_count++] = predicted(run, e, run->config->sched.threads);
    return forecast;
}

/* What the last job's ranks would take for it. They are idle where a round waits for its last children, and as they
   were found to be: the longer of the two holds. */
static brood_err_t tell(const run_t *run, const forecast_t *forecast, time_left_t *left) {
    const brood_sched_config_t *sched = &run->config->sched;
    const brood_clock_job_t    *job = brood_clock_job(run->table->clock, run->table->jobs - 1);
    const int                   trainers = brood_sched_trainers(sched, job->ranks);
    const double                slower = left->children > 0 ? left->ratio : 1, work = slower * forecast_work(forecast);
    double                      wall;
    brood_err_t                 err = forecast_wall(forecast, trainers, &wall);
    if (err != BROOD_OK || work <= 0) return err;
    left->by = left->children > 0 ? TIME_LEFT_BY_CHILDREN : TIME_LEFT_BY_MODEL;
    left->core_hours = work * (double)sched->threads / 3600;
    left->seconds = slower * wall;
    if (job->busy > 0) left->seconds = fmax(left->seconds, work * (job->busy + job->idle) / (job->busy * trainers));
    return BROOD_OK;
}

static brood_err_t predict(const config_t *config, const brood_bytes_t *image, const table_t *table, int64_t told,
                           time_left_t *left) {
    run_t       run;
    double     *room = calloc(2 * (size_t)table->episodes + 1, sizeof *room);
    brood_err_t err = open_run(config, image, table, &run);
    if (err == BROOD_OK && !room)
        err = brood_fail(BROOD_E_MEMORY, "no memory for the times of %lld episodes", (long long)table->episodes);
    if (err == BROOD_OK) measure(&run, left);
    if (err == BROOD_OK && isnan(left->seconds)) {
        const forecast_t forecast = foresee(&run, told, room);
        err = tell(&run, &forecast, left);
    }
    brood_space_destroy(&run.space);
    free(room);
    return err;
}

void time_left_read(const config_t *config, const brood_bytes_t *image, const table_t *table, int64_t told,
                    double per_hour, time_left_t *left) {
    const int64_t end = brood_search_goal(&config->search) * config->search.round;
    int64_t       open = end - table->episodes > 0 ? end - table->episodes : 0;
    *left = (time_left_t){.seconds = NAN,
                          .core_hours = NAN,
                          .ratio = NAN,
                          .synthetic = config->child.evaluator == BROOD_EVALUATOR_SYNTHETIC};
    for (int64_t e = 0; e < table->episodes && e < end; e++) open += table->episode[e].status == BROOD_STATUS_OPEN;
    if (open == 0) left->seconds = left->core_hours = 0;
    if (table->jobs == 0 || brood_clock_job(table->clock, table->jobs - 1)->ranks < 1) return;
    left->ranks = brood_clock_job(table->clock, table->jobs - 1)->ranks;
    /* Where it fails, in an older run file say, all else is told nevertheless. */
    brood_err_t ignored = predict(config, image, table, told, left);
    (void)ignored;
    if (!isnan(left->seconds) || !(per_hour > 0)) return;
    left->by = TIME_LEFT_BY_SPEED;
    left->seconds = 3600 * (double)open / per_hour;
}

void time_left_print(const time_left_t *left) {
    char        span[FORECAST_TEXT_SIZE];
    const char *model = left->synthetic ? "evaluator.delay" : "the cost model";
    if (left->by == TIME_LEFT_UNKNOWN) return;
    printf("Left      about %s on %d rank%s", forecast_print(left->seconds, span), left->ranks, plural(left->ranks));
    if (left->by == TIME_LEFT_BY_CHILDREN)
        printf(": children take %.2f times what %s says (median of the last %lld)\n", left->ratio, model,
               (long long)left->children);
    else if (left->by == TIME_LEFT_BY_MODEL)
        printf(" by %s alone%s: no child has been timed yet\n", model,
               left->synthetic ? "" : ", for cores of its reference CPU");
    else
        printf(" at the speed so far\n");
}

void time_left_json(const time_left_t *left, brood_json_t *json) {
    static const char *const by[] = {
        [TIME_LEFT_BY_CHILDREN] = "children", [TIME_LEFT_BY_MODEL] = "model", [TIME_LEFT_BY_SPEED] = "speed"};
    brood_json_real(json, "seconds_left", left->seconds);
    if (left->by == TIME_LEFT_UNKNOWN)
        brood_json_null(json, "seconds_left_by");
    else
        brood_json_text(json, "seconds_left_by", by[left->by]);
    brood_json_real(json, "core_hours_left", left->core_hours);
    brood_json_real(json, "cost_ratio", left->ratio);
    brood_json_integer(json, "cost_ratio_children", left->children);
}
