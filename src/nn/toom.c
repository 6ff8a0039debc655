#include "toom.h"

#include <math.h>
#include <string.h>

/* The positive ones of the pairs, by the number of points: near those with which growth_of is least. */
static const double pair_values[BROOD_TOOM_POINTS + 1][BROOD_TOOM_PAIRS] = {
    [3] = {3.0 / 2},
    [4] = {1},
    [5] = {4.0 / 5, 5.0 / 2},
    [6] = {2.0 / 3, 3.0 / 2},
    [7] = {3.0 / 5, 7.0 / 6, 7.0 / 2},
    [8] = {1, 2, 1.0 / 2},
    [9] = {1.0 / 2, 6.0 / 7, 3.0 / 2, 4},
    [10] = {4.0 / 5, 5.0 / 4, 2.0 / 5, 5.0 / 2},
    [11] = {2.0 / 5, 3.0 / 4, 8.0 / 7, 7.0 / 4, 5},
    [12] = {1, 2.0 / 3, 3.0 / 2, 3.0 / 8, 8.0 / 3},
};

/* product[0 … degree] = Π (x − b²) over the pairs of so many points but `left_out`; returns the degree. */
static int pair_product(int64_t points, int left_out, double product[BROOD_TOOM_PAIRS + 1]) {
    int degree = 0;
    product[0] = 1;
    for (int b = 0; b < brood_toom_pairs(points); b++) {
        if (b == left_out) continue;
        product[++degree] = 0;
        for (int k = degree; k >= 0; k--)
            product[k] = (k > 0 ? product[k - 1] : 0) - pair_values[points][b] * pair_values[points][b] * product[k];
    }
    return degree;
}

static double value_at(int degree, const double product[], double x) {
    double value = 0;
    for (int k = degree; k >= 0; k--) value = value * x + product[k];
    return value;
}

/* The power of two that leaves the largest coefficient in 1 … 2: the filters' side takes it, so that inputs keep their
   size. */
static double scale_of(int degree, const double product[], double factor) {
    double largest = 0;
    for (int k = 0; k <= degree; k++)
        if (fabs(product[k]) > largest) largest = fabs(product[k]);
    largest *= factor > 1 ? factor : 1;
    double scale = 1;
    while (scale * 2 <= largest) scale *= 2;
    while (scale > largest) scale /= 2;
    return scale;
}

/* The transforms in double: of inputs, and of what has `count` coefficients, at all points. */
typedef struct {
    double input[BROOD_TOOM_POINTS][BROOD_TOOM_POINTS];   /* B' */
    double outputs[BROOD_TOOM_POINTS][BROOD_TOOM_POINTS]; /* A */
    double taps[BROOD_TOOM_POINTS][BROOD_TOOM_POINTS];    /* G */
} matrices_t;

static void fill_powers(int64_t count, int64_t point, double a, double scale, double to[][BROOD_TOOM_POINTS]) {
    for (int64_t k = 0; k < count; k++) {
        to[point][k] = scale;
        scale *= a;
    }
}

/* M(x) = x Π (x² − b²) vanishes at the finite points; row a of B' is M / (x − a), and N = M'(a) divides it. That of
   infinity is M. */
static matrices_t matrices_of(int64_t outputs, int64_t taps) {
    matrices_t m = {0};
    int64_t    points = outputs + taps - 1, last = points - 1;
    double     product[BROOD_TOOM_PAIRS + 1];
    int        degree = pair_product(points, -1, product);
    double     scale = scale_of(degree, product, 1);
    for (int k = 0; k <= degree; k++) m.input[0][2 * k] = product[k] / scale;
    m.outputs[0][0] = 1;
    m.taps[0][0] = scale / product[0];
    if (brood_toom_infinite(points)) {
        for (int k = 0; k <= degree; k++) m.input[last][2 * k + 1] = product[k] / scale;
        m.outputs[last][outputs - 1] = 1;
        m.taps[last][taps - 1] = scale;
    }
    for (int pair = 0; pair < brood_toom_pairs(points); pair++) {
        double a = pair_values[points][pair];
        degree = pair_product(points, pair, product);
        scale = scale_of(degree, product, a);
        double n = 2 * a * a * value_at(degree, product, a * a);
        for (int sign = 0; sign < 2; sign++, a = -a) {
            int point = 2 * pair + 1 + sign;
            for (int k = 0; k <= degree; k++) {
                m.input[point][2 * k + 2] = product[k] / scale;
                m.input[point][2 * k + 1] = a * product[k] / scale;
            }
            fill_powers(outputs, point, a, 1, m.outputs);
            fill_powers(taps, point, a, scale / n, m.taps);
        }
    }
    return m;
}

