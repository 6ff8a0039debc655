/* The series are Taylor's and area tangens's own, cut where the next term is below 2^-56 of the result; what makes the
   bounds is the reduction of the argument and where the last rounding happens. Compiled so that fma() is an
   instruction; selects instead of branches where loops over a function should be vectorised. */
#include "brood/math/function.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* ln 2 and π/2 in parts. LN2_HIGH has 42 bits, so that its product with an exponent is exact. */
#define LN2_HIGH 0x1.62e42fefa3800p-1
#define LN2_LOW  0x1.ef35793c76730p-45
#define INV_LN2  0x1.71547652b82fep+0
#define PIO2_1   0x1.921fb54442d18p+0
#define PIO2_2   0x1.1a62633145c07p-54
#define PIO2_3   -0x1.f1976b7ed8fbcp-110
#define INV_PIO2 0x1.45f306dc9c883p-1
#define TWO_PI   0x1.921fb54442d18p+2

#define INFINITE_BITS  UINT64_C(0x7ff0000000000000)
#define NAN_BITS       UINT64_C(0x7ff8000000000000)
#define SQRT_HALF_BITS UINT64_C(0x3fe6a09e667f3bcd)

/* Added to a number below 2^51, it leaves the nearest whole number in the low bits of the mantissa. */
#define ROUNDER 0x1.8p52

/* Two doubles whose unrounded sum is meant; |low| is at most half an ulp of high, or nearly so. */
typedef struct {
    double high, low;
} twice_t;

static inline uint64_t to_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline double canonical(double x) {
    return x != x ? from_bits(NAN_BITS) : x;
}

/* ---- exp and its kin ---- */

/* exp(x) − 1 − x for |x| ≤ ln 2 / 2, by its series, plus `low`, what x lost in its own rounding. */
static inline double exp_tail(double x, double low) {
    double sum = 1.0 / 6227020800.0;
    sum = fma(sum, x, 1.0 / 479001600.0);
    sum = fma(sum, x, 1.0 / 39916800.0);
    sum = fma(sum, x, 1.0 / 3628800.0);
    sum = fma(sum, x, 1.0 / 362880.0);
    sum = fma(sum, x, 1.0 / 40320.0);
    sum = fma(sum, x, 1.0 / 5040.0);
    sum = fma(sum, x, 1.0 / 720.0);
    sum = fma(sum, x, 1.0 / 120.0);
    sum = fma(sum, x, 1.0 / 24.0);
    sum = fma(sum, x, 1.0 / 6.0);
    sum = fma(sum, x, 0.5);
    return fma(sum, x * x, low);
}

/* x + low = k ln 2 + r.high + r.low, |r.low| within an ulp of r.high or of 2^-53 x; k as a double, and in the low bits
 *of k_bits. */
static inline twice_t exp_reduce(double x, double low, double *k, uint64_t *k_bits) {
    double shifted = fma(x, INV_LN2, ROUNDER);
    *k = shifted - ROUNDER;
    *k_bits = to_bits(shifted) - to_bits(ROUNDER);
    double first = fma(-*k, LN2_HIGH, x), second = fma(*k, LN2_LOW, -low), high = first - second;
    return (twice_t){high, (first - high) - second};
}

/* exp(x + low) for |low| far below 1. 2^k is applied in two halves, so that each is a normal number even where the
   result overflows or is denormal. */
static inline twice_t exp_twice(double x, double low) {
    x = x > 710.0 ? 710.0 : x;
    x = x < -746.0 ? -746.0 : x;
    double   k;
    uint64_t k_bits;
    twice_t  r = exp_reduce(x, low, &k, &k_bits);
    double   part = r.high + exp_tail(r.high, r.low);
    twice_t  mantissa = {.high = 1.0 + part};
    mantissa.low = (1.0 - mantissa.high) + part;
    uint64_t half = (k_bits + 2048) >> 1, rest = k_bits + 2048 - half; /* k + 2048 is never negative */
    double   scale = from_bits((half - 1) << 52), more = from_bits((rest - 1) << 52);
    return (twice_t){mantissa.high * scale * more, mantissa.low * scale * more};
}

double brood_exp(double x) {
    return canonical(exp_twice(x, 0.0).high);
}

