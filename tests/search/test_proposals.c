/* What becomes of what a strategy proposes: duplicates, limits, given architectures, networks that are none. */
#include "simulator.h"

#include <math.h>
#include <stdio.h>

static const brood_episode_t *row_of(const brood_search_t *search, int64_t episode) {
    return brood_history_episode(brood_search_history(search), episode);
}

static int64_t episodes_of(const brood_search_t *search) {
    return brood_history_episodes(brood_search_history(search));
}

static brood_search_t *run(fixture_t *fixture, const char *const set[]) {
    fixture_init(fixture, set);
    brood_search_t *search = search_of(fixture);
    simulate(search, fixture, &(job_t){.ranks = 3, .results = -1, .seed = 1});
    return search;
}

static void finish(brood_search_t **search, fixture_t *fixture) {
    brood_search_destroy(search);
    fixture_fini(fixture);
}

/* The text that strategy random draws for an episode at an attempt. */
static void draw(const fixture_t *fixture, int64_t episode, int64_t attempt, char text[BROOD_MAX_TEXT]) {
    int32_t      tokens[BROOD_MAX_POSITIONS];
    brood_key4_t key = brood_key4((uint64_t)fixture->config.seed, BROOD_PURPOSE_SAMPLE, episode, attempt, 0);
    for (int64_t t = 0; t < brood_space_length(fixture->space); t++) {
        brood_decision_t decision;
        brood_space_decision(fixture->space, tokens, t, &decision);
        tokens[t] = (int32_t)brood_random_below(&key, (uint32_t)t, decision.choices);
    }
    brood_space_print(fixture->space, tokens, text);
}

static bool drawn_before(char text[][BROOD_MAX_TEXT], int64_t count, const char *candidate) {
    for (int64_t e = 0; e < count; e++)
        if (!strcmp(text[e], candidate)) return true;
    return false;
}

/* 36 architectures and 48 episodes, so that in the end nearly all is a duplicate: the rule is written out here as a
   loop over single episodes. */
static void a_duplicate_is_drawn_again_up_to_five_times(void **state) {
    (void)state;
    fixture_t       fixture;
    brood_search_t *search = run(&fixture, (const char *const[]){"strategy.name=random", "run.episodes=48", NULL});
    char            text[52][BROOD_MAX_TEXT];
    int             accepted = 0, redrawn = 0;
    assert_int_equal(episodes_of(search), 52);
    for (int64_t e = 0; e < 52; e++) {
        int64_t attempt = 0;
        draw(&fixture, e, 0, text[e]);
        while (attempt < 5 && drawn_before(text, e, text[e])) draw(&fixture, e, ++attempt, text[e]);
        redrawn += attempt > 0;
        accepted += drawn_before(text, e, text[e]);
        assert_string_equal(row_of(search, e)->architecture, text[e]);
        assert_int_equal(row_of(search, e)->original, e);
        if (e < 48) assert_int_not_equal(row_of(search, e)->status, BROOD_STATUS_REUSED);
    }
    assert_true(redrawn > 10 && accepted > 0);
    finish(&search, &fixture);
}

static void duplicates_are_trained_again_where_that_is_asked_for(void **state) {
    (void)state;
    fixture_t       fixture;
    brood_search_t *search = run(&fixture, (const char *const[]){"strategy.name=random", "run.episodes=48",
                                                                 "strategy.duplicates=retrain", NULL});
    int             repeated = 0;
    for (int64_t e = 0; e < 52; e++) {
        char text[BROOD_MAX_TEXT];
        draw(&fixture, e, 0, text);
        assert_string_equal(row_of(search, e)->architecture, text);
        assert_int_equal(row_of(search, e)->original, e);
        if (e < 48) assert_true(row_of(search, e)->steps > 0);
        repeated += brood_history_find(brood_search_history(search), text, e) >= 0;
    }
    assert_true(repeated > 10);
    finish(&search, &fixture);
}

