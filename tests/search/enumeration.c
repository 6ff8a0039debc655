#include "enumeration.h"

#include <math.h>

void setup(case_t *c, const char *const set[]) {
    brood_isa_t isa;
    *c = (case_t){0};
    fixture_init(&c->fixture, set);
    assert_int_equal(brood_isa_choose(&isa), BROOD_OK);
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &c->math), BROOD_OK);
    c->T = brood_space_length(c->fixture.space);
    c->K = brood_space_choices(c->fixture.space);
    assert_true(c->T <= MOST_POSITIONS);
    /* An odometer over all sequences; rewards by a hash of nothing but their number. */
    int32_t token[MOST_POSITIONS] = {0};
    for (int64_t t = c->T; t >= 0;) {
        brood_key4_t key = brood_key4(11, BROOD_PURPOSE_LANDSCAPE, c->sequences, 0, 0);
        assert_true(c->sequences < MOST_SEQUENCES);
        memcpy(c->tokens + c->sequences * c->T, token, (size_t)c->T * sizeof *token);
        c->reward[c->sequences++] = brood_random_uniform(&key, 0);
        for (t = c->T - 1; t >= 0; t--) {
            brood_decision_t decision;
            brood_space_decision(c->fixture.space, token, t, &decision);
            if (++token[t] < decision.choices) break;
            token[t] = 0;
        }
    }
}

void teardown(case_t *c) {
    brood_math_destroy(&c->math);
    fixture_fini(&c->fixture);
}

brood_policy_t *policy_of(case_t *c) {
    brood_policy_t *policy;
    assert_int_equal(brood_policy_create(&c->fixture.reinforce.policy, c->fixture.space, 1, c->math, &policy),
                     BROOD_OK);
    c->P = brood_policy_parameters(policy);
    assert_true(c->P <= MOST_PARAMETERS);
    return policy;
}

void *strategy_of(case_t *c) {
    void                  *self;
    brood_strategy_setup_t made = {.config = &c->fixture.reinforce,
                                   .space = c->fixture.space,
                                   .math = c->math,
                                   .seed = 1,
                                   .round = c->fixture.config.round};
    assert_int_equal(brood_strategy_reinforce.create(&made, &self), BROOD_OK);
    return self;
}

void weights(void *self, double theta[], bool in) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_strategy_reinforce.fields(self, &fields);
    for (int64_t i = 0; i < fields.count; i++) {
        const brood_field_t *field = &fields.field[i];
        int64_t              count = brood_field_count(field);
        if (strcmp(field->group, "/policy/weights") != 0) continue;
        if (in)
            memcpy(field->base, theta, (size_t)count * sizeof *theta);
        else
            memcpy(theta, field->base, (size_t)count * sizeof *theta);
        theta += count;
    }
    brood_fields_fini(&fields);
}

double *state_of(void *self, const char *name) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_strategy_reinforce.fields(self, &fields);
    const brood_field_t *field = brood_fields_find(&fields, "/strategy", name);
    assert_non_null(field);
    double *state = field->base;
    brood_fields_fini(&fields);
    return state;
}

void score(brood_policy_t *policy, const int32_t tokens[], int64_t count, double log_p[], double entropy[]) {
    brood_batch_t batch = {.count = count, .log_p = log_p, .entropy = entropy};
    int32_t       copy[MOST_SEQUENCES * MOST_POSITIONS];
    double        unused[MOST_SEQUENCES];
    memcpy(copy, tokens, sizeof copy);
    batch.tokens = copy;
    if (!entropy) batch.entropy = unused;
    assert_int_equal(brood_policy_score(policy, &batch), BROOD_OK);
}

double sum_of(const double value[], int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += value[i];
    return sum;
}

void probabilities(const case_t *c, brood_policy_t *policy, double p[]) {
    double log_p[MOST_SEQUENCES * MOST_POSITIONS];
    score(policy, c->tokens, c->sequences, log_p, NULL);
    for (int64_t x = 0; x < c->sequences; x++) p[x] = exp(sum_of(log_p + x * c->T, c->T));
}

