#include "brood/history/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"
#include "brood/util/hash.h"
#include "rows.h"

static const char *const status_value[BROOD_STATUS_COUNT] = {"open",    "done",    "stopped",  "reused",
                                                             "invalid", "refused", "diverged", "skipped"};
const brood_enum_t       brood_status_names = {.name = "status", .value = status_value, .count = BROOD_STATUS_COUNT};

/* Whatever NaN a computation came upon, one is stored. */
static double canonical(double x) {
    return isnan(x) ? brood_nan() : x;
}

static float canonical_f32(float x) {
    return isnan(x) ? (float)brood_nan() : x;
}

static brood_err_t resize(void *array, int64_t count, size_t size) {
    if (size && (uint64_t)count > SIZE_MAX / 2 / size)
        return brood_fail(BROOD_E_MEMORY, "a history of %lld rows cannot be had", (long long)count);
    void *old;
    memcpy(&old, array, sizeof old);
    size_t bytes = (size_t)count * size;
    void  *grown = realloc(old, bytes ? bytes : 1);
    if (!grown)
        return brood_fail(BROOD_E_MEMORY, "the history's %lld rows of %zu bytes cannot be had", (long long)count, size);
    memcpy(array, &grown, sizeof grown);
    return BROOD_OK;
}

/* Doubling, from a small start. */
static int64_t grown_capacity(int64_t capacity, int64_t wanted) {
    int64_t doubled = capacity > 0 ? 2 * capacity : 64;
    return wanted > doubled ? wanted : doubled;
}

brood_err_t brood_history_room_for_episodes(brood_history_t *history, int64_t episodes) {
    if (episodes <= history->episode_capacity) return BROOD_OK;
    brood_err_t err = BROOD_OK;
    int64_t     capacity = grown_capacity(history->episode_capacity, episodes);
    size_t      positions = (size_t)history->positions;
    BROOD_TRY(resize(&history->row, capacity, sizeof *history->row));
    BROOD_TRY(resize(&history->tokens, capacity, positions * sizeof *history->tokens));
    BROOD_TRY(resize(&history->token_log_p, capacity, positions * sizeof *history->token_log_p));
    BROOD_TRY(resize(&history->curve, capacity, (size_t)history->epochs * sizeof *history->curve));
    BROOD_TRY(resize(&history->hash, capacity, sizeof *history->hash));
    BROOD_TRY(resize(&history->offset, capacity, sizeof *history->offset));
    BROOD_TRY(resize(&history->length, capacity, sizeof *history->length));
    history->episode_capacity = capacity;
done:
    return err;
}

brood_err_t brood_history_room_for_rounds(brood_history_t *history, int64_t rounds) {
    if (rounds <= history->round_capacity) return BROOD_OK;
    brood_err_t err = BROOD_OK;
    int64_t     capacity = grown_capacity(history->round_capacity, rounds);
    size_t      bytes = (size_t)history->positions * (size_t)history->choices * sizeof *history->probability;
    BROOD_TRY(resize(&history->probability, capacity, bytes));
    BROOD_TRY(resize(&history->asked_round, capacity, sizeof *history->asked_round));
    history->round_capacity = capacity;
done:
    return err;
}

brood_err_t brood_history_room_for_updates(brood_history_t *history, int64_t updates) {
    if (updates <= history->update_capacity) return BROOD_OK;
    brood_err_t err = BROOD_OK;
    int64_t     capacity = grown_capacity(history->update_capacity, updates);
    BROOD_TRY(resize(&history->update, capacity, sizeof *history->update));
    history->update_capacity = capacity;
done:
    return err;
}

brood_err_t brood_history_room_for_values(brood_history_t *history, int64_t values) {
    if (values <= history->value_capacity) return BROOD_OK;
    brood_err_t err = BROOD_OK;
    int64_t     capacity = grown_capacity(history->value_capacity, values);
    BROOD_TRY(resize(&history->value, capacity, sizeof *history->value));
    BROOD_TRY(resize(&history->value_index, capacity, sizeof *history->value_index));
    history->value_capacity = capacity;
done:
    return err;
}