static void a_reused_result_is_that_of_the_earliest_episode(void **state) {
    (void)state;
    fixture_t       fixture;
    brood_search_t *search = run(&fixture, (const char *const[]){"strategy.name=random", "run.episodes=48", "run.lag=1",
                                                                 "strategy.duplicates=reuse", NULL});
    const brood_history_t *history = brood_search_history(search);
    int                    reused = 0, in_round = 0, of_failure = 0;
    for (int64_t e = 0; e < 48; e++) {
        const brood_episode_t *row = row_of(search, e);
        int64_t                earliest = brood_history_find(history, row->architecture, e);
        if (earliest < 0) {
            assert_int_equal(row->original, e);
            continue;
        }
        const brood_episode_t *original = row_of(search, earliest);
        assert_int_equal(row->original, earliest);
        assert_int_equal(original->original, earliest);
        assert_int_equal(row->status, BROOD_STATUS_REUSED);
        assert_int_equal(row->steps, 0);
        assert_true(row->reward == original->reward);
        assert_memory_equal(&row->validation_accuracy, &original->validation_accuracy, sizeof(double));
        assert_int_equal(row->epochs, original->epochs);
        assert_memory_equal(brood_history_curve(history, e), brood_history_curve(history, earliest),
                            (size_t)row->epochs * sizeof(brood_epoch_t));
        reused++;
        in_round += original->round == row->round;
        of_failure += original->status == BROOD_STATUS_DIVERGED;
    }
    assert_true(reused > 10 && in_round > 0 && of_failure > 0);
    finish(&search, &fixture);
}

static void an_episode_that_waits_for_its_original_is_not_handed_out(void **state) {
    (void)state;
    fixture_t fixture;
    /* One architecture: episode 0 is trained, all others wait for it. */
    fixture_init(&fixture, (const char *const[]){"space.kernel_size=[3]", "space.filters=[2]", "run.lag=1",
                                                 "strategy.duplicates=reuse", NULL});
    brood_search_t *search = search_of(&fixture);
    brood_task_t    task;
    brood_epoch_t   curve[SIMULATED_EPOCHS];
    advance(search);
    assert_true(brood_search_next(search, &task));
    assert_int_equal(task.episode, 0);
    assert_false(brood_search_next(search, &(brood_task_t){0}));
    brood_result_t result = simulated_result(&task, curve);
    assert_int_equal(brood_search_record(search, 0, &result), BROOD_OK);
    for (int64_t e = 1; e < 8; e++) assert_int_equal(row_of(search, e)->status, BROOD_STATUS_REUSED);
    /* Every round to the goal is told, one a call; the rounds beyond it wait for an extension, whatever they hold. */
    assert_int_equal(advance(search), 6);
    assert_true(brood_search_complete(search));
    assert_int_equal(episodes_of(search), 32);
    for (int64_t e = 24; e < 32; e++) assert_int_equal(row_of(search, e)->status, BROOD_STATUS_OPEN);
    fixture.config.episodes = 28;
    search = restarted(&search, &fixture);
    advance(search);
    assert_true(brood_search_complete(search));
    for (int64_t e = 24; e < 28; e++) assert_int_equal(row_of(search, e)->status, BROOD_STATUS_REUSED);
    for (int64_t e = 28; e < 36; e++) assert_int_equal(row_of(search, e)->status, BROOD_STATUS_OPEN);
    finish(&search, &fixture);
}

static void a_skipped_original_is_reused_as_the_failure_it_is(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"space.kernel_size=[3]", "space.filters=[2]", "reward.failure=-0.5",
                                                 "strategy.duplicates=reuse", NULL});
    brood_search_t *search = search_of(&fixture);
    advance(search);
    /* One that waits is skipped by itself, and its original goes on. */
    assert_int_equal(brood_search_skip(search, 2), BROOD_OK);
    assert_int_equal(row_of(search, 2)->status, BROOD_STATUS_SKIPPED);
    assert_int_equal(row_of(search, 1)->status, BROOD_STATUS_OPEN);
    search = restarted(&search, &fixture);
    assert_int_equal(brood_search_skip(search, 0), BROOD_OK);
    assert_int_equal(row_of(search, 1)->status, BROOD_STATUS_REUSED);
    for (int64_t e = 0; e < 4; e++) assert_true(row_of(search, e)->reward == -0.5);
    finish(&search, &fixture);
}

static int64_t measure_of(const fixture_t *fixture, const char *text, int which) {
    static brood_net_spec_t spec;
    brood_measure_t         measure;
    assert_int_equal(brood_space_network(fixture->space, text, &spec), BROOD_OK);
    assert_int_equal(brood_net_measure(&spec, 10, &measure), BROOD_OK);
    return which == 0 ? measure.parameters : which == 1 ? measure.flops : measure.bytes;
}