/* a / b to half an ulp and a little: the rounded quotient, and what it leaves over. */
static inline double quotient(twice_t a, twice_t b) {
    double inverse = 1.0 / b.high, q = a.high * inverse;
    double rest = fma(-q, b.high, a.high) + fma(-q, b.low, a.low);
    return fma(rest, inverse, q);
}

/* x + y and what its rounding lost (Knuth), without asking which is larger. */
static inline twice_t two_sum(double x, double y) {
    double sum = x + y, part = sum - x;
    return (twice_t){sum, (x - (sum - part)) + (y - part)};
}

/* tanh |x| = t / (t + 2) with t = exp(2 |x|) − 1, which keeps the digits of small arguments; 1 from 19.25 on. */
static inline double tanh_core(double x) {
    double twice = 2.0 * fabs(x);
    twice = twice > 38.5 ? 38.5 : twice;
    double   k;
    uint64_t k_bits;
    twice_t  r = exp_reduce(twice, 0.0, &k, &k_bits);
    double   tail = exp_tail(r.high, r.low), fraction = r.high + tail;
    double   power = from_bits((k_bits + 1023) << 52), whole = power - 1.0, part = power * fraction;
    twice_t  t = {.high = whole + part}; /* whole is 0, or the larger */
    t.low = fma(power, (r.high - fraction) + tail, (whole - t.high) + part);
    twice_t below = two_sum(t.high, 2.0);
    below.low += t.low;
    return canonical(copysign(quotient(t, below), x));
}

static inline double sigmoid_core(double x) {
    twice_t e = exp_twice(-fabs(x), 0.0);
    twice_t above = {x < 0 ? e.high : 1.0, x < 0 ? e.low : 0.0};
    twice_t below = {.high = 1.0 + e.high};
    below.low = ((1.0 - below.high) + e.high) + e.low;
    return canonical(quotient(above, below));
}

double brood_tanh(double x) {
    return tanh_core(x);
}

double brood_sigmoid(double x) {
    return sigmoid_core(x);
}

void        brood_tanh_n(int64_t n, const double x[], double y[]) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) y[i] = tanh_core(x[i]);
}

void        brood_sigmoid_n(int64_t n, const double x[], double y[]) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) y[i] = sigmoid_core(x[i]);
}

/* ---- log and pow ---- */

/* log x to about 2^-64 of itself, for positive finite x. x = 2^k m with m in [√½, √2) and log m = 2 artanh s, s = (m −
   1) / (m + 1): 2 s (1 + s²/3 + s⁴/5 + …), of which s and s²/3 are carried in two doubles. */
static twice_t log_twice(double x) {
    static const double third_high = 0x1.5555555555555p-2, third_low = 0x1.5555555555555p-56;
    double              k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits = to_bits(x) + (to_bits(1.0) - SQRT_HALF_BITS);
    k += (double)((int64_t)(bits >> 52) - 1023);
    double m = from_bits((bits & UINT64_C(0x000fffffffffffff)) + SQRT_HALF_BITS);

    double f = m - 1.0, d = 2.0 + f, d_low = f - (d - 2.0);
    double s = f / d, s_low = fma(-s, d_low, fma(-s, d, f)) / d;
    double z = s * s, z_low = fma(s, s, -z) + 2.0 * s * s_low;
    double tail = 1.0 / 23.0;
    tail = fma(tail, z, 1.0 / 21.0);
    tail = fma(tail, z, 1.0 / 19.0);
    tail = fma(tail, z, 1.0 / 17.0);
    tail = fma(tail, z, 1.0 / 15.0);
    tail = fma(tail, z, 1.0 / 13.0);
    tail = fma(tail, z, 1.0 / 11.0);
    tail = fma(tail, z, 1.0 / 9.0);
    tail = fma(tail, z, 1.0 / 7.0);
    tail = fma(tail, z, 1.0 / 5.0);
    tail *= z * z;
    double w = z * third_high, w_low = fma(z, third_high, -w) + fma(z, third_low, z_low * third_high);
    double u = w + tail, u_low = ((w - u) + tail) + w_low;

    s += s;
    s_low += s_low;
    double product = s * u, product_low = fma(s, u, -product) + fma(s, u_low, s_low * u);
    double high = s + product, low = ((s - high) + product) + (product_low + s_low);

    double whole = k * LN2_HIGH, sum = whole + high;
    low = ((whole - sum) + high) + fma(k, LN2_LOW, low);
    twice_t result = {.high = sum + low};
    result.low = (sum - result.high) + low;
    return result;
}

