#include "spaces.h"

static void the_defaults_are_a_space_of_conv2d_networks(void **state) {
    (void)state;
    brood_space_config_t  config;
    const brood_section_t section = {brood_space_keys, brood_space_key_count, &config};
    assert_int_equal(brood_config_read(NULL, NULL, &section, 1), BROOD_OK);
    assert_int_equal(config.kind, BROOD_SPACE_CONV2D);
    assert_int_equal(config.layers, 3);
    assert_int_equal(config.tail, BROOD_TAIL_AVERAGE);
    assert_int_equal(config.init, BROOD_INIT_HE);
    assert_true(config.batch_norm);
    const brood_choices_t kernel_size = CHOICES(1, 3, 5), filters = CHOICES(16, 32, 48), stride = CHOICES(1),
                          pool_size = CHOICES(1, 2), dropout = PER_CENT(0);
    assert_memory_equal(&config.kernel_size, &kernel_size, sizeof kernel_size);
    assert_memory_equal(&config.filters, &filters, sizeof filters);
    assert_memory_equal(&config.stride, &stride, sizeof stride);
    assert_memory_equal(&config.pool_size, &pool_size, sizeof pool_size);
    assert_memory_equal(&config.dropout, &dropout, sizeof dropout);
    brood_space_t *space = space_on(&config, 28, 28, 1, 10);
    assert_true(brood_space_size(space) == 5832);
    brood_space_destroy(&space);
}

static void the_second_value_of_each_key_is_a_space_too(void **state) {
    (void)state;
    for (int64_t k = 0; k < brood_space_key_count; k++) {
        brood_space_config_t  config;
        const brood_section_t section = {brood_space_keys, brood_space_key_count, &config};
        char                  set[256];
        snprintf(set, sizeof set, "%s=%s", brood_space_keys[k].path, brood_space_keys[k].other);
        if (brood_config_read(NULL, (const char *const[]){set, NULL}, &section, 1) != BROOD_OK)
            fail_msg("%s", brood_message());
        brood_space_t *space = space_on(&config, 28, 28, 1, 10);
        brood_space_destroy(&space);
    }
}

static void choices_that_do_not_suit_are_refused_with_their_key(void **state) {
    (void)state;
    enum { CASES = 13 };
    brood_space_config_t config[CASES];
    static const char   *words[CASES] = {
          "space.layers|found 20|1 .. 19|conv2d",
          "space.layers|found 25|1 .. 24|conv1d",
          "space.layers|found 0",
          "space.stride|[1]|conv1d has no stride",
          "space.stride|[1]|conv1d",
          "space.kernel_size|5x2|conv1d",
          "space.kernel_size|no choices",
          "space.filters|found 8 twice",
          "space.kernel_size|found 3 twice",
          "space.dropout|found 91|0 .. 90",
          "space.filters|found 4097|1 .. 4096",
          "space.pool_size|found 0|1 .. 1024",
          "space.layers|found 19 layers|530 characters|at most 511",
    };
    for (int i = 0; i < CASES; i++) config[i] = small_conv2d();
    config[1] = config[3] = config[4] = config[5] = small_conv1d();
    config[0].layers = 20;
    config[1].layers = 25;
    config[2].layers = 0;
    config[3].stride = CHOICES(1, 2);
    config[4].stride = CHOICES(2);
    config[5].kernel_size.value[0] = 5, config[5].kernel_size.width[0] = 2;
    config[6].kernel_size.count = 0;
    config[7].filters = CHOICES(8, 4, 8);
    config[8].kernel_size = CHOICES(3, 1, 3);
    config[9].dropout = PER_CENT(10, 91);
    config[10].filters = CHOICES(4097);
    config[11].pool_size.value[1] = config[11].pool_size.width[1] = 0;
    config[12].layers = 19;
    config[12].stride = CHOICES(1, 1000);
    config[12].pool_size = CHOICES(1, 1000);
    config[12].filters = CHOICES(1, 1000);
    config[12].kernel_size.value[2] = 1000, config[12].kernel_size.width[2] = 100;
    for (int i = 0; i < CASES; i++) {
        brood_space_t *space;
        assert_int_equal(brood_space_create(&config[i], (const int64_t[]){28, 28, 1}, 10, &space), BROOD_E_CONFIG);
        assert_null(space);
        assert_message_has(words[i]);
        assert_message_has("found|expected");
    }
}

