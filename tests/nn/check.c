#include "check.h"

#include <math.h>
#include <string.h>

#include "../../src/nn/layer.h"
#include "util/cmocka_all.h"

/* ---- what is asserted ---- */

/* In double the reference rounds, too. */
#ifdef BROOD_NN_DOUBLE
#define BOUNDS(of_float, of_double) of_double
#else
#define BOUNDS(of_float, of_double) of_float
#endif
#define LIST(...)                                                                                                      \
    { __VA_ARGS__ }

const subject_t subjects[SUBJECTS] = {
    [DIRECT] = {"convolution, direct", BROOD_LAYER_CONVOLUTION, BROOD_CONVOLUTION_DIRECT,
                BOUNDS(LIST(6e-7, 6e-7, 1e-6, 2e-7, 6e-7), LIST(5e-15, 5e-15, 2e-14, 4e-14, 5e-15))},
    [TOOM] = {"convolution, Toom-Cook", BROOD_LAYER_CONVOLUTION, BROOD_CONVOLUTION_TOOM,
              BOUNDS(LIST(4e-6, 4e-6, 1e-5, 4e-7, 4e-6), LIST(2e-14, 2e-14, 4e-14, 4e-14, 2e-14))},
    [FOURIER] = {"convolution, Fourier", BROOD_LAYER_CONVOLUTION, BROOD_CONVOLUTION_FOURIER,
                 BOUNDS(LIST(6e-7, 6e-7, 1e-6, 2e-7, 6e-7), LIST(5e-15, 5e-15, 2e-14, 4e-14, 5e-15))},
    [POOL] = {"max-pooling", BROOD_LAYER_MAX_POOL, 0, {0}},
    [RECTIFIED] = {"max-pooling behind a ReLU", BROOD_LAYER_MAX_POOL, 0, {0}},
    [RELU] = {"ReLU", BROOD_LAYER_RELU, 0, {0}},
    [NORM] = {"batch normalisation", BROOD_LAYER_NORM, 0,
              BOUNDS(LIST(2e-7, 2e-7, 2e-7, 2e-7, 2e-7), LIST(5e-14, 5e-14, 5e-14, 5e-14, 5e-14))},
    [DENSE] = {"dense", BROOD_LAYER_DENSE, 0,
               BOUNDS(LIST(1e-6, 1e-6, 1e-6, 2e-7, 1e-6), LIST(1e-14, 5e-15, 5e-15, 5e-15, 1e-14))},
    [AVERAGE] = {"average", BROOD_LAYER_AVERAGE, 0,
                 BOUNDS(LIST(2e-7, 1e-7, 0, 0, 2e-7), LIST(1e-14, 1e-15, 0, 0, 1e-14))},
    [DROPOUT] = {"dropout", BROOD_LAYER_DROPOUT, 0, BOUNDS(LIST(1e-7, 1e-7, 0, 0, 0), LIST(1e-15, 1e-15, 0, 0, 0))},
};

const char *const array_names[ARRAYS] = {"y", "dx", "dweights", "dbias", "y outside training"};

double largest[SUBJECTS][ARRAYS];

/* ---- what is running ---- */

bool           running;
int64_t        number;
static drawn_t checked; /* a copy: where a test fails, its variables are gone */
static path_t  by;

void tell_if_it_fails(const drawn_t *c) {
    running = true;
    checked = *c;
}

int tell_case(void **state) {
    (void)state;
    const drawn_t            *c = &checked;
    const brood_ref_window_t *w = &c->w;
    if (!running) return 0;
    running = false;
    print_error(
        "case %lld (%s): %lld of %lld images %lldx%lldx%lld, window %lldx%lld, strides %lldx%lld, %lld outputs, "
        "%d per cent%s%s; %s, %s, threads: %lld\n",
        (long long)number, subjects[c->subject].name, (long long)w->images, (long long)c->minibatch,
        (long long)w->height, (long long)w->width, (long long)w->channels, (long long)w->kernel_height,
        (long long)w->kernel_width, (long long)w->stride_height, (long long)w->stride_width, (long long)w->filters,
        (int)c->percent, c->bias ? ", bias" : "", c->ties ? ", ties" : "", brood_isa_name(by.isa),
        by.numerics == BROOD_NUMERICS_NATIVE ? "native" : "portable", (long long)by.threads);
    return 0;
}

