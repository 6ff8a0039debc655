/* Loss and optimisers against their definitions in double, and a network that learns. */
#include <math.h>

#include "support.h"

static void softmax_loss_and_its_gradient_are_as_defined(void **state) {
    (void)state;
    enum { IMAGES = 4, CLASSES = 7 };
    brood_real_t  logits[IMAGES * CLASSES], dlogits[IMAGES * CLASSES];
    const uint8_t labels[IMAGES] = {0, 6, 3, 2};
    double        loss[IMAGES], expected[IMAGES * CLASSES];
    draw(41, IMAGES * CLASSES, logits);
    logits[CLASSES + 6] = 80; /* exp would overflow float */
    int64_t correct = brood_loss_softmax(IMAGES, CLASSES, logits, labels, loss, dlogits), best_is_label = 0;
    for (int i = 0; i < IMAGES; i++) {
        double sum = 0;
        int    best = 0;
        for (int c = 0; c < CLASSES; c++) {
            sum += exp((double)logits[i * CLASSES + c]);
            if (logits[i * CLASSES + c] > logits[i * CLASSES + best]) best = c;
        }
        best_is_label += best == labels[i];
        assert_true(fabs(loss[i] - (log(sum) - (double)logits[i * CLASSES + labels[i]])) < 1e-12);
        for (int c = 0; c < CLASSES; c++)
            expected[i * CLASSES + c] = (exp((double)logits[i * CLASSES + c]) / sum - (c == labels[i])) / IMAGES;
    }
    assert_int_equal(correct, best_is_label);
    assert_close("dlogits", IMAGES * CLASSES, dlogits, expected);
}

static void of_equal_logits_the_first_is_the_answer(void **state) {
    (void)state;
    const brood_real_t logits[6] = {1, 2, 2, 2, 1, 2};
    const uint8_t      first[2] = {1, 0}, last[2] = {2, 2};
    double             loss[2];
    assert_int_equal(brood_loss_softmax(2, 3, logits, first, loss, NULL), 2);
    assert_int_equal(brood_loss_softmax(2, 3, logits, last, loss, NULL), 0);
}

static void a_nan_among_the_logits_is_a_nan_and_wrong(void **state) {
    (void)state;
    const brood_real_t logits[6] = {(brood_real_t)NAN, 1, 2, 0, (brood_real_t)NAN, 1};
    const uint8_t      labels[2] = {0, 2};
    double             loss[2];
    assert_int_equal(brood_loss_softmax(2, 3, logits, labels, loss, NULL), 0);
    assert_true(isnan(loss[0]) && isnan(loss[1]));
}

/* A dense layer: 5 x 3 weights, which decay, and 3 biases, which do not. */
static void check_optimizer(brood_optimizer_kind_t kind, double weight_decay, path_t by) {
    brood_net_spec_t spec = spec_of(1, 1, 5);
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 3, .bias = true));
    fixture_t f;
    fixture_create(&f, &spec, 2, by, 43);
    fixture_step(&f, 2, 0);
    brood_optimizer_args_t args = {.kind = kind, .momentum = 0.9, .weight_decay = weight_decay};
    brood_arena_t          arena;
    assert_int_equal(brood_arena_init(&arena, brood_optimizer_size(&args, 18)), BROOD_OK);
    brood_optimizer_t *optimizer = brood_optimizer_create(&args, f.net, &arena);
    for (int array = 0; array < 2; array++) {
        brood_optimizer_reset(optimizer);
        const brood_parameter_t *p = brood_net_parameter(f.net, array);
        double                  *w = widen(p->count, p->value), *m = zeros(p->count), *v = zeros(p->count);
        for (int step = 1; step <= 40; step++) {
            draw(44 + (uint64_t)step, p->count, p->gradient);
            brood_optimizer_step(optimizer, 0.01);
            for (int64_t i = 0; i < p->count; i++) {
                double g = (double)p->gradient[i] + (array == 0 ? weight_decay * w[i] : 0);
                if (kind == BROOD_OPTIMIZER_SGD) {
                    m[i] = 0.9 * m[i] + g;
                    w[i] -= 0.01 * m[i];
                    continue;
                }
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.999 * v[i] + 0.001 * g * g;
                w[i] -= 0.01 * (m[i] / (1 - pow(0.9, step))) / (sqrt(v[i] / (1 - pow(0.999, step))) + 1e-8);
            }
        }
        assert_close("w", p->count, p->value, w);
        free(w);
        free(m);
        free(v);
    }
    brood_arena_fini(&arena);
    fixture_destroy(&f);
}

