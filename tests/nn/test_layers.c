/* Every kind of layer against the naive reference, on odd shapes. Compiled for float and for double.

   Each network is a convolution 1x1 (`layer0`, the probe) and the layer under test: the gradient of the probe's weights
   is a random projection of the gradient that the layer hands down. */
#include <math.h>
#include <string.h>

#include "../../src/nn/ref/ref.h"
#include "support.h"

typedef struct {
    int64_t images, minibatch, height, width, channels, filters, kernel_height, kernel_width, stride_height,
        stride_width;
} case_t;

static path_t path(size_t number) {
    const path_t all[] = {AVX2, NATIVE, AVX512};
    return all[number];
}

static size_t paths(void) {
    return has_path(AVX512) ? 3 : 2;
}

static brood_ref_window_t window_of(const case_t *c) {
    return (brood_ref_window_t){c->images,        c->height,       c->width,         c->channels,    c->filters,
                                c->kernel_height, c->kernel_width, c->stride_height, c->stride_width};
}

static brood_net_spec_t probed(const case_t *c) {
    brood_net_spec_t spec = spec_of(c->height, c->width, c->channels);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 1, 1, 1, .outputs = (int32_t)c->channels));
    return spec;
}

static brood_layer_args_t args_of(const case_t *c, bool bias) {
    return (brood_layer_args_t){.height = (int32_t)c->kernel_height,
                                .width = (int32_t)c->kernel_width,
                                .stride_height = (int32_t)c->stride_height,
                                .stride_width = (int32_t)c->stride_width,
                                .outputs = (int32_t)c->filters,
                                .bias = bias};
}

/* The probe's output, which is the input of the layer under test; the caller frees. */
static double *probe_output(fixture_t *f, const case_t *c) {
    int64_t rows = c->images * c->height * c->width;
    double *x = widen(rows * c->channels, f->x), *w = widen(c->channels * c->channels, value_of(f, "layer0/weights"));
    double *y = zeros(rows * c->channels);
    brood_ref_dense(rows, c->channels, c->channels, x, w, NULL, y);
    free(x);
    free(w);
    return y;
}

static void assert_probe_gradient(fixture_t *f, const case_t *c, const double *dx) {
    int64_t rows = c->images * c->height * c->width, n = c->channels;
    double *x = widen(rows * n, f->x), *w = widen(n * n, value_of(f, "layer0/weights"));
    double *dw = zeros(n * n), *unused = zeros(rows * n), *also = zeros(n);
    brood_ref_dense_gradient(rows, n, n, x, w, dx, dw, also, unused);
    double largest = 0;
    for (int64_t i = 0; i < rows * n; i++) largest = fmax(largest, fabs(dx[i]));
    assert_within("dx (projected)", n * n, gradient_of(f, "layer0/weights"), dw, largest * sqrt((double)rows));
    free(x);
    free(w);
    free(dw);
    free(unused);
    free(also);
}

/* Of the largest tiles that brood_toom_choose allows, in a sum of a few terms. */
#define TOOM_ERROR 1e-5