brood_err_t brood_history_create(int64_t positions, int64_t choices, int64_t epochs, brood_history_t **history) {
    brood_err_t err = BROOD_OK;
    *history = calloc(1, sizeof **history);
    if (!*history) return brood_fail(BROOD_E_MEMORY, "out of memory for the history");
    **history = (brood_history_t){.positions = positions, .choices = choices, .epochs = epochs};
    BROOD_TRY(resize(&(*history)->position, positions, sizeof *(*history)->position));
    BROOD_TRY(resize(&(*history)->choice, choices, sizeof *(*history)->choice));
    for (int64_t t = 0; t < positions; t++) (*history)->position[t] = (int32_t)t;
    for (int64_t k = 0; k < choices; k++) (*history)->choice[k] = (int32_t)k;
    /* Some room from the start, so that no array is NULL and fields of an empty history can be listed. */
    BROOD_TRY(brood_history_room_for_episodes(*history, 1));
    BROOD_TRY(brood_history_room_for_rounds(*history, 1));
    BROOD_TRY(brood_history_room_for_updates(*history, 1));
    BROOD_TRY(brood_history_room_for_values(*history, 1));
done:
    if (err != BROOD_OK) brood_history_destroy(history);
    return err;
}

void brood_history_destroy(brood_history_t **history) {
    brood_history_t *old = *history;
    if (!old) return;
    void *const array[] = {old->row,         old->tokens,   old->token_log_p, old->curve,      old->hash,
                           old->probability, old->update,   old->value,       old->offset,     old->length,
                           old->value_index, old->position, old->choice,      old->asked_round};
    for (size_t i = 0; i < sizeof array / sizeof array[0]; i++) free(array[i]);
    free(old);
    *history = NULL;
}

int64_t brood_history_episodes(const brood_history_t *history) {
    return history->episodes;
}

int64_t brood_history_rounds(const brood_history_t *history) {
    return history->rounds;
}

int64_t brood_history_updates(const brood_history_t *history) {
    return history->updates;
}

const brood_episode_t *brood_history_episode(const brood_history_t *history, int64_t episode) {
    return history->row + episode;
}

const brood_epoch_t *brood_history_curve(const brood_history_t *history, int64_t episode) {
    return history->curve + episode * history->epochs;
}

const int32_t *brood_history_tokens(const brood_history_t *history, int64_t episode) {
    return history->tokens + episode * history->positions;
}

const double *brood_history_token_log_p(const brood_history_t *history, int64_t episode) {
    return history->token_log_p + episode * history->positions;
}

const float *brood_history_probability(const brood_history_t *history, int64_t round) {
    return history->probability + round * history->positions * history->choices;
}

const brood_update_t *brood_history_update(const brood_history_t *history, int64_t update) {
    return history->update + update;
}

brood_err_t brood_history_append(brood_history_t *history, const brood_episode_t *row, const int32_t tokens[],
                                 const double log_p[]) {
    int64_t     episode = history->episodes, positions = history->positions;
    brood_err_t err = brood_history_room_for_episodes(history, episode + 1);
    if (err != BROOD_OK) return err;
    brood_episode_t *fresh = history->row + episode;
    memset(fresh, 0, sizeof *fresh); /* also what stands behind the text's end: equal rows are equal bytes */
    fresh->episode = episode;
    fresh->round = row->round;
    fresh->policy_version = row->policy_version;
    fresh->original = row->original;
    fresh->status = BROOD_STATUS_OPEN;
    memcpy(fresh->architecture, row->architecture, strnlen(row->architecture, sizeof fresh->architecture - 1));
    fresh->reward = fresh->advantage = brood_nan();
    fresh->validation_accuracy = fresh->validation_loss = brood_nan();
    fresh->training_loss = fresh->test_accuracy = brood_nan();
    fresh->log_probability = canonical(row->log_probability);
    fresh->entropy = canonical(row->entropy);
    fresh->parameters = row->parameters;
    fresh->flops = row->flops;
    fresh->bytes = row->bytes;
    for (int64_t t = 0; t < positions; t++) {
        history->tokens[episode * positions + t] = tokens[t];
        history->token_log_p[episode * positions + t] = canonical(log_p[t]);
    }
    history->hash[episode] = brood_hash_text(fresh->architecture);
    history->episodes++;
    return BROOD_OK;
}