static void networks_above_a_limit_are_refused_at_once(void **state) {
    (void)state;
    static const char *const key[] = {"parameters", "flops", "bytes"};
    int                      waiting = 0; /* above the limit and beyond the goal */
    for (int l = 0; l < 3; l++) {
        fixture_t fixture;
        char      limit[64];
        fixture_init(&fixture, (const char *const[]){"space.filters=[2, 5, 9]", NULL});
        snprintf(limit, sizeof limit, "limits.%s=%lld", key[l],
                 (long long)measure_of(&fixture, "3,5,1,1,0; 3,2,1,1,0", l)); /* itself just allowed */
        fixture_fini(&fixture);
        brood_search_t *search =
            run(&fixture, (const char *const[]){"strategy.name=random", limit, "space.filters=[2, 5, 9]",
                                                "reward.failure=-0.25", "strategy.duplicates=retrain", NULL});
        int refused = 0, trained = 0;
        for (int64_t e = 0; e < episodes_of(search); e++) {
            const brood_episode_t *row = row_of(search, e);
            const int64_t          measured[] = {row->parameters, row->flops, row->bytes};
            const int64_t          most[] = {fixture.config.limits.parameters, fixture.config.limits.flops,
                                             fixture.config.limits.bytes};
            assert_true(measured[l] > 0);
            if (e >= fixture.config.episodes) {
                assert_int_equal(row->status, BROOD_STATUS_OPEN);
                waiting += measured[l] > most[l];
                continue;
            }
            assert_int_equal(row->status == BROOD_STATUS_REFUSED, measured[l] > most[l]);
            if (row->status != BROOD_STATUS_REFUSED) {
                trained++;
                continue;
            }
            refused++;
            assert_true(row->reward == -0.25);
            assert_true(isnan(row->validation_accuracy));
            assert_int_equal(row->steps, 0);
        }
        assert_true(refused > 2 && trained > 2);
        finish(&search, &fixture);
    }
    assert_true(waiting > 0);
}

static void what_is_no_network_is_invalid_at_once(void **state) {
    (void)state;
    fixture_t fixture;
    /* Two windows of 4 do not fit an image of 6 x 6. */
    brood_search_t *search = run(&fixture, (const char *const[]){"strategy.name=random", "space.pool_size=[1, 4]",
                                                                 "reward.failure=-0.25", NULL});
    int             invalid = 0, others = 0;
    for (int64_t e = 0; e < fixture.config.episodes; e++) {
        const brood_episode_t  *row = row_of(search, e);
        static brood_net_spec_t spec;
        brood_measure_t         measure;
        brood_err_t             err = brood_space_network(fixture.space, row->architecture, &spec);
        if (err == BROOD_OK) err = brood_net_measure(&spec, 10, &measure);
        assert_int_equal(row->status == BROOD_STATUS_INVALID, err != BROOD_OK);
        if (err == BROOD_OK) {
            others++;
            continue;
        }
        invalid++;
        assert_true(row->reward == -0.25);
        assert_int_equal(row->parameters, 0);
    }
    assert_true(invalid > 2 && others > 2);
    finish(&search, &fixture);
}

static void rounds_that_need_no_training_are_told_without_it(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"strategy.name=random", "space.pool_size=[1, 4]", "run.round=1",
                                                 "strategy.duplicates=retrain", NULL});
    brood_search_t *search = search_of(&fixture);
    /* Until a round is all invalid: the next advance asks past it by itself. */
    int passed = 0;
    while (!brood_search_complete(search)) {
        brood_task_t  task;
        brood_epoch_t curve[SIMULATED_EPOCHS];
        int64_t       told = brood_history_updates(brood_search_history(search));
        advance(search);
        passed += brood_history_updates(brood_search_history(search)) > told + 1;
        if (!brood_search_next(search, &task)) break;
        brood_result_t result = simulated_result(&task, curve);
        assert_int_equal(brood_search_record(search, task.episode, &result), BROOD_OK);
    }
    assert_true(passed > 0);
    finish(&search, &fixture);
}