brood_net_spec_t network(const drawn_t *c) {
    const brood_ref_window_t *w = &c->w;
    brood_net_spec_t          spec = spec_of(w->height, w->width, w->channels);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 1, 1, 1, .outputs = (int32_t)w->channels));
    if (c->subject == RECTIFIED) add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, subjects[c->subject].kind,
        WINDOW((int32_t)w->kernel_height, (int32_t)w->kernel_width, (int32_t)w->stride_height, (int32_t)w->stride_width,
               .outputs = (int32_t)w->filters, .percent = c->percent, .bias = c->bias,
               .method = subjects[c->subject].method));
    return spec;
}

#define STEP 9
#define KEY  brood_key4(5, BROOD_PURPOSE_DROPOUT, 3, STEP, 0) /* of fixture_step */

static void start(fixture_t *f, drawn_t *c, bool keeps_all) {
    brood_net_spec_t spec = network(c);
    spec.keeps_all = keeps_all;
    fixture_create_bare(f, &spec, c->minibatch, by);
    if (!c->x) draw_numbers(c, f);
    if (c->subject == NORM) /* running statistics */
        brood_net_initialise(f->net, brood_key4(1, BROOD_PURPOSE_CHILD_INIT, 0, 0, 0));
    memcpy(f->x, c->x, (size_t)c->inputs * sizeof *f->x);
    memcpy(f->dlogits, c->dy, (size_t)c->outputs * sizeof *f->x);
    brood_real_t *probe = value_of(f, "layer0/weights");
    for (int64_t i = 0; i < c->w.channels * c->w.channels; i++) probe[i] = i % (c->w.channels + 1) == 0;
    for (int64_t i = 1; i < brood_net_parameter_count(f->net); i++)
        memcpy(brood_net_parameter(f->net, i)->value, c->parameter[i - 1], (size_t)c->count[i - 1] * sizeof *f->x);
    fixture_step(f, c->w.images, STEP);
}

/* ---- the comparison ---- */

/* Toom-Cook's bounds are of windows in the image and of sums over up to 40 channels at each point of a tile. Taps in
   the padding add to errors, and nothing to what is expected; and sums round the more the longer they are. */
static double allowance(const drawn_t *c, int array) {
    const brood_ref_window_t *w = &c->w;
    if (c->subject != TOOM || array == DBIAS) return 1;
    double longer = array == DX && w->filters > 40 ? (double)w->filters / 40 : 1;
    if (w->kernel_height <= w->height && w->kernel_width <= w->width) return sqrt(longer);
    int64_t all = w->images * w->height * w->width * w->kernel_height * w->kernel_width * w->channels * w->filters;
    return sqrt(longer * (double)all / (double)work_of(w));
}

/* OpenBLAS adds the terms of a sum one after another where it takes a product for small (those of SkylakeX have
   thousands of terms), portable numerics block by block. Each addition of n terms of random signs rounds a partial sum,
   whose norm grows as the root: errors of a share of at most roundoff · sqrt(n / 2). */
static double allowance_of_native(const drawn_t *c, int array, const expected_t *e) {
    bool product = c->subject == DIRECT || c->subject == TOOM || c->subject == FOURIER || c->subject == DENSE;
    if (by.numerics != BROOD_NUMERICS_NATIVE || !product || array == DBIAS) return 1;
    double roundoff = sizeof *c->x == sizeof(double) ? 0x1p-53 : 0x1p-24;
    double terms = (double)work_of(&c->w) / (double)e->n;
    return fmax(1, roundoff * sqrt(terms / 2) / subjects[c->subject].bound[array]);
}

/* With no allowance: of the largest tiles that brood_toom_choose allows, in a sum of a few terms. */
#define TOOM_ERROR 1e-5

static void compare(const drawn_t *c, int array, const brood_real_t *found, const expected_t *e) {
    double  error = norm_of_error(e->n, found, e->numbers);
    double  scale = e->norm * allowance(c, array) * allowance_of_native(c, array, e);
    double  bound = subjects[c->subject].bound[array];
    double *most = &largest[c->subject][array];
    if (!(error <= bound * scale))
        fail_msg("%s: an error of norm %.3g, expected at most %.3g of %.3g", array_names[array], error, bound, scale);
    if (error > *most * scale) *most = error / scale;
    if (!c->fixed) return;
    if (c->subject == TOOM && array != DBIAS)
        assert_norm(array_names[array], e->n, found, e->numbers, TOOM_ERROR);
    else
        assert_close(array_names[array], e->n, found, e->numbers);
}