brood_err_t brood_history_finish(brood_history_t *history, int64_t episode, const brood_result_t *result,
                                 double reward) {
    if (episode < 0 || episode >= history->episodes || history->row[episode].status != BROOD_STATUS_OPEN)
        return brood_fail(BROOD_E_BUG, "episode %lld has a result already, or was never asked", (long long)episode);
    if (result->status <= BROOD_STATUS_OPEN || result->status >= BROOD_STATUS_COUNT)
        return brood_fail(BROOD_E_BUG, "a result of episode %lld has status number %d", (long long)episode,
                          (int)result->status);
    if (result->epochs < 0 || result->epochs > history->epochs)
        return brood_fail(BROOD_E_BUG, "the learning curve of episode %lld has %lld epochs, expected at most %lld",
                          (long long)episode, (long long)result->epochs, (long long)history->epochs);
    brood_episode_t *row = history->row + episode;
    row->status = result->status;
    row->reward = canonical(reward);
    row->validation_accuracy = canonical(result->accuracy);
    row->validation_loss = canonical(result->loss);
    row->training_loss = canonical(result->training_loss);
    row->test_accuracy = canonical(result->test_accuracy);
    row->steps = result->steps;
    row->epochs = result->epochs;
    brood_epoch_t *curve = history->curve + episode * history->epochs;
    for (int64_t i = 0; i < result->epochs; i++)
        curve[i] = (brood_epoch_t){.accuracy = canonical_f32(result->curve[i].accuracy),
                                   .loss = canonical_f32(result->curve[i].loss),
                                   .training_loss = canonical_f32(result->curve[i].training_loss)};
    return BROOD_OK;
}

void brood_history_set_advantage(brood_history_t *history, int64_t episode, double advantage) {
    history->row[episode].advantage = canonical(advantage);
}

brood_err_t brood_history_append_round(brood_history_t *history, const float probability[]) {
    brood_err_t err = brood_history_room_for_rounds(history, history->rounds + 1);
    if (err != BROOD_OK) return err;
    int64_t cells = history->positions * history->choices;
    float  *fresh = history->probability + history->rounds * cells;
    for (int64_t i = 0; i < cells; i++) fresh[i] = canonical_f32(probability[i]);
    history->rounds++;
    return BROOD_OK;
}

brood_err_t brood_history_append_update(brood_history_t *history, const brood_update_t *update) {
    brood_err_t err = brood_history_room_for_updates(history, history->updates + 1);
    if (err != BROOD_OK) return err;
    history->update[history->updates] = (brood_update_t){.update = history->updates,
                                                         .mean_reward = canonical(update->mean_reward),
                                                         .baseline = canonical(update->baseline),
                                                         .policy_loss = canonical(update->policy_loss),
                                                         .entropy = canonical(update->entropy),
                                                         .gradient_norm = canonical(update->gradient_norm),
                                                         .learning_rate = canonical(update->learning_rate)};
    history->updates++;
    return BROOD_OK;
}

int64_t brood_history_find(const brood_history_t *history, const char *architecture, int64_t before) {
    uint64_t hash = brood_hash_text(architecture);
    for (int64_t episode = 0; episode < before && episode < history->episodes; episode++)
        if (history->hash[episode] == hash && !strcmp(history->row[episode].architecture, architecture)) return episode;
    return -1;
}