static void given_architectures_come_first_and_are_not_learned_from(void **state) {
    (void)state;
    static const char *const strategy[] = {"strategy.name=random", "strategy.name=reinforce"};
    static const char *const given[] = {"3,5,1,1,0; 3,2,1,1,0", "1,2,1,1,0; 1,2,1,1,0", "3,5,1,1,0; 3,2,1,1,0",
                                        "1,3,1,1,0; 3,3,1,1,0", "1,5,1,1,0; 3,3,1,1,0"};
    for (int s = 0; s < 2; s++) {
        fixture_t       fixture;
        brood_search_t *search =
            run(&fixture, (const char *const[]){strategy[s],
                                                "strategy.start=[\"3,5,1,1,0;3,2,1,1,0\", \"1x1,2,1,1,0; 1,2,1,1,0\", "
                                                "\"3,5,1,1,0; 3,2,1,1,0\", \"1,3,1,1,0; 3,3,1,1,0\", "
                                                "\"1,5,1,1,0; 3,3,1,1,0\"]",
                                                NULL});
        const brood_history_t *history = brood_search_history(search);
        for (int64_t e = 0; e < 5; e++) {
            const brood_episode_t *row = row_of(search, e);
            int32_t                tokens[BROOD_MAX_POSITIONS];
            char                   canonical[BROOD_MAX_TEXT];
            assert_string_equal(row->architecture, given[e]);
            assert_int_equal(brood_space_parse(fixture.space, given[e], tokens, canonical), BROOD_OK);
            assert_memory_equal(brood_history_tokens(history, e), tokens,
                                (size_t)brood_space_length(fixture.space) * sizeof tokens[0]);
            assert_true(isnan(row->log_probability) && isnan(row->entropy) && isnan(row->advantage));
            assert_true(row->status == BROOD_STATUS_DIVERGED || row->steps > 0);
        }
        /* The other episodes draw what they draw without them, and duplicates of the given are drawn again. */
        for (int64_t e = 5; e < 24; e++) {
            assert_true(!isnan(row_of(search, e)->log_probability));
            assert_int_equal(isnan(row_of(search, e)->advantage), s == 0);
        }
        /* A round of nothing but given ones has no probabilities and no baseline; the first of the others begins it. */
        assert_true(isnan(brood_history_probability(history, 0)[0]));
        assert_true(!isnan(brood_history_probability(history, 1)[0]));
        assert_true(isnan(brood_history_update(history, 0)->baseline));
        assert_true(!isnan(brood_history_update(history, 0)->mean_reward));
        if (s == 1) {
            double sum = 0;
            for (int64_t e = 5; e < 8; e++) sum += row_of(search, e)->reward;
            assert_true(fabs(brood_history_update(history, 1)->baseline - sum / 3) < 1e-12);
        }
        finish(&search, &fixture);
    }
}

static void expect_refusal(const char *const set[], const char *words) {
    fixture_t fixture;
    fixture_init(&fixture, set);
    brood_search_setup_t setup = {.config = &fixture.config,
                                  .reinforce = &fixture.reinforce,
                                  .space = fixture.space,
                                  .minibatch = 10,
                                  .epochs = SIMULATED_EPOCHS};
    brood_search_t      *search;
    assert_int_equal(brood_search_create(&setup, &search), BROOD_E_CONFIG);
    assert_null(search);
    if (!strstr(brood_message(), words)) fail_msg("\"%s\" does not say \"%s\"", brood_message(), words);
    fixture_fini(&fixture);
}

static void configurations_that_contradict_themselves_are_refused(void **state) {
    (void)state;
    expect_refusal((const char *const[]){"strategy.start=[\"7,5,1,1,0; 3,2,1,1,0\"]", NULL}, "7,5,1,1,0");
    expect_refusal((const char *const[]){"strategy.start=[\"3,5,1,1,0\"]", NULL}, "outside");
    expect_refusal((const char *const[]){"strategy.start=[\"3,5,1,1\"]", NULL}, "strategy.start");
    expect_refusal((const char *const[]){"space.pool_size=[1, 4]", "strategy.start=[\"3,5,1,4,0; 3,2,1,4,0\"]", NULL},
                   "strategy.start");
    expect_refusal((const char *const[]){"limits.parameters=3", NULL}, "limits.parameters");
    expect_refusal((const char *const[]){"limits.flops=3", NULL}, "limits.flops");
    expect_refusal((const char *const[]){"limits.bytes=3", "strategy.name=random", NULL}, "limits.bytes");
    expect_refusal((const char *const[]){"policy.baseline=round", "run.round=1", NULL}, "policy.baseline");
    expect_refusal((const char *const[]){"strategy.name=list", NULL}, "strategy.list");
    expect_refusal((const char *const[]){"strategy.name=list", "strategy.list=[\"3,5,1,1\"]", NULL}, "3,5,1,1");
}

