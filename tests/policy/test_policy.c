/* The policy as a distribution over sequences, and its gradient. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "toy_space.h"

#define RUN(call) assert_int_equal((call), BROOD_OK)

static const brood_space_t *const spaces[] = {&toy_alike, &toy_ragged};
#define SPACES 2

static void assert_close(double found, double expected, double tolerance) {
    if (!(fabs(found - expected) <= tolerance)) fail_msg("found %.17g, expected %.17g", found, expected);
}

/* A batch of all sequences of a space. */
static brood_batch_t all_sequences(const brood_space_t *space) {
    int32_t      *tokens;
    brood_batch_t batch = fixture_batch(space, toy_enumerate(space, &tokens));
    memcpy(batch.tokens, tokens, (size_t)(batch.count * brood_space_length(space)) * sizeof *tokens);
    free(tokens);
    return batch;
}

static double sequence_probability(const brood_space_t *space, const brood_batch_t *batch, int64_t row) {
    double sum = 0;
    for (int64_t t = 0; t < brood_space_length(space); t++) sum += batch->log_p[row * brood_space_length(space) + t];
    return exp(sum);
}

static void probabilities_of_all_sequences_sum_to_one(void **state) {
    brood_math_t *math = *state;
    for (int32_t cell = 0; cell < 2; cell++)
        for (int64_t layers = 1; layers <= 2; layers++)
            for (int s = 0; s < SPACES; s++) {
                brood_policy_config_t config = fixture_config((brood_cell_kind_t)cell, layers);
                brood_policy_t       *policy = fixture_policy(&config, spaces[s], math);
                brood_batch_t         batch = all_sequences(spaces[s]);
                RUN(brood_policy_score(policy, &batch));
                double sum = 0, least = 1, most = 0;
                for (int64_t row = 0; row < batch.count; row++) {
                    double p = sequence_probability(spaces[s], &batch, row);
                    sum += p;
                    least = p < least ? p : least;
                    most = p > most ? p : most;
                }
                assert_close(sum, 1, 1e-13);
                assert_true(most > 3 * least); /* or it would tell nothing */
                fixture_batch_free(&batch);
                brood_policy_destroy(&policy);
            }
}

static void the_expected_score_is_zero(void **state) {
    brood_math_t *math = *state;
    for (int32_t cell = 0; cell < 2; cell++) {
        const brood_space_t  *space = &toy_ragged;
        int64_t               length = brood_space_length(space);
        brood_policy_config_t config = fixture_config((brood_cell_kind_t)cell, 2);
        brood_policy_t       *policy = fixture_policy(&config, space, math);
        brood_batch_t         batch = all_sequences(space);
        RUN(brood_policy_score(policy, &batch));
        double *weight = fixture_numbers(0, batch.count * length, 0);
        for (int64_t i = 0; i < batch.count * length; i++) weight[i] = sequence_probability(space, &batch, i / length);
        double *gradient = fixture_numbers(0, brood_policy_parameters(policy), 0), largest = 0;
        RUN(brood_policy_gradient(policy, &batch, weight, 0, gradient));
        for (int64_t i = 0; i < brood_policy_parameters(policy); i++) assert_close(gradient[i], 0, 1e-14);
        for (int64_t i = 0; i < batch.count * length; i++) weight[i] *= (double)(i / length % 2);
        RUN(brood_policy_gradient(policy, &batch, weight, 0, gradient));
        for (int64_t i = 0; i < brood_policy_parameters(policy); i++) largest = fmax(largest, fabs(gradient[i]));
        assert_true(largest > 1e-3); /* half of the sequences alone */
        free(gradient);
        free(weight);
        fixture_batch_free(&batch);
        brood_policy_destroy(&policy);
    }
}

static void sequences_are_sampled_as_often_as_their_probability(void **state) {
    brood_math_t         *math = *state;
    const brood_space_t  *space = &toy_ragged;
    int64_t               length = brood_space_length(space), draws = 20000;
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    brood_policy_t       *policy = fixture_policy(&config, space, math);
    brood_batch_t         all = all_sequences(space), drawn = fixture_batch(space, draws);
    RUN(brood_policy_score(policy, &all));
    RUN(brood_policy_sample(policy, &drawn));
    double  chi_squared = 0;
    int64_t found = 0;
    for (int64_t row = 0; row < all.count; row++) {
        int64_t count = 0;
        for (int64_t i = 0; i < draws; i++)
            count += !memcmp(drawn.tokens + i * length, all.tokens + row * length, (size_t)length * sizeof(int32_t));
        double expected = (double)draws * sequence_probability(space, &all, row);
        chi_squared += ((double)count - expected) * ((double)count - expected) / expected;
        found += count;
    }
    assert_int_equal(found, draws);
    double freedom = (double)(all.count - 1);
    if (fabs(chi_squared - freedom) > 4 * sqrt(2 * freedom)) fail_msg("χ² %g of %g", chi_squared, freedom);
    fixture_batch_free(&all);
    fixture_batch_free(&drawn);
    brood_policy_destroy(&policy);
}

