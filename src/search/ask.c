/* A round asked: proposals, duplicates, limits, rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"
#include "core.h"

#define MOST_REDRAWS 5 /* of one episode, before a duplicate is accepted */

brood_err_t search_measure(brood_search_t *search, const char *architecture, brood_measure_t *measure, bool *exists) {
    *measure = (brood_measure_t){0};
    brood_err_t err = brood_space_network(search->space, architecture, search->spec);
    if (err == BROOD_OK) err = brood_net_measure(search->spec, search->minibatch, measure);
    *exists = err == BROOD_OK;
    return err == BROOD_E_DATA ? BROOD_OK : err;
}

brood_err_t search_room(brood_search_t *search, int64_t episodes) {
    if (episodes <= search->capacity) return BROOD_OK;
    int64_t  capacity = 2 * episodes;
    place_t *grown = realloc(search->place, (size_t)capacity * sizeof *grown);
    if (!grown) return brood_fail(BROOD_E_MEMORY, "out of memory for %lld episodes", (long long)episodes);
    memset(grown + search->capacity, 0, (size_t)(capacity - search->capacity) * sizeof *grown);
    search->place = grown;
    search->capacity = capacity;
    return BROOD_OK;
}

/* Proposals of `count` episodes from `first` on, each for the attempt given. */
static brood_err_t propose(brood_search_t *search, draws_t *draws, int64_t first, int64_t count, int32_t attempt) {
    draws->proposals.count = draws->batch.count = count;
    if (count == 0) return BROOD_OK;
    for (int64_t i = 0; i < count; i++) {
        draws->episode[i] = first + i;
        draws->attempt[i] = attempt;
        draws->key[i] = brood_key4((uint64_t)search->config.seed, BROOD_PURPOSE_SAMPLE, first + i, attempt, 0);
        draws->proposals.text[i] = NULL;
    }
    brood_err_t err = search->strategy->propose(search->self, search->history, &draws->proposals);
    return err == BROOD_OK ? BROOD_OK : brood_because(err, "sampling episode %lld and following", (long long)first);
}

static void text_of(const brood_search_t *search, const draws_t *draws, int64_t i, char text[BROOD_MAX_TEXT]) {
    if (draws->proposals.text[i])
        strcpy(text, draws->proposals.text[i]);
    else
        brood_space_print(search->space, draws->batch.tokens + i * search->positions, text);
}

/* Takes into place i of the round what was drawn again. */
static void replace(const brood_search_t *search, draws_t *round, int64_t i, const draws_t *again) {
    size_t positions = (size_t)search->positions, cells = positions * (size_t)search->choices;
    memcpy(round->batch.tokens + (size_t)i * positions, again->batch.tokens, positions * sizeof(int32_t));
    memcpy(round->batch.log_p + (size_t)i * positions, again->batch.log_p, positions * sizeof(double));
    memcpy(round->batch.probability + (size_t)i * cells, again->batch.probability, cells * sizeof(double));
    round->batch.entropy[i] = again->batch.entropy[0];
    round->proposals.text[i] = again->proposals.text[0];
}

/* A sequence already drawn, by any earlier episode of this round or another, is drawn again. */
static brood_err_t redraw(brood_search_t *search, int64_t i, char text[BROOD_MAX_TEXT]) {
    draws_t    *round = &search->round;
    int64_t     episode = round->episode[i];
    brood_err_t err = BROOD_OK;
    text_of(search, round, i, text);
    if (search->config.duplicates != BROOD_DUPLICATES_RESAMPLE) return BROOD_OK;
    for (int32_t attempt = 1; attempt <= MOST_REDRAWS; attempt++) {
        if (brood_history_find(search->history, text, episode) < 0) break;
        err = propose(search, &search->again, episode, 1, attempt);
        if (err != BROOD_OK) return err;
        replace(search, round, i, &search->again);
        text_of(search, round, i, text);
    }
    return BROOD_OK;
}

