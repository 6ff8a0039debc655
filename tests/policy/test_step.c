/* Optimisers, regularisation and clipping against plain formulas; what a policy saves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "toy_space.h"

#define STEPS 5

static void assert_close(double found, double expected, double tolerance) {
    if (!(fabs(found - expected) <= tolerance)) fail_msg("found %.17g, expected %.17g", found, expected);
}

/* One weight's way by the optimiser's plain formula; `moment` as it starts. */
typedef struct {
    double weight, moment[2];
} plain_t;

static void plain_step(const brood_policy_config_t *config, int step, double g, plain_t *p) {
    switch ((brood_policy_optimizer_t)config->optimizer) {
    case BROOD_POLICY_ADAM:
        p->moment[0] = 0.9 * p->moment[0] + 0.1 * g;
        p->moment[1] = 0.999 * p->moment[1] + 0.001 * g * g;
        p->weight += config->learning_rate * (p->moment[0] / (1 - pow(0.9, step))) /
                     (sqrt(p->moment[1] / (1 - pow(0.999, step))) + 1e-8);
        break;
    case BROOD_POLICY_SGD:
        p->moment[0] = config->momentum * p->moment[0] + g;
        p->weight += config->learning_rate * p->moment[0];
        break;
    case BROOD_POLICY_RMSPROP:
        p->moment[0] = 0.9 * p->moment[0] + 0.1 * g * g;
        p->weight += config->learning_rate * g / sqrt(p->moment[0] + 1e-10);
        break;
    }
}

static void optimisers_follow_their_formulas(void **state) {
    brood_math_t *math = *state;
    for (int32_t optimizer = BROOD_POLICY_ADAM; optimizer <= BROOD_POLICY_RMSPROP; optimizer++) {
        brood_policy_config_t config = fixture_config(BROOD_CELL_LSTM, 1);
        config.optimizer = optimizer;
        config.learning_rate = 0.03;
        config.momentum = 0.8;
        brood_policy_t *policy = fixture_policy(&config, &toy_alike, math);
        int64_t         count = brood_policy_parameters(policy);
        double         *start = fixture_numbers(1, count, 0.8), *gradient[STEPS], *kept[STEPS];
        for (int step = 0; step < STEPS; step++) {
            gradient[step] = fixture_numbers(30 + step, count, step == 2 ? 1e-6 : 2);
            kept[step] = fixture_numbers(30 + step, count, step == 2 ? 1e-6 : 2);
            brood_policy_stepped_t stepped = brood_policy_step(policy, gradient[step]);
            assert_true(stepped.learning_rate == 0.03);
        }
        for (int64_t i = 0; i < count; i++) {
            plain_t plain = {.weight = start[i], .moment = {optimizer == BROOD_POLICY_RMSPROP ? 1 : 0, 0}};
            for (int step = 0; step < STEPS; step++) plain_step(&config, step + 1, kept[step][i], &plain);
            assert_close(brood_policy_weights(policy)[i], plain.weight, 1e-14);
        }
        for (int step = 0; step < STEPS; step++) {
            free(gradient[step]);
            free(kept[step]);
        }
        free(start);
        brood_policy_destroy(&policy);
    }
}

/* A step of plain ascent with rate 1 shows the gradient that was really taken. */
static void one_step(brood_math_t *math, double l2, double clip, double limit, double *norm, double **before,
                     double **taken, int64_t *count) {
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    config.optimizer = BROOD_POLICY_SGD;
    config.learning_rate = 1;
    config.l2 = l2;
    config.clip = clip;
    brood_policy_t *policy = fixture_policy(&config, &toy_alike, math);
    *count = brood_policy_parameters(policy);
    double *gradient = fixture_numbers(40, *count, limit);
    *before = fixture_numbers(1, *count, 0.8);
    *taken = fixture_numbers(0, *count, 0);
    brood_policy_stepped_t stepped = brood_policy_step(policy, gradient);
    for (int64_t i = 0; i < *count; i++) (*taken)[i] = brood_policy_weights(policy)[i] - (*before)[i];
    *norm = stepped.gradient_norm;
    free(gradient);
    brood_policy_destroy(&policy);
}

static double norm_of(int64_t count, const double *g) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += g[i] * g[i];
    return sqrt(sum);
}

static void l2_pulls_along_minus_two_lambda_theta(void **state) {
    double *before, *taken, norm;
    int64_t count;
    one_step(*state, 0.25, 0, 1, &norm, &before, &taken, &count);
    double *gradient = fixture_numbers(40, count, 1);
    for (int64_t i = 0; i < count; i++) {
        gradient[i] -= 0.5 * before[i];
        assert_close(taken[i], gradient[i], 1e-14);
    }
    assert_close(norm, norm_of(count, gradient), 1e-12);
    free(gradient);
    free(before);
    free(taken);
}

static void clipping_shortens_a_long_gradient_and_leaves_a_short_one(void **state) {
    double *before, *taken, norm;
    int64_t count;
    one_step(*state, 0, 0.5, 1, &norm, &before, &taken, &count);
    double *gradient = fixture_numbers(40, count, 1), full = norm_of(count, gradient);
    assert_true(full > 5);
    assert_close(norm, full, 1e-12); /* before clipping */
    assert_close(norm_of(count, taken), 0.5, 1e-14);
    for (int64_t i = 0; i < count; i++) assert_close(taken[i], gradient[i] * 0.5 / full, 1e-14);
    free(gradient);
    free(before);
    free(taken);

    one_step(*state, 0, 0.5, 0.01, &norm, &before, &taken, &count);
    gradient = fixture_numbers(40, count, 0.01);
    assert_true(norm < 0.5);
    for (int64_t i = 0; i < count; i++) assert_close(taken[i], gradient[i], 1e-15);
    free(gradient);
    free(before);
    free(taken);
}

