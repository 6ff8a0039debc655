/* Whole networks: their bits, their memory, their state. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "../../src/nn/layer.h"
#include "brood/util/hash.h"
#include "support.h"

#ifdef BROOD_NN_DOUBLE
#error "of the networks that children are"
#endif

/* A signal with long windows; and an image with everything there is. */
static brood_net_spec_t signal(void) {
    brood_net_spec_t spec = spec_of(1, 90, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 11, 1, 1, .outputs = 6, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(1, 40, 1, 1, .bias = false));
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = 25));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 57, 1, 1, .outputs = 19, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(1, 2, 1, 1, .bias = false));
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
    spec.classes = 10;
    spec.init = BROOD_INIT_XAVIER;
    return spec;
}

static brood_net_spec_t image(void) {
    brood_net_spec_t spec = spec_of(13, 11, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 1, 1, .outputs = 20));
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = 40));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(5, 3, 2, 1, .outputs = 33));
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 1, 1, 1, .outputs = 9, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_AVERAGE, NULL);
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
    spec.classes = 10;
    return spec;
}

/* Images of which a block holds two, so that a part has several blocks. */
static brood_net_spec_t large(void) {
    brood_net_spec_t spec = spec_of(28, 28, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 1, 1, .outputs = 28, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 1, 1, .outputs = 8, .bias = true));
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(3, 3, 1, 1, .bias = false));
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
    spec.classes = 10;
    return spec;
}

static brood_net_spec_t (*const networks[])(void) = {signal, image, large};
enum { NETWORKS = sizeof networks / sizeof *networks };

/* ---- who takes what ---- */

static int64_t taken[BROOD_MOST_THREADS], calls[BROOD_MOST_THREADS]; /* of each thread */
static int64_t taken_from_others;                                    /* by the first */

int64_t __real_brood_team_take(brood_team_t *team, int64_t count, int64_t thread);
int64_t __wrap_brood_team_take(brood_team_t *team, int64_t count, int64_t thread);

/* Threads are slow in turns, so that who takes what is another each time. */
int64_t __wrap_brood_team_take(brood_team_t *team, int64_t count, int64_t thread) {
    int64_t threads = brood_team_threads(team), first, share, piece;
    if (threads > 1 && calls[thread]++ / 8 % threads == thread) nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    piece = __real_brood_team_take(team, count, thread);
    share = brood_team_share(count, threads, thread, &first);
    taken[thread] += piece >= 0;
    if (thread == 0) taken_from_others += piece >= 0 && (piece < first || piece >= first + share);
    return piece;
}

/* What two steps of training on `images` images leave: everything that is state, and the last logits. */
static uint64_t train(brood_net_spec_t spec, int64_t minibatch, int64_t images, path_t by,
                      brood_optimizer_kind_t kind) {
    fixture_t f;
    fixture_create(&f, &spec, minibatch, by, 21);
    brood_measure_t measure;
    assert_int_equal(brood_net_measure(&f.spec, minibatch, &measure), BROOD_OK);
    brood_optimizer_args_t args = {.kind = kind, .momentum = 0.9, .weight_decay = 0.01};
    brood_arena_t          arena;
    assert_int_equal(brood_arena_init(&arena, brood_optimizer_size(&args, measure.parameters)), BROOD_OK);
    brood_optimizer_t *optimizer = brood_optimizer_create(&args, f.net, &arena);
    for (int64_t step = 0; step < 2; step++) {
        fixture_step(&f, images, step);
        brood_optimizer_step(optimizer, 0.01);
    }
    uint64_t       hash = fixture_hash(&f, images);
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_net_fields(f.net, "/net", &fields);
    brood_optimizer_fields(optimizer, "/net", &fields);
    for (int64_t i = 0; i < fields.count; i++)
        hash = brood_hash(hash, fields.field[i].base,
                          (size_t)brood_field_count(&fields.field[i]) * brood_field_size(&fields.field[i]));
    brood_fields_fini(&fields);
    brood_arena_fini(&arena);
    fixture_destroy(&f);
    return hash;
}

static void both_paths_give_the_same_bits(void **state) {
    (void)state;
    if (!has_path(AVX512)) skip();
    for (int i = 0; i < NETWORKS; i++)
        for (int kind = 0; kind < 2; kind++)
            assert_int_equal(train(networks[i](), 7, 7, AVX2, (brood_optimizer_kind_t)kind),
                             train(networks[i](), 7, 7, AVX512, (brood_optimizer_kind_t)kind));
}

static void bits_do_not_depend_on_the_capacity_of_the_mini_batch(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        uint64_t exact = train(networks[i](), 7, 7, AVX2, BROOD_OPTIMIZER_ADAM);
        assert_int_equal(exact, train(networks[i](), 8, 7, AVX2, BROOD_OPTIMIZER_ADAM));
        assert_int_equal(exact, train(networks[i](), 100, 7, AVX2, BROOD_OPTIMIZER_ADAM));
        assert_int_equal(train(networks[i](), 1, 1, AVX2, BROOD_OPTIMIZER_ADAM),
                         train(networks[i](), 50, 1, AVX2, BROOD_OPTIMIZER_ADAM));
    }
}