static brood_status_t verdict(const brood_search_config_t *config, const brood_measure_t *measure, bool exists) {
    if (!exists) return BROOD_STATUS_INVALID;
    bool above = (config->limits.parameters && measure->parameters > config->limits.parameters) ||
                 (config->limits.flops && measure->flops > config->limits.flops) ||
                 (config->limits.bytes && measure->bytes > config->limits.bytes);
    return above ? BROOD_STATUS_REFUSED : BROOD_STATUS_OPEN;
}

static place_t judge(const brood_search_t *search, const brood_measure_t *measure, bool exists) {
    return (place_t){.cost = measure->cost, .verdict = verdict(&search->config, measure, exists)};
}

brood_err_t search_place(brood_search_t *search, int64_t episode) {
    brood_measure_t measure;
    bool            exists;
    const char     *text = brood_history_episode(search->history, episode)->architecture;
    brood_err_t     err = search_measure(search, text, &measure, &exists);
    if (err == BROOD_OK) search->place[episode] = judge(search, &measure, exists);
    return err;
}

static brood_err_t append(brood_search_t *search, int64_t episode, const char *text, const int32_t tokens[],
                          const double log_p[], double entropy) {
    brood_measure_t measure;
    bool            exists;
    brood_err_t     err = BROOD_OK;
    BROOD_TRY(search_room(search, episode + 1));
    BROOD_TRY(search_measure(search, text, &measure, &exists));

    place_t         place = judge(search, &measure, exists);
    brood_episode_t row = {.round = episode / search->config.round,
                           .policy_version = search_version(search, episode / search->config.round),
                           .original = episode,
                           .entropy = entropy,
                           .parameters = measure.parameters,
                           .flops = measure.flops,
                           .bytes = measure.bytes};
    strcpy(row.architecture, text);
    for (int64_t t = 0; t < search->positions; t++) row.log_probability += log_p[t];
    if (search->config.duplicates == BROOD_DUPLICATES_REUSE && place.verdict == BROOD_STATUS_OPEN) {
        int64_t earlier = brood_history_find(search->history, text, episode);
        if (earlier >= 0) row.original = earlier;
    }
    BROOD_TRY(brood_history_append(search->history, &row, tokens, log_p));
    search->place[episode] = place;
done:
    return err;
}

static brood_err_t append_given(brood_search_t *search, int64_t episode) {
    const char *text = search->config.start.text[episode];
    char        canonical[BROOD_MAX_TEXT];
    brood_err_t err = brood_space_parse(search->space, text, search->given_tokens, canonical);
    if (err != BROOD_OK) return err;
    return append(search, episode, canonical, search->given_tokens, search->given_log_p, brood_nan());
}

/* Over those of the round's draws that came to the position, so that sequences of different length can be averaged. */
static void mean_probability(brood_search_t *search) {
    const draws_t *round = &search->round;
    int64_t        cells = search->positions * search->choices;
    for (int64_t c = 0; c < cells; c++) {
        double  sum = 0;
        int64_t drawn = 0;
        for (int64_t i = 0; i < round->batch.count; i++) {
            double probability = round->batch.probability[i * cells + c];
            if (isnan(probability)) continue;
            sum += probability;
            drawn++;
        }
        search->mean[c] = (float)(drawn ? sum / (double)drawn : brood_nan());
    }
}

brood_err_t search_ask(brood_search_t *search) {
    int64_t     size = search->config.round, first = brood_history_rounds(search->history) * size;
    int64_t     given = search->config.start.count - first;
    brood_err_t err = BROOD_OK;
    if (given < 0) given = 0;
    if (given > size) given = size;
    BROOD_TRY(propose(search, &search->round, first + given, size - given, 0));
    for (int64_t e = first; e < first + given; e++) BROOD_TRY(append_given(search, e));
    for (int64_t i = 0; i < size - given; i++) {
        const brood_batch_t *batch = &search->round.batch;
        char                 text[BROOD_MAX_TEXT];
        BROOD_TRY(redraw(search, i, text));
        BROOD_TRY(append(search, search->round.episode[i], text, batch->tokens + i * search->positions,
                         batch->log_p + i * search->positions, batch->entropy[i]));
    }
    mean_probability(search);
    BROOD_TRY(brood_history_append_round(search->history, search->mean));
done:
    return err;
}
