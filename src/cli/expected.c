#include "expected.h"

#include <stdio.h>
#include <stdlib.h>

#include "forecast.h"
#include "wording.h"

#define DRAWN      256  /* children that stand for those of a search */
#define MOST_RANKS 1024 /* told of without being asked */

/* Children that the search might train. What a policy proposes once it has learned is not known, so every architecture
   is equally likely; those of a list are known. */
typedef struct {
    bool                  list;
    brood_search_config_t search; /* one round, of all that is drawn */
    int64_t               count, trained;
    double                seconds[DRAWN];
    double                sorted[DRAWN]; /* [trained] */
} sample_t;

static void draw_at_random(brood_search_config_t *search) {
    int64_t goal = brood_search_goal(search) * search->round;
    bool    reuses = search->duplicates == BROOD_DUPLICATES_REUSE; /* the more often, the more episodes there are */
    search->strategy = BROOD_STRATEGY_RANDOM;
    search->duplicates = reuses ? BROOD_DUPLICATES_REUSE : BROOD_DUPLICATES_RETRAIN;
    search->round = reuses && goal < DRAWN ? goal : DRAWN;
    search->start.count = 0;
}

static brood_err_t draw(const config_t *config, const brood_space_t *space, const brood_data_shape_t *shape,
                        sample_t *sample) {
    bool                 list = config->search.strategy == BROOD_STRATEGY_LIST, more;
    brood_search_setup_t setup = config_search_setup(config, space, list);
    brood_search_t      *drawn = NULL;
    brood_err_t          err = BROOD_OK;
    *sample = (sample_t){.list = list, .search = config->search};
    if (!list) draw_at_random(&sample->search);
    sample->search.lag = 0;
    sample->search.episodes = sample->count = sample->search.round;
    setup.config = &sample->search;
    BROOD_TRY(brood_search_create(&setup, &drawn));
    BROOD_TRY(brood_search_advance(drawn, &more));
    for (int64_t e = 0; e < sample->count; e++) {
        const brood_episode_t *row = brood_history_episode(brood_search_history(drawn), e);
        double                 seconds = forecast_child(config, space, shape, row, config->sched.threads);
        sample->seconds[e] = seconds;
        if (seconds > 0) sample->sorted[sample->trained++] = seconds;
    }
done:
    brood_search_destroy(&drawn);
    return err;
}

static void print_child(sample_t *sample) {
    char   from[FORECAST_TEXT_SIZE], to[FORECAST_TEXT_SIZE];
    double first = forecast_quantile(sample->trained, sample->sorted, sample->list ? 0 : 0.5);
    double second = forecast_quantile(sample->trained, sample->sorted, sample->list ? 1 : 0.9);
    forecast_print(first, from);
    forecast_print(second, to);
    if (sample->list) {
        printf("Child         %s to %s\n", from, to);
        return;
    }
    printf("Child         %s (median), the slowest tenth %s or more, of %lld drawn at random", from, to,
           (long long)sample->count);
    if (sample->trained < sample->count)
        printf(", %lld of which are not trained", (long long)(sample->count - sample->trained));
    printf("\n");
}

static int by_number(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Numbers of ranks to tell of, in order: some, as far as all have something to do, as many as have, and the one asked
   for. */
#define MOST_TOLD 5
static int choose_ranks(int64_t busy, int64_t asked, int64_t told[MOST_TOLD]) {
    const int64_t usual[] = {1, 16, 64, busy <= MOST_RANKS ? busy : 0, asked};
    int           count = 0, different = 0;
    for (int i = 0; i < MOST_TOLD; i++)
        if (usual[i] > 0 && (usual[i] <= busy || usual[i] == asked)) told[count++] = usual[i];
    qsort(told, (size_t)count, sizeof *told, by_number);
    for (int i = 0; i < count; i++)
        if (i == 0 || told[i] != told[different - 1]) told[different++] = told[i];
    return different;
}

static brood_err_t print_ranks(const config_t *config, const forecast_t *forecast, int64_t ranks, int64_t busy) {
    char        name[32], text[FORECAST_TEXT_SIZE];
    int64_t     trainers = brood_sched_trainers(&config->sched, (int)ranks);
    double      seconds;
    brood_err_t err = forecast_wall(forecast, trainers, &seconds);
    if (err != BROOD_OK) return err;
    snprintf(name, sizeof name, "%lld rank%s", (long long)ranks, plural(ranks));
    printf("%-13s %s", name, forecast_print(seconds, text));
    if (trainers > 1 && seconds > 0)
        printf(", %.0f %% busy", 100 * forecast_work(forecast) / (seconds * (double)trainers));
    if (ranks > busy) printf(": %lld can train at the same time", (long long)busy);
    printf("\n");
    return BROOD_OK;
}

static brood_err_t print_search(const config_t *config, const sample_t *sample, int64_t asked) {
    const brood_search_config_t *search = &config->search;
    const int64_t                rounds = brood_search_goal(search);
    /* The rounds of a list are all asked at once. */
    const forecast_t forecast = {.typical = sample->seconds,
                                 .typical_count = sample->count,
                                 .rounds = rounds,
                                 .round = search->round,
                                 .lag = sample->list ? rounds : search->lag};
    const int64_t    begun = forecast.lag + 1 < rounds ? forecast.lag + 1 : rounds;
    const double     hours = forecast_work(&forecast) * (double)config->sched.threads / 3600;
    int64_t          told[MOST_TOLD];
    int              count = choose_ranks(begun * search->round, asked, told);
    brood_err_t      err = BROOD_OK;
    printf("%-13s ", sample->list ? "Training" : "Search");
    printf(hours < 0.01 ? "less than 0.01 core hours" : "%.*f core hours", hours < 1 ? 2 : hours < 100 ? 1 : 0, hours);
    if (config->sched.threads > 1) printf(", %lld threads a rank", (long long)config->sched.threads);
    printf("\n");
    for (int i = 0; i < count && err == BROOD_OK; i++)
        err = print_ranks(config, &forecast, told[i], begun * search->round);
    return err;
}

brood_err_t expected_print(const config_t *config, const brood_space_t *space, const brood_data_shape_t *shape,
                           int64_t ranks) {
    bool        synthetic = config->child.evaluator == BROOD_EVALUATOR_SYNTHETIC;
    sample_t   *sample = calloc(1, sizeof *sample);
    brood_err_t err = sample ? BROOD_OK : brood_fail(BROOD_E_MEMORY, "no memory for %d children", DRAWN);
    if (err == BROOD_OK) err = draw(config, space, shape, sample);
    if (err == BROOD_OK && sample->trained == 0) {
        printf("Child         %s\n", synthetic && config->child.delay <= 0
                                         ? "takes no time: evaluator.delay is 0"
                                         : "none of those drawn at random would be trained: all are above a limit");
    } else if (err == BROOD_OK) {
        print_child(sample);
        err = print_search(config, sample, ranks);
        if (err == BROOD_OK)
            printf("Estimated     %s\n", synthetic ? "by evaluator.delay"
                                                   : "for cores of the reference CPU (" BROOD_COST_CPU
                                                     "): `brood status` measures a run's own nodes by it");
    }
    free(sample);
    return err;
}
