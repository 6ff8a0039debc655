/* What the layers do besides what the naive reference says of them (test_odd_shapes.c, test_random_shapes.c). Compiled
   for float and for double. */
#include <math.h>
#include <string.h>

#include "../../src/nn/ref/ref.h"
#include "support.h"

static path_t path(size_t number) {
    const path_t all[] = {AVX2, NATIVE, AVX512};
    return all[number];
}

static size_t paths(void) {
    return has_path(AVX512) ? 3 : 2;
}

static void a_method_that_cannot_make_a_convolution_is_refused(void **state) {
    (void)state;
    const int32_t methods[] = {BROOD_CONVOLUTION_FOURIER, BROOD_CONVOLUTION_TOOM, -1, 99};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        brood_net_spec_t spec = spec_of(8, 8, 2);
        int64_t          shape[BROOD_MAX_LAYERS][3];
        add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 2, 1, .outputs = 3, .bias = true, .method = methods[i]));
        spec.classes = 4 * 8 * 3;
        assert_int_equal(brood_net_shapes(&spec, shape), BROOD_E_DATA);
        assert_non_null(strstr(brood_message(), "method"));
    }
}

/* A pooling does the ReLU in front of it, too: to the same bits as a ReLU behind it. */
static void a_relu_before_a_pooling_is_one_behind_it(void **state) {
    (void)state;
    const brood_layer_args_t pools[] = {
        {.height = 2, .width = 2, .stride_height = 2, .stride_width = 2}, /* window by window */
        {.height = 1, .width = 2, .stride_height = 1, .stride_width = 1},
        {.height = 3, .width = 3, .stride_height = 1, .stride_width = 1}, /* both axes */
        {.height = 1, .width = 9, .stride_height = 1, .stride_width = 1}, /* in pieces */
        {.height = 14, .width = 1, .stride_height = 1, .stride_width = 1},
    };
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++)
        for (size_t p = 0; p < paths(); p++) {
            uint64_t hash[2];
            for (int behind = 0; behind < 2; behind++) {
                brood_net_spec_t spec = spec_of(14, 15, 3);
                fixture_t        f;
                add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 1, 1, .outputs = 19, .bias = true));
                if (!behind) add(&spec, BROOD_LAYER_RELU, NULL);
                add(&spec, BROOD_LAYER_MAX_POOL, &pools[i]);
                if (behind) add(&spec, BROOD_LAYER_RELU, NULL);
                fixture_create(&f, &spec, 3, path(p), 15);
                fixture_step(&f, 3, 0);
                hash[behind] = fixture_hash(&f, 3);
                fixture_destroy(&f);
            }
            assert_true(hash[0] == hash[1]);
        }
}

static void pooling_over_numbers_below_zero_never_takes_the_padding(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(1, 9, 3);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(1, 5, 1, 1));
    fixture_t f;
    fixture_create(&f, &spec, 1, AVX2, 1);
    for (int64_t i = 0; i < f.image_size; i++) f.x[i] = (brood_real_t)(-INFINITY);
    brood_net_forward(f.net, 1, f.x, true, brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, 0, 0), f.logits);
    for (int64_t i = 0; i < f.classes; i++) assert_true(isinf((double)f.logits[i]) && f.logits[i] < 0);
    fixture_destroy(&f);
}

