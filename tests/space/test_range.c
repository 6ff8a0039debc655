#include "spaces.h"

static void widen(brood_measure_t *least, brood_measure_t *most, const brood_measure_t *measure) {
#define WIDEN(member)                                                                                                  \
    if (measure->member < least->member) least->member = measure->member;                                              \
    if (measure->member > most->member) most->member = measure->member;
    WIDEN(parameters)
    WIDEN(flops)
    WIDEN(bytes)
    WIDEN(cost)
#undef WIDEN
}

/* Every architecture of the space, one by one; returns how many are networks. */
static int64_t enumerate(const brood_space_t *space, int64_t minibatch, brood_measure_t *least, brood_measure_t *most) {
    const int64_t length = brood_space_length(space);
    int64_t       networks = 0;
    int32_t       tokens[BROOD_MAX_POSITIONS] = {0};
    *least = (brood_measure_t){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    *most = (brood_measure_t){0};
    for (int64_t t = 0; t < length;) {
        char             text[BROOD_MAX_TEXT];
        brood_net_spec_t spec;
        brood_measure_t  measure;
        brood_space_print(space, tokens, text);
        if (brood_space_network(space, text, &spec) == BROOD_OK) {
            networks++;
            assert_int_equal(brood_net_measure(&spec, minibatch, &measure), BROOD_OK);
            widen(least, most, &measure);
        }
        for (t = 0; t < length; t++) {
            brood_decision_t decision;
            brood_space_decision(space, tokens, t, &decision);
            if (++tokens[t] < decision.choices) break;
            tokens[t] = 0;
        }
    }
    return networks;
}

static void check_range(const brood_space_config_t *config, int64_t height, int64_t width, int64_t channels,
                        bool all_valid) {
    brood_space_t  *space = space_on(config, height, width, channels, 7);
    brood_measure_t least, most, least_seen, most_seen;
    int64_t         networks = enumerate(space, 13, &least_seen, &most_seen);
    assert_int_equal(networks == (int64_t)brood_space_size(space), all_valid);
    assert_int_equal(brood_space_range(space, 13, &least, &most), BROOD_OK);
    assert_int_equal(least.parameters, least_seen.parameters);
    assert_int_equal(least.flops, least_seen.flops);
    assert_int_equal(least.bytes, least_seen.bytes);
    assert_int_equal(most.parameters, most_seen.parameters);
    assert_int_equal(most.flops, most_seen.flops);
    assert_int_equal(most.bytes, most_seen.bytes);
    assert_true(least_seen.parameters < most_seen.parameters && least_seen.flops < most_seen.flops);
    brood_space_destroy(&space);
}

static void the_range_is_that_of_all_architectures(void **state) {
    (void)state;
    brood_space_config_t config = small_conv1d();
    check_range(&config, 6, 5, 2, true);
    config.tail = BROOD_TAIL_AVERAGE;
    config.batch_norm = true;
    check_range(&config, 6, 5, 1, true);

    config = small_conv2d();
    check_range(&config, 28, 28, 1, true);
    config.tail = BROOD_TAIL_FLATTEN;
    check_range(&config, 28, 25, 3, true);
}

static void architectures_that_are_no_networks_do_not_count(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    config.dropout = PER_CENT(0);
    check_range(&config, 9, 7, 1, false);
    config.tail = BROOD_TAIL_FLATTEN;
    config.batch_norm = false;
    check_range(&config, 5, 40, 3, false);
    config.layers = 3;
    config.kernel_size = CHOICES(4, 2);
    check_range(&config, 6, 6, 1, false);
}

static void a_space_without_a_network_is_refused(void **state) {
    (void)state;
    const int64_t        image[3] = {28, 20, 1};
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space;
    config.pool_size = CHOICES(2, 3);
    config.layers = 5; /* 20, 10, 5, 3, 2, 1 */
    assert_int_equal(brood_space_create(&config, image, 10, &space), BROOD_OK);
    brood_space_destroy(&space);
    config.layers = 6;
    assert_int_equal(brood_space_create(&config, image, 10, &space), BROOD_E_CONFIG);
    assert_null(space);
    assert_message_has("28 x 20 x 1|found at most 1 x 1 x 8 left in layer 6 of 6|expected fewer layers");

    config = small_conv2d();
    config.layers = 1;
    config.filters = CHOICES(4096);
    config.stride = config.pool_size = CHOICES(1);
    config.tail = BROOD_TAIL_FLATTEN;
    assert_int_equal(brood_space_create(&config, (const int64_t[]){512, 512, 1}, 10, &space), BROOD_E_CONFIG);
    assert_message_has("space.tail|flatten|average");
}

/* 10^12 architectures: counted by their shapes, not one by one. */
static void the_article_s_space_is_measured_at_once(void **state) {
    (void)state;
    brood_space_config_t config = small_conv1d();
    config.kernel_size = (brood_choices_t){.count = 100};
    for (int32_t c = 0; c < 100; c++) config.kernel_size.value[c] = config.kernel_size.width[c] = c + 1;
    config.filters = config.pool_size = config.kernel_size;
    config.dropout = PER_CENT(0);
    brood_space_t  *space = space_on(&config, 28, 28, 1, 10);
    brood_measure_t least, most;
    assert_int_equal(brood_space_range(space, 100, &least, &most), BROOD_OK);
    assert_int_equal(least.parameters, 2 + 2 + 784 * 10 + 10);
    assert_int_equal(most.parameters, 100 * 100 + 100 + 100 * 100 * 100 + 100 + 784 * 100 * 10 + 10);
    assert_int_equal(least.flops, 6 * (784 + 784 + 784 * 10));
    assert_int_equal(most.flops, 6 * INT64_C(784) * (100 * 100 + 100 * 100 * 100 + 100 * 10));
    assert_int_equal(most.bytes, 4 * 100 * (6 * 784 * 100 + 10));
    assert_true(brood_space_size(space) == 1e12);
    brood_space_destroy(&space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_range_is_that_of_all_architectures),
        cmocka_unit_test(architectures_that_are_no_networks_do_not_count),
        cmocka_unit_test(a_space_without_a_network_is_refused),
        cmocka_unit_test(the_article_s_space_is_measured_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
