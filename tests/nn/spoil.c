#include "spoil.h"

#include <stddef.h>
#include <string.h>

#include "../../src/nn/kernels/kernels.h"
#include "brood/math/function.h"

static const char *spoiled; /* whose outputs; NULL: nobody's */
static int64_t     spoiled_call, calls;

void spoil_begin(const char *name, int64_t call) {
    spoiled = name;
    spoiled_call = call;
    calls = 0;
}

int64_t spoil_end(void) {
    spoiled = NULL;
    return calls;
}

static bool is_spoiled(const char *name) {
    if (!spoiled || strcmp(spoiled, name)) return false;
    int64_t call = calls++;
    return spoiled_call < 0 || call == spoiled_call;
}

static void flip_bit(void *number, int bit) {
    ((uint8_t *)number)[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* ---- kernels ---- */

/* All of an output; of a mask one bit. Sums that kernels make in double become floats: a bit that those show. */
static void flip_f32(int64_t n, float *x) {
    for (int64_t i = 0; i < n; i++) flip_bit(&x[i], 0);
}
static void flip_f64(int64_t n, double *x) {
    for (int64_t i = 0; i < n; i++) flip_bit(&x[i], 30);
}
static void flip_u8(int64_t n, uint8_t *x) {
    flip_bit(&x[n / 2], 0);
}
#define flip(n, x) _Generic((x), float * : flip_f32, double * : flip_f64, uint8_t * : flip_u8)(n, x)

/* X(name, parameters, arguments, elements of an output, output) */
#define KERNELS(X)                                                                                                     \
    X(relu_forward, (int64_t n, const float *x, float *y), (n, x, y), n, y)                                            \
    X(relu_backward, (int64_t n, const float *y, const float *dy, float *dx), (n, y, dy, dx), n, dx)                   \
    X(affine_rows, (int64_t rows, int64_t channels, const float *a, const float *b, const float *x, float *y),         \
      (rows, channels, a, b, x, y), (rows * channels), y)                                                              \
    X(affine2_rows,                                                                                                    \
      (int64_t rows, int64_t channels, const float *a, const float *b, const float *c, const float *dy,                \
       const float *x, float *dx),                                                                                     \
      (rows, channels, a, b, c, dy, x, dx), (rows * channels), dx)                                                     \
    X(add_up, (int64_t n, int64_t arrays, int64_t pitch, const float *x, float *y), (n, arrays, pitch, x, y), n, y)    \
    X(sum_rows, (int64_t rows, int64_t channels, const float *x, double *sum), (rows, channels, x, sum), channels,     \
      sum)                                                                                                             \
    X(dot_rows, (int64_t rows, int64_t channels, const float *x, const float *v, double *sum, double *dot),            \
      (rows, channels, x, v, sum, dot), channels, dot)                                                                 \
    X(dropout_draw, (int64_t n, const brood_key4_t *key, uint32_t first, uint32_t threshold, uint8_t *kept),           \
      (n, key, first, threshold, kept), (n + 7) / 8, kept)                                                             \
    X(dropout_apply, (int64_t n, const uint8_t *kept, float scale, const float *x, float *y), (n, kept, scale, x, y),  \
      n, y)                                                                                                            \
    X(pool_line_forward, (const brood_line_t *line, const float *x, float *y, void *index), (line, x, y, index),       \
      line->lanes, y)                                                                                                  \
    X(pool_line_backward, (const brood_line_t *line, const float *dy, const void *index, float *dx),                   \
      (line, dy, index, dx), line->lanes, dx)                                                                          \
    X(pool_window_forward, (const brood_window_t *window, const float *x, float *y, void *index),                      \
      (window, x, y, index), window->channels, y)                                                                      \
    X(pool_window_backward, (const brood_window_t *window, const float *dy, const void *index, float *dx),             \
      (window, dy, index, dx), window->channels, dx)                                                                   \
    X(gather_patches,                                                                                                  \
      (int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run, const float *x, float *panel),       \
      (positions, step, height, row, run, x, panel), (positions * height * run), panel)                                \
    X(scatter_patches,                                                                                                 \
      (int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run, const float *panel, float *x),       \
      (positions, step, height, row, run, panel, x), (positions - 1) * step + (height - 1) * row + run, x)             \
    X(fourier_forward,                                                                                                 \
      (const brood_fourier_t *fourier, const brood_fourier_window_t *window, const float *x, float *spectrum,          \
       int64_t slot_pitch, float *workspace),                                                                          \
      (fourier, window, x, spectrum, slot_pitch, workspace), window->channels, spectrum)                               \
    X(fourier_inverse,                                                                                                 \
      (const brood_fourier_t *fourier, const brood_fourier_window_t *window, const float *spectrum,                    \
       int64_t slot_pitch, const float *bias, float *x, float *workspace),                                             \
      (fourier, window, spectrum, slot_pitch, bias, x, workspace), window->channels, x)                                \
    X(fourier_matrix, (int64_t channels, int64_t filters, const float *w, float *matrix),                              \
      (channels, filters, w, matrix), (4 * channels * filters), matrix)                                                \
    X(fourier_fold, (int64_t channels, int64_t filters, const float *matrix, float *w),                                \
      (channels, filters, matrix, w), (2 * channels * filters), w)                                                     \
    X(toom_input, (const brood_toom_t *toom, const float *x, float *t, int64_t pitch, float *workspace),               \
      (toom, x, t, pitch, workspace), toom->channels, t)                                                               \
    X(toom_evaluate, (const brood_toom_t *toom, const float *y, float *t, int64_t pitch, float *workspace),            \
      (toom, y, t, pitch, workspace), toom->channels, t)                                                               \
    X(toom_scatter, (const brood_toom_t *toom, const float *t, int64_t pitch, float *x, float *workspace),             \
      (toom, t, pitch, x, workspace), toom->channels, x)                                                               \
    X(toom_collect,                                                                                                    \
      (const brood_toom_t *toom, const float *t, int64_t pitch, const float *bias, float *y, float *workspace),        \
      (toom, t, pitch, bias, y, workspace), toom->channels, y)                                                         \
    X(adam, (int64_t n, const brood_adam_t *by, const float *gradient, float *first, float *second, float *value),     \
      (n, by, gradient, first, second, value), n, second)                                                              \
    X(sgd,                                                                                                             \
      (int64_t n, double rate, double momentum, double decay, const float *gradient, float *velocity, float *value),   \
      (n, rate, momentum, decay, gradient, velocity, value), n, value)

static const brood_nn_kernels_t *real_kernels;

#define SPOILT(name, parameters, arguments, count, output)                                                             \
    static void spoilt_##name parameters {                                                                             \
        real_kernels->name arguments;                                                                                  \
        if (is_spoiled(#name)) flip(count, output);                                                                    \
    }
KERNELS(SPOILT)

#define ENTRY(name, parameters, arguments, count, output) .name = spoilt_##name,
static const brood_nn_kernels_t spoilt_kernels = {KERNELS(ENTRY)};

#define NAME(name, ...) #name,
const char *const spoil_kernels[] = {KERNELS(NAME) NULL};
_Static_assert(sizeof spoil_kernels / sizeof *spoil_kernels - 1 == sizeof(brood_nn_kernels_t) / sizeof(void (*)(void)),
               "a kernel is missing here");

const brood_nn_kernels_t *__real_brood_nn_kernels(const brood_math_t *math);
const brood_nn_kernels_t *__wrap_brood_nn_kernels(const brood_math_t *math);
const brood_nn_kernels_t *__wrap_brood_nn_kernels(const brood_math_t *math) {
    real_kernels = __real_brood_nn_kernels(math);
    return spoiled ? &spoilt_kernels : real_kernels;
}

/* ---- products: one bit of an element in the middle ---- */

#define PRODUCT(name, real, parameters, arguments)                                                                     \
    void __real_brood_##name parameters;                                                                               \
    void __wrap_brood_##name parameters;                                                                               \
    void __wrap_brood_##name parameters {                                                                              \
        __real_brood_##name arguments;                                                                                 \
        if (is_spoiled(#name)) flip_bit(&c[m / 2 * ldc + n / 2], 0);                                                   \
    }
#define PRODUCTS(real, type)                                                                                           \
    PRODUCT(product_##type, real,                                                                                      \
            (brood_math_t * math, brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const real *a,    \
             int64_t lda, const real *b, int64_t ldb, bool accumulate, real *c, int64_t ldc),                          \
            (math, a_op, b_op, m, n, k, a, lda, b, ldb, accumulate, c, ldc))                                           \
    PRODUCT(product_packed_##type, real,                                                                               \
            (brood_math_t * math, brood_op_t a_op, int64_t m, int64_t n, int64_t k, const real *a, int64_t lda,        \
             const real *packed, const real *bias, bool accumulate, real *c, int64_t ldc),                             \
            (math, a_op, m, n, k, a, lda, packed, bias, accumulate, c, ldc))
PRODUCTS(float, f32)
PRODUCTS(double, f64)

/* ---- functions ---- */

/* The last bit of every result; or one result, which may be small and become a float: another number. */
static double change(const char *name, double y) {
    if (y != y && is_spoiled("nan")) return -y;
    if (!is_spoiled(name)) return y;
    if (spoiled_call >= 0) return 1234;
    flip_bit(&y, 0);
    return y;
}

#define FUNCTIONS(X)                                                                                                   \
    X(exp, (double x), (x))                                                                                            \
    X(log, (double x), (x))                                                                                            \
    X(pow, (double x, double y), (x, y))                                                                               \
    X(tanh, (double x), (x))                                                                                           \
    X(sigmoid, (double x), (x))                                                                                        \
    X(sin, (double x), (x))                                                                                            \
    X(cos, (double x), (x))                                                                                            \
    X(random_normal, (const brood_key4_t *key, uint32_t index), (key, index))
#define FUNCTION(name, parameters, arguments)                                                                          \
    double __real_brood_##name parameters;                                                                             \
    double __wrap_brood_##name parameters;                                                                             \
    double __wrap_brood_##name parameters {                                                                            \
        return change(#name, __real_brood_##name arguments);                                                           \
    }
FUNCTIONS(FUNCTION)

#define ROWS(X) X(tanh_n) X(sigmoid_n)
#define ROW(name)                                                                                                      \
    void __real_brood_##name(int64_t n, const double x[], double y[]);                                                 \
    void __wrap_brood_##name(int64_t n, const double x[], double y[]);                                                 \
    void __wrap_brood_##name(int64_t n, const double x[], double y[]) {                                                \
        __real_brood_##name(n, x, y);                                                                                  \
        if (is_spoiled(#name)) flip_bit(&y[n - 1], 0);                                                                 \
    }
ROWS(ROW)

const char *const spoil_functions[] = {FUNCTIONS(NAME) ROWS(NAME) NULL};

/* ---- numbers drawn ---- */

static int64_t drawn_part = -1, drawn_number, drawn;

void spoil_draw_begin(int64_t part, int64_t number) {
    drawn_part = part;
    drawn_number = number;
    drawn = 0;
}

int64_t spoil_draw_end(void) {
    drawn_part = -1;
    return drawn;
}

double __real_brood_random_uniform(const brood_key4_t *key, uint32_t index);
double __wrap_brood_random_uniform(const brood_key4_t *key, uint32_t index);
double __wrap_brood_random_uniform(const brood_key4_t *key, uint32_t index) {
    double u = __real_brood_random_uniform(key, index);
    if (key->counter[2] >> 24 != BROOD_PURPOSE_FINGERPRINT || key->counter[1] != drawn_part) return u;
    return drawn++ == drawn_number ? u + (u < 0.5 ? 0x1p-21 : -0x1p-21) : u;
}
