/* The policy on the spaces that Brood ships. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "fixture.h"

static brood_space_t *space_of(const char *const set[]) {
    brood_space_config_t config;
    brood_section_t      section = {brood_space_keys, brood_space_key_count, &config};
    const int64_t        image[3] = {28, 28, 1};
    brood_space_t       *space;
    if (brood_config_read(NULL, set, &section, 1) != BROOD_OK ||
        brood_space_create(&config, image, 10, &space) != BROOD_OK)
        fail_msg("%s", brood_message());
    return space;
}

static void assert_samples_are_architectures(brood_math_t *math, const char *const set[]) {
    brood_space_t        *space = space_of(set);
    brood_policy_config_t config = fixture_config(BROOD_CELL_NASCELL, 1);
    brood_policy_t       *policy;
    assert_int_equal(brood_policy_create(&config, space, 2, math, &policy), BROOD_OK);
    int64_t       length = brood_space_length(space);
    brood_batch_t batch = fixture_batch(space, 40), scored = fixture_batch(space, 40);
    assert_int_equal(brood_policy_sample(policy, &batch), BROOD_OK);
    for (int64_t row = 0; row < batch.count; row++) {
        char    text[BROOD_MAX_TEXT], canonical[BROOD_MAX_TEXT];
        int32_t tokens[BROOD_MAX_POSITIONS];
        double  log_p = 0, uniform = 0;
        brood_space_print(space, batch.tokens + row * length, text);
        assert_int_equal(brood_space_parse(space, text, tokens, canonical), BROOD_OK);
        assert_memory_equal(tokens, batch.tokens + row * length, (size_t)length * sizeof *tokens);
        for (int64_t t = 0; t < length; t++) {
            brood_decision_t decision;
            brood_space_decision(space, tokens, t, &decision);
            log_p += batch.log_p[row * length + t];
            uniform -= log((double)decision.choices);
        }
        assert_true(fabs(log_p - uniform) < 0.02 * (double)length); /* the first policy is nearly uniform */
    }
    memcpy(scored.tokens, batch.tokens, (size_t)(batch.count * length) * sizeof *batch.tokens);
    assert_int_equal(brood_policy_score(policy, &scored), BROOD_OK);
    assert_memory_equal(scored.log_p, batch.log_p, (size_t)(batch.count * length) * sizeof *batch.log_p);
    fixture_batch_free(&batch);
    fixture_batch_free(&scored);
    brood_policy_destroy(&policy);
    brood_space_destroy(&space);
}

static void samples_of_shipped_spaces_are_architectures_drawn_nearly_uniformly(void **state) {
    brood_math_t     *math = fixture_math(fixture_isa());
    const char *const conv2d[] = {"space.kind=conv2d", NULL};
    const char *const conv1d[] = {"space.kind=conv1d", "space.kernel_size={from: 1, to: 100, step: 1}",
                                  "space.pool_size={from: 1, to: 100, step: 1}", "space.layers=2", NULL};
    (void)state;
    assert_samples_are_architectures(math, conv2d);
    assert_samples_are_architectures(math, conv1d);
    brood_math_destroy(&math);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_of_shipped_spaces_are_architectures_drawn_nearly_uniformly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
