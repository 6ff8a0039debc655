#include "spaces.h"

#include "brood/rng/philox.h"

/* A network as a list of (kind, height, width, channels). */
typedef struct {
    brood_layer_kind_t kind;
    int64_t            shape[3];
} expected_t;

static void check_network(const brood_space_t *space, const char *text, const expected_t expected[], int64_t count,
                          int64_t parameters) {
    brood_net_spec_t spec;
    brood_measure_t  measure;
    int64_t          shape[BROOD_MAX_LAYERS][3];
    if (brood_space_network(space, text, &spec) != BROOD_OK) fail_msg("%s", brood_message());
    assert_int_equal(spec.count, count);
    assert_int_equal(brood_net_shapes(&spec, shape), BROOD_OK);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(spec.layer[i].kind, expected[i].kind);
        assert_int_equal(spec.layer[i].input_count, 1);
        assert_int_equal(spec.layer[i].inputs[0], i - 1);
        assert_memory_equal(shape[i], expected[i].shape, sizeof shape[i]);
    }
    assert_int_equal(brood_net_measure(&spec, 10, &measure), BROOD_OK);
    assert_int_equal(measure.parameters, parameters);
}

static void a_conv2d_layer_is_convolution_norm_relu_pool_dropout(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    const expected_t     expected[] = {
            {BROOD_LAYER_CONVOLUTION, {14, 14, 32}}, {BROOD_LAYER_NORM, {14, 14, 32}},
            {BROOD_LAYER_RELU, {14, 14, 32}},        {BROOD_LAYER_MAX_POOL, {5, 5, 32}},
            {BROOD_LAYER_DROPOUT, {5, 5, 32}},       {BROOD_LAYER_CONVOLUTION, {5, 5, 16}},
            {BROOD_LAYER_NORM, {5, 5, 16}},          {BROOD_LAYER_RELU, {5, 5, 16}},
            {BROOD_LAYER_AVERAGE, {1, 1, 16}},       {BROOD_LAYER_DENSE, {1, 1, 10}},
    };
    const char *text = "5x3,32,2,3,20; 1,16,1,1,0";
    check_network(space, text, expected, 10, 5 * 3 * 32 + 2 * 32 + 32 * 16 + 2 * 16 + 16 * 10 + 10);

    brood_net_spec_t spec;
    assert_int_equal(brood_space_network(space, text, &spec), BROOD_OK);
    const brood_layer_args_t *convolution = &spec.layer[0].args, *pool = &spec.layer[3].args;
    assert_int_equal(convolution->height, 5);
    assert_int_equal(convolution->width, 3);
    assert_int_equal(convolution->stride_height, 2);
    assert_int_equal(convolution->stride_width, 2);
    assert_false(convolution->bias);
    assert_int_equal(pool->height, 3);
    assert_int_equal(pool->width, 3);
    assert_int_equal(pool->stride_height, 3);
    assert_int_equal(pool->stride_width, 3);
    assert_int_equal(spec.layer[4].args.percent, 20);
    assert_true(spec.layer[9].args.bias);
    assert_int_equal(spec.init, BROOD_INIT_HE);
    brood_space_destroy(&space);
}

static void without_batch_norm_convolutions_have_a_bias(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    config.batch_norm = false;
    config.tail = BROOD_TAIL_FLATTEN;
    config.init = BROOD_INIT_XAVIER;
    brood_space_t   *space = space_on(&config, 28, 20, 3, 7);
    const expected_t expected[] = {
        {BROOD_LAYER_CONVOLUTION, {28, 20, 6}}, {BROOD_LAYER_RELU, {28, 20, 6}}, {BROOD_LAYER_DENSE, {1, 1, 7}}};
    check_network(space, "3,6,1,1,0", expected, 3, 9 * 3 * 6 + 6 + 28 * 20 * 6 * 7 + 7);
    brood_net_spec_t spec;
    assert_int_equal(brood_space_network(space, "3,6,1,1,0", &spec), BROOD_OK);
    assert_int_equal(spec.init, BROOD_INIT_XAVIER);
    brood_space_destroy(&space);
}

static void the_article_s_network_sees_the_image_as_a_signal(void **state) {
    (void)state;
    brood_space_config_t config = small_conv1d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    const expected_t     expected[] = {
            {BROOD_LAYER_CONVOLUTION, {1, 784, 32}}, {BROOD_LAYER_RELU, {1, 784, 32}}, {BROOD_LAYER_MAX_POOL, {1, 784, 32}},
            {BROOD_LAYER_CONVOLUTION, {1, 784, 64}}, {BROOD_LAYER_RELU, {1, 784, 64}}, {BROOD_LAYER_MAX_POOL, {1, 784, 64}},
            {BROOD_LAYER_DENSE, {1, 1, 10}},
    };
    check_network(space, "5,32,2,0; 5,64,2,0", expected, 7, 5 * 32 + 32 + 5 * 32 * 64 + 64 + 784 * 64 * 10 + 10);
    brood_net_spec_t spec;
    assert_int_equal(brood_space_network(space, "5,32,2,0; 5,64,2,0", &spec), BROOD_OK);
    const brood_layer_args_t *pool = &spec.layer[2].args;
    assert_int_equal(pool->height, 1);
    assert_int_equal(pool->width, 2);
    assert_int_equal(pool->stride_height, 1);
    assert_int_equal(pool->stride_width, 1);
    brood_space_destroy(&space);
}

