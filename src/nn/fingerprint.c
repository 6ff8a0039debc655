#include <float.h>

#include "fingerprint_parts.h"

const char *const brood_fingerprint_parts[BROOD_FINGERPRINT_PARTS] = {
    [BROOD_FINGERPRINT_PRODUCTS] = "products",
    [BROOD_FINGERPRINT_KERNELS] = "kernels",
    [BROOD_FINGERPRINT_FUNCTIONS] = "functions",
    [BROOD_FINGERPRINT_TRAINING] = "training",
};

/* ---- functions ---- */

static double (*const functions[])(double) = {brood_exp, brood_log, brood_tanh, brood_sigmoid, brood_sin, brood_cos};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static const double edges[] = {
    /* the ends of the numbers */
    0.0, INFINITY, NAN, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, FLT_MAX, FLT_MIN, FLT_TRUE_MIN,
    /* where exp becomes denormal, 0 or infinite: in double, in float */
    708.4, 709.78, 709.79, 745.13, 745.14, 87.34, 88.72, 88.73, 103.97, 104.0,
    /* where tanh and sigmoid become 1 or their argument */
    18.75, 19.25, 36.75, 0x1p-28, 0x1p-54,
    /* around √½, where the exponent of a logarithm changes; of pow */
    0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bcdp-1, 0.5, 1.0, 2.0,
    /* quarter turns, and the last argument of sin and cos */
    0x1.921fb54442d18p-1, 0x1.921fb54442d18p0, 0x1.921fb54442d18p1, 0x1p20, 0x1.0000000000001p20};
enum { EDGES = sizeof edges / sizeof *edges, ARGUMENTS = 2 * EDGES + 300 };

/* The edges with either sign, and numbers drawn in ±1, ±30 and ±800. */
static void draw_arguments(double x[ARGUMENTS]) {
    static const double bounds[] = {1, 30, 800};
    for (int64_t i = 0; i < EDGES; i++) {
        x[2 * i] = edges[i];
        x[2 * i + 1] = -edges[i];
    }
    draw_f64(key_of(BROOD_FINGERPRINT_FUNCTIONS, 0, 0), 1, ARGUMENTS - 2 * EDGES, x + 2 * EDGES);
    for (int64_t i = 2 * EDGES; i < ARGUMENTS; i++) x[i] *= bounds[i % 3];
}

/* Of doubles; and, as children take it, of a float rounded to one. */
static uint64_t hash_function(double (*function)(double), const double x[ARGUMENTS], uint64_t hash) {
    for (int64_t i = 0; i < ARGUMENTS; i++) {
        double y = function(x[i]);
        float  of_float = (float)function((double)(float)x[i]);
        hash = hash_f64(hash, 1, &y);
        hash = hash_f32(hash, 1, &of_float);
    }
    return hash;
}

static brood_err_t hash_functions(brood_math_t *math, uint64_t *hash) {
    (void)math;
    double       x[ARGUMENTS], y[ARGUMENTS];
    brood_key4_t normals = key_of(BROOD_FINGERPRINT_FUNCTIONS, 1, 0);
    draw_arguments(x);
    for (int i = 0; i < FUNCTIONS; i++) *hash = hash_function(functions[i], x, *hash);
    for (int64_t i = 0; i < ARGUMENTS; i++) y[i] = brood_pow(i % 3 ? fabs(x[i]) : x[i], x[(7 * i + 3) % ARGUMENTS]);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    brood_tanh_n(ARGUMENTS, x, y);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    brood_sigmoid_n(ARGUMENTS, x, y);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    for (int64_t i = 0; i < ARGUMENTS; i++) y[i] = brood_random_normal(&normals, (uint32_t)i);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    return BROOD_OK;
}

/* ---- all ---- */

brood_err_t brood_fingerprint(brood_math_t *math, brood_fingerprint_t *fingerprint) {
    static brood_err_t (*const hash_part[BROOD_FINGERPRINT_PARTS])(brood_math_t *, uint64_t *) = {
        [BROOD_FINGERPRINT_PRODUCTS] = brood_fingerprint_products,
        [BROOD_FINGERPRINT_KERNELS] = brood_fingerprint_kernels,
        [BROOD_FINGERPRINT_FUNCTIONS] = hash_functions,
        [BROOD_FINGERPRINT_TRAINING] = brood_fingerprint_training,
    };
    brood_fingerprint_t made = {.all = BROOD_HASH_START};
    for (int i = 0; i < BROOD_FINGERPRINT_PARTS; i++) {
        made.part[i] = BROOD_HASH_START;
        brood_err_t err = hash_part[i](math, &made.part[i]);
        if (err != BROOD_OK) return brood_because(err, "the numerics fingerprint");
        made.all = brood_hash(made.all, &made.part[i], sizeof made.part[i]);
    }
    *fingerprint = made;
    return BROOD_OK;
}
