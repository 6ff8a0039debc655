/* The estimator against the exact gradient of the expected reward, by enumeration of all sequences of a tiny space, and
   against formulas written out. */
#include "enumeration.h"

#include <math.h>

#define PLAIN                                                                                                          \
    "space.layers=1", "space.kernel_size=[1, 3]", "space.filters=[2, 3, 5]", "space.pool_size=[1, 2]",                 \
        "policy.units=4", "policy.optimizer=sgd", "policy.learning_rate=1", "policy.exploration=0.1"

static double expected_reward(const case_t *c, brood_policy_t *policy) {
    double p[MOST_SEQUENCES], expected = 0;
    probabilities(c, policy, p);
    assert_true(fabs(sum_of(p, c->sequences) - 1) < 1e-12);
    for (int64_t x = 0; x < c->sequences; x++) expected += p[x] * c->reward[x];
    return expected;
}

static double mean_entropy(const case_t *c, brood_policy_t *policy) {
    double log_p[MOST_SEQUENCES * MOST_POSITIONS], entropy[MOST_SEQUENCES];
    score(policy, c->tokens, c->fixture.config.round, log_p, entropy);
    return sum_of(entropy, c->fixture.config.round) / (double)c->fixture.config.round;
}

#define BASELINE 0.375
#define VARIANCE 0.0625 /* scale 0.25 */

/* The mean of the estimator over all sequences, weighted by the probability with which each was sampled; rounds of 1
   with constant baseline and scale. */
static void expected_estimate(case_t *c, const double theta[], const double p[], const double log_p[], double mean[]) {
    memset(mean, 0, (size_t)c->P * sizeof *mean);
    for (int64_t x = 0; x < c->sequences; x++) {
        learned_t learned;
        void     *self = strategy_of(c);
        double    now[MOST_PARAMETERS];
        memcpy(now, theta, (size_t)c->P * sizeof *now);
        weights(self, now, true);
        *state_of(self, "baseline") = BASELINE;
        *state_of(self, "moving_variance") = VARIANCE;
        learn(c, self, c->tokens + x * c->T, log_p + x * c->T, &c->reward[x], NULL, &learned);
        assert_true(learned.advantage[0] == (c->reward[x] - BASELINE) / 0.25);
        assert_true(learned.update.baseline == BASELINE);
        for (int64_t i = 0; i < c->P; i++) mean[i] += p[x] * 0.25 * learned.gradient[i];
        brood_strategy_reinforce.destroy(&self);
    }
}

static const char *const cells[] = {"policy.cell=nascell", "policy.cell=lstm"};

static void the_mean_of_the_estimator_is_the_gradient_of_the_expected_reward(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        case_t c;
        setup(&c, (const char *const[]){PLAIN, cells[i], "policy.entropy=0", "policy.baseline_decay=1", "run.round=1",
                                        NULL});
        brood_policy_t *policy = policy_of(&c);
        double p[MOST_SEQUENCES], log_p[MOST_SEQUENCES * MOST_POSITIONS], exact[MOST_PARAMETERS], mean[MOST_PARAMETERS];
        assert_int_equal(c.sequences, 12);
        move(&c, policy, 0.5); /* away from the kinks at 0 of the relu gates, where the start is */
        probabilities(&c, policy, p);
        score(policy, c.tokens, c.sequences, log_p, NULL);
        differentiate(&c, policy, expected_reward, exact);
        expected_estimate(&c, brood_policy_weights(policy), p, log_p, mean);
        assert_close(mean, exact, c.P, 1e-8);
        brood_policy_destroy(&policy);
        teardown(&c);
    }
}

