#include "support.h"

#include <math.h>
#include <string.h>

#include "brood/util/hash.h"

#ifdef BROOD_NN_DOUBLE
#define TOLERANCE 1e-13
#else
#define TOLERANCE 3e-6
#endif

brood_net_spec_t spec_of(int64_t height, int64_t width, int64_t channels) {
    return (brood_net_spec_t){.image = {height, width, channels}};
}

void add(brood_net_spec_t *spec, brood_layer_kind_t kind, const brood_layer_args_t *args) {
    assert_true(brood_net_spec_add(spec, kind, args));
}

/* brood_net_shapes refuses any other number of classes than the one it names. */
static int64_t count_classes(brood_net_spec_t *spec) {
    int64_t shape[BROOD_MAX_LAYERS][3];
    if (spec->classes == 0 && brood_net_shapes(spec, shape) != BROOD_OK) {
        const char *made = strstr(brood_message(), "makes ");
        if (!made) fail_msg("%s", brood_message());
        spec->classes = strtoll(made + strlen("makes "), NULL, 10);
    }
    return spec->classes;
}

bool has_path(path_t path) {
    return path.isa == BROOD_ISA_AVX2 || (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"));
}

void fixture_create_bare(fixture_t *f, const brood_net_spec_t *spec, int64_t minibatch, path_t path) {
    *f = (fixture_t){.spec = *spec, .minibatch = minibatch};
    f->classes = count_classes(&f->spec);
    f->image_size = spec->image[0] * spec->image[1] * spec->image[2];
    assert_int_equal(brood_math_create(path.numerics, path.isa, path.threads, &f->math), BROOD_OK);
    size_t net;
    assert_int_equal(brood_net_size(&f->spec, minibatch, f->math, &net), BROOD_OK);
    size_t mine = 3 * 64 + (size_t)(minibatch * (f->image_size + 2 * f->classes)) * sizeof(brood_real_t);
    assert_int_equal(brood_arena_init(&f->arena, net + mine), BROOD_OK);
    /* What was there before must not matter. */
    memset(f->arena.base, 0xff, f->arena.size);
    assert_int_equal(brood_net_create(&f->spec, minibatch, f->math, &f->arena, &f->net), BROOD_OK);
    assert_int_equal(f->arena.used, net);
    f->x = brood_arena_take(&f->arena, (size_t)(minibatch * f->image_size) * sizeof *f->x);
    f->logits = brood_arena_take(&f->arena, (size_t)(minibatch * f->classes) * sizeof *f->x);
    f->dlogits = brood_arena_take(&f->arena, (size_t)(minibatch * f->classes) * sizeof *f->x);
}

void fixture_create(fixture_t *f, const brood_net_spec_t *spec, int64_t minibatch, path_t path, uint64_t seed) {
    fixture_create_bare(f, spec, minibatch, path);
    brood_net_initialise(f->net, brood_key4(seed, BROOD_PURPOSE_CHILD_INIT, 0, 0, 0));
    for (int64_t i = 0; i < brood_net_parameter_count(f->net); i++) {
        const brood_parameter_t *array = brood_net_parameter(f->net, i);
        if (!array->decays) draw(seed + 100 + (uint64_t)i, array->count, array->value);
    }
    draw(seed + 1, minibatch * f->image_size, f->x);
    draw(seed + 2, minibatch * f->classes, f->dlogits);
}

void fixture_destroy(fixture_t *f) {
    brood_arena_fini(&f->arena);
    brood_math_destroy(&f->math);
}

void fixture_step(fixture_t *f, int64_t images, int64_t step) {
    brood_net_forward(f->net, images, f->x, true, brood_key4(5, BROOD_PURPOSE_DROPOUT, 3, step, 0), f->logits);
    brood_net_backward(f->net, f->dlogits);
}

void draw(uint64_t seed, int64_t n, brood_real_t *x) {
    brood_key4_t key = brood_key4(seed, BROOD_PURPOSE_BENCH, 0, 0, 0);
    for (int64_t i = 0; i < n; i++) x[i] = (brood_real_t)(2 * brood_random_uniform(&key, (uint32_t)i) - 1);
}

void draw_steps(uint64_t seed, int64_t n, int64_t steps, brood_real_t *x) {
    brood_key4_t key = brood_key4(seed, BROOD_PURPOSE_BENCH, 1, 0, 0);
    for (int64_t i = 0; i < n; i++)
        x[i] = (brood_real_t)(brood_random_below(&key, (uint32_t)i, 2 * steps + 1) - steps) / (brood_real_t)steps;
}

double *zeros(int64_t n) {
    double *y = calloc((size_t)n + 1, sizeof *y);
    assert_non_null(y);
    return y;
}

double *widen(int64_t n, const brood_real_t *x) {
    double *y = zeros(n);
    for (int64_t i = 0; i < n; i++) y[i] = (double)x[i];
    return y;
}

double *transposed(int64_t rows, int64_t columns, const double *x) {
    double *y = zeros(rows * columns);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j];
    return y;
}

