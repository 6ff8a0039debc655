/* What a network is, and what is counted of it. */
#include <string.h>

#include "../../src/nn/axis.h"
#include "support.h"

/* TensorFlow's own words (tf.nn, "Notes on padding"): if in % stride == 0, max(kernel − stride, 0), else
   max(kernel − in % stride, 0); the odd element behind. */
static void padding_is_tensorflows(void **state) {
    (void)state;
    for (int64_t in = 1; in <= 20; in++)
        for (int64_t kernel = 1; kernel <= 12; kernel++)
            for (int64_t stride = 1; stride <= 6; stride++) {
                int64_t      less = in % stride == 0 ? stride : in % stride;
                int64_t      total = kernel > less ? kernel - less : 0;
                brood_axis_t axis = brood_axis_same(in, kernel, stride);
                assert_int_equal(axis.out, (in + stride - 1) / stride);
                assert_int_equal(axis.before, total / 2);
            }
}

/* conv 5x5x32 on 28x28, pool 2, conv 5x5x64, pool 2, dense 10. */
static brood_net_spec_t by_hand(void) {
    brood_net_spec_t spec = spec_of(28, 28, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(5, 5, 1, 1, .outputs = 32, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(5, 5, 1, 1, .outputs = 64));
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = 50));
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
    spec.classes = 10;
    return spec;
}

static void measures_are_what_a_pencil_says(void **state) {
    (void)state;
    brood_net_spec_t spec = by_hand();
    brood_measure_t  measure;
    assert_int_equal(brood_net_measure(&spec, 100, &measure), BROOD_OK);
    assert_int_equal(measure.parameters, 25 * 32 + 32 + 25 * 32 * 64 + 2 * 64 + 49 * 64 * 10 + 10);
    assert_int_equal(measure.flops, 6 * (784 * 25 * 32 + 196 * 25 * 32 * 64 + 49 * 64 * 10));
    assert_int_equal(measure.bytes, 100 * 4 * (784 * 32 * 2 + 196 * 32 + 196 * 64 * 3 + 49 * 64 + 49 * 64 + 10));
    assert_true(measure.cost > 0);
}

static void more_work_costs_more(void **state) {
    (void)state;
    for (int change = 0; change < 3; change++) {
        brood_net_spec_t small = by_hand(), large = by_hand();
        if (change == 0) large.layer[3].args.outputs = 80;
        if (change == 1) large.layer[0].args.width = 7;
        if (change == 2) small.layer[7].args.percent = 0;
        brood_measure_t a, b;
        assert_int_equal(brood_net_measure(&small, 100, &a), BROOD_OK);
        assert_int_equal(brood_net_measure(&large, 100, &b), BROOD_OK);
        assert_true(b.cost > a.cost);
    }
}

static void shapes_follow_strides_and_tails(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(29, 17, 3);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 5, 2, 3, .outputs = 7));
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
    add(&spec, BROOD_LAYER_AVERAGE, NULL);
    spec.classes = 7;
    int64_t shape[BROOD_MAX_LAYERS][3];
    assert_int_equal(brood_net_shapes(&spec, shape), BROOD_OK);
    const int64_t expected[3][3] = {{15, 6, 7}, {8, 3, 7}, {1, 1, 7}};
    assert_memory_equal(shape, expected, sizeof expected);
}

static void refuse(const brood_net_spec_t *spec, const char *words) {
    int64_t         shape[BROOD_MAX_LAYERS][3];
    brood_measure_t measure;
    assert_int_equal(brood_net_shapes(spec, shape), BROOD_E_DATA);
    if (!strstr(brood_message(), words)) fail_msg("\"%s\" does not say \"%s\"", brood_message(), words);
    assert_int_equal(brood_net_measure(spec, 1, &measure), BROOD_E_DATA);
}

static void what_is_no_network_is_refused_with_layer_and_reason(void **state) {
    (void)state;
    brood_net_spec_t spec = by_hand();
    spec.classes = 9;
    refuse(&spec, "layer 8 (dense): the last layer makes 10 outputs: expected 9");
    spec = by_hand();
    spec.layer[2].args.stride_width = 30;
    refuse(&spec, "layer 2 (max-pooling): a stride of 30 does not fit width 28");
    spec = by_hand();
    spec.layer[6].args = *WINDOW(15, 2, 15, 2, .bias = false);
    refuse(&spec, "layer 6 (max-pooling): a window of 15 does not fit height 14");
    spec = by_hand();
    spec.layer[3].args.height = 0;
    refuse(&spec, "layer 3 (convolution): a window of 0x5");
    spec = by_hand();
    spec.layer[3].args.stride_height = -1;
    refuse(&spec, "a stride of -1x1");
    spec = by_hand();
    spec.layer[7].args.percent = 91;
    refuse(&spec, "91 per cent");
    spec = by_hand();
    spec.layer[8].args.outputs = 0;
    refuse(&spec, "0 outputs");
    spec = by_hand();
    spec.layer[4].inputs[0] = 4;
    refuse(&spec, "layer 4 (batch normalisation): input 4: expected an earlier layer");
    spec = by_hand();
    spec.layer[4].inputs[0] = 2;
    refuse(&spec, "layer 2 has two readers");
    spec = by_hand();
    spec.layer[4].inputs[0] = BROOD_INPUT_IMAGE;
    refuse(&spec, "read by none");
    spec = by_hand();
    spec.layer[4].input_count = 0;
    refuse(&spec, "0 inputs");
    spec = by_hand();
    spec.layer[0].args.outputs = INT32_MAX;
    refuse(&spec, "layer 0 (convolution): an output of 28x28x2147483647");
    spec = by_hand();
    spec.layer[8].args.outputs = INT32_MAX;
    refuse(&spec, "layer 8 (dense): weights of more than 2^31 elements");
    spec = by_hand();
    spec.image[1] = 0;
    refuse(&spec, "images of 28x0x1");
    spec = by_hand();
    spec.count = 0;
    refuse(&spec, "a network of 0 layers");
}

static void a_stride_of_one_takes_windows_larger_than_the_image(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(2, 3, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(9, 8, 1, 1, .outputs = 2));
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(7, 7, 1, 1, .bias = false));
    spec.classes = 12;
    int64_t shape[BROOD_MAX_LAYERS][3];
    assert_int_equal(brood_net_shapes(&spec, shape), BROOD_OK);
}

static void a_full_network_takes_no_further_layer(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(1, 1, 10);
    for (int i = 0; i < BROOD_MAX_LAYERS; i++) add(&spec, BROOD_LAYER_RELU, NULL);
    assert_false(brood_net_spec_add(&spec, BROOD_LAYER_RELU, NULL));
    spec.classes = 10;
    int64_t shape[BROOD_MAX_LAYERS][3];
    assert_int_equal(brood_net_shapes(&spec, shape), BROOD_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding_is_tensorflows),
        cmocka_unit_test(measures_are_what_a_pencil_says),
        cmocka_unit_test(more_work_costs_more),
        cmocka_unit_test(shapes_follow_strides_and_tails),
        cmocka_unit_test(what_is_no_network_is_refused_with_layer_and_reason),
        cmocka_unit_test(a_stride_of_one_takes_windows_larger_than_the_image),
        cmocka_unit_test(a_full_network_takes_no_further_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