void differentiate(const case_t *c, brood_policy_t *policy, double (*f)(const case_t *, brood_policy_t *),
                   double gradient[]) {
    double *theta = brood_policy_weights(policy), h = 1e-3;
    for (int64_t i = 0; i < c->P; i++) {
        const double at = theta[i];
        double       value[4];
        const double step[4] = {-2 * h, -h, h, 2 * h};
        for (int j = 0; j < 4; j++) {
            theta[i] = at + step[j];
            value[j] = f(c, policy);
        }
        theta[i] = at;
        gradient[i] = (value[0] - 8 * value[1] + 8 * value[2] - value[3]) / (12 * h);
    }
}

/* A round as history has it when it is told. */
static brood_history_t *history_of(const case_t *c, const int32_t tokens[], const double log_p[], const double reward[],
                                   int64_t count) {
    brood_history_t *history;
    assert_int_equal(brood_history_create(c->T, c->K, 1, &history), BROOD_OK);
    for (int64_t e = 0; e < count; e++) {
        brood_episode_t row = {.original = e, .log_probability = sum_of(log_p + e * c->T, c->T)};
        brood_space_print(c->fixture.space, tokens + e * c->T, row.architecture);
        assert_int_equal(brood_history_append(history, &row, tokens + e * c->T, log_p + e * c->T), BROOD_OK);
        brood_result_t result = {.status = BROOD_STATUS_DONE, .accuracy = reward[e]};
        assert_int_equal(brood_history_finish(history, e, &result, reward[e]), BROOD_OK);
    }
    return history;
}

void learn(const case_t *c, void *self, const int32_t tokens[], const double log_p[], const double reward[],
           const bool learns[], learned_t *learned) {
    static const bool all[MOST_ROUND] = {true, true, true, true, true, true, true, true, true, true, true, true};
    double            before[MOST_PARAMETERS];
    brood_history_t  *history = history_of(c, tokens, log_p, reward, c->fixture.config.round);
    weights(self, before, false);
    for (int i = 0; i < MOST_ROUND; i++) learned->advantage[i] = NAN;
    learned->update = (brood_update_t){.baseline = NAN, .policy_loss = NAN, .gradient_norm = NAN};
    assert_int_equal(
        brood_strategy_reinforce.learn(self, history, 0, learns ? learns : all, learned->advantage, &learned->update),
        BROOD_OK);
    weights(self, learned->gradient, false);
    for (int64_t i = 0; i < c->P; i++) learned->gradient[i] -= before[i];
    brood_history_destroy(&history);
}

static double distance(const double a[], const double b[], int64_t count, double *norm) {
    double apart = 0, square = 0;
    for (int64_t i = 0; i < count; i++) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        square += b[i] * b[i];
    }
    *norm = sqrt(square);
    return sqrt(apart);
}

void assert_close(const double a[], const double b[], int64_t count, double tolerance) {
    double norm, apart = distance(a, b, count, &norm);
    if (!(norm > 1e-3)) fail_msg("a gradient of norm %g shows nothing", norm);
    if (!(apart <= tolerance * norm)) fail_msg("%g apart, of norm %g", apart, norm);
}

void move(const case_t *c, brood_policy_t *policy, double by) {
    brood_key4_t key = brood_key4(5, BROOD_PURPOSE_BENCH, 0, 0, 0);
    for (int64_t i = 0; i < c->P; i++)
        brood_policy_weights(policy)[i] += by * (2 * brood_random_uniform(&key, (uint32_t)i) - 1);
}

void gradient_of(const case_t *c, const int32_t tokens[], int64_t count, const double weight[], double entropy_weight,
                 brood_policy_t *policy, double gradient[]) {
    int32_t       copy[MOST_ROUND * MOST_POSITIONS];
    brood_batch_t batch = {.count = count, .tokens = copy};
    memcpy(copy, tokens, (size_t)(count * c->T) * sizeof *copy);
    assert_int_equal(brood_policy_gradient(policy, &batch, weight, entropy_weight, gradient), BROOD_OK);
}
