/* reward.*: each kind against its formula. */
#include "simulator.h"

#include <math.h>

static const brood_epoch_t rising_and_falling[SIMULATED_EPOCHS] = {
    {0.75f, 1.0f, 1.0f}, {0.5f, 1.0f, 1.0f}, {0.25f, 1.0f, 1.0f}};

/* The reward of the first episode handed out when it ends so. */
static double reward_of(const char *const set[], brood_status_t status, double accuracy, int64_t epochs,
                        double *flops) {
    fixture_t fixture;
    fixture_init(&fixture, set);
    brood_search_t *search = search_of(&fixture);
    brood_task_t    task;
    advance(search);
    assert_true(brood_search_next(search, &task));
    brood_result_t result = {.status = status,
                             .steps = 10,
                             .accuracy = accuracy,
                             .loss = 1,
                             .training_loss = 1,
                             .test_accuracy = NAN,
                             .epochs = epochs,
                             .curve = rising_and_falling};
    if (status == BROOD_STATUS_SKIPPED) {
        brood_search_return(search, task.episode);
        assert_int_equal(brood_search_skip(search, task.episode), BROOD_OK);
    } else {
        assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_OK);
    }
    const brood_episode_t *row = brood_history_episode(brood_search_history(search), task.episode);
    double                 reward = row->reward;
    if (flops) *flops = (double)row->flops;
    brood_search_destroy(&search);
    fixture_fini(&fixture);
    return reward;
}

static void accuracy_is_the_reward_as_it_is(void **state) {
    (void)state;
    assert_true(reward_of(NULL, BROOD_STATUS_DONE, 0.25, 3, NULL) == 0.25);
}

static void cube_is_its_third_power(void **state) {
    (void)state;
    assert_true(reward_of((const char *const[]){"reward.kind=cube", NULL}, BROOD_STATUS_DONE, 0.25, 3, NULL) ==
                0.015625);
}

static void best_looks_at_the_last_epochs_of_the_curve(void **state) {
    (void)state;
    static const char *const last[] = {"reward.last=1", "reward.last=2", "reward.last=3", "reward.last=4"};
    const double             expected[] = {0.25, 0.5, 0.75, 0.75};
    for (int i = 0; i < 4; i++)
        assert_true(reward_of((const char *const[]){"reward.kind=best", last[i], NULL}, BROOD_STATUS_DONE, 0.25, 3,
                              NULL) == expected[i]);
    /* Without a curve there is the accuracy; a stopped child counts by its last accuracy. */
    assert_true(reward_of((const char *const[]){"reward.kind=best", NULL}, BROOD_STATUS_DONE, 0.125, 0, NULL) == 0.125);
    assert_true(reward_of((const char *const[]){"reward.kind=best", NULL}, BROOD_STATUS_STOPPED, 0.25, 3, NULL) ==
                0.25);
}

static void flops_scale_the_accuracy_by_a_power(void **state) {
    (void)state;
    double flops,
        reward =
            reward_of((const char *const[]){"reward.kind=flops", "reward.target=30000", "reward.exponent=-0.07", NULL},
                      BROOD_STATUS_DONE, 0.5, 3, &flops);
    assert_true(flops > 0 && flops != 30000);
    assert_true(fabs(reward - 0.5 * pow(flops / 30000, -0.07)) < 1e-14);
    reward = reward_of((const char *const[]){"reward.kind=flops", "reward.exponent=0", NULL}, BROOD_STATUS_DONE, 0.5, 3,
                       NULL);
    assert_true(reward == 0.5);
}

static void failures_have_the_failure_reward(void **state) {
    (void)state;
    static const char *const kind[] = {"reward.kind=accuracy", "reward.kind=cube", "reward.kind=best",
                                       "reward.kind=flops"};
    for (int i = 0; i < 4; i++) {
        const char *const set[] = {kind[i], "reward.failure=-0.75", NULL};
        assert_true(reward_of(set, BROOD_STATUS_DIVERGED, NAN, 2, NULL) == -0.75);
        assert_true(reward_of(set, BROOD_STATUS_SKIPPED, NAN, 0, NULL) == -0.75);
    }
}

static void the_best_episode_is_the_earliest_of_the_highest_reward(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"reward.failure=100", NULL});
    brood_search_t         *search = search_of(&fixture);
    brood_search_progress_t progress;
    brood_task_t            task;
    brood_search_progress(search, &progress);
    assert_int_equal(progress.best, -1);
    advance(search);
    const double accuracy[] = {0.5, 0.75, 0.25, 0.75}; /* by episode */
    while (brood_search_next(search, &task)) {
        /* A failure is no network that one could take, whatever its reward. */
        brood_result_t result = {.status = task.episode == 2 ? BROOD_STATUS_DIVERGED : BROOD_STATUS_DONE,
                                 .accuracy = accuracy[task.episode]};
        assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_OK);
    }
    brood_search_progress(search, &progress);
    assert_int_equal(progress.best, 1);
    assert_int_equal(progress.finished, 4);
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

static void an_update_knows_mean_reward_and_entropy_of_its_round(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, NULL);
    brood_search_t *search = search_of(&fixture);
    simulate(search, &fixture, &(job_t){.ranks = 2, .results = -1, .seed = 1});
    const brood_history_t *history = brood_search_history(search);
    for (int64_t u = 0; u < brood_history_updates(history); u++) {
        double reward = 0, entropy = 0;
        for (int64_t e = 4 * u; e < 4 * u + 4; e++) {
            reward += brood_history_episode(history, e)->reward / 4;
            entropy += brood_history_episode(history, e)->entropy / 4;
        }
        const brood_update_t *update = brood_history_update(history, u);
        assert_true(fabs(update->mean_reward - reward) < 1e-14);
        assert_true(fabs(update->entropy - entropy) < 1e-14);
        assert_true(update->learning_rate > 0 && update->gradient_norm > 0);
    }
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(accuracy_is_the_reward_as_it_is),
                                       cmocka_unit_test(cube_is_its_third_power),
                                       cmocka_unit_test(best_looks_at_the_last_epochs_of_the_curve),
                                       cmocka_unit_test(flops_scale_the_accuracy_by_a_power),
                                       cmocka_unit_test(failures_have_the_failure_reward),
                                       cmocka_unit_test(the_best_episode_is_the_earliest_of_the_highest_reward),
                                       cmocka_unit_test(an_update_knows_mean_reward_and_entropy_of_its_round)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