static void under_lag_the_ratio_makes_the_estimator_that_of_the_policy_as_it_is(void **state) {
    (void)state;
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "policy.entropy=0", "policy.baseline_decay=1", "run.round=1", NULL});
    brood_policy_t *policy = policy_of(&c);
    double          p[MOST_SEQUENCES], now[MOST_SEQUENCES], log_p[MOST_SEQUENCES * MOST_POSITIONS];
    double          exact[MOST_PARAMETERS], mean[MOST_PARAMETERS], most = 0;
    move(&c, policy, 0.5);
    probabilities(&c, policy, p);
    score(policy, c.tokens, c.sequences, log_p, NULL);
    move(&c, policy, 0.4);
    probabilities(&c, policy, now);
    for (int64_t x = 0; x < c.sequences; x++) most = fmax(most, now[x] / p[x]);
    assert_true(most > 1.1 && most < 2);
    differentiate(&c, policy, expected_reward, exact);
    expected_estimate(&c, brood_policy_weights(policy), p, log_p, mean);
    assert_close(mean, exact, c.P, 1e-8);
    brood_policy_destroy(&policy);
    teardown(&c);
}

static void the_ratio_is_at_most_two(void **state) {
    (void)state;
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "policy.entropy=0", "policy.baseline_decay=1", "run.round=1", NULL});
    brood_policy_t *policy = policy_of(&c);
    double          log_p[MOST_SEQUENCES * MOST_POSITIONS], then[MOST_POSITIONS];
    move(&c, policy, 0.5);
    score(policy, c.tokens, c.sequences, log_p, NULL);
    const double less[] = {0.1, -0.5, 0.625, 0.75, 3, 1000}; /* how much less the log-probability was then */
    for (int i = 0; i < 6; i++) {
        learned_t as_now, as_then;
        memcpy(then, log_p, (size_t)c.T * sizeof *then);
        then[1] -= less[i];
        for (int j = 0; j < 2; j++) {
            void *self = strategy_of(&c);
            weights(self, brood_policy_weights(policy), true);
            *state_of(self, "baseline") = BASELINE;
            learn(&c, self, c.tokens, j ? then : log_p, &c.reward[0], NULL, j ? &as_then : &as_now);
            brood_strategy_reinforce.destroy(&self);
        }
        double ratio = fmin(exp(less[i]), 2), expected[MOST_PARAMETERS];
        for (int64_t k = 0; k < c.P; k++) expected[k] = ratio * as_now.gradient[k];
        assert_close(as_then.gradient, expected, c.P, 1e-12);
    }
    brood_policy_destroy(&policy);
    teardown(&c);
}

static void without_lag_the_ratio_is_exactly_one(void **state) {
    (void)state;
    enum { ROUND = 7 };
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "policy.layers=2", "policy.entropy=0", "run.round=7", NULL});
    brood_policy_t *policy = policy_of(&c);
    void           *self = strategy_of(&c);
    double          theta[MOST_PARAMETERS], gradient[MOST_PARAMETERS], weight[ROUND * MOST_POSITIONS];
    double          probability[ROUND * MOST_POSITIONS * 8], log_p[ROUND * MOST_POSITIONS], entropy[ROUND];
    int32_t         tokens[ROUND * MOST_POSITIONS];
    brood_key4_t    key[ROUND];
    int64_t         episode[ROUND];
    int32_t         attempt[ROUND] = {0};
    const char     *text[ROUND] = {NULL};
    for (int64_t e = 0; e < ROUND; e++) {
        episode[e] = e;
        key[e] = brood_key4(1, BROOD_PURPOSE_SAMPLE, e, 0, 0);
    }
    /* Weights far from uniform, so that nothing is equal by chance. */
    move(&c, policy, 1);
    memcpy(theta, brood_policy_weights(policy), (size_t)c.P * sizeof *theta);
    weights(self, theta, true);
    /* As the core samples: most of them together, one drawn again alone. */
    for (int part = 0; part < 2; part++) {
        int64_t           first = part ? 4 : 0, count = part ? 1 : ROUND;
        brood_batch_t     batch = {.count = count,
                                   .key = key + first,
                                   .tokens = tokens + first * c.T,
                                   .log_p = log_p + first * c.T,
                                   .entropy = entropy + first,
                                   .probability = probability + first * c.T * c.K};
        brood_proposals_t proposals = {
            .count = count, .episode = episode + first, .attempt = attempt, .out = &batch, .text = text};
        if (part) key[4] = brood_key4(1, BROOD_PURPOSE_SAMPLE, 4, 1, 0);
        assert_int_equal(brood_strategy_reinforce.propose(self, NULL, &proposals), BROOD_OK);
    }
    learned_t learned;
    learn(&c, self, tokens, log_p, c.reward, NULL, &learned);
    for (int64_t b = 0; b < ROUND; b++)
        for (int64_t t = 0; t < c.T; t++) weight[b * c.T + t] = learned.advantage[b] / ROUND;
    gradient_of(&c, tokens, ROUND, weight, 0, policy, gradient);
    for (int64_t i = 0; i < c.P; i++) assert_true((theta[i] + gradient[i]) - theta[i] == learned.gradient[i]);
    assert_true(learned.update.gradient_norm > 1e-3);
    brood_strategy_reinforce.destroy(&self);
    brood_policy_destroy(&policy);
    teardown(&c);
}