static void assert_rows_equal(const brood_space_t *space, const brood_batch_t *a, int64_t row_a, const brood_batch_t *b,
                              int64_t row_b) {
    size_t length = (size_t)brood_space_length(space), choices = (size_t)brood_space_choices(space);
    size_t at_a = (size_t)row_a * length, at_b = (size_t)row_b * length;
    assert_memory_equal(a->tokens + at_a, b->tokens + at_b, length * sizeof *a->tokens);
    assert_memory_equal(a->log_p + at_a, b->log_p + at_b, length * sizeof *a->log_p);
    assert_memory_equal(a->entropy + row_a, b->entropy + row_b, sizeof *a->entropy);
    assert_memory_equal(a->probability + at_a * choices, b->probability + at_b * choices,
                        length * choices * sizeof *a->probability);
}

static void a_row_has_the_same_bits_alone_and_in_a_batch_sampled_and_scored(void **state) {
    brood_math_t *math = *state;
    for (int32_t cell = 0; cell < 2; cell++)
        for (int s = 0; s < SPACES; s++) {
            brood_policy_config_t config = fixture_config((brood_cell_kind_t)cell, 2);
            config.units = 11;
            brood_policy_t *policy = fixture_policy(&config, spaces[s], math);
            brood_batch_t   whole = fixture_batch(spaces[s], 300), scored = fixture_batch(spaces[s], 300);
            RUN(brood_policy_sample(policy, &whole));
            memcpy(scored.tokens, whole.tokens, (size_t)(300 * brood_space_length(spaces[s])) * sizeof *whole.tokens);
            RUN(brood_policy_score(policy, &scored));
            for (int64_t row = 0; row < 300; row++) assert_rows_equal(spaces[s], &scored, row, &whole, row);
            for (int64_t row = 0; row < 300; row += 23) {
                brood_batch_t       alone = fixture_batch(spaces[s], 1);
                const brood_key4_t *own = alone.key;
                alone.key = &whole.key[row];
                RUN(brood_policy_sample(policy, &alone));
                assert_rows_equal(spaces[s], &alone, 0, &whole, row);
                alone.key = own;
                fixture_batch_free(&alone);
            }
            fixture_batch_free(&whole);
            fixture_batch_free(&scored);
            brood_policy_destroy(&policy);
        }
}

static void outputs_say_where_a_sequence_and_its_choices_end(void **state) {
    brood_math_t         *math = *state;
    int64_t               length = brood_space_length(&toy_ragged), choices = brood_space_choices(&toy_ragged);
    brood_policy_config_t config = fixture_config(BROOD_CELL_LSTM, 1);
    brood_policy_t       *policy = fixture_policy(&config, &toy_ragged, math);
    brood_batch_t         batch = fixture_batch(&toy_ragged, 100);
    RUN(brood_policy_sample(policy, &batch));
    int64_t ended = 0;
    for (int64_t i = 0; i < 100 * length; i++) {
        brood_decision_t decision = {0};
        int64_t          row = i / length, t = i % length;
        if (t == 0 || batch.tokens[i - 1] >= 0)
            brood_space_decision(&toy_ragged, batch.tokens + row * length, t, &decision);
        ended += decision.choices == 0;
        double sum = 0;
        for (int64_t j = 0; j < choices; j++) {
            double p = batch.probability[i * choices + j];
            assert_int_equal(isnan(p), j >= decision.choices);
            if (j < decision.choices) sum += p;
        }
        if (decision.choices == 0) {
            assert_int_equal(batch.tokens[i], -1);
            assert_true(batch.log_p[i] == 0);
        } else {
            assert_in_range(batch.tokens[i], 0, decision.choices - 1);
            assert_close(batch.log_p[i], log(batch.probability[i * choices + batch.tokens[i]]), 1e-14);
            assert_close(sum, 1, 1e-14);
        }
    }
    assert_true(ended > 20 && ended < 400);
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
}