static void take_powers(int64_t points, int64_t count, double from[][BROOD_TOOM_POINTS], brood_toom_powers_t *powers) {
    powers->count = count;
    powers->zero = (brood_real_t)from[0][0];
    if (brood_toom_infinite(points)) powers->infinity = (brood_real_t)from[points - 1][count - 1];
    for (int pair = 0; pair < brood_toom_pairs(points); pair++)
        for (int64_t k = 0; k < count; k++) powers->power[pair][k] = (brood_real_t)from[2 * pair + 1][k];
}

void brood_toom_plan(int64_t outputs, int64_t taps, brood_toom_axis_t *axis) {
    memset(axis, 0, sizeof *axis);
    axis->points = outputs + taps - 1;
    if (taps == 1) return;
    matrices_t m = matrices_of(outputs, taps);
    const int  pairs = brood_toom_pairs(axis->points);
    for (int k = 0; k <= pairs; k++) {
        axis->zero[k] = (brood_real_t)m.input[0][2 * k];
        if (brood_toom_infinite(axis->points)) axis->infinity[k] = (brood_real_t)m.input[axis->points - 1][2 * k + 1];
        for (int pair = 0; k < pairs && pair < pairs; pair++) {
            axis->even[pair][k] = (brood_real_t)m.input[2 * pair + 1][2 * k + 2];
            axis->odd[pair][k] = (brood_real_t)m.input[2 * pair + 1][2 * k + 1];
        }
    }
    take_powers(axis->points, outputs, m.outputs, &axis->outputs);
    take_powers(axis->points, taps, m.taps, &axis->taps);
}

static double row_squared(const double row[BROOD_TOOM_POINTS]) {
    double sum = 0;
    for (int i = 0; i < BROOD_TOOM_POINTS; i++) sum += row[i] * row[i];
    return sum;
}

/* How much more rounding errors weigh in the outputs and the filters' gradients of such tiles than in direct sums: an
   error of each product, as large as random numbers make it, comes through the transform behind it. */
static double growth_of(int64_t outputs, int64_t taps) {
    if (taps == 1) return 1;
    matrices_t m = matrices_of(outputs, taps);
    double     sum = 0;
    for (int64_t point = 0; point < outputs + taps - 1; point++)
        sum += row_squared(m.outputs[point]) * row_squared(m.taps[point]) * row_squared(m.input[point]);
    return sqrt(sum / (double)(outputs * taps));
}

/* Rows between the two axes' transforms stay in L1, and so do those that the next tiles read again. */
#define ROWS_ELEMENTS 4096

static int64_t line_of(const brood_toom_t *toom) {
    return toom->tiles[1] * toom->axis[1]->points * BROOD_MAX_LANES;
}

static int64_t rows_of(const brood_toom_t *toom) {
    int64_t a_tile = toom->axis[0]->points, all = toom->tiles[0] * toom->powers[0]->count + a_tile;
    int64_t rows = ROWS_ELEMENTS / line_of(toom);
    return rows < a_tile ? a_tile : rows < all ? rows : all;
}

brood_toom_t brood_toom_image(const brood_toom_axis_t plan[2], const int64_t size[2], const int64_t before[2],
                              int64_t channels) {
    /* Axis 1 is always transformed. */
    const int     swapped = plan[1].points == 1;
    const int64_t step[2] = {size[1] * channels, channels};
    brood_toom_t  toom = {.channels = channels};
    for (int i = 0; i < 2; i++) {
        const int from = swapped ? 1 - i : i;
        int64_t   outputs = plan[from].points == 1 ? 1 : plan[from].outputs.count;
        toom.axis[i] = &plan[from];
        toom.powers[i] = &plan[from].outputs;
        toom.tiles[i] = (size[from] + outputs - 1) / outputs;
        toom.size[i] = size[from];
        toom.before[i] = before[from];
        toom.step[i] = step[from];
    }
    toom.rows = rows_of(&toom);
    return toom;
}

brood_toom_t brood_toom_taps(const brood_toom_axis_t plan[2], int64_t channels) {
    int64_t size[2];
    for (int i = 0; i < 2; i++) size[i] = plan[i].points == 1 ? 1 : plan[i].taps.count;
    brood_toom_t toom = brood_toom_image(plan, size, (const int64_t[2]){0, 0}, channels);
    for (int i = 0; i < 2; i++) {
        toom.powers[i] = &toom.axis[i]->taps;
        toom.tiles[i] = 1;
    }
    toom.rows = rows_of(&toom);
    return toom;
}