static void entropy_is_raised_where_rewards_say_nothing(void **state) {
    (void)state;
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "policy.entropy=0.25", "run.round=5", NULL});
    brood_policy_t *policy = policy_of(&c);
    void           *self = strategy_of(&c);
    double          log_p[MOST_SEQUENCES * MOST_POSITIONS], exact[MOST_PARAMETERS];
    const double    reward[5] = {0.1, 0.1, 0.1, 0.1, 0.1};
    learned_t       learned;
    move(&c, policy, 1);
    weights(self, brood_policy_weights(policy), true);
    score(policy, c.tokens, c.sequences, log_p, NULL);
    differentiate(&c, policy, mean_entropy, exact);
    for (int64_t i = 0; i < c.P; i++) exact[i] *= 0.25;
    learn(&c, self, c.tokens, log_p, reward, NULL, &learned);
    assert_close(learned.gradient, exact, c.P, 1e-8);
    assert_true(learned.update.policy_loss == 0);
    brood_strategy_reinforce.destroy(&self);
    brood_policy_destroy(&policy);
    teardown(&c);
}

static void equal_rewards_give_no_gradient_at_all(void **state) {
    (void)state;
    static const char *const baseline[] = {"policy.baseline=moving", "policy.baseline=round"};
    for (int b = 0; b < 2; b++) {
        case_t c;
        setup(&c, (const char *const[]){PLAIN, baseline[b], "policy.entropy=0", "run.round=10", NULL});
        brood_policy_t *policy = policy_of(&c);
        void           *self = strategy_of(&c);
        double          log_p[MOST_SEQUENCES * MOST_POSITIONS], reward[10];
        score(policy, c.tokens, c.sequences, log_p, NULL);
        /* Ten times 0.1 is not 1: a mean that is off by one rounding would become an advantage of 1. */
        for (int i = 0; i < 10; i++) reward[i] = 0.1;
        for (int round = 0; round < 4; round++) {
            learned_t learned;
            learn(&c, self, c.tokens, log_p, reward, NULL, &learned);
            for (int i = 0; i < 10; i++) assert_true(learned.advantage[i] == 0);
            for (int64_t i = 0; i < c.P; i++) assert_true(learned.gradient[i] == 0);
            assert_true(learned.update.baseline == 0.1 && learned.update.gradient_norm == 0);
        }
        brood_strategy_reinforce.destroy(&self);
        brood_policy_destroy(&policy);
        teardown(&c);
    }
}

/* Rounds of rewards, told one after the other; the sequences do not matter here. */
static void tell_rounds(case_t *c, void *self, const double reward[], int64_t rounds, const bool learns[],
                        learned_t learned[]) {
    brood_policy_t *policy = policy_of(c);
    double          log_p[MOST_SEQUENCES * MOST_POSITIONS];
    score(policy, c->tokens, c->sequences, log_p, NULL);
    for (int64_t r = 0; r < rounds; r++)
        learn(c, self, c->tokens, log_p, reward + r * c->fixture.config.round, learns, &learned[r]);
    brood_policy_destroy(&policy);
}

