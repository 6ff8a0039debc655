#include <stdlib.h>
#include <string.h>

#include "world.h"

static char *yaml_of(const char *assignment) {
    brood_child_config_t config;
    brood_section_t      section = {brood_child_keys, brood_child_key_count, &config};
    const char *const    set[] = {assignment, NULL};
    char                *yaml;
    if (brood_config_read(NULL, set, &section, 1) != BROOD_OK) fail_msg("%s", brood_message());
    assert_int_equal(brood_config_text(&section, 1, false, &yaml), BROOD_OK);
    return yaml;
}

static void every_key_takes_its_default_and_its_other_value(void **state) {
    (void)state;
    char *defaults = yaml_of(NULL);
    for (int64_t i = 0; i < brood_child_key_count; i++) {
        const brood_key_t *key = &brood_child_keys[i];
        char               assignment[128];
        snprintf(assignment, sizeof assignment, "%s=%s", key->path, key->standard);
        char *same = yaml_of(assignment);
        snprintf(assignment, sizeof assignment, "%s=%s", key->path, key->other);
        char *other = yaml_of(assignment);
        assert_string_equal(same, defaults);
        assert_string_not_equal(other, defaults);
        free(same);
        free(other);
    }
    free(defaults);
}

static void evaluators_are_found_by_the_word_of_the_key(void **state) {
    (void)state;
    assert_string_equal(brood_evaluator_find(BROOD_EVALUATOR_TRAIN)->name, "train");
    assert_string_equal(brood_evaluator_find(BROOD_EVALUATOR_SYNTHETIC)->name, "synthetic");
    brood_child_config_t config;
    brood_section_t      section = {brood_child_keys, brood_child_key_count, &config};
    for (int i = 0; i <= BROOD_EVALUATOR_SYNTHETIC; i++) {
        char assignment[64];
        snprintf(assignment, sizeof assignment, "evaluator.name=%s",
                 brood_evaluator_find((brood_evaluator_name_t)i)->name);
        const char *const set[] = {assignment, NULL};
        assert_int_equal(brood_config_read(NULL, set, &section, 1), BROOD_OK);
        assert_int_equal(config.evaluator, i);
    }
}

static void words_are_the_enums(void **state) {
    (void)state;
    static const char *const set[] = {"child.optimizer=sgd", "child.schedule=cosine", "retrain.schedule=constant",
                                      "retrain.images=train", NULL};
    brood_child_config_t     config;
    brood_section_t          section = {brood_child_keys, brood_child_key_count, &config};
    assert_int_equal(brood_config_read(NULL, NULL, &section, 1), BROOD_OK);
    assert_int_equal(config.optimizer, BROOD_OPTIMIZER_ADAM);
    assert_int_equal(config.schedule, BROOD_SCHEDULE_CONSTANT);
    assert_int_equal(config.retrain.schedule, BROOD_SCHEDULE_COSINE);
    assert_int_equal(config.retrain.images, BROOD_IMAGES_ALL);
    assert_int_equal(brood_config_read(NULL, set, &section, 1), BROOD_OK);
    assert_int_equal(config.optimizer, BROOD_OPTIMIZER_SGD);
    assert_int_equal(config.schedule, BROOD_SCHEDULE_COSINE);
    assert_int_equal(config.retrain.schedule, BROOD_SCHEDULE_CONSTANT);
    assert_int_equal(config.retrain.images, BROOD_IMAGES_TRAIN);
    assert_int_equal(brood_child_epochs(&config, false), 2);
    assert_int_equal(brood_child_epochs(&config, true), 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_takes_its_default_and_its_other_value),
        cmocka_unit_test(evaluators_are_found_by_the_word_of_the_key),
        cmocka_unit_test(words_are_the_enums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
