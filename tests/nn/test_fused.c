/* A ReLU or a max-pooling that is done with a convolution's outputs strip by strip, against the same layers one after
   the other, on drawn shapes: the same bits. Those of the latter are tested against the naive ones elsewhere
   (test_odd_shapes.c). An argument draws others. Compiled for float and for double. */
#include <string.h>

#include "../../src/nn/fuse.h"
#include "../../src/nn/pool.h"
#include "brood/util/bound.h"
#include "drawn.h"
#include "util/cmocka_all.h"

enum { CASES = 480 };

/* How often something was fused behind a convolution, and how often in more strips than one. */
enum { MADE_DIRECTLY, MADE_OF_TILES, METHODS };
enum { RECTIFIES, POOLS_POSITIONS, POOLS_ROWS, POOLS_A_REST, FUSED };
static int64_t counted[METHODS][FUSED], in_strips[METHODS][FUSED];

/* A convolution and what stands behind it; heights are of one row where the image has but one. */
typedef struct {
    brood_layer_args_t convolution, pool;
    bool               rectified, pooled;
} stage_t;

static int32_t draw_size(int64_t most) {
    return (int32_t)up_to(most);
}

static stage_t draw_stage(const int64_t image[3]) {
    const bool row = image[0] == 1, direct = below(2);
    stage_t    s = {.rectified = below(3) > 0, .pooled = below(4) > 0};
    /* A direct one is made by lines where it gathers nothing. */
    s.convolution.height = (row || direct) && below(5) > 0 ? 1 : draw_size(5);
    s.convolution.width = direct && !row && below(5) > 0 ? 1 : draw_size(row ? 9 : 5);
    s.convolution.stride_height = 1;
    s.convolution.stride_width = direct && row && below(4) == 0 ? draw_size(brood_smaller(3, image[1])) : 1;
    s.convolution.outputs = (int32_t)(1 + below(70));
    s.convolution.bias = below(2);
    s.convolution.method = direct ? BROOD_CONVOLUTION_DIRECT : BROOD_CONVOLUTION_TOOM;
    if (s.convolution.height == 1 && s.convolution.width == 1) s.convolution.method = BROOD_CONVOLUTION_DIRECT;
    const int64_t width = (image[1] + s.convolution.stride_width - 1) / s.convolution.stride_width;
    s.pool.height = row ? 1 : draw_size(brood_smaller(3, image[0]));
    s.pool.width = draw_size(brood_smaller(row ? 7 : 3, width));
    s.pool.stride_height = row ? 1 : below(3) > 0 ? s.pool.height : draw_size(brood_smaller(3, image[0]));
    s.pool.stride_width = row && below(3) > 0 ? 1 : below(2) ? s.pool.width : draw_size(brood_smaller(3, width));
    if (s.pool.stride_height == 1 && s.pool.stride_width == 1 && below(6) == 0) s.pool.width += 40; /* beyond it */
    if (s.pool.stride_height == 1 && s.pool.stride_width == 1 && below(6) == 0) s.pool.height += 1;
    return s;
}

static void add_stage(brood_net_spec_t *spec, const stage_t *s) {
    add(spec, BROOD_LAYER_CONVOLUTION, &s->convolution);
    if (s->rectified) add(spec, BROOD_LAYER_RELU, NULL);
    if (s->pooled) add(spec, BROOD_LAYER_MAX_POOL, &s->pool);
}

static brood_net_spec_t draw_network(void) {
    const bool    row = below(2);
    const int64_t image[3] = {row ? 1 : 1 + below(30), row ? up_to(400) : 1 + below(30), below(3) ? 1 + below(40) : 1};
    brood_net_spec_t spec = spec_of(image[0], image[1], image[2]);
    stage_t          s = draw_stage(image);
    int64_t          shape[BROOD_MAX_LAYERS][3];
    add_stage(&spec, &s);
    fixture_t probe; /* what the second one reads */
    fixture_create_bare(&probe, &spec, 1, AVX2);
    memcpy(shape[0], probe.net->layer[spec.count - 1].out, sizeof shape[0]);
    fixture_destroy(&probe);
    s = draw_stage(shape[0]);
    s.convolution.outputs = draw_size(40);
    add_stage(&spec, &s);
    if (below(2)) return spec;
    add(&spec, BROOD_LAYER_AVERAGE, NULL); /* reads what nobody else keeps */
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
    return spec;
}

