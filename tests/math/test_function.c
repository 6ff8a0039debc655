/* The elementary functions against the C library's in long double, which has 11 bits more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "brood/math/function.h"
#include "brood/math/isa.h"

#define ARGUMENTS 100000
#define BOUND     1.0 /* ulp, as the header says */

static const brood_key4_t key = {.key = {1, 2}, .counter = {0, 0, BROOD_PURPOSE_BENCH << 24}};

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static bool same(double a, double b) {
    return bits_of(a) == bits_of(b);
}

static bool is_canonical_nan(double x) {
    return bits_of(x) == UINT64_C(0x7ff8000000000000);
}

/* Distance in units of the last place that a double of the exact value's size has. */
static double ulps(double got, long double exact) {
    double nearest = (double)exact;
    if (isinf(nearest) || isinf(got)) return same(got, nearest) ? 0 : (double)INFINITY;
    int exponent;
    frexpl(exact, &exponent);
    int last = exponent - 53 < -1074 ? -1074 : exponent - 53;
    return (double)fabsl(ldexpl((long double)got - exact, -last));
}

typedef enum { LINEAR, LOGARITHMIC } spacing_t;

/* Argument i of ARGUMENTS: drawn between `from` and `to` themselves, or their logarithms. */
static double argument(uint32_t i, double from, double to, spacing_t spacing) {
    double u = brood_random_uniform(&key, i);
    return spacing == LINEAR ? from + u * (to - from) : (double)expl(logl(from) + u * (logl(to) - logl(from)));
}

static void check(const char *name, double (*f)(double), long double (*exact)(long double), double from, double to,
                  spacing_t spacing, double sign) {
    double worst = 0, at = 0;
    for (uint32_t i = 0; i < ARGUMENTS; i++) {
        double x = sign * argument(i, from, to, spacing), error = ulps(f(x), exact(x));
        if (!(error <= worst)) {
            worst = error;
            at = x;
        }
    }
    print_message("           %-8s %11.4g … %-11.4g %.3f ulp at %.17g\n", name, sign * from, sign * to, worst, at);
    assert_true(worst < BOUND);
}

