#include "drawn.h"

#include <math.h>

#include "../../src/nn/axis.h"
#include "util/cmocka_all.h"

uint64_t drawing;

int64_t below(int64_t count) {
    return (int64_t)(random_bits(&drawing) % (uint64_t)count);
}

int64_t up_to(int64_t most) {
    return 1 + below(1 + below(most));
}

/* How many taps of an axis' outputs lie inside of it. */
static int64_t taps_inside(int64_t in, int64_t kernel, int64_t stride) {
    brood_axis_t axis = brood_axis_same(in, kernel, stride);
    int64_t      taps = 0;
    for (int64_t o = 0, first = -axis.before; o < axis.out; o++, first += stride)
        taps += brood_smaller(first + kernel, in) - brood_larger(first, 0);
    return taps;
}

int64_t work_of(const brood_ref_window_t *w) {
    return w->images * taps_inside(w->height, w->kernel_height, w->stride_height) *
           taps_inside(w->width, w->kernel_width, w->stride_width) * w->channels * w->filters;
}

/* In −1 … 1: multiples of 1/steps there, or, where that is 0, any. */
static brood_real_t *draw_reals(int64_t n, int64_t steps) {
    brood_real_t *x = malloc((size_t)n * sizeof *x);
    assert_non_null(x);
    for (int64_t i = 0; i < n; i++) {
        double of_two = (double)(random_bits(&drawing) >> 11) * 0x1p-52;
        if (steps > 0) of_two = (double)below(2 * steps + 1) / (double)steps;
        x[i] = (brood_real_t)(of_two - 1);
    }
    return x;
}

void draw_numbers(drawn_t *c, const fixture_t *f) {
    bool pools = c->subject == POOL || c->subject == RECTIFIED;
    c->inputs = c->w.images * f->image_size;
    c->outputs = c->w.images * f->classes;
    c->x = draw_reals(c->inputs, c->ties ? 3 : 0);
    c->dy = draw_reals(c->outputs, pools ? 64 : 0); /* they are added up: so that the sums are exact */
    for (int64_t i = 1; i < brood_net_parameter_count(f->net); i++) {
        c->count[i - 1] = brood_net_parameter(f->net, i)->count;
        c->parameter[i - 1] = draw_reals(c->count[i - 1], 0);
    }
    for (int64_t i = 0; i < c->inputs && c->subject == NORM; i++) /* means of 0, 1 and 2 */
        c->x[i] += (brood_real_t)(i % c->w.channels % 3);
}

/* What the reference is asked with, and where it answers. */
typedef struct {
    double *x, *dy, *weights, *bias, *y, *dx;
} question_t;

static double norm(int64_t n, const double *x) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum);
}

static expected_t *expect(drawn_t *c, int array, int64_t n, double *numbers) {
    c->expected[array] = (expected_t){numbers, n, norm(n, numbers)};
    return &c->expected[array];
}

static void take_answer(drawn_t *c, const question_t *q) {
    expect(c, Y, c->outputs, q->y);
    expect(c, DX, c->inputs, q->dx);
}

/* A few sums may be small by chance, where their terms cancel each other: errors are then shares of the norm that so
   many products of such numbers have as a rule. */
static void allow_for_few(drawn_t *c, const question_t *q) {
    enum { FEW = 100 };
    expected_t *e = c->expected;
    double      products = sqrt((double)work_of(&c->w)), x = norm(c->inputs, q->x) / sqrt((double)c->inputs);
    double      dy = norm(c->outputs, q->dy) / sqrt((double)c->outputs);
    double      weights = norm(c->count[0], q->weights) / sqrt((double)c->count[0]);
    if (e[Y].n < FEW) e[Y].norm = fmax(e[Y].norm, products * x * weights);
    if (e[DX].n < FEW) e[DX].norm = fmax(e[DX].norm, products * dy * weights);
    if (e[DWEIGHTS].n < FEW) e[DWEIGHTS].norm = fmax(e[DWEIGHTS].norm, products * x * dy);
    if (c->bias) e[DBIAS].norm = norm(c->outputs, q->dy);
}

static void expect_products(drawn_t *c, const question_t *q) {
    const brood_ref_window_t *w = &c->w;
    double                   *dweights = zeros(c->count[0]), *dbias = zeros(w->filters);
    if (c->subject == DENSE) {
        int64_t size = c->inputs / w->images;
        double *weights = transposed(w->filters, size, q->weights), *gradient = zeros(c->count[0]);
        brood_ref_dense(w->images, size, w->filters, q->x, weights, q->bias, q->y);
        brood_ref_dense_gradient(w->images, size, w->filters, q->x, weights, q->dy, gradient, dbias, q->dx);
        free(dweights);
        dweights = transposed(size, w->filters, gradient);
        free(weights);
        free(gradient);
    } else {
        brood_ref_convolution(w, q->x, q->weights, q->bias, q->y);
        brood_ref_convolution_gradient(w, q->x, q->weights, q->dy, dweights, dbias, q->dx);
    }
    take_answer(c, q);
    expect(c, DWEIGHTS, c->count[0], dweights);
    expect(c, DBIAS, w->filters, dbias);
    allow_for_few(c, q);
}