static void fields_of(brood_policy_t *policy, brood_fields_t *fields) {
    brood_fields_init(fields);
    brood_policy_fields(policy, fields);
    assert_int_equal(brood_fields_error(fields), BROOD_OK);
}

static void every_weight_belongs_to_exactly_one_field_with_a_name_of_its_own(void **state) {
    brood_policy_config_t config = fixture_config(BROOD_CELL_LSTM, 2);
    brood_policy_t       *policy;
    brood_fields_t        fields;
    assert_int_equal(brood_policy_create(&config, &toy_ragged, 9, *state, &policy), BROOD_OK);
    fields_of(policy, &fields);
    int64_t count = brood_policy_parameters(policy);
    double *owners = fixture_numbers(0, count, 0);
    for (int64_t i = 0; i < fields.count; i++) {
        const brood_field_t *field = &fields.field[i];
        assert_ptr_equal(brood_fields_find(&fields, field->group, field->name), field);
        assert_true(field->label && *field->label && field->doc && *field->doc);
        if (strcmp(field->group, "/policy/weights")) continue;
        int64_t first = (const double *)field->base - brood_policy_weights(policy);
        for (int64_t j = 0; j < brood_field_count(field); j++) owners[first + j]++;
    }
    for (int64_t i = 0; i < count; i++) assert_true(owners[i] == 1);
    const brood_field_t *bias = brood_fields_find(&fields, "/policy/weights", "bias_layer_1");
    assert_non_null(bias);
    for (int64_t i = 0; i < 16; i++) /* i, f, g, o of 4 units */
        assert_true(((const double *)bias->base)[i] == (i / 4 == 1 ? 1 : 0));
    const brood_field_t *embedding = brood_fields_find(&fields, "/policy/weights", "embedding_pool_size");
    assert_non_null(embedding);
    assert_int_equal(embedding->ndim, 2);
    assert_int_equal(embedding->shape[0], 4);
    free(owners);
    brood_fields_fini(&fields);
    brood_policy_destroy(&policy);
}

static void starting_weights_fill_their_ranges(void **state) {
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    config.units = 32;
    brood_policy_t *policy;
    brood_fields_t  fields;
    assert_int_equal(brood_policy_create(&config, &toy_alike, 9, *state, &policy), BROOD_OK);
    fields_of(policy, &fields);
    for (int64_t i = 0; i < fields.count; i++) {
        const brood_field_t *field = &fields.field[i];
        if (strcmp(field->group, "/policy/weights")) continue;
        const double *value = field->base;
        double        largest = 0, mean = 0, limit = 0.08;
        int64_t       count = brood_field_count(field);
        for (int64_t j = 0; j < count; j++) {
            largest = fmax(largest, fabs(value[j]));
            mean += value[j] / (double)count;
        }
        if (strstr(field->name, "weights_layer")) limit = sqrt(6.0 / (32 + 8 * 32));
        if (strstr(field->name, "bias")) limit = 0;
        assert_true(largest <= limit && largest >= 0.85 * limit);
        assert_true(fabs(mean) <= 4 * limit / sqrt(3 * (double)count));
    }
    brood_fields_fini(&fields);
    brood_policy_destroy(&policy);
}

static void learn_a_little(brood_policy_t *policy, int64_t series) {
    double *gradient = fixture_numbers(series, brood_policy_parameters(policy), 1);
    brood_policy_step(policy, gradient);
    free(gradient);
}

static void a_policy_restored_from_its_fields_goes_on_with_the_same_bits(void **state) {
    for (int32_t optimizer = BROOD_POLICY_ADAM; optimizer <= BROOD_POLICY_RMSPROP; optimizer++) {
        brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
        config.optimizer = optimizer;
        config.momentum = 0.9;
        brood_policy_t *policy, *restored;
        brood_fields_t  from, to;
        assert_int_equal(brood_policy_create(&config, &toy_alike, 9, *state, &policy), BROOD_OK);
        assert_int_equal(brood_policy_create(&config, &toy_alike, 10, *state, &restored), BROOD_OK);
        for (int64_t step = 0; step < 3; step++) learn_a_little(policy, 50 + step);
        fields_of(policy, &from);
        fields_of(restored, &to);
        assert_int_equal(from.count, to.count);
        for (int64_t i = 0; i < from.count; i++)
            memcpy(to.field[i].base, from.field[i].base,
                   (size_t)brood_field_count(&from.field[i]) * brood_field_size(&from.field[i]));
        assert_int_equal(*(int64_t *)brood_fields_find(&to, "/policy", "steps")->base, 3);
        learn_a_little(policy, 60);
        learn_a_little(restored, 60);
        assert_memory_equal(brood_policy_weights(policy), brood_policy_weights(restored),
                            (size_t)brood_policy_parameters(policy) * sizeof(double));
        brood_fields_fini(&from);
        brood_fields_fini(&to);
        brood_policy_destroy(&policy);
        brood_policy_destroy(&restored);
    }
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
        cmocka_unit_test(optimisers_follow_their_formulas),
        cmocka_unit_test(l2_pulls_along_minus_two_lambda_theta),
        cmocka_unit_test(clipping_shortens_a_long_gradient_and_leaves_a_short_one),
        cmocka_unit_test(every_weight_belongs_to_exactly_one_field_with_a_name_of_its_own),
        cmocka_unit_test(starting_weights_fill_their_ranges),
        cmocka_unit_test(a_policy_restored_from_its_fields_goes_on_with_the_same_bits)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