/* Of all weights, by score alone. */
static void assert_gradient(brood_policy_t *policy, const brood_space_t *space, brood_batch_t *batch,
                            const double *weight, double entropy_weight) {
    const double h = 1e-5;
    int64_t      count = brood_policy_parameters(policy);
    double      *gradient = fixture_numbers(0, count, 0), *theta = brood_policy_weights(policy);
    RUN(brood_policy_gradient(policy, batch, weight, entropy_weight, gradient));
    for (int64_t i = 0; i < count; i++) {
        double kept = theta[i];
        theta[i] = kept + h;
        RUN(brood_policy_score(policy, batch));
        double above = fixture_objective(space, batch, weight, entropy_weight);
        theta[i] = kept - h;
        RUN(brood_policy_score(policy, batch));
        double below = fixture_objective(space, batch, weight, entropy_weight);
        theta[i] = kept;
        assert_close(gradient[i], (above - below) / (2 * h), 2e-8);
    }
    free(gradient);
}

static void the_gradient_agrees_with_central_differences(void **state) {
    brood_math_t       *math = *state;
    static const double explorations[] = {0, 0.3};
    for (int32_t cell = 0; cell < 2; cell++)
        for (int64_t layers = 1; layers <= 2; layers++)
            for (int s = 0; s < SPACES; s++)
                for (int e = 0; e < 2; e++) {
                    brood_policy_config_t config = fixture_config((brood_cell_kind_t)cell, layers);
                    config.exploration = explorations[e];
                    brood_policy_t *policy = fixture_policy(&config, spaces[s], math);
                    brood_batch_t   batch = fixture_batch(spaces[s], 6);
                    double         *weight = fixture_numbers(20, 6 * brood_space_length(spaces[s]), 1);
                    RUN(brood_policy_sample(policy, &batch));
                    assert_gradient(policy, spaces[s], &batch, weight, 0.7);
                    free(weight);
                    fixture_batch_free(&batch);
                    brood_policy_destroy(&policy);
                }
}

static void a_long_batch_has_the_gradient_of_its_parts(void **state) {
    brood_math_t         *math = *state;
    const brood_space_t  *space = &toy_ragged;
    int64_t               length = brood_space_length(space), rows = 530, cut = 101;
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    brood_policy_t       *policy = fixture_policy(&config, space, math);
    int64_t               count = brood_policy_parameters(policy);
    brood_batch_t         batch = fixture_batch(space, rows), part = {0};
    double               *weight = fixture_numbers(21, rows * length, 1), *whole = fixture_numbers(0, count, 0);
    double               *first = fixture_numbers(0, count, 0), *second = fixture_numbers(0, count, 0);
    RUN(brood_policy_sample(policy, &batch));
    RUN(brood_policy_gradient(policy, &batch, weight, 0.2, whole));
    part.count = cut;
    part.tokens = batch.tokens;
    RUN(brood_policy_gradient(policy, &part, weight, 0.2, first));
    part.count = rows - cut;
    part.tokens = batch.tokens + cut * length;
    RUN(brood_policy_gradient(policy, &part, weight + cut * length, 0.2, second));
    for (int64_t i = 0; i < count; i++) assert_close(whole[i], first[i] + second[i], 1e-12);
    free(weight);
    free(whole);
    free(first);
    free(second);
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
}

static void without_exploration_a_hopeless_choice_is_never_drawn_and_still_scored(void **state) {
    brood_math_t         *math = *state;
    brood_policy_config_t config = fixture_config(BROOD_CELL_LSTM, 1);
    config.exploration = 0;
    brood_policy_t *policy = fixture_policy(&config, &toy_alike, math);
    brood_fields_t  fields;
    brood_fields_init(&fields);
    brood_policy_fields(policy, &fields);
    RUN(brood_fields_error(&fields));
    const brood_field_t *bias = brood_fields_find(&fields, "/policy/weights", "softmax_bias_kernel_size");
    assert_non_null(bias);
    ((double *)bias->base)[0] = 1000;

    brood_batch_t batch = fixture_batch(&toy_alike, 200);
    int64_t       length = brood_space_length(&toy_alike);
    RUN(brood_policy_sample(policy, &batch));
    for (int64_t i = 0; i < 200 * length; i++)
        if (i % length % 2 == 0) assert_int_equal(batch.tokens[i], 0);
    batch.tokens[0] = 2;
    RUN(brood_policy_score(policy, &batch));
    assert_true(batch.log_p[0] < -900 && batch.log_p[0] > -1100);
    double *weight = fixture_numbers(22, 200 * length, 1);
    double *gradient = fixture_numbers(0, brood_policy_parameters(policy), 0);
    RUN(brood_policy_gradient(policy, &batch, weight, 0.1, gradient));
    for (int64_t i = 0; i < brood_policy_parameters(policy); i++) assert_true(isfinite(gradient[i]));
    free(weight);
    free(gradient);
    fixture_batch_free(&batch);
    brood_fields_fini(&fields);
    brood_policy_destroy(&policy);
}