static void the_list_is_trained_in_order_again_and_again(void **state) {
    (void)state;
    fixture_t       fixture;
    brood_search_t *search =
        run(&fixture, (const char *const[]){
                          "strategy.name=list", "run.round=4", "run.episodes=12", "strategy.duplicates=retrain",
                          "strategy.list=[\"3,5,1,1,0; 3,2,1,1,0\", \"5,7,1,1,0\", \"1,2,1,1,0;1,2,1,1,0\"]", NULL});
    static const char *const text[] = {"3,5,1,1,0; 3,2,1,1,0", "5,7,1,1,0", "1,2,1,1,0; 1,2,1,1,0"};
    assert_int_equal(episodes_of(search), 16);
    for (int64_t e = 0; e < 12; e++) {
        assert_string_equal(row_of(search, e)->architecture, text[e % 3]);
        assert_int_equal(row_of(search, e)->original, e);
        /* Outside the space there are no tokens, and the network is made from the text. */
        assert_int_equal(brood_history_tokens(brood_search_history(search), e)[0] == -1, e % 3 == 1);
        assert_true(row_of(search, e)->parameters > 0);
    }
    search = restarted(&search, &fixture);
    finish(&search, &fixture);
}

static void all_of_a_list_can_be_trained_at_once(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"strategy.name=list", "run.round=2", "run.episodes=6",
                                                 "strategy.duplicates=retrain", "strategy.list=[\"5,7,1,1,0\"]", NULL});
    brood_search_t *search = search_of(&fixture);
    brood_task_t    task;
    advance(search);
    for (int64_t e = 0; e < 6; e++) {
        assert_true(brood_search_next(search, &task));
        assert_int_equal(row_of(search, task.episode)->policy_version, 0);
    }
    assert_false(brood_search_next(search, &task));
    finish(&search, &fixture);
}

static void random_draws_every_architecture_equally_often(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"strategy.name=random", "run.round=3600", "run.episodes=3600",
                                                 "strategy.duplicates=retrain", NULL});
    brood_search_t *search = search_of(&fixture);
    advance(search);
    const brood_history_t *history = brood_search_history(search);
    int                    drawn[36] = {0};
    for (int64_t e = 0; e < 3600; e++) {
        int64_t earliest = brood_history_find(history, row_of(search, e)->architecture, e);
        /* Numbered by first appearance, which takes all 36 in the first few hundred. */
        int number = 0;
        if (earliest < 0) earliest = e;
        for (int64_t i = 0; i < earliest; i++)
            number += brood_history_find(history, row_of(search, i)->architecture, i) < 0;
        assert_true(number < 36);
        drawn[number]++;
        assert_true(fabs(row_of(search, e)->log_probability + log(36)) < 1e-12);
        assert_true(fabs(row_of(search, e)->entropy - log(36)) < 1e-12);
    }
    double chi_square = 0;
    for (int i = 0; i < 36; i++) chi_square += (drawn[i] - 100.0) * (drawn[i] - 100.0) / 100.0;
    assert_true(chi_square < 76); /* 35 degrees of freedom: one seed in 10,000 is above */
    finish(&search, &fixture);
}