static long double sigmoidl(long double x) {
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

static void exp_is_within_its_bound(void **state) {
    (void)state;
    check("exp", brood_exp, expl, -1, 1, LINEAR, 1);
    check("exp", brood_exp, expl, -708, 709.78, LINEAR, 1);
    check("exp", brood_exp, expl, -746, -708, LINEAR, 1);
    check("exp", brood_exp, expl, 1e-18, 1, LOGARITHMIC, 1);
    check("exp", brood_exp, expl, 1e-18, 1, LOGARITHMIC, -1);
}

static void log_is_within_its_bound(void **state) {
    (void)state;
    check("log", brood_log, logl, 0.5, 2, LINEAR, 1);
    check("log", brood_log, logl, 1 - 1e-6, 1 + 1e-6, LINEAR, 1);
    check("log", brood_log, logl, 1e-307, 1e308, LOGARITHMIC, 1);
    check("log", brood_log, logl, 5e-324, 1e-307, LOGARITHMIC, 1);
}

static void tanh_is_within_its_bound(void **state) {
    (void)state;
    check("tanh", brood_tanh, tanhl, -3, 3, LINEAR, 1);
    check("tanh", brood_tanh, tanhl, -25, 25, LINEAR, 1);
    check("tanh", brood_tanh, tanhl, 1e-300, 1, LOGARITHMIC, 1);
    check("tanh", brood_tanh, tanhl, 0.1, 0.4, LINEAR, 1);
}

static void sigmoid_is_within_its_bound(void **state) {
    (void)state;
    check("sigmoid", brood_sigmoid, sigmoidl, -5, 5, LINEAR, 1);
    check("sigmoid", brood_sigmoid, sigmoidl, -745, 745, LINEAR, 1);
    check("sigmoid", brood_sigmoid, sigmoidl, 1e-18, 1, LOGARITHMIC, -1);
}

static void sin_and_cos_are_within_their_bound(void **state) {
    (void)state;
    check("sin", brood_sin, sinl, -4, 4, LINEAR, 1);
    check("sin", brood_sin, sinl, -0x1p20, 0x1p20, LINEAR, 1);
    check("sin", brood_sin, sinl, 1e-300, 1, LOGARITHMIC, 1);
    check("cos", brood_cos, cosl, -4, 4, LINEAR, 1);
    check("cos", brood_cos, cosl, -0x1p20, 0x1p20, LINEAR, 1);
}

/* The doubles nearest to multiples of π/2, where all but the last digits cancel. */
static void sin_and_cos_are_within_their_bound_beside_their_zeros(void **state) {
    (void)state;
    const long double quarter = 1.57079632679489661923132169163975144L;
    double            worst = 0;
    for (int k = 1; k < 667000; k += 3) {
        double x = (double)((long double)k * quarter);
        worst = fmax(worst, ulps(brood_sin(x), sinl(x)));
        worst = fmax(worst, ulps(brood_cos(x), cosl(x)));
    }
    print_message("           worst %.3f ulp\n", worst);
    assert_true(worst < BOUND);
}

static void pow_is_within_its_bound(void **state) {
    (void)state;
    double worst = 0;
    for (uint32_t i = 0; i < ARGUMENTS; i++) {
        double x = argument(2 * i, 1e-300, 1e300, LOGARITHMIC);
        double reach = 744 / fabs((double)logl(x)), y = argument(2 * i + 1, -reach, reach, LINEAR);
        if (i % 2) { /* bases near 1 and modest exponents, as decays have them */
            x = argument(2 * i, 0.5, 1.5, LINEAR);
            y = argument(2 * i + 1, -1000, 1000, LINEAR);
        }
        double error = ulps(brood_pow(x, y), powl(x, y));
        if (!(error <= worst)) worst = error;
    }
    print_message("           worst %.3f ulp\n", worst);
    assert_true(worst < BOUND);
    for (int n = 0; n <= 64; n++) assert_true(brood_pow(2, n) == ldexp(1, n));
    for (int n = 0; n <= 20; n++) assert_true(brood_pow(10, n) == (double)powl(10, n) || n > 22);
}

static void special_arguments_are_answered_as_annex_f_says(void **state) {
    (void)state;
    const double inf = INFINITY;
    assert_true(same(brood_exp(0.0), 1.0) && same(brood_exp(-0.0), 1.0));
    assert_true(same(brood_exp(inf), inf) && same(brood_exp(-inf), 0.0));
    assert_true(same(brood_exp(709.79), inf) && same(brood_exp(-746), 0.0) && same(brood_exp(1e300), inf));
    assert_true(same(brood_exp(-1e300), 0.0));

    assert_true(same(brood_log(1.0), 0.0) && same(brood_log(0.0), -inf) && same(brood_log(-0.0), -inf));
    assert_true(same(brood_log(inf), inf) && is_canonical_nan(brood_log(-1)) && is_canonical_nan(brood_log(-inf)));

    assert_true(same(brood_tanh(0.0), 0.0) && same(brood_tanh(-0.0), -0.0));
    assert_true(same(brood_tanh(inf), 1.0) && same(brood_tanh(-inf), -1.0) && same(brood_tanh(1e300), 1.0));
    assert_true(same(brood_tanh(5e-324), 5e-324) && same(brood_tanh(-5e-324), -5e-324));

    assert_true(same(brood_sigmoid(0.0), 0.5) && same(brood_sigmoid(-0.0), 0.5));
    assert_true(same(brood_sigmoid(inf), 1.0) && same(brood_sigmoid(-inf), 0.0));

    assert_true(same(brood_sin(0.0), 0.0) && same(brood_sin(-0.0), -0.0) && same(brood_cos(-0.0), 1.0));
    assert_true(is_canonical_nan(brood_sin(inf)) && is_canonical_nan(brood_cos(-inf)));
    assert_true(is_canonical_nan(brood_sin(0x1.00001p20)) && is_canonical_nan(brood_cos(0x1.00001p20)));
}

static void pow_answers_special_arguments_as_annex_f_says(void **state) {
    (void)state;
    const double inf = INFINITY, none = NAN;
    assert_true(same(brood_pow(0.0, 2), 0.0) && same(brood_pow(0.0, -2), inf) && same(brood_pow(0.0, inf), 0.0));
    assert_true(same(brood_pow(0.0, -inf), inf) && same(brood_pow(-0.0, 3), 0.0));
    assert_true(same(brood_pow(0.5, inf), 0.0) && same(brood_pow(0.5, -inf), inf));
    assert_true(same(brood_pow(1.5, inf), inf) && same(brood_pow(1.5, -inf), 0.0));
    assert_true(same(brood_pow(inf, 0.5), inf) && same(brood_pow(inf, -0.5), 0.0));
    assert_true(same(brood_pow(none, 0), 1.0) && same(brood_pow(1, none), 1.0) && same(brood_pow(inf, -0.0), 1.0));
    assert_true(is_canonical_nan(brood_pow(none, 2)) && is_canonical_nan(brood_pow(2, none)));
    assert_true(is_canonical_nan(brood_pow(-2, 2)) && is_canonical_nan(brood_pow(-inf, 0.5)));
    assert_true(same(brood_pow(10, 400), inf) && same(brood_pow(10, -400), 0.0) && same(brood_pow(0.1, 400), 0.0));
    assert_true(same(brood_pow(1e300, 1e300), inf) && same(brood_pow(1e300, -1e300), 0.0));
}

static void any_nan_gives_the_canonical_one(void **state) {
    (void)state;
    const uint64_t patterns[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff8dead00000000, 0xffffffffffffffff};
    double (*const functions[])(double) = {brood_exp, brood_log, brood_tanh, brood_sigmoid, brood_sin, brood_cos};
    assert_true(is_canonical_nan(brood_nan()));
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        double x, y;
        memcpy(&x, &patterns[i], sizeof x);
        for (size_t f = 0; f < sizeof functions / sizeof *functions; f++)
            assert_true(is_canonical_nan(functions[f](x)));
        brood_tanh_n(1, &x, &y);
        assert_true(is_canonical_nan(y));
        brood_sigmoid_n(1, &x, &y);
        assert_true(is_canonical_nan(y));
    }
}

