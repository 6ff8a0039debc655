/* Loading: room for what a file holds, then proof that it is a history. A file is whole when it comes here (its
   checksum says so); what is refused is one that another program, or a faulty one, has written. */
#include <math.h>
#include <string.h>

#include "brood/util/hash.h"
#include "rows.h"

brood_err_t brood_history_reserve(brood_history_t *history, int64_t episodes, int64_t rounds, int64_t updates,
                                  int64_t epochs) {
    if (episodes < 0 || updates < 0 || epochs < 0 || rounds < updates)
        return brood_fail(BROOD_E_FORMAT, "%lld episodes, %lld rounds, %lld updates, %lld values of curves: no history",
                          (long long)episodes, (long long)rounds, (long long)updates, (long long)epochs);
    brood_err_t err = BROOD_OK;
    BROOD_TRY(brood_history_room_for_episodes(history, episodes));
    BROOD_TRY(brood_history_room_for_rounds(history, rounds));
    BROOD_TRY(brood_history_room_for_updates(history, updates));
    BROOD_TRY(brood_history_room_for_values(history, epochs));
    memset(history->row, 0, (size_t)episodes * sizeof *history->row);
    history->episodes = episodes;
    history->rounds = rounds;
    history->updates = updates;
    history->values = epochs;
    history->loading = true;
done:
    return err;
}

static bool is_count_up(const int32_t scale[], int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (scale[i] != i) return false;
    return true;
}

static bool is_count_up_from(int64_t first, const int64_t scale[], int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (scale[i] != first + i) return false;
    return true;
}

static brood_err_t check_scales(const brood_history_t *history) {
    const char *wrong = NULL;
    if (!is_count_up(history->position, history->positions)) wrong = "/position";
    if (!is_count_up(history->choice, history->choices)) wrong = "/choice";
    if (!is_count_up_from(0, history->value_index, history->values)) wrong = "/curves/value";
    if (!is_count_up_from(history->updates, history->asked_round, history->rounds - history->updates))
        wrong = "/strategy/asked_round";
    return wrong ? brood_fail(BROOD_E_FORMAT, "%s does not count up by one", wrong) : BROOD_OK;
}

/* An episode has what is known of it at its stage, and nothing else. */
static const char *fault_of_result(const brood_episode_t *row) {
    if (row->parameters < 0 || row->flops < 0 || row->bytes < 0) return "a negative size";
    if (row->steps < 0 || row->epochs < 0) return "a negative count of steps or epochs";
    if (row->status == BROOD_STATUS_OPEN) {
        const double unknown[] = {row->reward,        row->validation_accuracy, row->validation_loss,
                                  row->training_loss, row->test_accuracy,       row->advantage};
        for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
            if (!isnan(unknown[i])) return "a result, though its status is open";
        return row->steps || row->epochs ? "steps or epochs, though its status is open" : NULL;
    }
    bool trained =
        row->status == BROOD_STATUS_DONE || row->status == BROOD_STATUS_STOPPED || row->status == BROOD_STATUS_DIVERGED;
    if (row->steps && !trained) return "steps, though its child was not trained";
    if (isinf(row->reward)) return "an infinite reward";
    if (isnan(row->reward) && !isnan(row->validation_accuracy)) return "no reward, though its accuracy is known";
    return NULL;
}

static const char *fault_of_original(const brood_history_t *history, const brood_episode_t *row) {
    if (row->original < 0 || row->original > row->episode) return "an original that is no earlier episode";
    if (row->original == row->episode) return row->status == BROOD_STATUS_REUSED ? "a reused result of its own" : NULL;
    const brood_episode_t *original = history->row + row->original;
    if (strcmp(original->architecture, row->architecture) != 0) return "an original with another architecture";
    if (original->original != original->episode) return "an original that has an original itself";
    if (row->status == BROOD_STATUS_REUSED && original->status == BROOD_STATUS_OPEN)
        return "the result of an original that has none yet";
    if (row->status != BROOD_STATUS_REUSED && row->status != BROOD_STATUS_OPEN && row->status != BROOD_STATUS_SKIPPED)
        return "an original, though its status is neither reused nor open nor skipped";
    return NULL;
}