static void optimisers_are_their_formulas_in_double(void **state) {
    (void)state;
    const path_t paths[] = {AVX2, AVX512};
    for (int i = 0; i < 2; i++) {
        if (!has_path(paths[i])) continue;
        for (int kind = 0; kind < 2; kind++) {
            check_optimizer((brood_optimizer_kind_t)kind, 0, paths[i]);
            check_optimizer((brood_optimizer_kind_t)kind, 0.05, paths[i]);
        }
    }
}

/* Images whose brightest quarter is the label. */
static void draw_quarters(int64_t images, brood_real_t *x, uint8_t *labels) {
    draw(45, images * 64, x);
    brood_key4_t key = brood_key4(46, BROOD_PURPOSE_BENCH, 2, 0, 0);
    for (int64_t i = 0; i < images; i++) {
        labels[i] = (uint8_t)brood_random_below(&key, (uint32_t)i, 4);
        for (int64_t p = 0; p < 64; p++)
            if (p / 32 == labels[i] / 2 && p % 8 / 4 == labels[i] % 2) x[i * 64 + p] += (brood_real_t)0.7;
    }
}

static void a_network_learns_to_tell_quarters_apart(void **state) {
    (void)state;
    enum { IMAGES = 60 };
    for (int kind = 0; kind < 2; kind++) {
        brood_net_spec_t spec = spec_of(8, 8, 1);
        add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 1, 1, .outputs = 8));
        add(&spec, BROOD_LAYER_NORM, NULL);
        add(&spec, BROOD_LAYER_RELU, NULL);
        add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
        add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 4, .bias = true));
        fixture_t f;
        fixture_create(&f, &spec, IMAGES, AVX2, 47);
        uint8_t labels[IMAGES];
        double  loss[IMAGES];
        draw_quarters(IMAGES, f.x, labels);
        brood_optimizer_args_t args = {.kind = (brood_optimizer_kind_t)kind, .momentum = 0.9};
        brood_measure_t        measure;
        assert_int_equal(brood_net_measure(&f.spec, IMAGES, &measure), BROOD_OK);
        brood_arena_t arena;
        assert_int_equal(brood_arena_init(&arena, brood_optimizer_size(&args, measure.parameters)), BROOD_OK);
        brood_optimizer_t *optimizer = brood_optimizer_create(&args, f.net, &arena);
        int64_t            correct = 0;
        for (int64_t step = 0; step < 40; step++) {
            brood_key4_t key = brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, step, 0);
            brood_net_forward(f.net, IMAGES, f.x, true, key, f.logits);
            correct = brood_loss_softmax(IMAGES, 4, f.logits, labels, loss, f.dlogits);
            brood_net_backward(f.net, f.dlogits);
            brood_optimizer_step(optimizer, 0.02);
        }
        assert_true(correct == IMAGES);
        brood_arena_fini(&arena);
        fixture_destroy(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax_loss_and_its_gradient_are_as_defined),
        cmocka_unit_test(of_equal_logits_the_first_is_the_answer),
        cmocka_unit_test(a_nan_among_the_logits_is_a_nan_and_wrong),
        cmocka_unit_test(optimisers_are_their_formulas_in_double),
        cmocka_unit_test(a_network_learns_to_tell_quarters_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