static void bits_do_not_depend_on_the_threads(void **state) {
    (void)state;
    static const int64_t images[] = {1, 2, 7, 35};
    memset(taken, 0, sizeof taken);
    taken_from_others = 0;
    for (int i = 0; i < NETWORKS; i++)
        for (size_t j = 0; j < sizeof images / sizeof *images; j++) {
            path_t   path = AVX2;
            uint64_t alone = train(networks[i](), 35, images[j], path, BROOD_OPTIMIZER_ADAM);
            for (path.threads = 2; path.threads <= BROOD_MOST_THREADS; path.threads += path.threads)
                assert_int_equal(train(networks[i](), 35, images[j], path, BROOD_OPTIMIZER_ADAM), alone);
            path.threads = 3;
            if (has_path(AVX512)) path.isa = BROOD_ISA_AVX512;
            assert_int_equal(train(networks[i](), 35, images[j], path, BROOD_OPTIMIZER_ADAM), alone);
        }
    for (int thread = 0; thread < BROOD_MOST_THREADS; thread++)
        if (taken[thread] == 0) fail_msg("thread %d has trained nothing", thread);
    assert_true(taken_from_others > 0);
}

static void other_images_do_not_change_the_logits_of_one(void **state) {
    (void)state;
    enum { MINIBATCH = 34 };
    for (int i = 0; i < NETWORKS; i++) {
        brood_net_spec_t spec = networks[i]();
        brood_key4_t     key = brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, 0, 0);
        fixture_t        f;
        fixture_create(&f, &spec, MINIBATCH, AVX2, 22);
        brood_net_forward(f.net, MINIBATCH, f.x, false, key, f.logits);
        for (int64_t image = 0; image < MINIBATCH; image += 11) {
            brood_real_t alone[10];
            brood_net_forward(f.net, 1, f.x + image * f.image_size, false, key, alone);
            assert_memory_equal(alone, f.logits + image * 10, sizeof alone);
        }
        fixture_destroy(&f);
    }
}

static void a_mini_batch_after_a_larger_one_is_as_if_alone(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        brood_net_spec_t spec = networks[i]();
        fixture_t        used, fresh;
        fixture_create(&used, &spec, 9, AVX2, 23);
        fixture_create(&fresh, &spec, 9, AVX2, 23);
        fixture_step(&used, 9, 0);
        fixture_step(&used, 4, 1);
        fixture_step(&fresh, 4, 1);
        assert_int_equal(fixture_hash(&used, 4), fixture_hash(&fresh, 4));
        fixture_destroy(&used);
        fixture_destroy(&fresh);
    }
}

static void initial_weights_fill_their_bounds_and_nothing_else_is_drawn(void **state) {
    (void)state;
    for (int init = 0; init < 2; init++) {
        brood_net_spec_t spec = image();
        spec.init = (brood_init_t)init;
        fixture_t f;
        fixture_create(&f, &spec, 1, AVX2, 24);
        brood_net_initialise(f.net, brood_key4(24, BROOD_PURPOSE_CHILD_INIT, 7, 0, 0));
        /* layer4: 5x3 taps, 20 channels, 33 filters. */
        double        bound = sqrt(6.0 / (init == BROOD_INIT_HE ? 300 : 300 + 495)), most = 0, sum = 0;
        brood_real_t *w = value_of(&f, "layer4/weights");
        for (int i = 0; i < 9900; i++) {
            most = fmax(most, fabs((double)w[i]));
            sum += (double)w[i];
        }
        assert_true(most <= bound && most > 0.99 * bound);
        assert_true(fabs(sum) < 4 * bound * sqrt(9900 / 3.0));
        for (int i = 0; i < 33; i++) assert_true(value_of(&f, "layer5/scale")[i] == 1);
        for (int i = 0; i < 33; i++) assert_true(value_of(&f, "layer5/shift")[i] == 0);
        for (int i = 0; i < 9; i++) assert_true(value_of(&f, "layer8/bias")[i] == 0);
        /* Arrays draw from streams of their own: as shares of their bounds they differ. */
        double other = sqrt(6.0 / (init == BROOD_INIT_HE ? 9 : 9 + 180)), difference = 0;
        for (int i = 0; i < 180; i++)
            difference =
                fmax(difference, fabs((double)w[i] / bound - (double)value_of(&f, "layer0/weights")[i] / other));
        assert_true(difference > 0.1);
        fixture_destroy(&f);
    }
}

