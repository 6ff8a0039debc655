/* Every kind of layer against the naive reference, on fixed shapes, each odd in a way of its own. Compiled for float
   and for double. */
#include "check.h"
#include "util/cmocka_all.h"

/* Of the shapes below .w is: images, height, width, channels, filters, window, strides. The mini-batch is named where
   it has room for more images. */
static void check_fixed(const drawn_t *shape, int64_t subject) {
    drawn_t c = *shape;
    c.minibatch = brood_larger(c.minibatch, c.w.images);
    c.subject = subject;
    c.fixed = true;
    check(&c, NULL);
    release(&c);
}

static bool transforms(const brood_ref_window_t *w) {
    return w->stride_height == 1 && w->stride_width == 1 && (w->kernel_height > 1 || w->kernel_width > 1);
}

static void convolutions_of_odd_shapes_are_the_naive_one(void **state) {
    (void)state;
    static const drawn_t shapes[] = {
        {.w = {1, 5, 7, 1, 1, 1, 1, 1, 1}},
        {.w = {2, 5, 7, 3, 5, 3, 3, 1, 1}, .minibatch = 3},
        {.w = {3, 6, 5, 8, 17, 5, 3, 1, 1}, .minibatch = 4},
        {.w = {2, 7, 7, 17, 33, 2, 2, 1, 1}},
        {.w = {3, 3, 3, 4, 6, 7, 7, 1, 1}},
        {.w = {2, 4, 4, 5, 3, 4, 6, 1, 1}},
        {.w = {35, 5, 4, 3, 7, 3, 3, 1, 1}, .minibatch = 40},
        {.w = {2, 28, 28, 1, 9, 5, 5, 1, 1}},
        {.w = {2, 9, 8, 1, 4, 3, 3, 2, 1}},
        {.w = {3, 1, 50, 1, 6, 1, 13, 1, 1}},
        {.w = {3, 1, 37, 5, 9, 1, 8, 1, 1}},
        {.w = {3, 1, 37, 5, 9, 1, 10, 1, 1}},
        {.w = {2, 1, 20, 3, 4, 1, 31, 1, 1}},
        {.w = {2, 1, 41, 3, 4, 1, 5, 1, 3}},
        {.w = {3, 7, 6, 4, 8, 3, 3, 2, 2}, .minibatch = 5},
        {.w = {2, 8, 9, 3, 5, 2, 2, 3, 2}},
        {.w = {2, 7, 7, 6, 10, 1, 1, 2, 2}},
        {.w = {3, 6, 6, 19, 24, 1, 1, 1, 1}},
        {.w = {2, 5, 9, 4, 3, 1, 3, 1, 1}},
        {.w = {2, 9, 5, 4, 3, 3, 1, 1, 1}},
        {.w = {2, 1, 9, 4, 3, 3, 3, 1, 1}},
        {.w = {2, 9, 1, 4, 3, 3, 3, 1, 1}},
        {.w = {2, 9, 9, 2, 3, 1, 1, 4, 5}},
        {.w = {1, 13, 13, 40, 20, 5, 5, 1, 1}},
        {.w = {2, 8, 7, 1, 3, 4, 4, 1, 2}},
        {.w = {100, 4, 3, 2, 3, 2, 3, 1, 1}},
        {.w = {2, 30, 31, 24, 8, 7, 7, 1, 1}},
        {.w = {1, 1, 300, 20, 30, 1, 25, 1, 1}},
    };
    drawing = 11;
    for (number = 0; number < (int64_t)(sizeof shapes / sizeof *shapes); number++) {
        drawn_t c = shapes[number];
        c.bias = true;
        check_fixed(&c, DIRECT);
        if (!transforms(&c.w)) continue;
        check_fixed(&c, FOURIER);
        if (c.w.kernel_height < 11 && c.w.kernel_width < 11) check_fixed(&c, TOOM);
    }
}

