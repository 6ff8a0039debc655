/* Every kind of layer against the naive reference, on drawn shapes: the same ones on every machine; an argument draws
   others. Compiled for float and for double.

   Each network is a convolution 1x1 that changes nothing (so that somebody asks for the gradient of what is behind it)
   and the layer under test. It is compared with the reference while activations and gradients of all images are kept,
   and must then leave the same bits as children are trained: a block of images at a time, on either path, on one thread
   and on three. */
#include <malloc.h>
#include <math.h>
#include <string.h>

#include "../../src/nn/layer.h"
#include "drawn.h"
#include "util/cmocka_all.h"

/* ---- what is asserted ---- */

/* Bounds on the norm of an array's error, as shares of the array's (drawn.h); 0: it is exact. In double the reference
   rounds, too. */
#ifdef BROOD_NN_DOUBLE
#define BOUNDS(of_float, of_double) of_double
#else
#define BOUNDS(of_float, of_double) of_float
#endif
#define LIST(...)                                                                                                      \
    { __VA_ARGS__ }

typedef struct {
    const char        *name; /* of a convolution: the way that it is made */
    brood_layer_kind_t kind;
    int32_t            method;
    double             bound[ARRAYS];
} subject_t;

static const subject_t subjects[SUBJECTS] = {
    [DIRECT] = {"convolution, direct", BROOD_LAYER_CONVOLUTION, BROOD_CONVOLUTION_DIRECT,
                BOUNDS(LIST(6e-7, 6e-7, 1e-6, 2e-7, 6e-7), LIST(5e-15, 5e-15, 2e-14, 4e-14, 5e-15))},
    [TOOM] = {"convolution, Toom-Cook", BROOD_LAYER_CONVOLUTION, BROOD_CONVOLUTION_TOOM,
              BOUNDS(LIST(4e-6, 4e-6, 1e-5, 2e-7, 4e-6), LIST(2e-14, 2e-14, 4e-14, 4e-14, 2e-14))},
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
                 BOUNDS(LIST(1e-7, 1e-7, 0, 0, 1e-7), LIST(1e-14, 1e-15, 0, 0, 1e-14))},
    [DROPOUT] = {"dropout", BROOD_LAYER_DROPOUT, 0, BOUNDS(LIST(1e-7, 1e-7, 0, 0, 0), LIST(1e-15, 1e-15, 0, 0, 0))},
};

static const char *const array_names[ARRAYS] = {"y", "dx", "dweights", "dbias", "y outside training"};

enum { CASES, STRIDED, LARGER, ALONE, ODD, EVEN, ONE_MORE, LEFT_OVER, LEFT_OF_GROUP, FEW_PARTS, SITUATIONS };

static const char *const situation_names[SITUATIONS] = {
    [CASES] = "cases",
    [STRIDED] = "strided",
    [LARGER] = "windows larger than the image",
    [ALONE] = "single images",
    [ODD] = "odd",
    [EVEN] = "even numbers of images",
    [ONE_MORE] = "one more than fills the parts",
    [LEFT_OVER] = "one left over behind a block",
    [LEFT_OF_GROUP] = "one left over behind a group of a block",
    [FEW_PARTS] = "fewer parts",
};

/* So many of each at least. */
static const int64_t least[SUBJECTS][SITUATIONS] = {
    [DIRECT] = {198, 20, 40, 15, 80, 20, 80, 20, 0, 9}, [TOOM] = {60, 0, 15, 3, 40, 5, 30, 6, 4, 0},
    [FOURIER] = {100, 0, 40, 8, 60, 10, 50, 15, 0, 0},  [POOL] = {40, 10, 3, 1, 20, 3, 15, 4, 0, 0},
    [RECTIFIED] = {40, 10, 3, 1, 20, 3, 15, 4, 0, 0},   [RELU] = {30, 0, 0, 3, 15, 1, 10, 3, 0, 0},
    [NORM] = {30, 0, 0, 3, 15, 1, 10, 3, 0, 0},         [DENSE] = {30, 0, 0, 3, 15, 1, 10, 0, 0, 0},
    [AVERAGE] = {30, 0, 0, 3, 15, 1, 10, 3, 0, 0},      [DROPOUT] = {30, 0, 0, 3, 15, 1, 10, 3, 0, 0},
};

static int64_t counted[SUBJECTS][SITUATIONS];
static double  largest[SUBJECTS][ARRAYS]; /* errors */