static void nothing_is_left_of_what_the_specification_was(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    brood_net_spec_t     spec[2];
    memset(&spec[0], 0x00, sizeof spec[0]);
    memset(&spec[1], 0xff, sizeof spec[1]);
    for (int i = 0; i < 2; i++) assert_int_equal(brood_space_network(space, "3,6,1,1,0", &spec[i]), BROOD_OK);
    assert_false(spec[1].keeps_all);
    brood_space_destroy(&space);
}

/* Heights by the definition of SAME padding: every stride begins a window. */
static int64_t strides_in(int64_t size, int64_t stride) {
    int64_t count = 0;
    for (int64_t at = 0; at < size; at += stride) count++;
    return count;
}

static void sampled_networks_have_the_shapes_of_their_values(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    config.layers = 3;
    brood_space_t *space = space_on(&config, 11, 23, 2, 5);
    int64_t        networks = 0;
    for (int64_t episode = 0; episode < 300; episode++) {
        const brood_key4_t key = brood_key4(2, BROOD_PURPOSE_BENCH, episode, 0, 0);
        int32_t            tokens[15];
        char               text[BROOD_MAX_TEXT];
        brood_net_spec_t   spec;
        int64_t            height = 11, width = 23, channels = 2, parameters = 0, shape[BROOD_MAX_LAYERS][3];
        bool               valid = true;
        for (int t = 0; t < 15; t++) {
            brood_decision_t decision;
            brood_space_decision(space, tokens, t, &decision);
            tokens[t] = (int32_t)brood_random_below(&key, (uint32_t)t, decision.choices);
        }
        for (int layer = 0; layer < 3; layer++) {
            const int32_t *token = &tokens[5 * layer];
            int64_t        filters = config.filters.value[token[1]], stride = config.stride.value[token[2]];
            int64_t        pool = config.pool_size.value[token[3]];
            parameters +=
                (config.kernel_size.value[token[0]] * config.kernel_size.width[token[0]] * channels + 2) * filters;
            valid = valid && stride <= height;
            height = strides_in(height, stride);
            width = strides_in(width, stride);
            valid = valid && pool <= height;
            height = strides_in(height, pool);
            width = strides_in(width, pool);
            channels = filters;
        }
        brood_space_print(space, tokens, text);
        brood_err_t err = brood_space_network(space, text, &spec);
        assert_int_equal(err, valid ? BROOD_OK : BROOD_E_DATA);
        if (!valid) continue;
        networks++;
        brood_measure_t measure;
        assert_int_equal(brood_net_shapes(&spec, shape), BROOD_OK);
        assert_memory_equal(shape[spec.count - 3], ((const int64_t[]){height, width, channels}), sizeof shape[0]);
        assert_int_equal(brood_net_measure(&spec, 1, &measure), BROOD_OK);
        assert_int_equal(measure.parameters, parameters + (channels + 1) * 5);
    }
    assert_in_range(networks, 50, 299);
    brood_space_destroy(&space);
}

static void a_layer_without_room_is_named(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    brood_net_spec_t     spec;
    /* 28, 14, 7, 4, 2, 1 */
    const char *fits = "1,4,1,2,0; 1,4,1,2,0; 1,4,1,2,0; 1,4,2,1,0; 1,4,2,1,0";
    const char *fails = "1,4,1,2,0; 1,4,1,2,0; 1,4,1,2,0; 1,4,2,1,0; 1,4,2,1,0; 3,8,1,2,0; 1,4,1,1,0";
    assert_int_equal(brood_space_network(space, fits, &spec), BROOD_OK);
    assert_int_equal(brood_space_network(space, fails, &spec), BROOD_E_DATA);
    assert_message_has("layer 6:|architecture \"1,4,1,2,0; ");
    assert_message_has("expected");
    brood_space_destroy(&space);
}

static void a_tail_too_large_is_named(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    config.tail = BROOD_TAIL_FLATTEN;
    brood_space_t   *space = space_on(&config, 300, 300, 1, 10);
    brood_net_spec_t spec;
    assert_int_equal(brood_space_network(space, "1,4096,1,1,0", &spec), BROOD_E_DATA);
    assert_message_has("architecture \"1,4096,1,1,0\": the dense layer at its end");
    brood_space_destroy(&space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conv2d_layer_is_convolution_norm_relu_pool_dropout),
        cmocka_unit_test(without_batch_norm_convolutions_have_a_bias),
        cmocka_unit_test(nothing_is_left_of_what_the_specification_was),
        cmocka_unit_test(the_article_s_network_sees_the_image_as_a_signal),
        cmocka_unit_test(sampled_networks_have_the_shapes_of_their_values),
        cmocka_unit_test(a_layer_without_room_is_named),
        cmocka_unit_test(a_tail_too_large_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