static void poolings_of_odd_shapes_are_the_naive_one_and_of_equals_take_the_first(void **state) {
    (void)state;
    static const drawn_t shapes[] = {
        {.w = {2, 1, 40, 5, 1, 1, 2, 1, 1}},
        {.w = {2, 1, 40, 16, 1, 1, 3, 1, 1}},
        {.w = {2, 1, 41, 19, 1, 1, 4, 1, 1}, .minibatch = 3},
        {.w = {2, 1, 97, 3, 1, 1, 8, 1, 1}},
        {.w = {2, 1, 97, 24, 1, 1, 9, 1, 1}},
        {.w = {2, 1, 300, 7, 1, 1, 60, 1, 1}},
        {.w = {2, 1, 300, 33, 1, 1, 99, 1, 1}},
        {.w = {2, 1, 40, 119, 1, 1, 2, 1, 1}}, /* from here on many vectors side by side, or few */
        {.w = {2, 1, 40, 99, 1, 1, 3, 1, 1}},
        {.w = {2, 1, 60, 113, 1, 1, 6, 1, 1}},
        {.w = {2, 1, 90, 127, 1, 1, 17, 1, 1}},
        {.w = {2, 1, 50, 4, 1, 1, 100, 1, 1}},
        {.w = {2, 1, 10, 4, 1, 1, 41, 1, 1}},
        {.w = {1, 1, 1, 4, 1, 1, 7, 1, 1}},
        {.w = {2, 6, 7, 5, 1, 1, 1, 1, 1}},
        {.w = {2, 6, 7, 5, 1, 3, 1, 1, 1}},
        {.w = {2, 6, 7, 5, 1, 1, 4, 1, 1}},
        {.w = {3, 9, 8, 5, 1, 3, 3, 1, 1}},
        {.w = {2, 11, 12, 9, 1, 5, 7, 1, 1}},
        {.w = {2, 12, 11, 9, 1, 10, 9, 1, 1}},
        {.w = {2, 4, 4, 3, 1, 9, 12, 1, 1}},
        {.w = {35, 7, 7, 3, 1, 2, 2, 2, 2}, .minibatch = 40},
        {.w = {3, 7, 8, 24, 1, 2, 2, 2, 2}},
        {.w = {2, 9, 9, 17, 1, 3, 3, 3, 3}},
        {.w = {2, 9, 10, 6, 1, 4, 2, 4, 2}},
        {.w = {2, 8, 9, 6, 1, 3, 3, 2, 2}},
        {.w = {2, 8, 9, 6, 1, 2, 2, 3, 3}},
        {.w = {2, 8, 9, 6, 1, 3, 2, 1, 2}},
        {.w = {2, 1, 300, 5, 1, 1, 150, 1, 1}},
        {.w = {1, 31, 30, 18, 1, 15, 14, 15, 14}},
        {.w = {2, 1, 400, 11, 1, 1, 129, 1, 1}},
        {.w = {1, 1, 784, 9, 1, 1, 513, 1, 1}},
        {.w = {1, 700, 1, 17, 1, 640, 1, 1, 1}},
        {.w = {1, 1, 1024, 4, 1, 1, 1024, 1, 1}},
    };
    drawing = 12;
    for (number = 0; number < (int64_t)(sizeof shapes / sizeof *shapes); number++) {
        drawn_t c = shapes[number];
        for (int ties = 0; ties < 2; ties++) { /* with few values maxima stand near the beginning of a window */
            c.ties = ties;
            check_fixed(&c, POOL);
            check_fixed(&c, RECTIFIED);
        }
    }
}

static void other_layers_of_odd_shapes_are_the_naive_ones(void **state) {
    (void)state;
    static const drawn_t shapes[] = {
        {.w = {1, 1, 1, 1, 1, 1, 1, 1, 1}, .subject = RELU},
        {.w = {3, 5, 7, 3, 1, 1, 1, 1, 1}, .minibatch = 4, .subject = RELU},
        {.w = {40, 3, 3, 25, 1, 1, 1, 1, 1}, .subject = RELU},
        {.w = {1, 1, 1, 1, 1, 1, 1, 1, 1}, .subject = AVERAGE},
        {.w = {3, 5, 7, 3, 1, 1, 1, 1, 1}, .minibatch = 4, .subject = AVERAGE},
        {.w = {40, 3, 3, 25, 1, 1, 1, 1, 1}, .subject = AVERAGE},
        {.w = {3, 5, 4, 3, 1, 1, 1, 1, 1}, .minibatch = 4, .subject = NORM},
        {.w = {7, 1, 9, 24, 1, 1, 1, 1, 1}, .subject = NORM},
        {.w = {40, 3, 3, 17, 1, 1, 1, 1, 1}, .minibatch = 41, .subject = NORM},
        {.w = {5, 1, 1, 5, 1, 1, 1, 1, 1}, .subject = NORM},
        {.w = {1, 1, 1, 1, 1, 1, 1, 1, 1}, .subject = DENSE, .bias = true},
        {.w = {5, 7, 7, 9, 10, 1, 1, 1, 1}, .minibatch = 6, .subject = DENSE, .bias = true},
        {.w = {40, 3, 5, 20, 17, 1, 1, 1, 1}, .subject = DENSE, .bias = true},
        {.w = {5, 5, 7, 3, 1, 1, 1, 1, 1}, .minibatch = 7, .subject = DROPOUT},
        {.w = {40, 5, 5, 25, 1, 1, 1, 1, 1}, .subject = DROPOUT},
    };
    drawing = 13;
    for (number = 0; number < (int64_t)(sizeof shapes / sizeof *shapes); number++) {
        drawn_t   c = shapes[number];
        const int percents[] = {0, 1, 33, 90};
        for (int i = 0; i < (c.subject == DROPOUT ? 4 : 1); i++) {
            c.percent = percents[i];
            check_fixed(&c, c.subject);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(convolutions_of_odd_shapes_are_the_naive_one, tell_case),
        cmocka_unit_test_teardown(poolings_of_odd_shapes_are_the_naive_one_and_of_equals_take_the_first, tell_case),
        cmocka_unit_test_teardown(other_layers_of_odd_shapes_are_the_naive_ones, tell_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
