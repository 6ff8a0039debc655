#include <math.h>

#include "world.h"

static const brood_data_shape_t images = {
    .image = {28, 28, 1}, .images = 60000, .validation = 3000, .train = 12000, .test = 9000, .classes = 10};
static const brood_measure_t network = {.flops = 5000000, .cost = 2000}; /* 2 microseconds a training step an image */

static double seconds_with(const char *const set[], bool retrain, int64_t threads) {
    brood_child_config_t config;
    brood_section_t      section = {brood_child_keys, brood_child_key_count, &config};
    if (brood_config_read(NULL, set, &section, 1) != BROOD_OK) fail_msg("%s", brood_message());
    return brood_evaluator_find((brood_evaluator_name_t)config.evaluator)
        ->seconds(&config, retrain, &images, &network, threads);
}

static void assert_seconds(double found, double expected) {
    if (!(fabs(found - expected) <= 1e-12 * expected)) fail_msg("found %.9g s, expected %.9g s", found, expected);
}

static void an_image_takes_the_cost_and_a_third_of_it_in_validation(void **state) {
    (void)state;
    static const char *const set[] = {"child.epochs=3", NULL};
    assert_seconds(seconds_with(set, false, 1), 3 * (12000 * 2e-6 + 1000 * 2e-6));
}

static void retraining_tests_once_and_may_leave_nothing_to_validate_on(void **state) {
    (void)state;
    static const char *const all[] = {"child.epochs=3", "retrain.epochs=5", NULL};
    static const char *const kept[] = {"retrain.epochs=5", "retrain.images=train", NULL};
    assert_seconds(seconds_with(all, true, 1), 5 * 15000 * 2e-6 + 3000 * 2e-6);
    assert_seconds(seconds_with(kept, true, 1), 5 * (12000 * 2e-6 + 1000 * 2e-6) + 3000 * 2e-6);
}

static void threads_share_the_work_but_for_what_they_wait(void **state) {
    (void)state;
    double alone = seconds_with(NULL, false, 1);
    for (int64_t threads = 2; threads <= 8; threads++)
        assert_seconds(seconds_with(NULL, false, threads), alone / (0.9 * (double)threads));
}

static void a_synthetic_child_takes_its_delay_whatever_else_is_set(void **state) {
    (void)state;
    static const char *const set[] = {"evaluator.name=synthetic", "evaluator.delay=0.2", NULL};
    static const char *const other[] = {"evaluator.name=synthetic", "evaluator.delay=0.2", "child.epochs=7",
                                        "evaluator.steps=9", NULL};
    static const char *const none[] = {"evaluator.name=synthetic", NULL};
    assert_seconds(seconds_with(set, false, 1), 0.2 * 5);
    assert_seconds(seconds_with(other, true, 4), 0.2 * 5);
    assert_true(seconds_with(none, false, 1) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_takes_the_cost_and_a_third_of_it_in_validation),
        cmocka_unit_test(retraining_tests_once_and_may_leave_nothing_to_validate_on),
        cmocka_unit_test(threads_share_the_work_but_for_what_they_wait),
        cmocka_unit_test(a_synthetic_child_takes_its_delay_whatever_else_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
