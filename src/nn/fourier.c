#include "fourier.h"

#include <string.h>

#include "brood/math/function.h"
#include "brood/util/bound.h"

/* Butterflies there are, with what one costs an element: vector instructions of its arithmetic, of the turns behind it,
   of loads and stores. */
typedef struct {
    int64_t radix;
    double  cost;
} radix_t;

static const radix_t radices[] = {{16, 18},  {12, 17},  {10, 16.8}, {8, 14.5}, {7, 16.9},
                                  {6, 14.7}, {5, 14.4}, {4, 11},    {3, 12},   {2, 8}};
enum { RADICES = sizeof radices / sizeof *radices };

typedef struct {
    int64_t count, radix[BROOD_FOURIER_PASSES];
    double  cost; /* an element, all passes */
} factors_t;

/* The cheapest product of at least `least` radices, the first at or behind `from`; cost −1: there is none. */
static factors_t factorise(int64_t n, int from, int64_t least, int64_t most) {
    factors_t best = {.cost = -1};
    if (n == 1 && least <= 0) best.cost = 0;
    if (n == 1 || most == 0) return best;
    for (int i = from; i < RADICES; i++) {
        if (n % radices[i].radix != 0) continue;
        factors_t rest = factorise(n / radices[i].radix, i, least - 1, most - 1);
        if (rest.cost < 0 || (best.cost >= 0 && rest.cost + radices[i].cost >= best.cost)) continue;
        best.cost = rest.cost + radices[i].cost;
        best.count = rest.count + 1;
        best.radix[0] = radices[i].radix;
        for (int64_t j = 0; j < rest.count; j++) best.radix[j + 1] = rest.radix[j];
    }
    return best;
}

/* A line is read by one pass and its spectrum made by another. */
static factors_t factors_of(int64_t n, bool line) {
    return factorise(n, 0, line ? 2 : 1, BROOD_FOURIER_PASSES);
}

/* Points of an axis: its signal and the padding of one side, or all taps. */
static int64_t least_points(const brood_axis_t *axis) {
    return brood_larger(axis->in + brood_larger(axis->before, axis->kernel - 1 - axis->before), axis->kernel);
}

/* Frequencies of a real plane that are not another's conjugate: half of them, and those that are their own. */
static int64_t slots_of(const int64_t points[2]) {
    int64_t own = points[0] % 2 == 0 ? 4 : 2; /* the width is even */
    return (points[0] * points[1] + own) / 2;
}

static brood_work_t work_of(const brood_fourier_shape_t *shape, const int64_t points[2], double an_element,
                            bool propagates) {
    brood_work_t work = {0};
    int64_t      channels = shape->channels, filters = shape->filters;
    double       slots = (double)slots_of(points), rows = slots * (double)shape->signals;
    double       vectors = brood_work_vectors(channels), filter_vectors = brood_work_vectors(filters);
    double       plane = (double)(points[0] * points[1]) * an_element / 2; /* two points are one */
    double       planes = ((propagates ? 2 : 1) * vectors + 2 * filter_vectors) * (double)shape->signals;
    planes += 2 * (double)channels * filter_vectors / BROOD_COST_MINIBATCH; /* filters, and their gradient */
    brood_work_add(&work, BROOD_WORK_FOURIER, plane * planes);
    double shared = slots / BROOD_COST_MINIBATCH, matrix = (double)(2 * channels) * brood_work_vectors(2 * filters);
    brood_work_product(&work, rows, 2 * filters, (double)(2 * channels), shared);
    brood_work_tiles(&work, rows, 2 * filters);
    brood_work_product(&work, slots * (double)(2 * channels), 2 * filters, (double)shape->signals, shared);
    brood_work_tiles(&work, shared * (double)(2 * channels), 2 * filters);
    if (propagates) {
        brood_work_product(&work, rows, 2 * channels, (double)(2 * filters), shared);
        brood_work_tiles(&work, rows, 2 * channels);
    }
    brood_work_add(&work, BROOD_WORK_COPY, (propagates ? 10 : 6) * shared * matrix);
    /* Spectra lie in memory between the transforms and the products. */
    brood_work_keep(&work, 4, (int64_t)(2 * rows) * filters);
    brood_work_keep(&work, propagates ? 5 : 3, (int64_t)(2 * rows) * channels);
    return work;
}

/* Sizes of an axis that may be worth their points: the next ones that have factors. */
#define CANDIDATES  8
#define MOST_POINTS 65536 /* what an image's transform takes must stay in a cache */