static void check_convolution(const case_t *c, brood_convolution_t method, path_t by) {
    brood_net_spec_t   spec = probed(c);
    brood_layer_args_t args = args_of(c, true);
    args.method = method;
    add(&spec, BROOD_LAYER_CONVOLUTION, &args);
    fixture_t f;
    fixture_create(&f, &spec, c->minibatch, by, 11);
    fixture_step(&f, c->images, 0);

    brood_ref_window_t w = window_of(c);
    int64_t            outputs = f.classes * c->images, taps = c->kernel_height * c->kernel_width;
    int64_t            inputs = c->images * c->height * c->width * c->channels, depth = taps * c->channels;
    double            *x = probe_output(&f, c), *weights = widen(depth * c->filters, value_of(&f, "layer1/weights"));
    double *bias = widen(c->filters, value_of(&f, "layer1/bias")), *dy = widen(outputs, f.dlogits), *y = zeros(outputs);
    double *dweights = zeros(depth * c->filters), *dbias = zeros(c->filters), *dx = zeros(inputs);
    brood_ref_convolution(&w, x, weights, bias, y);
    brood_ref_convolution_gradient(&w, x, weights, dy, dweights, dbias, dx);
    if (method == BROOD_CONVOLUTION_TOOM) {
        assert_norm("y", outputs, f.logits, y, TOOM_ERROR);
        assert_norm("dweights", depth * c->filters, gradient_of(&f, "layer1/weights"), dweights, TOOM_ERROR);
    } else {
        assert_close("y", outputs, f.logits, y);
        assert_close("dweights", depth * c->filters, gradient_of(&f, "layer1/weights"), dweights);
    }
    assert_close("dbias", c->filters, gradient_of(&f, "layer1/bias"), dbias);
    assert_probe_gradient(&f, c, dx);
    double *all[] = {x, weights, bias, dy, y, dweights, dbias, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    fixture_destroy(&f);
}

static bool transforms(const case_t *c) {
    return c->stride_height == 1 && c->stride_width == 1 && (c->kernel_height > 1 || c->kernel_width > 1);
}

static void convolution_is_the_naive_one(void **state) {
    (void)state;
    static const case_t cases[] = {
        /* images, minibatch, H, W, C, filters, kernel, stride */
        {1, 1, 5, 7, 1, 1, 1, 1, 1, 1},     {2, 3, 5, 7, 3, 5, 3, 3, 1, 1},     {3, 4, 6, 5, 8, 17, 5, 3, 1, 1},
        {2, 2, 7, 7, 17, 33, 2, 2, 1, 1},   {3, 3, 3, 3, 4, 6, 7, 7, 1, 1},     {2, 2, 4, 4, 5, 3, 4, 6, 1, 1},
        {35, 40, 5, 4, 3, 7, 3, 3, 1, 1},   {2, 2, 28, 28, 1, 9, 5, 5, 1, 1},   {2, 2, 9, 8, 1, 4, 3, 3, 2, 1},
        {3, 3, 1, 50, 1, 6, 1, 13, 1, 1},   {3, 3, 1, 37, 5, 9, 1, 8, 1, 1},    {2, 2, 1, 20, 3, 4, 1, 31, 1, 1},
        {2, 2, 1, 41, 3, 4, 1, 5, 1, 3},    {3, 5, 7, 6, 4, 8, 3, 3, 2, 2},     {2, 2, 8, 9, 3, 5, 2, 2, 3, 2},
        {2, 2, 7, 7, 6, 10, 1, 1, 2, 2},    {3, 3, 6, 6, 19, 24, 1, 1, 1, 1},   {2, 2, 5, 9, 4, 3, 1, 3, 1, 1},
        {2, 2, 9, 5, 4, 3, 3, 1, 1, 1},     {2, 2, 1, 9, 4, 3, 3, 3, 1, 1},     {2, 2, 9, 1, 4, 3, 3, 3, 1, 1},
        {2, 2, 9, 9, 2, 3, 1, 1, 4, 5},     {1, 1, 13, 13, 40, 20, 5, 5, 1, 1}, {2, 2, 8, 7, 1, 3, 4, 4, 1, 2},
        {100, 100, 4, 3, 2, 3, 2, 3, 1, 1}, {2, 2, 30, 31, 24, 8, 7, 7, 1, 1},  {1, 1, 1, 300, 20, 30, 1, 25, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < paths(); p++) {
            check_convolution(&cases[i], BROOD_CONVOLUTION_DIRECT, path(p));
            if (!transforms(&cases[i])) continue;
            check_convolution(&cases[i], BROOD_CONVOLUTION_FOURIER, path(p));
            if (cases[i].kernel_height < 11 && cases[i].kernel_width < 11)
                check_convolution(&cases[i], BROOD_CONVOLUTION_TOOM, path(p));
        }
}

static void a_method_that_cannot_make_a_convolution_is_refused(void **state) {
    (void)state;
    const case_t  strided = {.height = 8,
                             .width = 8,
                             .channels = 2,
                             .filters = 3,
                             .kernel_height = 3,
                             .kernel_width = 3,
                             .stride_height = 2,
                             .stride_width = 1};
    const int32_t methods[] = {BROOD_CONVOLUTION_FOURIER, BROOD_CONVOLUTION_TOOM, -1, 99};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        brood_net_spec_t   spec = spec_of(8, 8, 2);
        brood_layer_args_t args = args_of(&strided, true);
        int64_t            shape[BROOD_MAX_LAYERS][3];
        args.method = methods[i];
        add(&spec, BROOD_LAYER_CONVOLUTION, &args);
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

/* x takes few values, so that ties abound; the probe is the identity, so that it keeps them. */
static void check_pool(const case_t *c, path_t by) {
    brood_net_spec_t   spec = probed(c);
    brood_layer_args_t args = args_of(c, false);
    add(&spec, BROOD_LAYER_MAX_POOL, &args);
    fixture_t f;
    fixture_create(&f, &spec, c->minibatch, by, 12);
    brood_real_t *identity = value_of(&f, "layer0/weights");
    for (int64_t i = 0; i < c->channels; i++)
        for (int64_t j = 0; j < c->channels; j++) identity[i * c->channels + j] = i == j;
    draw_steps(13, c->minibatch * f.image_size, 3, f.x);
    fixture_step(&f, c->images, 0);

    brood_ref_window_t w = window_of(c);
    int64_t            outputs = f.classes * c->images, inputs = c->images * f.image_size;
    double  *x = widen(inputs, f.x), *dy = widen(outputs, f.dlogits), *y = zeros(outputs), *dx = zeros(inputs);
    int64_t *chosen = calloc((size_t)outputs, sizeof *chosen);
    assert_non_null(chosen);
    brood_ref_max_pool(&w, x, y, chosen);
    brood_ref_max_pool_gradient(&w, chosen, dy, dx);
    for (int64_t i = 0; i < outputs; i++) assert_true((double)f.logits[i] == y[i]);
    assert_probe_gradient(&f, c, dx);
    free(x);
    free(dy);
    free(y);
    free(dx);
    free(chosen);
    fixture_destroy(&f);
}

static void max_pooling_is_the_naive_one_and_of_equals_takes_the_first(void **state) {
    (void)state;
    static const case_t cases[] = {
        {2, 2, 1, 40, 5, 0, 1, 2, 1, 1},    {2, 2, 1, 40, 16, 0, 1, 3, 1, 1},      {2, 3, 1, 41, 19, 0, 1, 4, 1, 1},
        {2, 2, 1, 97, 3, 0, 1, 8, 1, 1},    {2, 2, 1, 97, 24, 0, 1, 9, 1, 1},      {2, 2, 1, 300, 7, 0, 1, 60, 1, 1},
        {2, 2, 1, 300, 33, 0, 1, 99, 1, 1}, {2, 2, 1, 50, 4, 0, 1, 100, 1, 1},     {2, 2, 1, 10, 4, 0, 1, 41, 1, 1},
        {1, 1, 1, 1, 4, 0, 1, 7, 1, 1},     {2, 2, 6, 7, 5, 0, 1, 1, 1, 1},        {2, 2, 6, 7, 5, 0, 3, 1, 1, 1},
        {2, 2, 6, 7, 5, 0, 1, 4, 1, 1},     {3, 3, 9, 8, 5, 0, 3, 3, 1, 1},        {2, 2, 11, 12, 9, 0, 5, 7, 1, 1},
        {2, 2, 12, 11, 9, 0, 10, 9, 1, 1},  {2, 2, 4, 4, 3, 0, 9, 12, 1, 1},       {35, 40, 7, 7, 3, 0, 2, 2, 2, 2},
        {3, 3, 7, 8, 24, 0, 2, 2, 2, 2},    {2, 2, 9, 9, 17, 0, 3, 3, 3, 3},       {2, 2, 9, 10, 6, 0, 4, 2, 4, 2},
        {2, 2, 8, 9, 6, 0, 3, 3, 2, 2},     {2, 2, 8, 9, 6, 0, 2, 2, 3, 3},        {2, 2, 8, 9, 6, 0, 3, 2, 1, 2},
        {2, 2, 1, 300, 5, 0, 1, 150, 1, 1}, {1, 1, 31, 30, 18, 0, 15, 14, 15, 14},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < paths(); p++) check_pool(&cases[i], path(p));
}

static void pooling_over_numbers_below_zero_never_takes_the_padding(void **state) {
    (void)state;
    case_t             c = {1, 1, 1, 9, 3, 0, 1, 5, 1, 1};
    brood_net_spec_t   spec = spec_of(c.height, c.width, c.channels);
    brood_layer_args_t args = args_of(&c, false);
    add(&spec, BROOD_LAYER_MAX_POOL, &args);
    fixture_t f;
    fixture_create(&f, &spec, 1, AVX2, 1);
    for (int64_t i = 0; i < f.image_size; i++) f.x[i] = (brood_real_t)(-INFINITY);
    brood_net_forward(f.net, 1, f.x, true, brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, 0, 0), f.logits);
    for (int64_t i = 0; i < f.classes; i++) assert_true(isinf((double)f.logits[i]) && f.logits[i] < 0);
    fixture_destroy(&f);
}

static void check_norm(const case_t *c, path_t by) {
    brood_net_spec_t spec = probed(c);
    add(&spec, BROOD_LAYER_NORM, NULL);
    fixture_t f;
    fixture_create(&f, &spec, c->minibatch, by, 14);
    fixture_step(&f, c->images, 0);

    int64_t rows = c->images * c->height * c->width, n = c->channels;
    double *x = probe_output(&f, c), *scale = widen(n, value_of(&f, "layer1/scale"));
    double *shift = widen(n, value_of(&f, "layer1/shift")), *dy = widen(rows * n, f.dlogits), *y = zeros(rows * n);
    double *moments = zeros(2 * n), *dscale = zeros(n), *dshift = zeros(n), *dx = zeros(rows * n);
    brood_ref_norm(rows, n, x, scale, shift, moments, y);
    brood_ref_norm_gradient(rows, n, x, scale, dy, dscale, dshift, dx);
    assert_close("y", rows * n, f.logits, y);
    assert_close("dscale", n, gradient_of(&f, "layer1/scale"), dscale);
    assert_close("dshift", n, gradient_of(&f, "layer1/shift"), dshift);
    assert_probe_gradient(&f, c, dx);

    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_net_fields(f.net, "/net", &fields);
    assert_int_equal(brood_fields_error(&fields), BROOD_OK);
    for (int64_t i = 0; i < n; i++) {
        moments[n + i] = 0.9 + 0.1 * moments[n + i] * (double)rows / (double)(rows - 1);
        moments[i] *= 0.1;
    }
    assert_close("running mean", n, brood_fields_find(&fields, "/net/layer1", "running_mean")->base, moments);
    assert_close("running variance", n, brood_fields_find(&fields, "/net/layer1", "running_variance")->base,
                 moments + n);

    /* Outside training the running statistics are used. */
    brood_net_forward(f.net, c->images, f.x, false, brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, 0, 0), f.logits);
    for (int64_t i = 0; i < rows * n; i++)
        y[i] = scale[i % n] * (x[i] - moments[i % n]) / sqrt(moments[n + i % n] + 1e-5) + shift[i % n];
    assert_close("y outside training", rows * n, f.logits, y);
    brood_fields_fini(&fields);
    double *all[] = {x, scale, shift, dy, y, moments, dscale, dshift, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    fixture_destroy(&f);
}

static void batch_normalisation_is_the_naive_one(void **state) {
    (void)state;
    static const case_t cases[] = {{3, 4, 5, 4, 3, 0, 0, 0, 0, 0},
                                   {7, 7, 1, 9, 24, 0, 0, 0, 0, 0},
                                   {40, 41, 3, 3, 17, 0, 0, 0, 0, 0},
                                   {5, 5, 1, 1, 5, 0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < paths(); p++) check_norm(&cases[i], path(p));
}

static void check_dense(const case_t *c, path_t by) {
    brood_net_spec_t   spec = probed(c);
    brood_layer_args_t args = args_of(c, true);
    add(&spec, BROOD_LAYER_DENSE, &args);
    fixture_t f;
    fixture_create(&f, &spec, c->minibatch, by, 15);
    fixture_step(&f, c->images, 0);

    int64_t inputs = f.image_size, units = c->filters;
    double *x = probe_output(&f, c), *kept = widen(inputs * units, value_of(&f, "layer1/weights"));
    double *weights = transposed(units, inputs, kept);
    double *bias = widen(units, value_of(&f, "layer1/bias")), *dy = widen(c->images * units, f.dlogits);
    double *y = zeros(c->images * units), *dweights = zeros(inputs * units), *dbias = zeros(units);
    double *dx = zeros(c->images * inputs);
    brood_ref_dense(c->images, inputs, units, x, weights, bias, y);
    brood_ref_dense_gradient(c->images, inputs, units, x, weights, dy, dweights, dbias, dx);
    assert_close("y", c->images * units, f.logits, y);
    double *expected = transposed(inputs, units, dweights);
    assert_close("dweights", inputs * units, gradient_of(&f, "layer1/weights"), expected);
    assert_close("dbias", units, gradient_of(&f, "layer1/bias"), dbias);
    assert_probe_gradient(&f, c, dx);
    double *all[] = {x, kept, weights, bias, dy, y, dweights, expected, dbias, dx};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    fixture_destroy(&f);
}

static void dense_is_the_naive_one(void **state) {
    (void)state;
    static const case_t cases[] = {
        {1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, {5, 6, 7, 7, 9, 10, 0, 0, 0, 0}, {40, 40, 3, 5, 20, 17, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < paths(); p++) check_dense(&cases[i], path(p));
}

/* ReLU and the average: by their definitions. */
static void check_simple(brood_layer_kind_t kind, const case_t *c, path_t by) {
    brood_net_spec_t spec = probed(c);
    add(&spec, kind, NULL);
    fixture_t f;
    fixture_create(&f, &spec, c->minibatch, by, 16);
    fixture_step(&f, c->images, 0);
    int64_t positions = c->height * c->width, n = c->channels, outputs = f.classes * c->images;
    double *x = probe_output(&f, c), *y = zeros(outputs), *dx = zeros(c->images * f.image_size);
    for (int64_t i = 0; i < c->images * f.image_size; i++) {
        int64_t to = kind == BROOD_LAYER_RELU ? i : i / (positions * n) * n + i % n;
        double  slope = kind == BROOD_LAYER_RELU ? (x[i] > 0 ? 1 : 0) : 1 / (double)positions;
        y[to] += x[i] * slope;
        dx[i] = (double)f.dlogits[to] * slope;
    }
    assert_close("y", outputs, f.logits, y);
    assert_probe_gradient(&f, c, dx);
    free(x);
    free(y);
    free(dx);
    fixture_destroy(&f);
}

static void relu_and_average_are_what_they_are_called(void **state) {
    (void)state;
    static const case_t cases[] = {
        {1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, {3, 4, 5, 7, 3, 0, 0, 0, 0, 0}, {40, 40, 3, 3, 25, 0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < paths(); p++) {
            check_simple(BROOD_LAYER_RELU, &cases[i], path(p));
            check_simple(BROOD_LAYER_AVERAGE, &cases[i], path(p));
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

static void check_dropout(const case_t *c, int32_t percent, path_t by) {
    brood_net_spec_t spec = probed(c);
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = percent));
    fixture_t f;
    fixture_create(&f, &spec, c->minibatch, by, 17);
    fixture_step(&f, c->images, 9);
    brood_key4_t key = brood_key4(5, BROOD_PURPOSE_DROPOUT, 3, 9, 0);
    int64_t      outputs = f.classes * c->images, kept = 0;
    double      *x = probe_output(&f, c), *y = zeros(outputs), *dx = zeros(outputs);
    double       scale = 65536 / (65536 - (double)lround(percent * 655.36));
    for (int64_t i = 0; i < outputs; i++) {
        bool keep = dropout_keeps(key, 1, i / f.classes, i % f.classes, f.classes, percent);
        kept += keep;
        y[i] = keep ? x[i] * scale : 0;
        dx[i] = keep ? (double)f.dlogits[i] * scale : 0;
    }
    assert_close("y", outputs, f.logits, y);
    assert_probe_gradient(&f, c, dx);
    double share = 1 - percent / 100.0, sigma = sqrt(share * (1 - share) * (double)outputs);
    assert_true(fabs((double)kept - share * (double)outputs) <= 4 * sigma);

    brood_net_forward(f.net, c->images, f.x, false, key, f.logits);
    assert_close("y outside training", outputs, f.logits, x);
    free(x);
    free(y);
    free(dx);
    fixture_destroy(&f);
}

static void dropout_keeps_the_units_that_the_generator_says_and_scales_them(void **state) {
    (void)state;
    static const case_t cases[] = {{5, 7, 5, 7, 3, 0, 0, 0, 0, 0}, {40, 40, 5, 5, 25, 0, 0, 0, 0, 0}};
    static const int    percents[] = {0, 1, 33, 90};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t j = 0; j < 4; j++)
            for (size_t p = 0; p < paths(); p++) check_dropout(&cases[i], percents[j], path(p));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_is_the_naive_one),
        cmocka_unit_test(a_method_that_cannot_make_a_convolution_is_refused),
        cmocka_unit_test(max_pooling_is_the_naive_one_and_of_equals_takes_the_first),
        cmocka_unit_test(a_relu_before_a_pooling_is_one_behind_it),
        cmocka_unit_test(pooling_over_numbers_below_zero_never_takes_the_padding),
        cmocka_unit_test(batch_normalisation_is_the_naive_one),
        cmocka_unit_test(dense_is_the_naive_one),
        cmocka_unit_test(relu_and_average_are_what_they_are_called),
        cmocka_unit_test(relu_lets_a_nan_through),
        cmocka_unit_test(dropout_keeps_the_units_that_the_generator_says_and_scales_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