static void check_running(int64_t images, int64_t minibatch, const brood_net_spec_t *spec, path_t by) {
    fixture_t f;
    fixture_create(&f, spec, minibatch, by, 14);
    fixture_step(&f, images, 0);
    int64_t n = spec->image[2], rows = images * f.image_size / n;
    double *x = widen(rows * n, f.x), *scale = widen(n, value_of(&f, "layer0/scale"));
    double *shift = widen(n, value_of(&f, "layer0/shift")), *moments = zeros(2 * n), *y = zeros(rows * n);
    brood_ref_norm(rows, n, x, scale, shift, moments, y);
    for (int64_t i = 0; i < n; i++) {
        moments[n + i] = 0.9 + 0.1 * moments[n + i] * (double)rows / (double)(rows - 1);
        moments[i] *= 0.1;
    }
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_net_fields(f.net, "/net", &fields);
    assert_int_equal(brood_fields_error(&fields), BROOD_OK);
    assert_close("running mean", n, brood_fields_find(&fields, "/net/layer0", "running_mean")->base, moments);
    assert_close("running variance", n, brood_fields_find(&fields, "/net/layer0", "running_variance")->base,
                 moments + n);
    brood_fields_fini(&fields);
    double *all[] = {x, scale, shift, moments, y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    fixture_destroy(&f);
}

/* That they are used outside of training, the shapes' tests see. */
static void running_statistics_move_a_tenth_of_the_way_to_a_mini_batchs(void **state) {
    (void)state;
    static const int64_t cases[][5] = {/* images, minibatch, H, W, C */
                                       {3, 4, 5, 4, 3},
                                       {7, 7, 1, 9, 24},
                                       {40, 41, 3, 3, 17},
                                       {5, 5, 1, 1, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < paths(); p++) {
            brood_net_spec_t spec = spec_of(cases[i][2], cases[i][3], cases[i][4]);
            add(&spec, BROOD_LAYER_NORM, NULL);
            check_running(cases[i][0], cases[i][1], &spec, path(p));
        }
}

static void relu_lets_a_nan_through(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(1, 1, 3);
    add(&spec, BROOD_LAYER_RELU, NULL);
    fixture_t f;
    fixture_create(&f, &spec, 1, AVX2, 1);
    f.x[0] = (brood_real_t)NAN;
    f.x[1] = -1;
    f.x[2] = 2;
    brood_net_forward(f.net, 1, f.x, true, brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, 0, 0), f.logits);
    assert_true(isnan((double)f.logits[0]) && f.logits[1] == 0 && f.logits[2] == 2);
    fixture_destroy(&f);
}

static void check_share(int64_t images, int64_t minibatch, const brood_net_spec_t *spec, int32_t percent, path_t by) {
    fixture_t f;
    fixture_create(&f, spec, minibatch, by, 17);
    int64_t outputs = images * f.classes, kept = 0;
    for (int64_t i = 0; i < outputs; i++) f.x[i] = 1;
    fixture_step(&f, images, 9);
    for (int64_t i = 0; i < outputs; i++) kept += f.logits[i] != 0;
    double share = 1 - percent / 100.0, sigma = sqrt(share * (1 - share) * (double)outputs);
    assert_true(fabs((double)kept - share * (double)outputs) <= 4 * sigma);
    fixture_destroy(&f);
}

/* Which units, the shapes' tests see. */
static void dropout_drops_as_many_per_cent_as_it_is_told(void **state) {
    (void)state;
    static const int64_t cases[][5] = {{5, 7, 5, 7, 3}, {40, 40, 5, 5, 25}}; /* images, minibatch, H, W, C */
    static const int32_t percents[] = {0, 1, 33, 90};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t j = 0; j < sizeof percents / sizeof *percents; j++)
            for (size_t p = 0; p < paths(); p++) {
                brood_net_spec_t spec = spec_of(cases[i][2], cases[i][3], cases[i][4]);
                add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = percents[j]));
                check_share(cases[i][0], cases[i][1], &spec, percents[j], path(p));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_that_cannot_make_a_convolution_is_refused),
        cmocka_unit_test(a_relu_before_a_pooling_is_one_behind_it),
        cmocka_unit_test(pooling_over_numbers_below_zero_never_takes_the_padding),
        cmocka_unit_test(running_statistics_move_a_tenth_of_the_way_to_a_mini_batchs),
        cmocka_unit_test(relu_lets_a_nan_through),
        cmocka_unit_test(dropout_drops_as_many_per_cent_as_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