static void the_fields_are_all_of_the_state(void **state) {
    (void)state;
    /* A second network that takes over the fields goes on with the same bits. */
    for (int i = 0; i < NETWORKS; i++) {
        brood_net_spec_t       spec = networks[i]();
        brood_optimizer_args_t args = {.kind = BROOD_OPTIMIZER_ADAM};
        brood_measure_t        measure;
        assert_int_equal(brood_net_measure(&spec, 5, &measure), BROOD_OK);
        fixture_t          f[2];
        brood_arena_t      arena[2];
        brood_optimizer_t *optimizer[2];
        brood_fields_t     fields[2];
        for (int j = 0; j < 2; j++) {
            fixture_create(&f[j], &spec, 5, AVX2, 25);
            assert_int_equal(brood_arena_init(&arena[j], brood_optimizer_size(&args, measure.parameters)), BROOD_OK);
            optimizer[j] = brood_optimizer_create(&args, f[j].net, &arena[j]);
            brood_fields_init(&fields[j]);
            brood_net_fields(f[j].net, "/net", &fields[j]);
            brood_optimizer_fields(optimizer[j], "/moments", &fields[j]);
        }
        for (int64_t step = 0; step < 2; step++) {
            fixture_step(&f[0], 5, step);
            brood_optimizer_step(optimizer[0], 0.01);
        }
        brood_net_initialise(f[1].net, brood_key4(99, BROOD_PURPOSE_CHILD_INIT, 0, 0, 0));
        assert_int_equal(fields[0].count, fields[1].count);
        for (int64_t j = 0; j < fields[0].count; j++)
            memcpy(fields[1].field[j].base, fields[0].field[j].base,
                   (size_t)brood_field_count(&fields[0].field[j]) * brood_field_size(&fields[0].field[j]));
        for (int j = 0; j < 2; j++) {
            fixture_step(&f[j], 5, 2);
            brood_optimizer_step(optimizer[j], 0.01);
        }
        assert_int_equal(fixture_hash(&f[0], 5), fixture_hash(&f[1], 5));
        for (int j = 0; j < 2; j++) {
            brood_net_forward(f[j].net, 5, f[j].x, false, brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, 0, 0), f[j].logits);
            brood_fields_fini(&fields[j]);
        }
        assert_memory_equal(f[0].logits, f[1].logits, 5 * 10 * sizeof(brood_real_t));
        for (int j = 0; j < 2; j++) {
            brood_arena_fini(&arena[j]);
            fixture_destroy(&f[j]);
        }
    }
}

/* Elsewhere a pooling does what the ReLU in front of it would; the image can't be taken for a ReLU's output. */
static void a_relu_of_the_image_is_made_before_a_pooling(void **state) {
    (void)state;
    brood_real_t x[2][5 * 8 * 8], logits[2][5 * 10];
    draw(9, 5 * 8 * 8, x[0]);
    for (int64_t i = 0; i < 5 * 8 * 8; i++) x[1][i] = x[0][i] > 0 ? x[0][i] : 0;
    assert_memory_not_equal(x[0], x[1], sizeof x[0]);
    for (int i = 0; i < 2; i++) {
        brood_net_spec_t spec = spec_of(8, 8, 1);
        if (i == 0) add(&spec, BROOD_LAYER_RELU, NULL);
        add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
        add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
        spec.classes = 10;
        fixture_t f;
        fixture_create(&f, &spec, 5, AVX2, 21);
        for (int64_t k = 0; k < brood_net_parameter_count(f.net); k++)
            draw((uint64_t)k, brood_net_parameter(f.net, k)->count, brood_net_parameter(f.net, k)->value);
        brood_net_forward(f.net, 5, x[i], false, (brood_key4_t){0}, logits[i]);
        fixture_destroy(&f);
    }
    assert_memory_equal(logits[0], logits[1], sizeof logits[0]);
}

static void a_network_that_is_none_is_refused_and_takes_nothing(void **state) {
    (void)state;
    brood_net_spec_t spec = image();
    spec.classes = 11;
    brood_math_t *math;
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, BROOD_ISA_AVX2, 1, &math), BROOD_OK);
    brood_arena_t arena;
    assert_int_equal(brood_arena_init(&arena, 1 << 20), BROOD_OK);
    brood_net_t *net;
    size_t       bytes;
    assert_int_equal(brood_net_size(&spec, 5, math, &bytes), BROOD_E_DATA);
    assert_int_equal(brood_net_create(&spec, 5, math, &arena, &net), BROOD_E_DATA);
    assert_null(net);
    assert_int_equal(arena.used, 0);
    brood_arena_fini(&arena);
    brood_math_destroy(&math);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_paths_give_the_same_bits),
        cmocka_unit_test(bits_do_not_depend_on_the_capacity_of_the_mini_batch),
        cmocka_unit_test(bits_do_not_depend_on_the_threads),
        cmocka_unit_test(other_images_do_not_change_the_logits_of_one),
        cmocka_unit_test(a_mini_batch_after_a_larger_one_is_as_if_alone),
        cmocka_unit_test(initial_weights_fill_their_bounds_and_nothing_else_is_drawn),
        cmocka_unit_test(the_fields_are_all_of_the_state),
        cmocka_unit_test(a_relu_of_the_image_is_made_before_a_pooling),
        cmocka_unit_test(a_network_that_is_none_is_refused_and_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