/* The weights' gradient of the layer in front: dx, projected on its x. */
static void compare_projected(const drawn_t *c, const brood_real_t *found) {
    int64_t       n = c->w.channels, rows = c->inputs / n;
    const double *dx = c->expected[DX].numbers;
    double       *expected = zeros(n * n), most = 0;
    for (int64_t i = 0; i < c->inputs; i++) {
        for (int64_t j = 0; j < n; j++) expected[j * n + i % n] += (double)c->x[i / n * n + j] * dx[i];
        most = fmax(most, fabs(dx[i]));
    }
    assert_within("dx (projected)", n * n, found, expected, most * sqrt((double)rows));
    free(expected);
}

static void compare_all(const drawn_t *c, fixture_t *f) {
    compare(c, Y, f->logits, &c->expected[Y]);
    if (f->spec.keeps_all) {
        assert_int_equal(f->net->layer[1].held_dx.extent, BROOD_OF_ALL);
        compare(c, DX, f->net->layer[1].dx, &c->expected[DX]);
    }
    for (int i = 1; i < brood_net_parameter_count(f->net); i++)
        compare(c, DWEIGHTS + i - 1, brood_net_parameter(f->net, i)->gradient, &c->expected[DWEIGHTS + i - 1]);
    if (c->fixed) compare_projected(c, gradient_of(f, "layer0/weights"));
}

static void compare_outside(const drawn_t *c, fixture_t *f) {
    brood_net_forward(f->net, c->w.images, f->x, false, KEY, f->logits);
    compare(c, OUTSIDE, f->logits, &c->expected[c->expected[OUTSIDE].numbers ? OUTSIDE : Y]);
}

static void assert_same_bits(const drawn_t *c, const fixture_t *f, const fixture_t *other) {
    if (memcmp(f->logits, other->logits, (size_t)c->outputs * sizeof *f->x) != 0) fail_msg("y: other bits");
    for (int64_t i = 0; i < brood_net_parameter_count(f->net); i++) { /* the first one's is made of dx */
        const brood_parameter_t *array = brood_net_parameter(f->net, i);
        if (memcmp(array->gradient, brood_net_parameter(other->net, i)->gradient,
                   (size_t)array->count * sizeof *f->x) != 0)
            fail_msg("gradient of %s: other bits", array->name);
    }
}

void check(drawn_t *c, void (*look)(const drawn_t *c, const brood_net_t *net)) {
    fixture_t f, other;
    tell_if_it_fails(c);
    by = AVX2;
    start(&f, c, true);
    if (subjects[c->subject].method) assert_string_equal(brood_net_way(f.net, 1), subjects[c->subject].name);
    if (look) look(c, f.net);
    if (!c->expected[Y].numbers) ask_reference(c, KEY);
    compare_all(c, &f);

    bool        turn = number / 10 % 2 == 0; /* all numbers of images in either */
    brood_isa_t wide = has_path(AVX512) ? BROOD_ISA_AVX512 : BROOD_ISA_AVX2;
    brood_isa_t other_isa = turn ? wide : BROOD_ISA_AVX2;
    path_t      others[] = {{wide, BROOD_NUMERICS_PORTABLE, 1}, {other_isa, BROOD_NUMERICS_PORTABLE, 3}, AVX2};
    for (int i = 0; i < (c->fixed ? 3 : 2); i++) {
        by = others[i];
        start(&other, c, false);
        assert_same_bits(c, &f, &other);
        compare_outside(c, &other);
        fixture_destroy(&other);
    }
    by = AVX2;
    compare_outside(c, &f);
    fixture_destroy(&f);

    by = NATIVE;
    for (int keeps_all = c->fixed ? 0 : 1; keeps_all < 2 && (c->fixed || turn); keeps_all++) {
        start(&f, c, keeps_all);
        compare_all(c, &f);
        compare_outside(c, &f);
        fixture_destroy(&f);
    }
    running = false;
}