static void count(const brood_net_t *net) {
    for (int64_t i = 0; i < net->count; i++) {
        const brood_layer_t *layer = &net->layer[i], *last = &net->layer[layer->makes];
        if (last == layer) continue;
        const int method = layer->args.method == BROOD_CONVOLUTION_TOOM ? MADE_OF_TILES : MADE_DIRECTLY;
        int       what = RECTIFIES;
        if (last->kind == BROOD_LAYER_MAX_POOL) {
            const brood_axis_t across = brood_pool_across(last);
            what = across.in % across.stride            ? POOLS_A_REST
                   : brood_axis_of_lines(last->in) == 1 ? POOLS_POSITIONS
                                                        : POOLS_ROWS;
        }
        counted[method][what]++;
        in_strips[method][what] += brood_fuse_lines(layer) < layer->out[brood_axis_of_lines(layer->out)];
    }
}

static void assert_same_bits(const char *what, int64_t n, const brood_real_t *found, const brood_real_t *expected) {
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&found[i], &expected[i], sizeof *found) != 0)
            fail_msg("%s[%lld of %lld]: %.9g, one after the other %.9g", what, (long long)i, (long long)n,
                     (double)found[i], (double)expected[i]);
}

static void check(const brood_net_spec_t *spec, int64_t minibatch, int64_t images, path_t path) {
    brood_net_spec_t apart = *spec;
    fixture_t        fused, other;
    apart.keeps_all = true; /* then nothing is fused */
    fixture_create(&other, &apart, minibatch, AVX2, 7);
    fixture_create(&fused, spec, minibatch, path, 7);
    for (int64_t i = 0; i < other.net->count; i++) assert_false(other.net->layer[i].fused);
    count(fused.net);
    fixture_step(&other, images, 1);
    for (int64_t step = 0; step < 2; step++) fixture_step(&fused, images, 1); /* the second finds what one leaves */
    assert_same_bits("y", images * fused.classes, fused.logits, other.logits);
    for (int64_t i = 0; i < brood_net_parameter_count(fused.net); i++) {
        const brood_parameter_t *array = brood_net_parameter(fused.net, i);
        assert_same_bits(array->name, array->count, array->gradient, brood_net_parameter(other.net, i)->gradient);
    }
    fixture_destroy(&fused);
    fixture_destroy(&other);
}

static void tell(int64_t number, const brood_net_spec_t *spec) {
    printf("case %lld: %lldx%lldx%lld", (long long)number, (long long)spec->image[0], (long long)spec->image[1],
           (long long)spec->image[2]);
    for (int64_t i = 0; i < spec->count; i++) {
        const brood_layer_args_t *a = &spec->layer[i].args;
        printf("; kind %d, %dx%d by %dx%d, %d outputs, method %d", (int)spec->layer[i].kind, a->height, a->width,
               a->stride_height, a->stride_width, a->outputs, (int)a->method);
    }
    printf("\n");
}

static int64_t          number;
static brood_net_spec_t checked;

static int tell_case(void **state) {
    (void)state;
    if (number < CASES) tell(number, &checked);
    return 0;
}

static uint64_t seed;

