/* What is next, and what is due. */
#include <math.h>

#include "brood/math/function.h"
#include "brood/util/phase.h"
#include "core.h"

int64_t brood_search_goal(const brood_search_config_t *config) {
    return (config->episodes + config->round - 1) / config->round;
}

static const brood_episode_t *row_of(const brood_search_t *search, int64_t episode) {
    return brood_history_episode(search->history, episode);
}

int64_t search_end(const brood_search_t *search) {
    int64_t asked = brood_history_rounds(search->history), goal = brood_search_goal(&search->config);
    return (asked < goal ? asked : goal) * search->config.round;
}

bool brood_search_next(brood_search_t *search, brood_task_t *task) {
    int64_t size = search->config.round, end = search_end(search);
    for (int64_t first = brood_history_updates(search->history) * size; first < end; first += size) {
        int64_t best = -1;
        for (int64_t e = first; e < first + size; e++) {
            const brood_episode_t *row = row_of(search, e);
            if (row->status != BROOD_STATUS_OPEN || row->original != e || search->place[e].handed) continue;
            if (best < 0 || search->place[e].cost > search->place[best].cost) best = e;
        }
        if (best < 0) continue;
        search->place[best].handed = true;
        *task = (brood_task_t){.episode = best, .architecture = row_of(search, best)->architecture};
        return true;
    }
    return false;
}

void brood_search_return(brood_search_t *search, int64_t episode) {
    if (episode >= 0 && episode < brood_history_episodes(search->history)) search->place[episode].handed = false;
}

static brood_err_t finish(brood_search_t *search, int64_t episode, const brood_result_t *result) {
    double reward = search_reward(&search->config, row_of(search, episode)->flops, result);
    search->place[episode].handed = false;
    return brood_history_finish(search->history, episode, result, reward);
}

/* With the result of its original, if that has one. */
static brood_err_t reuse(brood_search_t *search, int64_t episode) {
    int64_t                of = row_of(search, episode)->original;
    const brood_episode_t *original = row_of(search, of);
    if (of == episode || original->status == BROOD_STATUS_OPEN) return BROOD_OK;
    brood_result_t result = {.status = BROOD_STATUS_REUSED,
                             .accuracy = original->validation_accuracy,
                             .loss = original->validation_loss,
                             .training_loss = original->training_loss,
                             .test_accuracy = original->test_accuracy,
                             .epochs = original->epochs,
                             .curve = brood_history_curve(search->history, of)};
    return brood_history_finish(search->history, episode, &result, original->reward);
}

/* What is known of a child that was not trained. */
static brood_result_t untrained(brood_status_t status) {
    const double unknown = brood_nan();
    return (brood_result_t){
        .status = status, .accuracy = unknown, .loss = unknown, .training_loss = unknown, .test_accuracy = unknown};
}

brood_err_t search_settle(brood_search_t *search) {
    brood_err_t err = BROOD_OK;
    /* Rounds told have nobody who waits. */
    int64_t end = search_end(search);
    for (int64_t e = brood_history_updates(search->history) * search->config.round; e < end; e++) {
        if (row_of(search, e)->status != BROOD_STATUS_OPEN) continue;
        const brood_result_t judged = untrained(search->place[e].verdict);
        if (judged.status != BROOD_STATUS_OPEN)
            BROOD_TRY(finish(search, e, &judged));
        else
            BROOD_TRY(reuse(search, e));
    }
done:
    return err;
}

brood_err_t brood_search_record(brood_search_t *search, int64_t episode, const brood_result_t *result) {
    if (episode < 0 || episode >= brood_history_episodes(search->history))
        return brood_fail(BROOD_E_BUG, "a result of episode %lld, which was never asked", (long long)episode);
    bool trained = result->status == BROOD_STATUS_DONE || result->status == BROOD_STATUS_STOPPED;
    if (!search->place[episode].handed)
        return brood_fail(BROOD_E_BUG, "a result of episode %lld, which is not handed out", (long long)episode);
    if (!trained && result->status != BROOD_STATUS_DIVERGED)
        return brood_fail(BROOD_E_BUG, "a child of episode %lld ended as %s", (long long)episode,
                          result->status >= 0 && result->status < BROOD_STATUS_COUNT
                              ? brood_status_names.value[result->status]
                              : "nothing known");
    /* A strategy cannot learn from what nobody knows; a list of networks trained on all images has no validation. */
    if (trained && !isfinite(result->accuracy) && search->config.strategy != BROOD_STRATEGY_LIST)
        return brood_fail(BROOD_E_BUG, "episode %lld was trained, but its accuracy is unknown", (long long)episode);
    brood_err_t err = finish(search, episode, result);
    return err == BROOD_OK ? search_settle(search) : err;
}