double brood_log(double x) {
    if (x > 0 && x < INFINITY) return log_twice(x).high;
    if (x == 0) return -INFINITY;
    return x > 0 ? x : brood_nan();
}

/* Where log x is 0 or infinite, or y is: neither argument is NaN, x ≥ 0, x ≠ 1, y ≠ 0. */
static double pow_at_the_ends(double x, double y) {
    bool grows = (x > 1) == (y > 0);
    return grows ? INFINITY : 0.0;
}

double brood_pow(double x, double y) {
    if (y == 0 || x == 1) return 1.0;
    if (x != x || y != y || x < 0) return brood_nan();
    if (x == 0 || isinf(x) || isinf(y)) return pow_at_the_ends(x, y);
    twice_t log_x = log_twice(x);
    double  high = y * log_x.high;
    if (fabs(high) > 800) return pow_at_the_ends(x, y);
    return exp_twice(high, fma(y, log_x.high, -high) + y * log_x.low).high;
}

/* ---- sin and cos ---- */

/* x = quadrant π/2 + r for |x| ≤ 2^20. x − k PIO2_1 is exact: a multiple of 2^-53 below 1. */
static twice_t quarter_turns(double x, int *quadrant) {
    double k = rint(x * INV_PIO2);
    double first = fma(-k, PIO2_1, x), second = -k * PIO2_2;
    double second_low = fma(-k, PIO2_2, -second) - k * PIO2_3;
    double high = first + second, part = high - first;
    double low = ((first - (high - part)) + (second - part)) + second_low;
    *quadrant = (int)((int64_t)k & 3);
    return (twice_t){high, low};
}

static double sin_series(twice_t r) {
    double z = r.high * r.high, sum = 1.0 / 355687428096000.0;
    sum = fma(sum, z, -1.0 / 1307674368000.0);
    sum = fma(sum, z, 1.0 / 6227020800.0);
    sum = fma(sum, z, -1.0 / 39916800.0);
    sum = fma(sum, z, 1.0 / 362880.0);
    sum = fma(sum, z, -1.0 / 5040.0);
    sum = fma(sum, z, 1.0 / 120.0);
    sum = fma(sum, z, -1.0 / 6.0);
    return r.high + fma(sum, z * r.high, fma(-0.5 * z, r.low, r.low));
}

static double cos_series(twice_t r) {
    double z = r.high * r.high, sum = 1.0 / 20922789888000.0;
    sum = fma(sum, z, -1.0 / 87178291200.0);
    sum = fma(sum, z, 1.0 / 479001600.0);
    sum = fma(sum, z, -1.0 / 3628800.0);
    sum = fma(sum, z, 1.0 / 40320.0);
    sum = fma(sum, z, -1.0 / 720.0);
    sum = fma(sum, z, 1.0 / 24.0);
    double half = 0.5 * z, rest = 1.0 - half;
    return rest + (((1.0 - rest) - half) + fma(sum, z * z, -r.high * r.low));
}

static double sin_shifted(double x, int quarter) {
    if (!(fabs(x) <= 0x1p20)) return brood_nan();
    int     quadrant;
    twice_t r = quarter_turns(x, &quadrant);
    quadrant += quarter;
    double value = quadrant & 1 ? cos_series(r) : sin_series(r);
    return quadrant & 2 ? -value : value;
}

double brood_sin(double x) {
    return x == 0 ? x : sin_shifted(x, 0);
}

double brood_cos(double x) {
    return sin_shifted(x, 1);
}

double brood_random_normal(const brood_key4_t *key, uint32_t index) {
    uint32_t word[4];
    brood_random_block(key, index, word);
    uint64_t first = ((uint64_t)word[1] << 32 | word[0]) >> 11, second = ((uint64_t)word[3] << 32 | word[2]) >> 11;
    double   u = (double)(first + 1) * 0x1p-53, v = (double)second * 0x1p-53;
    return sqrt(-2.0 * brood_log(u)) * brood_cos(TWO_PI * v);
}