static void what_is_fused_has_the_bits_of_layers_one_after_the_other(void **state) {
    (void)state;
    drawing = seed;
    for (number = 0; number < CASES; number++) {
        const int64_t images = up_to(20), minibatch = images + below(3);
        const path_t  paths[] = {AVX2, {BROOD_ISA_AVX2, BROOD_NUMERICS_PORTABLE, 3}, AVX512};
        checked = draw_network();
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
            if (has_path(paths[i])) check(&checked, minibatch, images, paths[i]);
    }
    static const char *const methods[METHODS] = {"direct", "Toom-Cook"};
    static const char *const what[FUSED] = {"ReLU", "pooling of positions", "pooling of rows", "pooling, lines left"};
    for (int method = 0; method < METHODS; method++)
        for (int i = 0; i < FUSED; i++) {
            printf("%s, %s: %lld, in several strips %lld\n", methods[method], what[i], (long long)counted[method][i],
                   (long long)in_strips[method][i]);
            assert_true(counted[method][i] >= 30);
            assert_true(in_strips[method][i] >= 8);
        }
}

/* The convolution's blocks of images are then others than its reader's. */
static void what_is_fused_is_held_until_it_is_read(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(1, 800, 1);
    fixture_t        f;
    number = CASES;
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 3, 1, 1, .outputs = 64, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(1, 20, 1, 20));
    add(&spec, BROOD_LAYER_AVERAGE, NULL);
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
    fixture_create_bare(&f, &spec, 24, AVX2);
    assert_int_equal(f.net->layer[0].makes, 2);
    assert_true(f.net->layer[0].grain * 4 <= f.net->layer[3].grain);
    assert_int_equal(f.net->layer[0].held_y.room, 0);
    fixture_destroy(&f);
    check(&spec, 24, 24, AVX2);
}

/* What has no strips is left to a layer of its own. */
static void what_is_not_made_by_lines_is_not_fused(void **state) {
    (void)state;
    static const struct {
        int64_t            image[3];
        brood_layer_args_t convolution, pool;
    } cases[] = {
        {{9, 9, 3}, {3, 3, 1, 1, 8, 0, false, BROOD_CONVOLUTION_FOURIER}, {2, 2, 2, 2, 0, 0, false, 0}},
        {{9, 9, 3}, {3, 3, 1, 1, 8, 0, false, BROOD_CONVOLUTION_TOOM}, {2, 2, 1, 1, 0, 0, false, 0}},   /* both slide */
        {{9, 9, 3}, {3, 1, 1, 1, 8, 0, false, BROOD_CONVOLUTION_TOOM}, {2, 2, 2, 2, 0, 0, false, 0}},   /* columns */
        {{9, 9, 3}, {3, 3, 1, 1, 8, 0, false, BROOD_CONVOLUTION_DIRECT}, {2, 2, 2, 2, 0, 0, false, 0}}, /* gathered */
        {{1, 90, 3}, {1, 3, 1, 1, 64, 0, false, BROOD_CONVOLUTION_TOOM}, {1, 9, 1, 1, 0, 0, false, 0}}, /* too long */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        brood_net_spec_t spec = spec_of(cases[i].image[0], cases[i].image[1], cases[i].image[2]);
        fixture_t        f;
        add(&spec, BROOD_LAYER_CONVOLUTION, &cases[i].convolution);
        add(&spec, BROOD_LAYER_RELU, NULL);
        add(&spec, BROOD_LAYER_MAX_POOL, &cases[i].pool);
        fixture_create_bare(&f, &spec, 2, AVX2);
        assert_string_equal(brood_net_way(f.net, 1), "ReLU, in the pooling behind it");
        assert_string_equal(brood_net_way(f.net, 2), "max-pooling");
        fixture_destroy(&f);
    }
}

int main(int argc, char **argv) {
    seed = (1 + (argc > 1 ? strtoull(argv[1], NULL, 10) : 0)) * UINT64_C(0x9e3779b97f4a7c15);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_fused_has_the_bits_of_layers_one_after_the_other, tell_case),
        cmocka_unit_test(what_is_fused_is_held_until_it_is_read),
        cmocka_unit_test(what_is_not_made_by_lines_is_not_fused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
