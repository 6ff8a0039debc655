/* Each key of the policy is read, and obeyed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "brood/util/hash.h"
#include "fixture.h"
#include "toy_space.h"

static brood_policy_config_t read(const char *const set[]) {
    brood_policy_config_t config;
    brood_section_t       section = {brood_policy_keys, brood_policy_key_count, &config};
    if (brood_config_read(NULL, set, &section, 1) != BROOD_OK) fail_msg("%s", brood_message());
    return config;
}

/* A hash of all that a policy of this configuration draws, and becomes, in two rounds. */
static uint64_t life(brood_math_t *math, const brood_policy_config_t *config) {
    uint64_t        hash = BROOD_HASH_START;
    brood_policy_t *policy;
    assert_int_equal(brood_policy_create(config, &toy_ragged, 1, math, &policy), BROOD_OK);
    size_t        tokens = (size_t)(8 * brood_space_length(&toy_ragged));
    brood_batch_t batch = fixture_batch(&toy_ragged, 8);
    double       *weight = fixture_numbers(70, (int64_t)tokens, 1);
    double       *gradient = fixture_numbers(0, brood_policy_parameters(policy), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(brood_policy_sample(policy, &batch), BROOD_OK);
        assert_int_equal(brood_policy_gradient(policy, &batch, weight, 0.1, gradient), BROOD_OK);
        brood_policy_step(policy, gradient);
        hash = brood_hash(hash, batch.log_p, tokens * sizeof *batch.log_p);
    }
    hash = brood_hash(hash, brood_policy_weights(policy), (size_t)brood_policy_parameters(policy) * sizeof(double));
    free(weight);
    free(gradient);
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
    return hash;
}

static void defaults_are_those_of_the_documentation(void **state) {
    (void)state;
    brood_policy_config_t config = read(NULL);
    assert_int_equal(config.cell, BROOD_CELL_NASCELL);
    assert_int_equal(config.units, 64);
    assert_int_equal(config.layers, 1);
    assert_true(config.exploration == 0.05 && config.learning_rate == 0.01);
    assert_int_equal(config.optimizer, BROOD_POLICY_ADAM);
    assert_true(config.momentum == 0 && config.clip == 0 && config.l2 == 0);
}

static void the_other_value_of_every_key_changes_what_is_drawn_or_learned(void **state) {
    brood_math_t *math = *state;
    for (int64_t i = 0; i < brood_policy_key_count; i++) {
        char               other[128];
        const char        *sgd = "policy.optimizer=sgd"; /* the one that has momentum */
        const brood_key_t *key = &brood_policy_keys[i];
        bool               momentum = key->offset == offsetof(brood_policy_config_t, momentum);
        const char        *before[] = {momentum ? sgd : NULL, NULL};
        const char        *after[] = {other, momentum ? sgd : NULL, NULL};
        snprintf(other, sizeof other, "%s=%s", key->path, key->other);
        brood_policy_config_t plain = read(before), changed = read(after);
        if (life(math, &plain) == life(math, &changed)) fail_msg("%s is not obeyed", other);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_are_those_of_the_documentation),
                                       cmocka_unit_test(the_other_value_of_every_key_changes_what_is_drawn_or_learned)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