void assert_close(const char *what, int64_t n, const brood_real_t *found, const double *expected) {
    double largest = 0;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(expected[i]));
    assert_within(what, n, found, expected, largest);
}

void assert_within(const char *what, int64_t n, const brood_real_t *found, const double *expected, double scale) {
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)found[i] - expected[i]) <= TOLERANCE * scale))
            fail_msg("%s[%lld of %lld]: %.9g, expected %.9g (at a scale of %.3g)", what, (long long)i, (long long)n,
                     (double)found[i], expected[i], scale);
}

static const brood_parameter_t *parameter(const fixture_t *f, const char *name) {
    for (int64_t i = 0; i < brood_net_parameter_count(f->net); i++)
        if (!strcmp(brood_net_parameter(f->net, i)->name, name)) return brood_net_parameter(f->net, i);
    fail_msg("no parameter %s", name);
    return NULL;
}

double norm_of_error(int64_t n, const brood_real_t *found, const double *expected) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += ((double)found[i] - expected[i]) * ((double)found[i] - expected[i]);
    return sqrt(sum);
}

void assert_norm(const char *what, int64_t n, const brood_real_t *found, const double *expected, double bound) {
    double error = norm_of_error(n, found, expected), norm = 0;
    for (int64_t i = 0; i < n; i++) norm += expected[i] * expected[i];
    if (sizeof *found == sizeof(double)) bound *= 0x1p-29;
    if (!(error <= bound * sqrt(norm)))
        fail_msg("%s: an error of norm %.3g of %.3g, expected at most %.3g of it", what, error, sqrt(norm), bound);
}

bool dropout_keeps(brood_key4_t key, int64_t layer, int64_t image, int64_t unit, int64_t units, int32_t percent) {
    uint32_t word[4];
    key.counter[2] = (key.counter[2] & 0xff000000u) | (uint32_t)layer;
    brood_random_block(&key, (uint32_t)(image * ((units + 7) / 8) + unit / 8), word);
    uint32_t threshold = (uint32_t)lround(percent * 655.36);
    return (word[unit % 8 / 2] >> (16 * (unit % 2)) & 0xffff) >= threshold;
}

brood_real_t *value_of(fixture_t *f, const char *name) {
    return parameter(f, name)->value;
}
brood_real_t *gradient_of(fixture_t *f, const char *name) {
    return parameter(f, name)->gradient;
}

uint64_t fixture_hash(const fixture_t *f, int64_t images) {
    uint64_t hash = brood_hash(BROOD_HASH_START, f->logits, (size_t)(images * f->classes) * sizeof *f->logits);
    for (int64_t i = 0; i < brood_net_parameter_count(f->net); i++) {
        const brood_parameter_t *array = brood_net_parameter(f->net, i);
        hash = brood_hash(hash, array->value, (size_t)array->count * sizeof *array->value);
        hash = brood_hash(hash, array->gradient, (size_t)array->count * sizeof *array->gradient);
    }
    return hash;
}