static void a_larger_argument_never_has_a_smaller_result(void **state) {
    (void)state;
    double (*const functions[])(double) = {brood_exp, brood_log, brood_tanh, brood_sigmoid};
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        for (int i = 1; i < 200000; i++) {
            double x = i * 1e-4, last = (i - 1) * 1e-4; /* steps far above an ulp: 0 … 20 */
            assert_true(functions[f](x) >= functions[f](last));
            if (f != 1) assert_true(functions[f](-x) <= functions[f](-last));
        }
    }
}

static void rows_have_the_bits_of_single_numbers(void **state) {
    (void)state;
    enum { MOST = 67 };
    for (int64_t n = 0; n <= MOST; n++) {
        double x[MOST] = {0}, y[MOST], in_place[MOST];
        for (int64_t i = 0; i < n; i++) {
            x[i] = argument((uint32_t)(100 * n + i), -50, 50, LINEAR);
            if (i % 11 == 3) x[i] = -800;
            if (i % 11 == 5) x[i] = -0.0;
            if (i % 11 == 7) x[i] = 1e-310;
            if (i % 11 == 9) x[i] = INFINITY;
        }
        brood_tanh_n(n, x, y);
        for (int64_t i = 0; i < n; i++) assert_true(same(y[i], brood_tanh(x[i])));
        memcpy(in_place, x, sizeof x);
        brood_tanh_n(n, in_place, in_place);
        assert_memory_equal(in_place, y, (size_t)n * sizeof *y);
        brood_sigmoid_n(n, x, y);
        for (int64_t i = 0; i < n; i++) assert_true(same(y[i], brood_sigmoid(x[i])));
        memcpy(in_place, x, sizeof x);
        brood_sigmoid_n(n, in_place, in_place);
        assert_memory_equal(in_place, y, (size_t)n * sizeof *y);
    }
}

/* Against the normal distribution function at seven points, and the first four moments. */
static void random_normal_is_normal(void **state) {
    (void)state;
    enum { DRAWS = 200000 };
    static const double point[] = {-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5};
    enum { POINTS = sizeof point / sizeof *point };
    double below[POINTS] = {0}, moment[4] = {0};
    for (uint32_t i = 0; i < DRAWS; i++) {
        double x = brood_random_normal(&key, i);
        assert_true(isfinite(x));
        for (int p = 0; p < POINTS; p++) below[p] += x < point[p];
        moment[0] += x;
        moment[1] += x * x;
        moment[2] += x * x * x;
        moment[3] += x * x * x * x;
    }
    for (int p = 0; p < POINTS; p++) {
        double expected = 0.5 * erfc(-point[p] / sqrt(2.0));
        assert_true(fabs(below[p] / DRAWS - expected) < 4.5 * sqrt(expected * (1 - expected) / DRAWS));
    }
    assert_true(fabs(moment[0] / DRAWS) < 4.5 * sqrt(1.0 / DRAWS));
    assert_true(fabs(moment[1] / DRAWS - 1) < 4.5 * sqrt(2.0 / DRAWS));
    assert_true(fabs(moment[2] / DRAWS) < 4.5 * sqrt(15.0 / DRAWS));
    assert_true(fabs(moment[3] / DRAWS - 3) < 4.5 * sqrt(96.0 / DRAWS));
}

static int choose(void **state) {
    (void)state;
    brood_isa_t isa;
    return brood_isa_choose(&isa) == BROOD_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_its_bound),
        cmocka_unit_test(log_is_within_its_bound),
        cmocka_unit_test(pow_is_within_its_bound),
        cmocka_unit_test(tanh_is_within_its_bound),
        cmocka_unit_test(sigmoid_is_within_its_bound),
        cmocka_unit_test(sin_and_cos_are_within_their_bound),
        cmocka_unit_test(sin_and_cos_are_within_their_bound_beside_their_zeros),
        cmocka_unit_test(special_arguments_are_answered_as_annex_f_says),
        cmocka_unit_test(pow_answers_special_arguments_as_annex_f_says),
        cmocka_unit_test(any_nan_gives_the_canonical_one),
        cmocka_unit_test(a_larger_argument_never_has_a_smaller_result),
        cmocka_unit_test(rows_have_the_bits_of_single_numbers),
        cmocka_unit_test(random_normal_is_normal),
    };
    return cmocka_run_group_tests_name("math_function", tests, choose, NULL);
}