static void a_policy_of_nans_still_draws_choices(void **state) {
    brood_math_t         *math = *state;
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    brood_policy_t       *policy = fixture_policy(&config, &toy_alike, math);
    for (int64_t i = 0; i < brood_policy_parameters(policy); i++) brood_policy_weights(policy)[i] = NAN;
    brood_batch_t batch = fixture_batch(&toy_alike, 3);
    RUN(brood_policy_sample(policy, &batch));
    for (int64_t i = 0; i < 3 * brood_space_length(&toy_alike); i++)
        assert_in_range(batch.tokens[i], 0, i % brood_space_length(&toy_alike) % 2 ? 3 : 2);
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
}

static void the_first_policy_is_nearly_uniform_and_the_seeds_own(void **state) {
    brood_math_t         *math = *state;
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    config.units = 64;
    brood_policy_t *policy, *again, *other;
    RUN(brood_policy_create(&config, &toy_alike, 5, math, &policy));
    RUN(brood_policy_create(&config, &toy_alike, 5, math, &again));
    RUN(brood_policy_create(&config, &toy_alike, 6, math, &other));
    size_t size = (size_t)brood_policy_parameters(policy) * sizeof(double);
    assert_memory_equal(brood_policy_weights(policy), brood_policy_weights(again), size);
    assert_memory_not_equal(brood_policy_weights(policy), brood_policy_weights(other), size);

    brood_batch_t batch = fixture_batch(&toy_alike, 50);
    int64_t       length = brood_space_length(&toy_alike), choices = brood_space_choices(&toy_alike);
    RUN(brood_policy_sample(policy, &batch));
    for (int64_t i = 0; i < 50 * length; i++) {
        int64_t n = i % length % 2 ? 4 : 3;
        for (int64_t j = 0; j < n; j++) assert_close(batch.probability[i * choices + j], 1 / (double)n, 0.05);
    }
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
    brood_policy_destroy(&again);
    brood_policy_destroy(&other);
}

static void full_exploration_is_uniform_and_has_no_gradient_of_log_p(void **state) {
    brood_math_t         *math = *state;
    brood_policy_config_t config = fixture_config(BROOD_CELL_LSTM, 1);
    config.exploration = 1;
    brood_policy_t *policy = fixture_policy(&config, &toy_alike, math);
    brood_batch_t   batch = fixture_batch(&toy_alike, 20);
    int64_t         length = brood_space_length(&toy_alike);
    RUN(brood_policy_sample(policy, &batch));
    for (int64_t i = 0; i < 20 * length; i++) assert_close(batch.log_p[i], -log(i % length % 2 ? 4 : 3), 1e-15);
    double *weight = fixture_numbers(23, 20 * length, 1);
    double *gradient = fixture_numbers(0, brood_policy_parameters(policy), 0);
    RUN(brood_policy_gradient(policy, &batch, weight, 0, gradient));
    for (int64_t i = 0; i < brood_policy_parameters(policy); i++) assert_true(gradient[i] == 0);
    free(weight);
    free(gradient);
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
}

static void what_is_no_sequence_is_refused(void **state) {
    brood_math_t         *math = *state;
    brood_policy_config_t config = fixture_config(BROOD_CELL_LSTM, 1);
    brood_policy_t       *policy = fixture_policy(&config, &toy_ragged, math);
    brood_batch_t         batch = fixture_batch(&toy_ragged, 2);
    assert_int_equal(brood_policy_score(policy, &batch), BROOD_E_BUG); /* ended at once */
    RUN(brood_policy_sample(policy, &batch));
    batch.tokens[brood_space_length(&toy_ragged)] = 3;
    assert_int_equal(brood_policy_score(policy, &batch), BROOD_E_BUG);
    assert_non_null(strstr(brood_message(), "token 3 at position 0, of 3 choices"));
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);

    policy = fixture_policy(&config, &toy_sly, math);
    batch = fixture_batch(&toy_sly, 50);
    assert_int_equal(brood_policy_sample(policy, &batch), BROOD_E_BUG);
    assert_non_null(strstr(brood_message(), "3 choices of kernel size"));
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
}

