#include "simulator.h"

#include <math.h>
#include <stdio.h>

static const char *const strategies[] = {"strategy.name=random", "strategy.name=reinforce"};
static const char *const duplicates[] = {"strategy.duplicates=resample", "strategy.duplicates=reuse",
                                         "strategy.duplicates=retrain"};
static const char *const lags[] = {"run.lag=0", "run.lag=1", "run.lag=2"};

/* The undisturbed run: one rank, tasks one after the other, from beginning to end. */
static brood_search_t *undisturbed(const fixture_t *fixture) {
    brood_search_t *search = search_of(fixture);
    simulate(search, fixture, &(job_t){.ranks = 1, .results = -1, .seed = 1});
    assert_true(brood_search_complete(search));
    return search;
}

/* For every strategy, rule for duplicates and lag. */
static void for_all(void (*check)(fixture_t *fixture, brood_search_t *expected)) {
    for (int s = 0; s < 2; s++)
        for (int d = 0; d < 3; d++)
            for (int l = 0; l < 3; l++) {
                fixture_t fixture;
                fixture_init(&fixture, (const char *const[]){strategies[s], duplicates[d], lags[l],
                                                             "strategy.start=[\"3,5,1,1,0; 3,2,1,1,0\"]", NULL});
                brood_search_t *expected = undisturbed(&fixture);
                check(&fixture, expected);
                brood_search_destroy(&expected);
                fixture_fini(&fixture);
            }
}

static void check_arrival(fixture_t *fixture, brood_search_t *expected) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        brood_search_t *search = search_of(fixture);
        simulate(search, fixture, &(job_t){.ranks = (int64_t)seed * 3 - 2, .results = -1, .seed = seed});
        assert_same_content(search, expected);
        brood_search_destroy(&search);
    }
}

static void content_depends_neither_on_ranks_nor_on_arrival(void **state) {
    (void)state;
    for_all(check_arrival);
}

static void check_restarts(fixture_t *fixture, brood_search_t *expected) {
    for (int64_t results = 0; results < 12; results++) {
        brood_search_t *search = search_of(fixture);
        for (uint64_t job = 0; !brood_search_complete(search); job++) {
            simulate(search, fixture, &(job_t){.ranks = results % 4 + 1, .results = results + 1, .seed = job + 7});
            search = restarted(&search, fixture);
        }
        assert_same_content(search, expected);
        brood_search_destroy(&search);
    }
}

static void content_does_not_depend_on_where_a_run_was_stopped(void **state) {
    (void)state;
    for_all(check_restarts);
}

static void check_extension(fixture_t *fixture, brood_search_t *expected) {
    int64_t         goal = fixture->config.episodes;
    brood_search_t *search = search_of(fixture);
    for (int64_t episodes = 1; episodes <= goal; episodes += 5) {
        fixture->config.episodes = episodes;
        search = restarted(&search, fixture);
        simulate(search, fixture, &(job_t){.ranks = 3, .results = -1, .seed = (uint64_t)episodes});
        assert_true(brood_search_complete(search));
    }
    fixture->config.episodes = goal;
    search = restarted(&search, fixture);
    simulate(search, fixture, &(job_t){.ranks = 2, .results = -1, .seed = 3});
    assert_same_content(search, expected);
    brood_search_destroy(&search);
}

static void content_does_not_depend_on_the_goal_it_was_extended_from(void **state) {
    (void)state;
    for_all(check_extension);
}

static void an_extension_leaves_what_was_there_as_it_was(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"run.lag=1", "run.episodes=8", NULL});
    brood_search_t *search = undisturbed(&fixture);
    assert_int_equal(brood_history_episodes(brood_search_history(search)), 16);
    char text[16][BROOD_MAX_TEXT];
    for (int e = 0; e < 16; e++)
        snprintf(text[e], sizeof text[e], "%s", brood_history_episode(brood_search_history(search), e)->architecture);
    fixture.config.episodes = 100;
    search = restarted(&search, &fixture);
    simulate(search, &fixture, &(job_t){.ranks = 3, .results = -1, .seed = 1});
    for (int e = 0; e < 16; e++)
        assert_string_equal(text[e], brood_history_episode(brood_search_history(search), e)->architecture);
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