brood_err_t brood_search_skip(brood_search_t *search, int64_t episode) {
    int64_t asked = brood_history_episodes(search->history);
    if (asked == 0) return brood_fail(BROOD_E_USAGE, "the run is new: no episode has been asked yet");
    if (episode < 0 || episode >= asked)
        return brood_fail(BROOD_E_USAGE, "expected an episode that has been asked, 0 to %lld", (long long)asked - 1);
    brood_status_t status = row_of(search, episode)->status;
    if (status == BROOD_STATUS_SKIPPED) return BROOD_OK;
    if (status != BROOD_STATUS_OPEN)
        return brood_fail(BROOD_E_USAGE, "that episode has its result already: %s", brood_status_names.value[status]);
    if (search->place[episode].handed)
        return brood_fail(BROOD_E_BUG, "episode %lld is handed out, and to be skipped", (long long)episode);
    const brood_result_t skipped = untrained(BROOD_STATUS_SKIPPED);
    brood_err_t          err = finish(search, episode, &skipped);
    return err == BROOD_OK ? search_settle(search) : err;
}

static bool is_finished(const brood_search_t *search, int64_t round) {
    int64_t size = search->config.round;
    for (int64_t e = round * size; e < (round + 1) * size; e++)
        if (row_of(search, e)->status == BROOD_STATUS_OPEN) return false;
    return true;
}

static void summarise(const brood_search_t *search, int64_t first, brood_update_t *update) {
    int64_t size = search->config.round, sampled = 0;
    double  reward = 0, entropy = 0;
    for (int64_t i = 0; i < size; i++) {
        const brood_episode_t *row = row_of(search, first + i);
        reward += row->reward;
        if (isnan(row->entropy)) continue;
        entropy += row->entropy;
        sampled++;
    }
    double unknown = brood_nan();
    *update = (brood_update_t){.mean_reward = reward / (double)size,
                               .entropy = sampled ? entropy / (double)sampled : unknown,
                               .baseline = unknown,
                               .policy_loss = unknown,
                               .gradient_norm = unknown,
                               .learning_rate = unknown};
}

/* The update of the oldest round asked. */
static brood_err_t tell(brood_search_t *search) {
    int64_t        size = search->config.round, first = brood_history_updates(search->history) * size;
    brood_update_t update;
    summarise(search, first, &update);
    for (int64_t i = 0; i < size; i++) {
        search->learns[i] = first + i >= search->config.start.count;
        search->advantage[i] = brood_nan();
    }
    brood_err_t err =
        search->strategy->learn(search->self, search->history, first, search->learns, search->advantage, &update);
    if (err != BROOD_OK) return brood_because(err, "update %lld", (long long)(first / size));
    for (int64_t i = 0; i < size; i++) brood_history_set_advantage(search->history, first + i, search->advantage[i]);
    return brood_history_append_update(search->history, &update);
}

static bool is_due(const brood_search_t *search) {
    return !brood_search_complete(search) && is_finished(search, brood_history_updates(search->history));
}

int64_t search_version(const brood_search_t *search, int64_t round) {
    if (search->strategy->foreknown) return 0;
    return round > search->config.lag ? round - search->config.lag : 0;
}

static bool may_ask(const brood_search_t *search) {
    int64_t after = brood_history_updates(search->history), goal = brood_search_goal(&search->config);
    if (search->strategy->foreknown && after < goal) after = goal;
    return brood_history_rounds(search->history) < after + search->config.lag + 1;
}

brood_err_t brood_search_advance(brood_search_t *search, bool *more) {
    const brood_history_t *history = search->history;
    brood_err_t            err = BROOD_OK;
    *more = false;
    /* Where there are rounds already, they may come from a run with a nearer goal. */
    BROOD_TRY(search_settle(search));
    bool due = brood_history_rounds(history) > 0 && is_due(search);
    if (due || may_ask(search)) brood_phase(BROOD_PHASE_UPDATING);
    if (due) BROOD_TRY(tell(search));
    while (may_ask(search)) BROOD_TRY(search_ask(search));
    BROOD_TRY(search_settle(search));
    *more = is_due(search);
done:
    return err;
}

bool brood_search_complete(const brood_search_t *search) {
    return brood_history_updates(search->history) >= brood_search_goal(&search->config);
}

/* Whether the row tells of a network that was trained. */
static bool is_trained(const brood_episode_t *row) {
    return row->status == BROOD_STATUS_DONE || row->status == BROOD_STATUS_STOPPED ||
           row->status == BROOD_STATUS_REUSED;
}

void brood_search_progress(const brood_search_t *search, brood_search_progress_t *progress) {
    int64_t rounds = brood_search_goal(&search->config), told = brood_history_updates(search->history);
    *progress = (brood_search_progress_t){
        .goal = rounds * search->config.round, .rounds = rounds, .told = told < rounds ? told : rounds, .best = -1};
    for (int64_t e = 0; e < brood_history_episodes(search->history); e++) { /* also beyond a goal lowered since */
        const brood_episode_t *row = row_of(search, e);
        if (row->status != BROOD_STATUS_OPEN && e < progress->goal) progress->finished++;
        if (!is_trained(row) || isnan(row->reward)) continue;
        if (progress->best < 0 || row->reward > row_of(search, progress->best)->reward) progress->best = e;
    }
}