static void an_empty_batch_has_no_gradient(void **state) {
    brood_math_t         *math = *state;
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    brood_policy_t       *policy = fixture_policy(&config, &toy_alike, math);
    brood_batch_t         batch = fixture_batch(&toy_alike, 0);
    double               *gradient = fixture_numbers(24, brood_policy_parameters(policy), 1), weight = 0;
    RUN(brood_policy_sample(policy, &batch));
    RUN(brood_policy_gradient(policy, &batch, &weight, 1, gradient));
    for (int64_t i = 0; i < brood_policy_parameters(policy); i++) assert_true(gradient[i] == 0);
    free(gradient);
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
}

static void paths_give_the_same_bits(void **state) {
    (void)state;
    if (fixture_isa() != BROOD_ISA_AVX512) skip();
    brood_math_t *math[2] = {fixture_math(BROOD_ISA_AVX2), fixture_math(BROOD_ISA_AVX512)};
    for (int32_t cell = 0; cell < 2; cell++) {
        brood_policy_config_t config = fixture_config((brood_cell_kind_t)cell, 2);
        config.units = 19;
        int64_t         length = brood_space_length(&toy_ragged);
        double         *weight = fixture_numbers(25, 70 * length, 1), *gradient[2];
        brood_batch_t   batch[2];
        brood_policy_t *policy[2];
        for (int path = 0; path < 2; path++) {
            policy[path] = fixture_policy(&config, &toy_ragged, math[path]);
            batch[path] = fixture_batch(&toy_ragged, 70);
            gradient[path] = fixture_numbers(0, brood_policy_parameters(policy[path]), 0);
            for (int step = 0; step < 2; step++) {
                RUN(brood_policy_sample(policy[path], &batch[path]));
                RUN(brood_policy_gradient(policy[path], &batch[path], weight, 0.1, gradient[path]));
                brood_policy_step(policy[path], gradient[path]);
            }
        }
        for (int64_t row = 0; row < 70; row++) assert_rows_equal(&toy_ragged, &batch[0], row, &batch[1], row);
        size_t size = (size_t)brood_policy_parameters(policy[0]) * sizeof(double);
        assert_memory_equal(gradient[0], gradient[1], size);
        assert_memory_equal(brood_policy_weights(policy[0]), brood_policy_weights(policy[1]), size);
        free(weight);
        for (int path = 0; path < 2; path++) {
            free(gradient[path]);
            fixture_batch_free(&batch[path]);
            brood_policy_destroy(&policy[path]);
        }
    }
    brood_math_destroy(&math[0]);
    brood_math_destroy(&math[1]);
}

static int setup(void **state) {
    *state = fixture_math(fixture_isa());
    return 0;
}

static int teardown(void **state) {
    brood_math_t *math = *state;
    brood_math_destroy(&math);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities_of_all_sequences_sum_to_one),
        cmocka_unit_test(the_expected_score_is_zero),
        cmocka_unit_test(sequences_are_sampled_as_often_as_their_probability),
        cmocka_unit_test(a_row_has_the_same_bits_alone_and_in_a_batch_sampled_and_scored),
        cmocka_unit_test(outputs_say_where_a_sequence_and_its_choices_end),
        cmocka_unit_test(the_gradient_agrees_with_central_differences),
        cmocka_unit_test(a_long_batch_has_the_gradient_of_its_parts),
        cmocka_unit_test(without_exploration_a_hopeless_choice_is_never_drawn_and_still_scored),
        cmocka_unit_test(a_policy_of_nans_still_draws_choices),
        cmocka_unit_test(the_first_policy_is_nearly_uniform_and_the_seeds_own),
        cmocka_unit_test(full_exploration_is_uniform_and_has_no_gradient_of_log_p),
        cmocka_unit_test(what_is_no_sequence_is_refused),
        cmocka_unit_test(an_empty_batch_has_no_gradient),
        cmocka_unit_test(paths_give_the_same_bits)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