static void beyond_the_goal_rounds_are_open_and_not_handed_out(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"run.lag=2", "run.episodes=7", NULL});
    brood_search_t *search = undisturbed(&fixture);
    brood_task_t    task;
    assert_false(brood_search_next(search, &task));
    const brood_history_t *history = brood_search_history(search);
    assert_int_equal(brood_history_updates(history), 2);
    assert_int_equal(brood_history_rounds(history), 5);
    for (int64_t e = 8; e < 20; e++) assert_int_equal(brood_history_episode(history, e)->status, BROOD_STATUS_OPEN);
    brood_search_progress_t progress;
    brood_search_progress(search, &progress);
    assert_int_equal(progress.goal, 8);
    assert_int_equal(progress.finished, 8);
    assert_int_equal(progress.rounds, 2);
    assert_int_equal(progress.told, 2);
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

static void rounds_are_sampled_from_the_version_that_the_lag_says(void **state) {
    (void)state;
    for (int64_t lag = 0; lag <= 2; lag++) {
        fixture_t fixture;
        fixture_init(&fixture, (const char *const[]){lags[lag], NULL});
        brood_search_t        *search = undisturbed(&fixture);
        const brood_history_t *history = brood_search_history(search);
        for (int64_t e = 0; e < brood_history_episodes(history); e++) {
            int64_t round = e / 4;
            assert_int_equal(brood_history_episode(history, e)->round, round);
            assert_int_equal(brood_history_episode(history, e)->policy_version, round > lag ? round - lag : 0);
        }
        brood_search_destroy(&search);
        fixture_fini(&fixture);
    }
}

static int64_t cost_of(const fixture_t *fixture, const char *architecture) {
    static brood_net_spec_t spec;
    brood_measure_t         measure;
    assert_int_equal(brood_space_network(fixture->space, architecture, &spec), BROOD_OK);
    assert_int_equal(brood_net_measure(&spec, 10, &measure), BROOD_OK);
    return measure.cost;
}

/* Hands out all of two rounds of 9 and returns how often two children cost the same. */
static int check_handing_out(const fixture_t *fixture, brood_search_t *search) {
    brood_task_t before = {.episode = -1}, task;
    int          ties = 0;
    for (int i = 0; i < 18; i++) {
        assert_true(brood_search_next(search, &task));
        assert_int_equal(task.episode / 9, i / 9);
        if (i % 9 > 0) {
            int64_t cost_before = cost_of(fixture, before.architecture), cost = cost_of(fixture, task.architecture);
            assert_true(cost <= cost_before);
            if (cost == cost_before) {
                assert_true(task.episode > before.episode);
                ties++;
            }
        }
        before = task;
    }
    assert_false(brood_search_next(search, &task));
    return ties;
}

static void the_oldest_round_goes_first_and_in_it_the_costliest_child(void **state) {
    (void)state;
    fixture_t    fixture;
    brood_task_t task;
    fixture_init(&fixture, (const char *const[]){"run.lag=1", "run.round=9", "run.episodes=18", "strategy.name=random",
                                                 "strategy.duplicates=retrain", "space.filters=[2, 5]", NULL});
    brood_search_t *search = search_of(&fixture);
    advance(search);
    assert_true(check_handing_out(&fixture, search) > 0);
    brood_search_return(search, 4);
    assert_true(brood_search_next(search, &task));
    assert_int_equal(task.episode, 4);
    search = restarted(&search, &fixture);
    assert_true(check_handing_out(&fixture, search) > 0);
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

static void what_is_asked_and_open_can_be_skipped(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, NULL);
    brood_search_t *search = search_of(&fixture);
    brood_task_t    task;
    brood_epoch_t   curve[SIMULATED_EPOCHS];
    assert_int_equal(brood_search_skip(search, 0), BROOD_E_USAGE);
    assert_non_null(strstr(brood_message(), "no episode has been asked yet"));
    advance(search);
    assert_int_equal(brood_search_skip(search, 1000), BROOD_E_USAGE);
    assert_int_equal(brood_search_skip(search, -1), BROOD_E_USAGE);
    assert_true(brood_search_next(search, &task));
    assert_int_equal(brood_search_skip(search, task.episode), BROOD_E_BUG);
    brood_result_t result = simulated_result(&task, curve);
    assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_OK);
    assert_int_equal(brood_search_skip(search, task.episode), BROOD_E_USAGE);
    assert_non_null(strstr(brood_message(), "has its result already: done"));
    int64_t other = (task.episode + 1) % 4;
    for (int i = 0; i < 2; i++) assert_int_equal(brood_search_skip(search, other), BROOD_OK);
    assert_int_equal(brood_history_episode(brood_search_history(search), other)->status, BROOD_STATUS_SKIPPED);
    while (brood_search_next(search, &task)) assert_true(task.episode != other);
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