static void the_moving_baseline_is_that_of_earlier_rounds(void **state) {
    (void)state;
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "run.round=3", "policy.baseline_decay=0.75", NULL});
    void        *self = strategy_of(&c);
    learned_t    learned[3];
    const double reward[] = {0.25, 0.5, 0.75, 0.5, 0.5, 0.875, 0.25, 0, 0.125}, mean[] = {0.5, 0.625, 0.125};
    const double baseline[] = {0.5, 0.5, 0.75 * 0.5 + 0.25 * 0.625};
    tell_rounds(&c, self, reward, 3, NULL, learned);
    for (int r = 0; r < 3; r++) {
        double square = 0;
        for (int i = 0; i < 3; i++) square += pow(reward[3 * r + i] - baseline[r], 2) / 3;
        assert_true(fabs(learned[r].update.baseline - baseline[r]) < 1e-15);
        for (int i = 0; i < 3; i++)
            assert_true(fabs(learned[r].advantage[i] - (reward[3 * r + i] - baseline[r]) / sqrt(square)) < 1e-14);
    }
    assert_true(fabs(*state_of(self, "baseline") - (0.75 * baseline[2] + 0.25 * mean[2])) < 1e-15);
    assert_true(isnan(*state_of(self, "moving_variance")));
    brood_strategy_reinforce.destroy(&self);
    teardown(&c);
}

static void the_round_baseline_leaves_each_episode_out(void **state) {
    (void)state;
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "run.round=4", "policy.baseline=round", NULL});
    void        *self = strategy_of(&c);
    learned_t    learned[2];
    const double reward[] = {0.25, 0.5, 0.75, 0.3, 0.9, 0.1, 0.1, 0.1};
    tell_rounds(&c, self, reward, 2, NULL, learned);
    for (int r = 0; r < 2; r++) {
        double difference[4], square = 0;
        for (int i = 0; i < 4; i++) {
            double others = 0;
            for (int j = 0; j < 4; j++) others += j == i ? 0 : reward[4 * r + j] / 3;
            difference[i] = reward[4 * r + i] - others;
            square += difference[i] * difference[i] / 4;
        }
        for (int i = 0; i < 4; i++) assert_true(fabs(learned[r].advantage[i] - difference[i] / sqrt(square)) < 1e-14);
    }
    brood_strategy_reinforce.destroy(&self);
    teardown(&c);
}

static void rounds_of_one_are_scaled_by_a_moving_variance(void **state) {
    (void)state;
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "run.round=1", "policy.baseline_decay=0.75", NULL});
    void     *self = strategy_of(&c);
    learned_t learned[6];
    /* Nothing to compare with, then nothing that differs, then the first difference, from which the variance starts. */
    const double reward[] = {0.5, 0.5, 0.75, 0.25, 0.25, 1};
    double       baseline = 0.5, variance = 0;
    tell_rounds(&c, self, reward, 6, NULL, learned);
    for (int r = 0; r < 6; r++) {
        double difference = reward[r] - baseline;
        if (variance > 0)
            variance = 0.75 * variance + 0.25 * difference * difference;
        else
            variance = difference * difference;
        double expected = variance > 0 ? difference / sqrt(variance) : 0;
        assert_true(fabs(learned[r].advantage[0] - expected) < 1e-14);
        baseline = 0.75 * baseline + 0.25 * reward[r];
    }
    assert_true(learned[1].advantage[0] == 0);
    assert_true(fabs(learned[2].advantage[0] - 1) < 1e-15);
    assert_true(fabs(*state_of(self, "moving_variance") - variance) < 1e-15);
    brood_strategy_reinforce.destroy(&self);
    teardown(&c);
}