static const char *fault_of_tokens(const brood_history_t *history, int64_t episode) {
    const int32_t *token = brood_history_tokens(history, episode);
    for (int64_t t = 0; t < history->positions; t++)
        if (token[t] < -1 || token[t] >= history->choices) return "a token beyond the choices";
    return NULL;
}

/* The first contradiction in a row, or NULL; rows before it are known to be right. */
static const char *fault_of_row(const brood_history_t *history, int64_t episode) {
    const brood_episode_t *row = history->row + episode;
    int64_t                before = episode > 0 ? row[-1].round : -1;
    if (row->episode != episode) return "a number that is not its row's";
    if (row->round != before + 1 && (episode == 0 || row->round != before)) return "a round out of order";
    if (row->round >= history->rounds) return "a round that was never asked";
    if (row->policy_version < 0 || row->policy_version > row->round || row->policy_version > history->updates)
        return "a policy version that did not exist yet";
    if (row->status < 0 || row->status >= BROOD_STATUS_COUNT) return "an unknown status";
    if (!memchr(row->architecture, '\0', sizeof row->architecture) || !row->architecture[0]) return "no architecture";
    if (row->round < history->updates && row->status == BROOD_STATUS_OPEN)
        return "no result, though its round was told";
    if (row->round >= history->updates && !isnan(row->advantage)) return "an advantage before its round was told";
    if (row->epochs > history->epochs) return "a learning curve longer than there can be";
    const char *fault = fault_of_result(row);
    if (!fault) fault = fault_of_original(history, row);
    return fault ? fault : fault_of_tokens(history, episode);
}

/* Curves from end to end to each its place. */
static brood_err_t spread_curves(brood_history_t *history) {
    int64_t next = 0;
    for (int64_t e = 0; e < history->episodes; e++) {
        int64_t length = history->row[e].epochs;
        if (history->offset[e] != next || history->length[e] != length || length > history->values - next)
            return brood_fail(BROOD_E_FORMAT,
                              "/curves: episode %lld has offset %lld and length %lld, expected %lld and %lld of %lld",
                              (long long)e, (long long)history->offset[e], (long long)history->length[e],
                              (long long)next, (long long)length, (long long)history->values);
        if (length)
            memcpy(history->curve + e * history->epochs, history->value + next,
                   (size_t)length * sizeof *history->value);
        next += length;
    }
    if (next != history->values)
        return brood_fail(BROOD_E_FORMAT, "/curves: %lld values, expected the %lld of all curves",
                          (long long)history->values, (long long)next);
    return BROOD_OK;
}

brood_err_t brood_history_restore(brood_history_t *history) {
    brood_err_t err = BROOD_OK;
    BROOD_TRY(check_scales(history));
    for (int64_t e = 0; e < history->episodes; e++) {
        const char *fault = fault_of_row(history, e);
        if (fault) BROOD_TRY(brood_fail(BROOD_E_FORMAT, "/episodes: episode %lld has %s", (long long)e, fault));
        history->hash[e] = brood_hash_text(history->row[e].architecture);
    }
    int64_t rounds = history->episodes ? history->row[history->episodes - 1].round + 1 : 0;
    if (rounds != history->rounds)
        BROOD_TRY(brood_fail(BROOD_E_FORMAT,
                             "/episodes ends with round %lld, but probabilities of %lld rounds are there",
                             (long long)rounds - 1, (long long)history->rounds));
    for (int64_t u = 0; u < history->updates; u++)
        if (history->update[u].update != u)
            BROOD_TRY(brood_fail(BROOD_E_FORMAT, "/updates: row %lld has number %lld", (long long)u,
                                 (long long)history->update[u].update));
    BROOD_TRY(spread_curves(history));
    history->loading = false;
done:
    return err;
}