/* ---- what is running ---- */

static bool    running;
static drawn_t checked; /* a copy: where a test fails, its variables are gone */
static int64_t number;
static path_t  by;

static void tell_if_it_fails(const drawn_t *c) {
    running = true;
    checked = *c;
}

/* Behind a test: which case has failed. */
static int tell_case(void **state) {
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

static brood_net_spec_t network(const drawn_t *c) {
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

static bool one_left(int64_t images, int64_t at_a_time) {
    return images > at_a_time && images % at_a_time == 1;
}

/* Images that the layer under test is given at a time. */
static int64_t block_of(const brood_net_t *net) {
    int64_t grain = brood_net_part_room(net);
    for (int64_t i = 0; i < net->forward.count; i++) {
        const brood_planned_t *planned = &net->forward.planned[i];
        if (planned->layer->index >= 1 && !planned->step->pieces) grain = smaller(grain, planned->grain);
    }
    return grain;
}

static void count(const drawn_t *c, const brood_net_t *net) {
    const brood_ref_window_t *w = &c->w;
    int64_t                  *counts = counted[c->subject], parts = brood_net_parts(net), block = block_of(net), first;
    bool                      left_over = false, left_of_group = false;
    for (int64_t part = 0; part < parts; part++) {
        int64_t images = brood_team_share(w->images, parts, part, &first);
        left_over |= one_left(images, block);
        for (; c->subject == TOOM && images > 0; images -= block)
            left_of_group |= one_left(smaller(images, block), net->layer[1].as.toom.group);
    }
    counts[CASES]++;
    counts[STRIDED] += w->stride_height > 1 || w->stride_width > 1;
    counts[LARGER] += w->kernel_height > w->height || w->kernel_width > w->width;
    counts[ALONE] += w->images == 1;
    counts[ODD] += w->images % 2 == 1;
    counts[EVEN] += w->images % 2 == 0;
    counts[ONE_MORE] += one_left(w->images, parts);
    counts[LEFT_OVER] += left_over;
    counts[LEFT_OF_GROUP] += left_of_group;
    counts[FEW_PARTS] += net->parts < BROOD_MOST_THREADS;
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

static void compare(const drawn_t *c, int array, const brood_real_t *found, const expected_t *e) {
    double  error = norm_of_error(e->n, found, e->numbers), scale = e->norm * allowance(c, array);
    double  bound = subjects[c->subject].bound[array];
    double *most = &largest[c->subject][array];
    if (!(error <= bound * scale))
        fail_msg("%s: an error of norm %.3g, expected at most %.3g of %.3g", array_names[array], error, bound, scale);
    if (error > *most * scale) *most = error / scale;
}

static void compare_all(const drawn_t *c, const fixture_t *f) {
    assert_int_equal(f->net->layer[1].held_dx.extent, BROOD_OF_ALL);
    compare(c, Y, f->logits, &c->expected[Y]);
    compare(c, DX, f->net->layer[1].dx, &c->expected[DX]);
    for (int i = 1; i < brood_net_parameter_count(f->net); i++)
        compare(c, DWEIGHTS + i - 1, brood_net_parameter(f->net, i)->gradient, &c->expected[DWEIGHTS + i - 1]);
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

static void check(drawn_t *c) {
    fixture_t f, other;
    tell_if_it_fails(c);
    by = AVX2;
    start(&f, c, true);
    if (subjects[c->subject].method) assert_string_equal(brood_net_way(f.net, 1), subjects[c->subject].name);
    count(c, f.net);
    if (!c->expected[Y].numbers) ask_reference(c, KEY);
    compare_all(c, &f);

    bool        turn = number / 10 % 2 == 0; /* all numbers of images in either */
    brood_isa_t wide = has_path(AVX512) ? BROOD_ISA_AVX512 : BROOD_ISA_AVX2;
    path_t others[] = {{wide, BROOD_NUMERICS_PORTABLE, 1}, {turn ? wide : BROOD_ISA_AVX2, BROOD_NUMERICS_PORTABLE, 3}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        by = others[i];
        start(&other, c, false);
        assert_same_bits(c, &f, &other);
        fixture_destroy(&other);
    }
    by = AVX2;
    compare_outside(c, &f);
    fixture_destroy(&f);

    by = NATIVE;
    if (turn) {
        start(&f, c, true);
        compare_all(c, &f);
        compare_outside(c, &f);
        fixture_destroy(&f);
    }
    running = false;
}

/* The cases were as many and as odd as they should be. */
static void look_back(int64_t first, int64_t last) {
    for (int64_t s = first; s <= last; s++) {
        print_message("%s:", subjects[s].name);
        for (int i = 0; i < SITUATIONS; i++)
            if (counted[s][i] > 0) print_message(" %lld %s,", (long long)counted[s][i], situation_names[i]);
        print_message(" largest errors");
        for (int i = 0; i < ARRAYS; i++)
            if (subjects[s].bound[i] > 0)
                print_message(" %s %.2g of %.2g;", array_names[i], largest[s][i], subjects[s].bound[i]);
        print_message("\n");
    }
    for (int64_t s = first; s <= last; s++)
        for (int i = 0; i < SITUATIONS; i++)
            if (counted[s][i] < least[s][i])
                fail_msg("%s: %lld %s, expected at least %lld", subjects[s].name, (long long)counted[s][i],
                         situation_names[i], (long long)least[s][i]);
}

/* ---- the cases ---- */

enum { CONVOLUTIONS = 198, POOLINGS = 130, OTHERS = 35 };

#define MOST_PRODUCTS 3500000 /* that the reference makes, of a case; shapes that take more are drawn again */
#define MOST_ELEMENTS 600000

/* A small plane; a plane; rows; a column. */
static void draw_image(drawn_t *c, int64_t most, int64_t longest) {
    int64_t form = below(6), small = larger(most / 3, 1);
    if (form < 4) {
        c->w.height = form < 2 ? up_to(small) : 1 + below(most);
        c->w.width = form < 2 ? up_to(small) : 1 + below(most);
    } else {
        c->w.height = form == 4 ? up_to(up_to(most)) : 1 + below(longest);
        c->w.width = form == 4 ? 1 + below(longest) : 1;
    }
}

/* `most` on both axes, or `longest` on one. */
static void draw_window(drawn_t *c, int64_t most, int64_t longest) {
    bool    column = c->w.height > 33, row = !column && (c->w.width > 33 || below(4) == 0), small = below(2);
    int64_t length = column || row ? longest : most;
    c->w.kernel_height = row ? 1 : small ? up_to(9) : 1 + below(length);
    c->w.kernel_width = column ? 1 : small ? up_to(9) : 1 + below(length);
}

/* By turns, lest large numbers be drawn again more often: one; some; one more than fill the parts, with blocks of any
   size and with the largest that the network makes. */
static void draw_images(drawn_t *c) {
    const brood_ref_window_t *w = &c->w;
    int64_t                   elements = w->height * w->width * larger(w->channels, w->filters), turn = number % 10;
    int64_t                   block = smaller(larger(65536 / elements, 1), 32), images_a_part = block;
    if (turn < 7) images_a_part = 2 + 2 * below(2);
    if (turn == 7) images_a_part = 1 + below(block);
    c->w.images = turn == 0 ? 1 : turn < 5 ? 1 + below(20) : BROOD_MOST_THREADS * images_a_part + 1;
    c->minibatch = c->w.images + (below(2) ? below(9) : 0);
}

/* So many weights that the mini-batch is cut into fewer parts. */
static void draw_deep(drawn_t *c) {
    draw_image(c, 4, 4);
    c->w.kernel_height = c->w.kernel_width = 12;
    c->w.channels = 40 - below(6);
    c->w.filters = 70 - below(6);
    draw_images(c);
}

/* Three images in a part, and outputs so large that Toom-Cook transforms but two of them together. */
static void draw_wide(drawn_t *c) {
    c->w.height = 33 - below(18);
    c->w.width = 33 - below(18);
    c->w.kernel_height = c->w.kernel_width = 3;
    c->w.channels = 1;
    c->w.filters = smaller(21500 / (c->w.height * c->w.width), 70);
    c->w.images = c->minibatch = 2 * BROOD_MOST_THREADS + 1;
}

static void draw_usual(drawn_t *c) {
    draw_image(c, 33, 200);
    draw_window(c, 12, 80);
    c->w.channels = up_to(40);
    c->w.filters = up_to(70);
    if (below(4) == 0) {
        c->w.stride_height = 1 + below(smaller(c->w.height, 3));
        c->w.stride_width = 1 + below(smaller(c->w.width, 3));
    }
    draw_images(c);
}

static void draw_convolution(drawn_t *c) {
    void (*draw_shape)(drawn_t *) = number % 22 == 0 ? draw_deep : number % 22 == 11 ? draw_wide : draw_usual;
    do {
        *c = (drawn_t){.w = {.stride_height = 1, .stride_width = 1}, .bias = below(2)};
        draw_shape(c);
    } while (work_of(&c->w) > MOST_PRODUCTS);
}

static bool can_be_made(const drawn_t *c) {
    const brood_ref_window_t *w = &c->w;
    brood_net_spec_t          spec = network(c);
    int64_t                   shape[BROOD_MAX_LAYERS][3];
    spec.classes = brood_ref_out(w->height, w->stride_height) * brood_ref_out(w->width, w->stride_width) * w->filters;
    return brood_net_shapes(&spec, shape) == BROOD_OK;
}

static uint64_t seed;

static void convolutions_of_any_shape_are_the_naive_one(void **state) {
    (void)state;
    drawing = seed;
    for (number = 0; number < CONVOLUTIONS; number++) {
        drawn_t c;
        draw_convolution(&c);
        int64_t taps = larger(c.w.kernel_height, c.w.kernel_width);
        bool    transforms = c.w.stride_height == 1 && c.w.stride_width == 1 && taps > 1;
        for (c.subject = DIRECT; c.subject <= FOURIER; c.subject++) {
            tell_if_it_fails(&c);
            bool made = can_be_made(&c);
            if (c.subject == DIRECT || (transforms && (c.subject == FOURIER || taps <= 7))) assert_true(made);
            if (made) check(&c);
        }
        running = false;
        release(&c);
    }
    look_back(DIRECT, FOURIER);
}

static void check_all_of(int64_t cases, int64_t subject, void (*draw_shape)(drawn_t *)) {
    for (number = 0; number < cases; number++) {
        drawn_t c;
        do {
            c = (drawn_t){.w = {1, 1, 1, 1, 1, 1, 1, 1, 1}, .subject = subject};
            draw_shape(&c);
            draw_images(&c);
        } while (work_of(&c.w) > (subject == DENSE ? MOST_PRODUCTS : MOST_ELEMENTS));
        check(&c);
        release(&c);
    }
}

static void draw_stride(int64_t in, int64_t *window, int64_t *stride) {
    *window = smaller(*window, in); /* larger ones have no stride */
    *stride = below(2) ? *window : 1 + below(smaller(*window + 1, in));
}

static void draw_pool(drawn_t *c) {
    if (below(2)) c->subject = RECTIFIED;
    c->ties = below(2);
    draw_image(c, 33, 300);
    draw_window(c, 16, 80);
    c->w.channels = up_to(70);
    if (below(2)) return;
    draw_stride(c->w.height, &c->w.kernel_height, &c->w.stride_height);
    draw_stride(c->w.width, &c->w.kernel_width, &c->w.stride_width);
}

static void poolings_of_any_shape_are_the_naive_one(void **state) {
    (void)state;
    drawing = seed;
    check_all_of(POOLINGS, POOL, draw_pool);
    look_back(POOL, RECTIFIED);
}

static void draw_other(drawn_t *c) {
    draw_image(c, c->subject == DENSE ? 12 : 33, 200);
    c->w.channels = up_to(70);
    if (c->subject == DENSE) c->w.filters = up_to(70);
    if (c->subject == DENSE) c->bias = below(2);
    if (c->subject == DROPOUT) c->percent = (int32_t)below(91);
    if (c->subject == RELU) c->ties = below(2);
}

static void other_layers_of_any_shape_are_the_naive_ones(void **state) {
    (void)state;
    drawing = seed;
    for (int64_t subject = RELU; subject <= DROPOUT; subject++) check_all_of(OTHERS, subject, draw_other);
    look_back(RELU, DROPOUT);
}

int main(int argc, char **argv) {
    seed = (1 + (argc > 1 ? strtoull(argv[1], NULL, 10) : 2)) * UINT64_C(0x9e3779b97f4a7c15);
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* keep the pages of thousands of arenas */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(convolutions_of_any_shape_are_the_naive_one, tell_case),
        cmocka_unit_test_teardown(poolings_of_any_shape_are_the_naive_one, tell_case),
        cmocka_unit_test_teardown(other_layers_of_any_shape_are_the_naive_ones, tell_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