static void probabilities_of_a_round_are_the_mean_of_its_draws(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture, (const char *const[]){"run.round=20", NULL});
    brood_search_t        *search = search_of(&fixture);
    const brood_history_t *history = brood_search_history(search);
    int64_t                T = brood_space_length(fixture.space), K = brood_space_choices(fixture.space);
    advance(search);
    /* The policy that sampled round 0 is the one that the seed begins with. */
    brood_isa_t     isa;
    brood_math_t   *math;
    brood_policy_t *policy;
    assert_int_equal(brood_isa_choose(&isa), BROOD_OK);
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &math), BROOD_OK);
    assert_int_equal(brood_policy_create(&fixture.reinforce.policy, fixture.space, 1, math, &policy), BROOD_OK);
    double       *log_p = calloc((size_t)(20 * T), sizeof *log_p), entropy[20];
    double       *probability = calloc((size_t)(20 * T * K), sizeof *probability);
    int32_t      *tokens = calloc((size_t)(20 * T), sizeof *tokens);
    brood_batch_t batch = {
        .count = 20, .tokens = tokens, .log_p = log_p, .entropy = entropy, .probability = probability};
    memcpy(tokens, brood_history_tokens(history, 0), (size_t)(20 * T) * sizeof *tokens);
    assert_int_equal(brood_policy_score(policy, &batch), BROOD_OK);
    for (int64_t t = 0; t < T; t++) {
        brood_decision_t decision;
        brood_space_decision(fixture.space, tokens, t, &decision);
        for (int64_t k = 0; k < K; k++) {
            float  kept = brood_history_probability(history, 0)[t * K + k];
            double mean = 0;
            for (int i = 0; i < 20; i++) mean += probability[i * T * K + t * K + k] / 20;
            assert_int_equal(isnan(kept), k >= decision.choices);
            if (k < decision.choices) assert_true(fabs((double)kept - mean) < 1e-7);
        }
    }
    free(log_p);
    free(probability);
    free(tokens);
    brood_policy_destroy(&policy);
    brood_math_destroy(&math);
    finish(&search, &fixture);
}

/* Rounds of 1, so that a round's probabilities are its draw's, and without exploration, so that the entropy is theirs.
   The policy is far from uniform in the end, and many a draw was made again. */
static void what_is_kept_of_a_draw_is_that_of_the_accepted_one(void **state) {
    (void)state;
    fixture_t       fixture;
    brood_search_t *search =
        run(&fixture, (const char *const[]){"run.round=1", "run.episodes=40", "policy.exploration=0",
                                            "policy.learning_rate=0.1", "policy.units=24", NULL});
    const brood_history_t *history = brood_search_history(search);
    int64_t                T = brood_space_length(fixture.space), K = brood_space_choices(fixture.space);
    for (int64_t e = 0; e < episodes_of(search); e++) {
        const float *probability = brood_history_probability(history, e);
        double       entropy = 0, log_p = 0;
        for (int64_t t = 0; t < T; t++) {
            double of_token = brood_history_token_log_p(history, e)[t];
            assert_true(fabs((double)probability[t * K + brood_history_tokens(history, e)[t]] - exp(of_token)) < 1e-6);
            log_p += of_token;
            for (int64_t k = 0; k < K; k++) {
                double p = (double)probability[t * K + k];
                if (p > 0) entropy -= p * log(p);
            }
        }
        assert_true(fabs(row_of(search, e)->log_probability - log_p) < 1e-12);
        assert_true(fabs(row_of(search, e)->entropy - entropy) < 2e-6);
    }
    assert_true(row_of(search, 39)->entropy < row_of(search, 0)->entropy - 0.05);
    finish(&search, &fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_duplicate_is_drawn_again_up_to_five_times),
                                       cmocka_unit_test(duplicates_are_trained_again_where_that_is_asked_for),
                                       cmocka_unit_test(a_reused_result_is_that_of_the_earliest_episode),
                                       cmocka_unit_test(an_episode_that_waits_for_its_original_is_not_handed_out),
                                       cmocka_unit_test(a_skipped_original_is_reused_as_the_failure_it_is),
                                       cmocka_unit_test(networks_above_a_limit_are_refused_at_once),
                                       cmocka_unit_test(what_is_no_network_is_invalid_at_once),
                                       cmocka_unit_test(rounds_that_need_no_training_are_told_without_it),
                                       cmocka_unit_test(given_architectures_come_first_and_are_not_learned_from),
                                       cmocka_unit_test(configurations_that_contradict_themselves_are_refused),
                                       cmocka_unit_test(the_list_is_trained_in_order_again_and_again),
                                       cmocka_unit_test(all_of_a_list_can_be_trained_at_once),
                                       cmocka_unit_test(random_draws_every_architecture_equally_often),
                                       cmocka_unit_test(probabilities_of_a_round_are_the_mean_of_its_draws),
                                       cmocka_unit_test(what_is_kept_of_a_draw_is_that_of_the_accepted_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
