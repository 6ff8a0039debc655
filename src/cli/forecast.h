/* How long children take, before they have: each by its evaluator's prediction, and all of them by working off the
   rounds as ranks would. */
#ifndef BROOD_SRC_CLI_FORECAST_H
#define BROOD_SRC_CLI_FORECAST_H

#include "config.h"

/* Predicted seconds of a row's child on a rank of `threads` threads; 0 where it is not trained: no network, above a
   limit, skipped, or with the result of another. A child in training counts whole. */
double forecast_child(const config_t *config, const brood_space_t *space, const brood_data_shape_t *shape,
                      const brood_episode_t *row, int64_t threads);

/* Rounds to be worked off. */
typedef struct {
    /* [known_count] seconds of the first children, in the order of their episodes; [typical_count] of those behind
       them, again and again, empty where there are none. */
    const double *known, *typical;
    int64_t       known_count, typical_count;
    int64_t       rounds, round, lag; /* of `round` children each; more than `lag` + 1 rounds are never begun */
} forecast_t;

/* Seconds of all children together. */
double forecast_work(const forecast_t *forecast);

/* Seconds until the last is trained, by ranks of which `trainers` train: oldest round first, in it the costliest child,
   and round r not before round r - lag - 1 is whole. Of very many rounds the first stand for all. BROOD_E_MEMORY. */
brood_err_t forecast_wall(const forecast_t *forecast, int64_t trainers, double *seconds) BROOD_WARN_UNUSED;

/* The value below which the share 0 … 1 of so many lies; puts them in order. NaN of none. */
double forecast_quantile(int64_t count, double value[], double share);

/* "3 h 20 min": no finer than an estimate is worth. */
#define FORECAST_TEXT_SIZE 48
const char *forecast_print(double seconds, char text[FORECAST_TEXT_SIZE]);

#endif
