/* Does learning pay? `reinforce` as shipped against `random`, on spaces of 4,096 architectures whose accuracies are
   known by a formula. */
#include "simulator.h"

#include <stdio.h>

#include "brood/child/evaluator.h"
#include "brood/child/synthetic.h"

enum { SEEDS = 50, EPISODES = 200 };

static brood_child_config_t child_config(int64_t landscape) {
    brood_child_config_t  config;
    const brood_section_t section = {brood_child_keys, brood_child_key_count, &config};
    char                  set_landscape[64];
    snprintf(set_landscape, sizeof set_landscape, "evaluator.landscape=%d", (int)landscape);
    const char *const set[] = {"evaluator.noise=0.005", "evaluator.steps=1", set_landscape, NULL};
    if (brood_config_read(NULL, set, &section, 1) != BROOD_OK) fail_msg("%s", brood_message());
    return config;
}

/* Six decisions of four choices; everything else as shipped. */
static void space_of_4096(fixture_t *fixture, const char *strategy, int64_t seed) {
    char set_seed[64];
    snprintf(set_seed, sizeof set_seed, "run.seed=%d", (int)seed);
    fixture_shipped(fixture,
                    (const char *const[]){"space.layers=2", "space.kernel_size=[1, 3, 5, 7]",
                                          "space.filters=[16, 24, 32, 48]", "space.dropout=[0, 10, 20, 30]",
                                          "space.stride=[1]", "space.pool_size=[1]", strategy, set_seed, NULL});
    assert_true(brood_space_size(fixture->space) == 4096);
    assert_int_equal(fixture->config.episodes, EPISODES);
}

static double best_there_is(int64_t landscape) {
    fixture_t fixture;
    space_of_4096(&fixture, "strategy.name=random", 1);
    int32_t token[BROOD_MAX_POSITIONS] = {0};
    double  best = 0;
    int64_t positions = brood_space_length(fixture.space), at = 0;
    while (at >= 0) {
        double accuracy = brood_synthetic_accuracy(landscape, fixture.space, token);
        if (accuracy > best) best = accuracy;
        for (at = positions - 1; at >= 0; at--) {
            brood_decision_t decision;
            brood_space_decision(fixture.space, token, at, &decision);
            if (++token[at] < decision.choices) break;
            token[at] = 0;
        }
    }
    fixture_fini(&fixture);
    return best;
}

static void train(void *evaluator, const brood_task_t *task, brood_search_t *search) {
    brood_result_t result;
    int64_t        remaining = 1;
    assert_int_equal(brood_evaluator_synthetic.begin(evaluator, task), BROOD_OK);
    while (remaining > 0) assert_int_equal(brood_evaluator_synthetic.step(evaluator, &remaining), BROOD_OK);
    assert_int_equal(brood_evaluator_synthetic.result(evaluator, &result), BROOD_OK);
    assert_int_equal(brood_search_record(search, task->episode, &result), BROOD_OK);
}

/* The best architecture visited, noise apart. Every seed has a landscape of its own. */
static double best_visited(const char *strategy, int64_t seed) {
    fixture_t            fixture;
    brood_child_config_t child = child_config(seed);
    void                *evaluator;
    space_of_4096(&fixture, strategy, seed);
    brood_evaluator_setup_t setup = {.config = &child, .space = fixture.space, .seed = (uint64_t)seed};
    assert_int_equal(brood_evaluator_synthetic.create(&setup, &evaluator), BROOD_OK);
    brood_search_t *search = search_of(&fixture);
    while (!brood_search_complete(search)) {
        brood_task_t task;
        advance(search);
        while (brood_search_next(search, &task)) train(evaluator, &task, search);
    }
    double best = 0;
    for (int64_t e = 0; e < EPISODES; e++) {
        const int32_t *tokens = brood_history_tokens(brood_search_history(search), e);
        double         accuracy = brood_synthetic_accuracy(seed, fixture.space, tokens);
        if (accuracy > best) best = accuracy;
    }
    brood_search_destroy(&search);
    brood_evaluator_synthetic.destroy(&evaluator);
    fixture_fini(&fixture);
    return best;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_regret(const char *strategy, const double best[]) {
    double regret[SEEDS];
    for (int64_t i = 0; i < SEEDS; i++) regret[i] = best[i] - best_visited(strategy, i + 1);
    qsort(regret, SEEDS, sizeof regret[0], ascending);
    return (regret[SEEDS / 2 - 1] + regret[SEEDS / 2]) / 2;
}

static void reinforce_as_shipped_regrets_at_most_seven_tenths_of_random(void **state) {
    (void)state;
    double best[SEEDS];
    for (int64_t i = 0; i < SEEDS; i++) best[i] = best_there_is(i + 1);
    double random = median_regret("strategy.name=random", best);
    double reinforce = median_regret("strategy.name=reinforce", best);
    print_message("median regret over %d seeds: random %.4f, reinforce %.4f, ratio %.2f\n", SEEDS, random, reinforce,
                  reinforce / random);
    assert_true(random > 0);
    assert_true(reinforce <= 0.7 * random);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(reinforce_as_shipped_regrets_at_most_seven_tenths_of_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