static void earlier_decisions_are_discounted(void **state) {
    (void)state;
    case_t c;
    setup(&c, (const char *const[]){PLAIN, "run.round=3", "policy.discount=0.5", "policy.entropy=0.125", NULL});
    brood_policy_t *policy = policy_of(&c);
    void           *self = strategy_of(&c);
    learned_t       learned;
    double          weight[3 * MOST_POSITIONS], log_p[MOST_SEQUENCES * MOST_POSITIONS], gradient[MOST_PARAMETERS];
    double          loss = 0;
    tell_rounds(&c, self, c.reward, 1, NULL, &learned);
    score(policy, c.tokens, c.sequences, log_p, NULL);
    for (int64_t b = 0; b < 3; b++)
        for (int64_t t = 0; t < c.T; t++) {
            weight[b * c.T + t] = learned.advantage[b] / 3 * pow(0.5, (double)(c.T - 1 - t));
            loss -= weight[b * c.T + t] * log_p[b * c.T + t];
        }
    gradient_of(&c, c.tokens, 3, weight, 0.125 / 3, policy, gradient);
    assert_close(learned.gradient, gradient, c.P, 1e-12);
    assert_true(fabs(learned.update.policy_loss - loss) < 1e-14);
    brood_strategy_reinforce.destroy(&self);
    brood_policy_destroy(&policy);
    teardown(&c);
}

static void given_architectures_enter_neither_gradient_nor_baseline(void **state) {
    (void)state;
    case_t c, fewer;
    setup(&c, (const char *const[]){PLAIN, "run.round=5", NULL});
    setup(&fewer, (const char *const[]){PLAIN, "run.round=3", NULL});
    void           *self = strategy_of(&c), *self_of_fewer = strategy_of(&fewer);
    learned_t       learned, learned_of_fewer;
    const bool      learns[] = {false, false, true, true, true}, none[5] = {false};
    const double    reward[] = {100, -100, 0.25, 0.5, 0.875};
    brood_policy_t *policy = policy_of(&c);
    double          log_p[MOST_SEQUENCES * MOST_POSITIONS];
    score(policy, c.tokens, c.sequences, log_p, NULL);
    fewer.P = c.P;
    learn(&c, self, c.tokens, log_p, reward, learns, &learned);
    learn(&fewer, self_of_fewer, c.tokens + 2 * c.T, log_p + 2 * c.T, reward + 2, NULL, &learned_of_fewer);
    assert_memory_equal(learned.gradient, learned_of_fewer.gradient, (size_t)c.P * sizeof(double));
    assert_memory_equal(learned.advantage + 2, learned_of_fewer.advantage, 3 * sizeof(double));
    assert_true(isnan(learned.advantage[0]) && isnan(learned.advantage[1]));
    assert_true(learned.update.baseline == learned_of_fewer.update.baseline);
    /* A round of nothing else leaves all as it was. */
    double baseline = *state_of(self, "baseline");
    learn(&c, self, c.tokens, log_p, reward, none, &learned);
    for (int64_t i = 0; i < c.P; i++) assert_true(learned.gradient[i] == 0);
    assert_true(*state_of(self, "baseline") == baseline);
    /* One episode beside given ones is scaled by itself: that a round is of 1 does not depend on what was given. */
    const bool one[] = {false, false, false, true, false};
    learn(&c, self, c.tokens, log_p, reward, one, &learned);
    assert_true(fabs(learned.advantage[3]) == 1);
    assert_true(isnan(*state_of(self, "moving_variance")));
    brood_strategy_reinforce.destroy(&self);
    brood_strategy_reinforce.destroy(&self_of_fewer);
    brood_policy_destroy(&policy);
    teardown(&c);
    teardown(&fewer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_of_the_estimator_is_the_gradient_of_the_expected_reward),
        cmocka_unit_test(under_lag_the_ratio_makes_the_estimator_that_of_the_policy_as_it_is),
        cmocka_unit_test(the_ratio_is_at_most_two),
        cmocka_unit_test(without_lag_the_ratio_is_exactly_one),
        cmocka_unit_test(entropy_is_raised_where_rewards_say_nothing),
        cmocka_unit_test(equal_rewards_give_no_gradient_at_all),
        cmocka_unit_test(the_moving_baseline_is_that_of_earlier_rounds),
        cmocka_unit_test(the_round_baseline_leaves_each_episode_out),
        cmocka_unit_test(rounds_of_one_are_scaled_by_a_moving_variance),
        cmocka_unit_test(earlier_decisions_are_discounted),
        cmocka_unit_test(given_architectures_enter_neither_gradient_nor_baseline)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
