/* Every kind of layer against the naive reference, on drawn shapes: the same ones on every machine; an argument draws
   others. Compiled for float and for double. */
#include <malloc.h>

#include "../../src/nn/layer.h"
#include "check.h"
#include "util/cmocka_all.h"

/* ---- what was drawn ---- */

enum { CASES, STRIDED, LARGER, ALONE, ODD, EVEN, ONE_MORE, LEFT_OVER, FEW_PARTS, SITUATIONS };

static const char *const situation_names[SITUATIONS] = {
    [CASES] = "cases",
    [STRIDED] = "strided",
    [LARGER] = "windows larger than the image",
    [ALONE] = "single images",
    [ODD] = "odd",
    [EVEN] = "even numbers of images",
    [ONE_MORE] = "one more than fills the parts",
    [LEFT_OVER] = "one left over behind a block",
    [FEW_PARTS] = "fewer parts",
};

/* So many of each at least. */
static const int64_t least[SUBJECTS][SITUATIONS] = {
    [DIRECT] = {198, 20, 40, 15, 80, 20, 80, 20, 9}, [TOOM] = {60, 0, 15, 3, 40, 5, 30, 15, 0},
    [FOURIER] = {100, 0, 40, 8, 60, 10, 50, 15, 0},  [POOL] = {40, 10, 3, 1, 20, 3, 15, 4, 0},
    [RECTIFIED] = {40, 10, 3, 1, 20, 3, 15, 4, 0},   [RELU] = {30, 0, 0, 3, 15, 1, 10, 3, 0},
    [NORM] = {30, 0, 0, 3, 15, 1, 10, 3, 0},         [DENSE] = {30, 0, 0, 3, 15, 1, 10, 0, 0},
    [AVERAGE] = {30, 0, 0, 3, 15, 1, 10, 3, 0},      [DROPOUT] = {30, 0, 0, 3, 15, 1, 10, 3, 0},
};

static int64_t counted[SUBJECTS][SITUATIONS];

static bool one_left(int64_t images, int64_t at_a_time) {
    return images > at_a_time && images % at_a_time == 1;
}

/* Images that the layer under test is given at a time. */
static int64_t block_of(const brood_net_t *net) {
    int64_t grain = brood_net_part_room(net);
    for (int64_t i = 0; i < net->forward.count; i++) {
        const brood_planned_t *planned = &net->forward.planned[i];
        if (planned->layer->index >= 1 && !planned->step->pieces) grain = brood_smaller(grain, planned->grain);
    }
    return grain;
}

static void count(const drawn_t *c, const brood_net_t *net) {
    const brood_ref_window_t *w = &c->w;
    int64_t                  *counts = counted[c->subject], parts = brood_net_parts(net), block = block_of(net), first;
    bool                      left_over = false;
    for (int64_t part = 0; part < parts; part++) {
        int64_t images = brood_team_share(w->images, parts, part, &first);
        left_over |= one_left(images, block);
    }
    counts[CASES]++;
    counts[STRIDED] += w->stride_height > 1 || w->stride_width > 1;
    counts[LARGER] += w->kernel_height > w->height || w->kernel_width > w->width;
    counts[ALONE] += w->images == 1;
    counts[ODD] += w->images % 2 == 1;
    counts[EVEN] += w->images % 2 == 0;
    counts[ONE_MORE] += one_left(w->images, parts);
    counts[LEFT_OVER] += left_over;
    counts[FEW_PARTS] += net->parts < BROOD_MOST_THREADS;
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
#define MOST_COMPARED 2000000 /* of poolings: windows may be long */

/* A small plane; a plane; rows; a column. */
static void draw_image(drawn_t *c, int64_t most, int64_t longest) {
    int64_t form = below(6), small = brood_larger(most / 3, 1);
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
    int64_t elements = w->height * w->width * brood_larger(w->channels, w->filters), turn = number % 10;
    int64_t block = brood_smaller(brood_larger(65536 / elements, 1), 32), images_a_part = block;
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

/* Three images in a part, and outputs so large that two of them are a block. */
static void draw_wide(drawn_t *c) {
    c->w.height = 33 - below(18);
    c->w.width = 33 - below(18);
    c->w.kernel_height = c->w.kernel_width = 2;
    c->w.channels = 1;
    c->w.filters = 32000 / (c->w.height * c->w.width);
    c->w.images = c->minibatch = 2 * BROOD_MOST_THREADS + 1;
}

static void draw_usual(drawn_t *c) {
    draw_image(c, 33, 200);
    draw_window(c, 12, 80);
    c->w.channels = up_to(40);
    c->w.filters = up_to(70);
    if (below(4) == 0) {
        c->w.stride_height = 1 + below(brood_smaller(c->w.height, 3));
        c->w.stride_width = 1 + below(brood_smaller(c->w.width, 3));
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
        int64_t taps = brood_larger(c.w.kernel_height, c.w.kernel_width);
        bool    transforms = c.w.stride_height == 1 && c.w.stride_width == 1 && taps > 1;
        for (c.subject = DIRECT; c.subject <= FOURIER; c.subject++) {
            tell_if_it_fails(&c);
            bool made = can_be_made(&c);
            if (c.subject == DIRECT || (transforms && (c.subject == FOURIER || taps <= 7))) assert_true(made);
            if (made) check(&c, count);
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
        } while (work_of(&c.w) > (subject == DENSE ? MOST_PRODUCTS : subject == POOL ? MOST_COMPARED : MOST_ELEMENTS));
        check(&c, count);
        release(&c);
    }
}

static void draw_stride(int64_t in, int64_t *window, int64_t *stride) {
    *window = brood_smaller(*window, in); /* larger ones have no stride */
    *stride = below(2) ? *window : 1 + below(brood_smaller(*window + 1, in));
}

static void draw_pool(drawn_t *c) {
    if (below(2)) c->subject = RECTIFIED;
    c->ties = below(2);
    bool long_ones = below(4) == 0; /* beyond what a byte counts */
    draw_image(c, 33, long_ones ? 1100 : 300);
    draw_window(c, 16, long_ones ? 1100 : 80);
    c->w.channels = up_to(long_ones ? 9 : 70);
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