static void a_result_is_taken_once_and_only_of_what_is_out(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, NULL);
    brood_search_t *search = search_of(&fixture);
    advance(search);
    brood_task_t  task, other = {.episode = 0, .architecture = ""};
    brood_epoch_t curve[SIMULATED_EPOCHS];
    assert_true(brood_search_next(search, &task));
    other.episode = (task.episode + 1) % 4;
    brood_result_t result = simulated_result(&task, curve);
    assert_int_equal(brood_search_record(search, other.episode, &result), BROOD_E_BUG);
    assert_int_equal(brood_search_record(search, 1000, &result), BROOD_E_BUG);
    result.status = BROOD_STATUS_DONE;
    result.accuracy = NAN;
    assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_E_BUG);
    result.status = BROOD_STATUS_INVALID;
    assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_E_BUG);
    result.status = BROOD_STATUS_DIVERGED;
    assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_OK);
    assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_E_BUG);
    result.status = BROOD_STATUS_SKIPPED; /* said by the user, never by a child */
    assert_true(brood_search_next(search, &task));
    assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_E_BUG);
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

static void another_seed_is_another_search(void **state) {
    (void)state;
    fixture_t a, b;
    fixture_init(&a, NULL);
    fixture_init(&b, (const char *const[]){"run.seed=2", NULL});
    brood_search_t *search_a = undisturbed(&a), *search_b = undisturbed(&b);
    int             different = 0;
    for (int64_t e = 0; e < 24; e++)
        different += strcmp(brood_history_episode(brood_search_history(search_a), e)->architecture,
                            brood_history_episode(brood_search_history(search_b), e)->architecture) != 0;
    assert_true(different > 8);
    brood_search_destroy(&search_a);
    brood_search_destroy(&search_b);
    fixture_fini(&a);
    fixture_fini(&b);
}

