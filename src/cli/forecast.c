#include "forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "brood/util/bound.h"
#include "brood/util/duration.h"

#define MOST_CHILDREN 10000 /* worked off one by one, in whole rounds */

static bool is_trained(const brood_episode_t *row) {
    switch (row->status) {
    case BROOD_STATUS_OPEN:
        return row->original == row->episode;
    case BROOD_STATUS_DONE:
    case BROOD_STATUS_STOPPED:
    case BROOD_STATUS_DIVERGED:
        return true;
    case BROOD_STATUS_REUSED:
    case BROOD_STATUS_INVALID:
    case BROOD_STATUS_REFUSED:
    case BROOD_STATUS_SKIPPED:
    case BROOD_STATUS_COUNT:
        break;
    }
    return false;
}

double forecast_child(const config_t *config, const brood_space_t *space, const brood_data_shape_t *shape,
                      const brood_episode_t *row, int64_t threads) {
    const brood_evaluator_t *evaluator = brood_evaluator_find((brood_evaluator_name_t)config->child.evaluator);
    bool                     retrain = config->search.strategy == BROOD_STRATEGY_LIST;
    brood_net_spec_t         spec;
    brood_measure_t          measure;
    if (!is_trained(row) || brood_space_network(space, row->architecture, &spec) != BROOD_OK ||
        brood_net_measure(&spec, config->child.batch, &measure) != BROOD_OK)
        return 0;
    return evaluator->seconds(&config->child, retrain, shape, &measure, threads);
}

static double sum(int64_t count, const double value[]) {
    double all = 0;
    for (int64_t i = 0; i < count; i++) all += value[i];
    return all;
}

double forecast_work(const forecast_t *forecast) {
    int64_t behind = forecast->rounds * forecast->round - forecast->known_count;
    double  work = sum(forecast->known_count, forecast->known);
    if (behind > 0 && forecast->typical_count > 0)
        work += (double)behind * sum(forecast->typical_count, forecast->typical) / (double)forecast->typical_count;
    return work;
}

static double seconds_of(const forecast_t *forecast, int64_t child) {
    if (child < forecast->known_count) return forecast->known[child];
    return forecast->typical_count > 0 ? forecast->typical[(child - forecast->known_count) % forecast->typical_count]
                                       : 0;
}

/* When each rank is free, as a heap: free_at[0] is the first that will be. It takes a child that lasts so long, not
   before `ready`; returns when that is trained. */
static double give_to_first(int64_t ranks, double free_at[], double ready, double seconds) {
    double  end = (free_at[0] > ready ? free_at[0] : ready) + seconds;
    int64_t at = 0;
    for (int64_t next; (next = 2 * at + 1) < ranks; at = next) {
        if (next + 1 < ranks && free_at[next + 1] < free_at[next]) next++;
        if (free_at[next] >= end) break;
        free_at[at] = free_at[next];
    }
    free_at[at] = end;
    return end;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The first `rounds` of them. Children are handed out in the order of rounds, and a round is ready no earlier than the
   one before: each goes to the rank that is free first. whole[r]: when round r and all before it are trained. */
static double work_off(const forecast_t *forecast, int64_t rounds, int64_t ranks, double free_at[], double child[],
                       double whole[], double *work) {
    *work = 0;
    for (int64_t r = 0; r < rounds; r++) {
        double ready = r > forecast->lag ? whole[r - forecast->lag - 1] : 0, end = r > 0 ? whole[r - 1] : 0;
        for (int64_t i = 0; i < forecast->round; i++) child[i] = seconds_of(forecast, r * forecast->round + i);
        qsort(child, (size_t)forecast->round, sizeof *child, by_size);
        for (int64_t i = forecast->round - 1; i >= 0 && child[i] > 0; i--) {
            end = fmax(end, give_to_first(ranks, free_at, ready, child[i]));
            *work += child[i];
        }
        whole[r] = fmax(end, ready);
    }
    return rounds > 0 ? whole[rounds - 1] : 0;
}

brood_err_t forecast_wall(const forecast_t *forecast, int64_t trainers, double *seconds) {
    const int64_t begun = brood_smaller(forecast->lag + 1, forecast->rounds); /* rounds at the same time */
    const int64_t rounds =
        brood_smaller(forecast->rounds, MOST_CHILDREN / forecast->round + 4 * brood_smaller(begun, 100));
    const int64_t ranks = brood_smaller(trainers, rounds * forecast->round);
    double       *room = calloc((size_t)(ranks + forecast->round + rounds) + 1, sizeof *room), work;
    *seconds = 0;
    if (!room) return brood_fail(BROOD_E_MEMORY, "no memory to foresee %lld children", (long long)forecast->round);
    double wall = work_off(forecast, rounds, ranks, room, room + ranks, room + ranks + forecast->round, &work);
    free(room);
    /* On one rank they take what they take together; more rounds, and what the first ones drew, are in proportion. */
    if (work > 0) *seconds = wall * forecast_work(forecast) / work;
    return BROOD_OK;
}

double forecast_quantile(int64_t count, double value[], double share) {
    if (count == 0) return NAN;
    qsort(value, (size_t)count, sizeof *value, by_size);
    return value[brood_smaller((int64_t)(share * (double)count), count - 1)];
}

const char *forecast_print(double seconds, char text[FORECAST_TEXT_SIZE]) {
    double unit = seconds < 600 ? 1 : seconds < 36000 ? 60 : seconds < 864000 ? 3600 : 86400;
    if (seconds < 9.5)
        snprintf(text, FORECAST_TEXT_SIZE, "%.2g s", seconds);
    else
        brood_duration_print(unit * floor(seconds / unit + 0.5), text, FORECAST_TEXT_SIZE);
    return text;
}