int64_t brood_toom_workspace(const brood_toom_t *toom) {
    return toom->rows * line_of(toom);
}

/* ---- the choice ---- */

/* Relative errors (norms) up to 4e-6 in outputs and inputs' gradients, and 1e-5 in those of the filters, were seen just
   below it, more over many channels or where most of a window is padding; where growth is below 5, a quarter of that.
 */
#define MOST_GROWTH 25

/* Vector instructions of an axis' transforms of a tile, loads and stores with them. */
typedef struct {
    double input, evaluate; /* the transposed of either takes as many */
} instructions_t;

static instructions_t instructions_of(int64_t outputs, int64_t points) {
    if (points == 1) return (instructions_t){0};
    double pairs = brood_toom_pairs(points), n = (double)points, m = (double)outputs;
    double others = brood_toom_infinite(points) ? 2 : 1; /* 0, infinity */
    return (instructions_t){.input = 2 * n + others * (pairs + 1) + pairs * (2 * pairs + 2),
                            .evaluate = m + n + pairs * (m + 2)};
}

/* Products of one point have the rows of a block of images, taken to be so many. */
#define IMAGES_A_PRODUCT 4.0

static brood_work_t work_of(const int64_t size[2], const int64_t taps[2], const int64_t outputs[2], int64_t channels,
                            int64_t filters, bool propagates) {
    int64_t        points[2], tiles[2];
    instructions_t each[2];
    brood_work_t   work = {0};
    for (int i = 0; i < 2; i++) {
        points[i] = outputs[i] + taps[i] - 1;
        tiles[i] = (size[i] + outputs[i] - 1) / outputs[i];
        each[i] = instructions_of(outputs[i], points[i]);
    }
    double all = (double)(tiles[0] * tiles[1]), places = (double)(points[0] * points[1]);
    double input = (double)points[0] * each[1].input + (double)points[1] * each[0].input;
    double evaluate = (double)outputs[0] * each[1].evaluate + (double)points[1] * each[0].evaluate;
    double vectors = brood_work_vectors(channels), filter_vectors = brood_work_vectors(filters);
    /* x twice and dx; y and dy; once a mini-batch the filters, their gradient, and packing them. */
    brood_work_add(&work, BROOD_WORK_TOOM,
                   all * ((propagates ? 3 : 2) * vectors * input + 2 * filter_vectors * evaluate));
    brood_work_add(&work, BROOD_WORK_COPY, 16 * (double)channels * filter_vectors * places / BROOD_COST_MINIBATCH);
    brood_work_product(&work, places * all, filters, (double)channels, places / IMAGES_A_PRODUCT);
    brood_work_tiles(&work, places * all, filters);
    brood_work_product(&work, places * (double)channels, filters, all, places / IMAGES_A_PRODUCT);
    brood_work_tiles(&work, places * (double)channels / IMAGES_A_PRODUCT, filters);
    if (!propagates) return work;
    brood_work_product(&work, places * all, channels, (double)filters, places / IMAGES_A_PRODUCT);
    brood_work_tiles(&work, places * all, channels);
    return work;
}

brood_toom_shape_t brood_toom_choose(const brood_axis_t *height, const brood_axis_t *width, int64_t channels,
                                     int64_t filters, bool propagates) {
    const int64_t      taps[2] = {height->kernel, width->kernel}, size[2] = {height->in, width->in};
    brood_toom_shape_t best = {0};
    double             least = 0;
    int64_t            most[2];
    double             growth[2][BROOD_TOOM_POINTS + 1] = {{0}};
    for (int i = 0; i < 2; i++) {
        most[i] = taps[i] == 1 ? 1 : BROOD_TOOM_POINTS - taps[i] + 1;
        for (int64_t outputs = 1; outputs <= most[i]; outputs++) growth[i][outputs] = growth_of(outputs, taps[i]);
    }
    for (int64_t high = 1; high <= most[0]; high++) {
        if (taps[0] > 1 && high == 1) continue;
        for (int64_t wide = 1; wide <= most[1]; wide++) {
            if (taps[1] > 1 && wide == 1) continue;
            if (growth[0][high] * growth[1][wide] > MOST_GROWTH) continue;
            const int64_t outputs[2] = {high, wide};
            brood_work_t  work = work_of(size, taps, outputs, channels, filters, propagates);
            double        cost = brood_work_cost(&work);
            if (best.outputs[0] > 0 && cost >= least) continue;
            best = (brood_toom_shape_t){{high, wide}, (high + taps[0] - 1) * (wide + taps[1] - 1), work};
            least = cost;
        }
    }
    return best;
}
