/* Butterflies of small discrete Fourier transforms, X_k = Σ x_n exp(−2πi n k / radix), in place, on vectors of complex
   numbers (prime factors: Kolba and Parks, IEEE ASSP 25, 1977). */
#ifndef BROOD_NN_BUTTERFLIES_H
#define BROOD_NN_BUTTERFLIES_H

#include "lanes.h"

typedef struct {
    lanes_t re, im;
} complex_t;

#define NUMBER(x) lanes_set((brood_real_t)(x))

INLINE void dft_2(complex_t x[]) {
    complex_t b = x[1];
    x[1] = (complex_t){x[0].re - b.re, x[0].im - b.im};
    x[0] = (complex_t){x[0].re + b.re, x[0].im + b.im};
}

INLINE void dft_4(complex_t x[]) {
    complex_t even[2] = {x[0], x[2]}, odd[2] = {x[1], x[3]};
    dft_2(even);
    dft_2(odd);
    x[0] = (complex_t){even[0].re + odd[0].re, even[0].im + odd[0].im};
    x[1] = (complex_t){even[1].re + odd[1].im, even[1].im - odd[1].re};
    x[2] = (complex_t){even[0].re - odd[0].re, even[0].im - odd[0].im};
    x[3] = (complex_t){even[1].re - odd[1].im, even[1].im + odd[1].re};
}

/* cos and sin of 2π j / radix, j ≤ radix / 2. */
static const double cosine_3[2] = {1, -0.5}, sine_3[2] = {0, 0.86602540378443864676};
static const double cosine_5[3] = {1, 0.30901699437494742410, -0.80901699437494742410};
static const double sine_5[3] = {0, 0.95105651629515357212, 0.58778525229247312917};
static const double cosine_7[4] = {1, 0.62348980185873353053, -0.22252093395631440429, -0.90096886790241912624};
static const double sine_7[4] = {0, 0.78183148246802980871, 0.97492791218182360702, 0.43388373911755812048};

/* Of an odd prime: what lies symmetrically is added and subtracted first. */
INLINE void dft_odd(const int radix, const double cosine[], const double sine[], complex_t x[]) {
    const int half = radix / 2;
    complex_t sum[4], difference[4], first = x[0];
#pragma GCC unroll 4
    for (int j = 1; j <= half; j++) {
        sum[j] = (complex_t){x[j].re + x[radix - j].re, x[j].im + x[radix - j].im};
        difference[j] = (complex_t){x[j].re - x[radix - j].re, x[j].im - x[radix - j].im};
        x[0] = (complex_t){x[0].re + sum[j].re, x[0].im + sum[j].im};
    }
#pragma GCC unroll 4
    for (int k = 1; k <= half; k++) {
        complex_t a = first, b = {NUMBER(0), NUMBER(0)};
#pragma GCC unroll 4
        for (int j = 1; j <= half; j++) {
            int     turns = j * k % radix;
            lanes_t c = NUMBER(cosine[turns <= half ? turns : radix - turns]);
            lanes_t s = NUMBER(turns <= half ? sine[turns] : -sine[radix - turns]);
            a = (complex_t){lanes_fma(c, sum[j].re, a.re), lanes_fma(c, sum[j].im, a.im)};
            b = j == 1 ? (complex_t){s * difference[j].re, s * difference[j].im}
                       : (complex_t){lanes_fma(s, difference[j].re, b.re), lanes_fma(s, difference[j].im, b.im)};
        }
        x[k] = (complex_t){a.re + b.im, a.im - b.re};
        x[radix - k] = (complex_t){a.re - b.im, a.im + b.re};
    }
}

INLINE void dft_prime(const int radix, complex_t x[]) {
    switch (radix) {
    case 2:
        dft_2(x);
        break;
    case 3:
        dft_odd(3, cosine_3, sine_3, x);
        break;
    case 4:
        dft_4(x);
        break;
    case 5:
        dft_odd(5, cosine_5, sine_5, x);
        break;
    default:
        dft_odd(7, cosine_7, sine_7, x);
        break;
    }
}

/* Of a · b points without a common divisor; a_unit is 1 modulo a and 0 modulo b, b_unit the other way round. */
INLINE void dft_coprime(const int a, const int b, const int a_unit, const int b_unit, complex_t x[]) {
    complex_t part[4][5]; /* [a][b] */
#pragma GCC unroll 8
    for (int j = 0; j < b; j++) {
        complex_t line[4];
#pragma GCC unroll 8
        for (int i = 0; i < a; i++) line[i] = x[(b * i + a * j) % (a * b)];
        dft_prime(a, line);
#pragma GCC unroll 8
        for (int i = 0; i < a; i++) part[i][j] = line[i];
    }
#pragma GCC unroll 8
    for (int i = 0; i < a; i++) {
        dft_prime(b, part[i]);
#pragma GCC unroll 8
        for (int j = 0; j < b; j++) x[(a_unit * i + b_unit * j) % (a * b)] = part[i][j];
    }
}

/* cos and sin of 2π j / 16. */
static const double cosine_16[10] = {1,  0.92387953251128675613,  0.70710678118654752440,  0.38268343236508977173,
                                     0,  -0.38268343236508977173, -0.70710678118654752440, -0.92387953251128675613,
                                     -1, -0.92387953251128675613};
static const double sine_16[10] = {0, 0.38268343236508977173, 0.70710678118654752440, 0.92387953251128675613,
                                   1, 0.92387953251128675613, 0.70710678118654752440, 0.38268343236508977173,
                                   0, -0.38268343236508977173};

/* x exp(−2πi j / 16). */
INLINE complex_t turned(const int j, complex_t x) {
    if (j == 0) return x;
    if (j == 4) return (complex_t){x.im, -x.re};
    lanes_t c = NUMBER(cosine_16[j]), s = NUMBER(sine_16[j]);
    return (complex_t){lanes_fma(s, x.im, c * x.re), lanes_fnma(s, x.re, c * x.im)};
}

/* Of a · 4 points, a = 2 or 4. */
INLINE void dft_fours(const int a, complex_t x[]) {
    complex_t part[4][4]; /* [a][4] */
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        complex_t line[4];
#pragma GCC unroll 4
        for (int i = 0; i < a; i++) line[i] = x[4 * i + j];
        dft_prime(a, line);
#pragma GCC unroll 4
        for (int i = 0; i < a; i++) part[i][j] = turned(i * j * (4 / a), line[i]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < a; i++) {
        dft_4(part[i]);
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) x[i + a * j] = part[i][j];
    }
}

INLINE void dft(const int radix, complex_t x[]) {
    switch (radix) {
    case 6:
        dft_coprime(2, 3, 3, 4, x);
        break;
    case 8:
        dft_fours(2, x);
        break;
    case 10:
        dft_coprime(2, 5, 5, 6, x);
        break;
    case 12:
        dft_coprime(3, 4, 4, 9, x);
        break;
    case 16:
        dft_fours(4, x);
        break;
    default:
        dft_prime(radix, x);
        break;
    }
}

#define MAX_RADIX 16

#endif