/* Every number saved of strategy and policy is used: changed, the run goes another way. */
static void all_that_a_strategy_saves_matters(void **state) {
    (void)state;
    fixture_t fixture;
    /* Every hyperparameter with a choice, and cells without dead units. */
    fixture_init(&fixture,
                 (const char *const[]){"run.round=1", "run.episodes=12", "policy.cell=lstm", "space.stride=[1, 2]",
                                       "space.pool_size=[1, 2]", "space.dropout=[0, 50]", NULL});
    brood_search_t *search = search_of(&fixture);
    simulate(search, &fixture, &(job_t){.ranks = 1, .results = 6, .seed = 1});
    advance(search);
    brood_fields_t fields;
    brood_fields_init(&fields);
    assert_int_equal(brood_search_fields(search, &fields), BROOD_OK);
    int64_t count = fields.count;
    int     tried = 0;
    brood_fields_fini(&fields);
    for (int64_t i = 0; i < count; i++) {
        brood_search_t *same = search_of(&fixture), *changed = search_of(&fixture);
        brood_fields_t  loaded;
        transfer(search, same);
        transfer(search, changed);
        brood_fields_init(&loaded);
        assert_int_equal(brood_search_fields(changed, &loaded), BROOD_OK);
        const brood_field_t *field = &loaded.field[i];
        bool of_strategy = !strncmp(field->group, "/strategy", 9) || !strncmp(field->group, "/policy", 7);
        if (of_strategy && field->type == BROOD_TYPE_F64 && strcmp(field->name, "asked_probability") != 0) {
            double *value = field->base;
            for (int64_t j = 0; j < brood_field_count(field); j++)
                value[j] = isnan(value[j]) ? 0.5 : value[j] + 0.125 * (double)(1 + j % 5);
            assert_int_equal(brood_search_restore(same), BROOD_OK);
            assert_int_equal(brood_search_restore(changed), BROOD_OK);
            simulate(same, &fixture, &(job_t){.ranks = 1, .results = -1, .seed = 1});
            simulate(changed, &fixture, &(job_t){.ranks = 1, .results = -1, .seed = 1});
            const brood_history_t *a = brood_search_history(same), *b = brood_search_history(changed);
            int64_t                last = brood_history_updates(a) - 1;
            if (brood_history_update(a, last)->gradient_norm == brood_history_update(b, last)->gradient_norm)
                fail_msg("%s/%s is saved and not used", field->group, field->name);
            tried++;
        }
        brood_fields_fini(&loaded);
        brood_search_destroy(&same);
        brood_search_destroy(&changed);
    }
    assert_true(tried > 10);
    brood_search_destroy(&search);
    fixture_fini(&fixture);
}

static void refuse(const fixture_t *saved_with, const fixture_t *loaded_with, int64_t results, const char *words) {
    brood_search_t *search = search_of(saved_with), *fresh = search_of(loaded_with);
    simulate(search, saved_with, &(job_t){.ranks = 2, .results = results, .seed = 1});
    transfer(search, fresh);
    assert_int_equal(brood_search_restore(fresh), BROOD_E_FORMAT);
    if (!strstr(brood_message(), words)) fail_msg("\"%s\" does not say \"%s\"", brood_message(), words);
    brood_search_destroy(&search);
    brood_search_destroy(&fresh);
}

static void a_run_of_another_configuration_is_refused(void **state) {
    (void)state;
    fixture_t saved, other;
    fixture_init(&saved, (const char *const[]){"strategy.name=random", NULL});
    static const char *const set[][2] = {{"run.round=2", "run.round"},
                                         {"run.round=8", "run.round"},
                                         {"run.lag=1", "run.lag"},
                                         {"run.seed=9", "run.seed"}};
    for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
        fixture_init(&other, (const char *const[]){"strategy.name=random", set[i][0], NULL});
        refuse(&saved, &other, 0, set[i][1]); /* nothing told yet: all rows are those of round and version 0 */
        refuse(&saved, &other, 9, set[i][1]);
        fixture_fini(&other);
    }
    fixture_init(&other, (const char *const[]){"strategy.name=random", "space.filters=[5, 3, 2]", NULL});
    refuse(&saved, &other, 9, "tokens");
    fixture_fini(&other);
    fixture_fini(&saved);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(content_depends_neither_on_ranks_nor_on_arrival),
                                       cmocka_unit_test(content_does_not_depend_on_where_a_run_was_stopped),
                                       cmocka_unit_test(content_does_not_depend_on_the_goal_it_was_extended_from),
                                       cmocka_unit_test(an_extension_leaves_what_was_there_as_it_was),
                                       cmocka_unit_test(beyond_the_goal_rounds_are_open_and_not_handed_out),
                                       cmocka_unit_test(rounds_are_sampled_from_the_version_that_the_lag_says),
                                       cmocka_unit_test(the_oldest_round_goes_first_and_in_it_the_costliest_child),
                                       cmocka_unit_test(what_is_asked_and_open_can_be_skipped),
                                       cmocka_unit_test(a_result_is_taken_once_and_only_of_what_is_out),
                                       cmocka_unit_test(another_seed_is_another_search),
                                       cmocka_unit_test(all_that_a_strategy_saves_matters),
                                       cmocka_unit_test(a_run_of_another_configuration_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