typedef struct {
    int64_t count, points[CANDIDATES];
    double  cost[CANDIDATES]; /* an element */
} candidates_t;

/* Rows have an even number of points, two of which are one of the complex transform. */
static candidates_t candidates_of(int64_t least, bool rows, bool line) {
    candidates_t found = {0};
    for (int64_t points = least; found.count < CANDIDATES && points <= MOST_POINTS; points++) {
        if (rows && points % 2 != 0) continue;
        factors_t factors = factors_of(rows ? points / 2 : points, line);
        if (factors.cost < 0) continue;
        found.points[found.count] = points;
        found.cost[found.count++] = factors.cost;
    }
    return found;
}

brood_fourier_shape_t brood_fourier_choose(const brood_axis_t *height, const brood_axis_t *width, int64_t channels,
                                           int64_t filters, bool propagates) {
    brood_fourier_shape_t shape = {.height = *height, .width = *width, .channels = channels, .filters = filters};
    bool                  lines = height->kernel == 1;
    shape.signals = lines ? height->in : 1;
    if (lines) shape.height = (brood_axis_t){.in = 1, .out = 1, .kernel = 1, .stride = 1};
    candidates_t high = {.count = 1, .points = {1}}, wide = candidates_of(least_points(width), true, lines);
    if (!lines) high = candidates_of(least_points(height), false, false);
    double least = 0;
    for (int64_t i = 0; i < high.count; i++)
        for (int64_t j = 0; j < wide.count; j++) {
            int64_t points[2] = {high.points[i], wide.points[j]};
            if (points[0] * points[1] > MOST_POINTS) continue;
            brood_work_t work = work_of(&shape, points, high.cost[i] + wide.cost[j], propagates);
            double       cost = brood_work_cost(&work);
            if (shape.points[0] > 0 && cost >= least) continue;
            shape.work = work;
            least = cost;
            memcpy(shape.points, points, sizeof points);
        }
    return shape;
}

/* cos and −sin of 2π i / n. */
static void fill_turn(int64_t i, int64_t n, brood_real_t turn[2]) {
    double angle = 6.28318530717958647693 * (double)(i % n) / (double)n;
    turn[0] = (brood_real_t)brood_cos(angle);
    turn[1] = (brood_real_t)-brood_sin(angle);
}

static void plan_passes(int64_t points, int64_t count, const int64_t radix[], brood_arena_t *arena,
                        brood_fourier_pass_t passes[]) {
    int64_t span = 1;
    for (int64_t i = 0; i < count; i++) {
        int64_t blocks = points / (span * radix[i]);
        passes[i] = (brood_fourier_pass_t){.radix = radix[i], .blocks = blocks, .span = span};
        span *= radix[i];
        if (blocks == 1) continue;
        size_t        turns = (size_t)(blocks * (radix[i] - 1));
        brood_real_t *turn = brood_arena_take(arena, turns * 2 * sizeof *turn);
        passes[i].twiddles = turn;
        for (int64_t block = 0; turn && block < blocks; block++)
            for (int64_t k = 1; k < radix[i]; k++, turn += 2) fill_turn(block * k, blocks * radix[i], turn);
    }
}

static void plan_axis(int64_t points, bool line, brood_arena_t *arena, brood_fourier_axis_t *axis) {
    *axis = (brood_fourier_axis_t){.points = points};
    if (points == 1) return; /* the height of a line */
    factors_t factors = factors_of(points, line);
    int64_t   backwards[BROOD_FOURIER_PASSES];
    for (int64_t i = 0; i < factors.count; i++) backwards[i] = factors.radix[factors.count - 1 - i];
    axis->passes = factors.count;
    plan_passes(points, factors.count, factors.radix, arena, axis->forward);
    plan_passes(points, factors.count, backwards, arena, axis->inverse);
}

void brood_fourier_plan(const int64_t points[2], brood_arena_t *arena, brood_fourier_t *fourier) {
    bool line = points[0] == 1;
    plan_axis(points[0], false, arena, &fourier->height);
    plan_axis(points[1] / 2, line, arena, &fourier->width);
    brood_real_t *turn = brood_arena_take(arena, (size_t)points[1] * sizeof *turn);
    fourier->turns = turn;
    for (int64_t k = 0; turn && k < points[1] / 2; k++, turn += 2) fill_turn(k, points[1], turn);
    fourier->slots = slots_of(points);
}

int64_t brood_fourier_workspace(const brood_fourier_t *fourier) {
    return 2 * fourier->height.points * fourier->width.points * 2 * BROOD_MAX_LANES;
}
