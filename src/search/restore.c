/* After loading: what was loaded is held against the configuration, and what is not saved is derived. */
#include <string.h>

#include "core.h"

brood_err_t brood_search_reserve(brood_search_t *search, int64_t episodes, int64_t rounds, int64_t updates,
                                 int64_t epochs) {
    brood_err_t err = brood_history_reserve(search->history, episodes, rounds, updates, epochs);
    return err == BROOD_OK ? search_room(search, episodes) : err;
}

/* Rounds asked = rounds told + lag + 1, each of them whole; or more, where the strategy needs no results to ask. Before
 * the first round is asked there is nothing at all. */
static brood_err_t check_rounds(const brood_search_t *search) {
    const brood_history_t *history = search->history;
    int64_t                episodes = brood_history_episodes(history), rounds = brood_history_rounds(history);
    int64_t                told = brood_history_updates(history), size = search->config.round, lag = search->config.lag;
    if (episodes == 0 && rounds == 0) return BROOD_OK;
    if (episodes != rounds * size)
        return brood_fail(BROOD_E_FORMAT, "/episodes has %lld rows, expected %lld rounds of run.round %lld",
                          (long long)episodes, (long long)rounds, (long long)size);
    if (rounds < told + lag + 1 || (rounds > told + lag + 1 && !search->strategy->foreknown))
        return brood_fail(BROOD_E_FORMAT, "%lld rounds are asked and %lld told, expected run.lag %lld and one between",
                          (long long)rounds, (long long)told, (long long)lag);
    return BROOD_OK;
}

/* The tokens must be those of the text: they are what a strategy learns from. */
static brood_err_t check_tokens(const brood_search_t *search, const brood_episode_t *row, int32_t tokens[]) {
    char        canonical[BROOD_MAX_TEXT];
    brood_err_t err = brood_space_parse(search->space, row->architecture, tokens, canonical);
    if (err == BROOD_E_DATA) return brood_because(BROOD_E_FORMAT, "/episodes: episode %lld", (long long)row->episode);
    if (err != BROOD_OK) return err;
    const int32_t *stored = brood_history_tokens(search->history, row->episode);
    if (memcmp(tokens, stored, (size_t)search->positions * sizeof *tokens) != 0 ||
        strcmp(canonical, row->architecture) != 0)
        return brood_fail(BROOD_E_FORMAT, "/episodes: the tokens of episode %lld are not those of its architecture %s",
                          (long long)row->episode, row->architecture);
    return BROOD_OK;
}

static brood_err_t restore_row(brood_search_t *search, int64_t episode) {
    const brood_episode_t *row = brood_history_episode(search->history, episode);
    int64_t                round = episode / search->config.round, lag = search->config.lag;
    int64_t                version = search_version(search, round);
    if (row->round != round || row->policy_version != version)
        return brood_fail(BROOD_E_FORMAT,
                          "/episodes: episode %lld has round %lld and policy version %lld, expected %lld and %lld by "
                          "run.round %lld and run.lag %lld",
                          (long long)episode, (long long)row->round, (long long)row->policy_version, (long long)round,
                          (long long)version, (long long)search->config.round, (long long)lag);
    brood_err_t err = check_tokens(search, row, search->given_tokens);
    if (err != BROOD_OK) return err;
    search->place[episode] = (place_t){0};
    return row->status == BROOD_STATUS_OPEN ? search_place(search, episode) : BROOD_OK;
}

brood_err_t brood_search_restore(brood_search_t *search) {
    brood_err_t err = BROOD_OK;
    BROOD_TRY(brood_history_restore(search->history));
    BROOD_TRY(search_check_rng(search));
    BROOD_TRY(check_rounds(search));
    for (int64_t e = 0; e < brood_history_episodes(search->history); e++) BROOD_TRY(restore_row(search, e));
done:
    return err;
}