static void decisions_go_through_the_hyperparameters_layer_by_layer(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    static const char   *names[] = {"kernel size", "filters", "stride", "pool size", "dropout"};
    const int32_t        choices[] = {3, 2, 2, 3, 2};
    assert_int_equal(brood_space_length(space), 10);
    assert_int_equal(brood_space_choices(space), 3);
    assert_int_equal(brood_space_kinds(space), 5);
    assert_true(brood_space_size(space) == 72 * 72);
    for (int64_t t = 0; t < 12; t++) {
        brood_decision_t decision;
        brood_space_decision(space, NULL, t, &decision);
        assert_int_equal(decision.anchor, -1);
        assert_int_equal(decision.choices, t < 10 ? choices[t % 5] : 0);
        if (t >= 10) continue;
        assert_int_equal(decision.kind, t % 5);
        assert_string_equal(brood_space_kind_name(space, decision.kind), names[t % 5]);
    }
    brood_space_destroy(&space);
    brood_space_destroy(&space); /* nothing is left to destroy */

    config = small_conv1d();
    space = space_on(&config, 28, 28, 1, 10);
    assert_int_equal(brood_space_length(space), 8);
    assert_int_equal(brood_space_kinds(space), 4);
    assert_string_equal(brood_space_kind_name(space, 2), "pool size");
    brood_space_destroy(&space);
}

static void fields_tell_what_a_token_means(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    brood_fields_t       fields;
    brood_fields_init(&fields);
    brood_space_fields(space, &fields);
    assert_int_equal(brood_fields_error(&fields), BROOD_OK);

    const brood_field_t *names = brood_fields_find(&fields, "/config", "space_hyperparameter");
    assert_int_equal(names->shape[0], 5);
    assert_string_equal((const char *)names->base + 3 * names->text_size, "pool size");
    const brood_field_t *count = brood_fields_find(&fields, "/config", "space_choices");
    assert_memory_equal(count->base, ((const int32_t[]){3, 2, 2, 3, 2}), 5 * sizeof(int32_t));
    const brood_field_t *value = brood_fields_find(&fields, "/config", "space_value");
    assert_int_equal(value->shape[0], 5);
    assert_int_equal(value->shape[1], 3);
    assert_memory_equal(value->base, ((const int32_t[]){1, 3, 5, 4, 8, -1, 1, 2, -1, 1, 2, 3, 0, 20, -1}),
                        15 * sizeof(int32_t));
    const brood_field_t *width = brood_fields_find(&fields, "/config", "space_width");
    assert_memory_equal(width->base, ((const int32_t[]){1, 3, 2, 4, 8, -1, 1, 2, -1, 1, 2, 3, 0, 20, -1}),
                        15 * sizeof(int32_t));
    const brood_field_t *position = brood_fields_find(&fields, "/config", "space_position");
    assert_int_equal(position->shape[0], 10);
    assert_memory_equal(position->base, ((const int32_t[]){0, 1, 2, 3, 4, 0, 1, 2, 3, 4}), 10 * sizeof(int32_t));
    brood_fields_fini(&fields);
    brood_space_destroy(&space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_a_space_of_conv2d_networks),
        cmocka_unit_test(the_second_value_of_each_key_is_a_space_too),
        cmocka_unit_test(choices_that_do_not_suit_are_refused_with_their_key),
        cmocka_unit_test(decisions_go_through_the_hyperparameters_layer_by_layer),
        cmocka_unit_test(fields_tell_what_a_token_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