static void expect_pool(drawn_t *c, const question_t *q) {
    double  *rectified = zeros(c->inputs);
    int64_t *chosen = calloc((size_t)c->outputs, sizeof *chosen);
    assert_non_null(chosen);
    for (int64_t i = 0; i < c->inputs; i++) rectified[i] = c->subject == RECTIFIED ? fmax(q->x[i], 0) : q->x[i];
    brood_ref_max_pool(&c->w, rectified, q->y, chosen);
    brood_ref_max_pool_gradient(&c->w, chosen, q->dy, q->dx);
    for (int64_t i = 0; i < c->inputs && c->subject == RECTIFIED; i++)
        if (q->x[i] <= 0) q->dx[i] = 0;
    take_answer(c, q);
    free(rectified);
    free(chosen);
}

/* Where a mean is subtracted little may be left: errors are shares of what it is subtracted from, too. */
static void expect_norm(drawn_t *c, const question_t *q) {
    int64_t n = c->w.channels, rows = c->inputs / n;
    double *moments = zeros(2 * n), *dscale = zeros(n), *dshift = zeros(n), *outside = zeros(c->outputs);
    double  unbiased = rows > 1 ? (double)rows / (double)(rows - 1) : 1, terms[3] = {0};
    brood_ref_norm(rows, n, q->x, q->weights, q->bias, moments, q->y);
    brood_ref_norm_gradient(rows, n, q->x, q->weights, q->dy, dscale, dshift, q->dx);
    take_answer(c, q);
    for (int64_t i = 0; i < c->inputs; i++) {
        int64_t channel = i % n;
        double  mean = 0.1 * moments[channel], variance = 0.9 + 0.1 * unbiased * moments[n + channel];
        outside[i] = q->weights[channel] * (q->x[i] - mean) / sqrt(variance + 1e-5) + q->bias[channel];
        double std = sqrt(moments[n + channel] + 1e-5), slope = q->weights[channel] / std, x = q->x[i], dy = q->dy[i];
        terms[0] += pow(x * slope, 2);
        terms[1] += pow(slope * dy, 2) + pow(slope * x * dscale[channel] / ((double)rows * std), 2);
        terms[2] += pow(x * dy / std, 2);
    }
    c->expected[Y].norm += sqrt(terms[0]);
    c->expected[DX].norm += sqrt(terms[1]);
    expect(c, DWEIGHTS, n, dscale)->norm += sqrt(terms[2]);
    expect(c, DBIAS, n, dshift)->norm = norm(c->outputs, q->dy);
    expect(c, OUTSIDE, c->outputs, outside);
    free(moments);
}

/* ReLU, average, dropout: by their definitions. */
static void expect_simple(drawn_t *c, const question_t *q, brood_key4_t key) {
    int64_t n = c->w.channels, size = c->w.height * c->w.width * n;
    double  scale = 65536 / (65536 - (double)lround(c->percent * 655.36)), share = (double)n / (double)size;
    for (int64_t i = 0; i < c->inputs; i++) {
        int64_t to = c->subject == AVERAGE ? i / size * n + i % n : i;
        double  slope = c->subject == AVERAGE ? share : q->x[i] > 0;
        if (c->subject == DROPOUT) slope = dropout_keeps(key, 1, i / size, i % size, size, c->percent) ? scale : 0;
        q->y[to] += q->x[i] * slope;
        q->dx[i] = q->dy[to] * slope;
    }
    take_answer(c, q);
    /* Errors are shares of the terms, and, where few terms happen to add up, of what is rounded in the end. */
    if (c->subject == AVERAGE) c->expected[Y].norm = fmax(c->expected[Y].norm, norm(c->inputs, q->x) * share);
    if (c->subject == DROPOUT) expect(c, OUTSIDE, c->inputs, widen(c->inputs, c->x));
}

void ask_reference(drawn_t *c, brood_key4_t key) {
    question_t q = {.x = widen(c->inputs, c->x), .dy = widen(c->outputs, c->dy)};
    q.weights = c->parameter[0] ? widen(c->count[0], c->parameter[0]) : NULL;
    q.bias = c->parameter[1] ? widen(c->count[1], c->parameter[1]) : NULL;
    q.y = zeros(c->outputs);
    q.dx = zeros(c->inputs);
    switch (c->subject) {
    case POOL:
    case RECTIFIED:
        expect_pool(c, &q);
        break;
    case NORM:
        expect_norm(c, &q);
        break;
    case RELU:
    case AVERAGE:
    case DROPOUT:
        expect_simple(c, &q, key);
        break;
    default:
        expect_products(c, &q);
    }
    free(q.x);
    free(q.dy);
    free(q.weights);
    free(q.bias);
}

void release(drawn_t *c) {
    for (int i = 0; i < ARRAYS; i++) free(c->expected[i].numbers);
    for (int i = 0; i < 2; i++) free(c->parameter[i]);
    free(c->x);
    free(c->dy);
}
