/* Private to the room: the vectors of the path being compiled, float and double, so that one source serves all paths.
   Lanes are outputs, never parts of a sum. A further instruction set adds its own block with the same names. */
#ifndef BROOD_MATH_VECTOR_H
#define BROOD_MATH_VECTOR_H

#ifndef BROOD_PATH_generic
#include <immintrin.h>
#endif
#include <math.h>
#include <stdint.h>

/* Of halves: either has the lower half of one vector and the upper one of another, join the lower halves of both, upper
   the upper half as the lower one. */
#define VECTOR_INLINE static inline __attribute__((always_inline, unused))

#if defined BROOD_PATH_avx512

/* X(type name, element, vector, intrinsics' suffix, that of quarters of a vector, mask, lanes) */
/* X(vectors, rows): the tiles of C that stay in the 32 registers, with B's row of vectors and one of A. */
#define BROOD_TILES(X) X(1, 8) X(2, 8) X(3, 8) X(4, 6)
enum { TILE_ROWS = 8, TILE_VECTORS = 4, PANEL_VECTORS = 4 };

#define BROOD_VECTORS(X)                                                                                               \
    X(f32, float, __m512, ps, f32x4, __mmask16, 16)                                                                    \
    X(f64, double, __m512d, pd, f64x2, __mmask8, 8)

#define BROOD_VECTOR(type, real, vector, suffix, quarters, mask, lanes)                                                \
    typedef vector vector_##type;                                                                                      \
    enum { lanes_##type = lanes };                                                                                     \
    VECTOR_INLINE vector zero_##type(void) {                                                                           \
        return _mm512_setzero_##suffix();                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE vector broadcast_##type(const real *at) {                                                            \
        return _mm512_set1_##suffix(*at);                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE vector load_##type(const real *at) {                                                                 \
        return _mm512_loadu_##suffix(at);                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE void store_##type(real *at, vector x) {                                                              \
        _mm512_storeu_##suffix(at, x);                                                                                 \
    }                                                                                                                  \
    VECTOR_INLINE vector load_first_##type(const real *at, int count) {                                                \
        return _mm512_maskz_loadu_##suffix((mask)((1u << count) - 1), at);                                             \
    }                                                                                                                  \
    VECTOR_INLINE void store_first_##type(real *at, vector x, int count) {                                             \
        _mm512_mask_storeu_##suffix(at, (mask)((1u << count) - 1), x);                                                 \
    }                                                                                                                  \
    VECTOR_INLINE vector add_##type(vector a, vector b) {                                                              \
        return _mm512_add_##suffix(a, b);                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE vector fma_##type(vector a, vector b, vector c) {                                                    \
        return _mm512_fmadd_##suffix(a, b, c);                                                                         \
    }                                                                                                                  \
    VECTOR_INLINE vector either_##type(vector lower, vector upper) {                                                   \
        return _mm512_mask_blend_##suffix((mask)((1u << lanes) - (1u << lanes / 2)), lower, upper);                    \
    }                                                                                                                  \
    VECTOR_INLINE vector join_##type(vector lower, vector upper) {                                                     \
        return _mm512_shuffle_##quarters(lower, upper, 0x44);                                                          \
    }                                                                                                                  \
    VECTOR_INLINE vector upper_##type(vector x) {                                                                      \
        return _mm512_shuffle_##quarters(x, x, 0xee);                                                                  \
    }
BROOD_VECTORS(BROOD_VECTOR)

#elif defined BROOD_PATH_avx2

/* X(vectors, rows): the tiles of C that stay in the 16 registers, with B's row of vectors and one of A. */
#define BROOD_TILES(X) X(1, 12) X(2, 6) X(3, 4)
enum { TILE_ROWS = 12, TILE_VECTORS = 3, PANEL_VECTORS = 2 };

#define BROOD_VECTORS(X)                                                                                               \
    X(f32, float, __m256, ps, 0xf0, 8)                                                                                 \
    X(f64, double, __m256d, pd, 0xc, 4)

#define BROOD_VECTOR(type, real, vector, suffix, upper_half, lanes)                                                    \
    typedef vector vector_##type;                                                                                      \
    enum { lanes_##type = lanes };                                                                                     \
    VECTOR_INLINE vector zero_##type(void) {                                                                           \
        return _mm256_setzero_##suffix();                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE vector broadcast_##type(const real *at) {                                                            \
        return _mm256_set1_##suffix(*at);                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE vector load_##type(const real *at) {                                                                 \
        return _mm256_loadu_##suffix(at);                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE void store_##type(real *at, vector x) {                                                              \
        _mm256_storeu_##suffix(at, x);                                                                                 \
    }                                                                                                                  \
    VECTOR_INLINE vector add_##type(vector a, vector b) {                                                              \
        return _mm256_add_##suffix(a, b);                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE vector fma_##type(vector a, vector b, vector c) {                                                    \
        return _mm256_fmadd_##suffix(a, b, c);                                                                         \
    }                                                                                                                  \
    VECTOR_INLINE vector either_##type(vector lower, vector upper) {                                                   \
        return _mm256_blend_##suffix(lower, upper, upper_half);                                                        \
    }                                                                                                                  \
    VECTOR_INLINE vector join_##type(vector lower, vector upper) {                                                     \
        return _mm256_permute2f128_##suffix(lower, upper, 0x20);                                                       \
    }                                                                                                                  \
    VECTOR_INLINE vector upper_##type(vector x) {                                                                      \
        return _mm256_permute2f128_##suffix(x, x, 0x11);                                                               \
    }
BROOD_VECTORS(BROOD_VECTOR)

/* The first 1 … lanes − 1 elements. Stores in halves: the masked store is slow on AMD's CPUs. */
VECTOR_INLINE __m256 load_first_f32(const float *at, int count) {
    return _mm256_maskload_ps(at,
                              _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)));
}

VECTOR_INLINE void store_first_f32(float *at, __m256 x, int count) {
    __m128 part = _mm256_castps256_ps128(x);
    if (count & 4) {
        _mm_storeu_ps(at, part);
        at += 4;
        part = _mm256_extractf128_ps(x, 1);
    }
    if (count & 2) {
        _mm_storel_pi((__m64 *)(void *)at, part);
        at += 2;
        part = _mm_movehl_ps(part, part);
    }
    if (count & 1) _mm_store_ss(at, part);
}

VECTOR_INLINE __m256d load_first_f64(const double *at, int count) {
    return _mm256_maskload_pd(at, _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3)));
}

VECTOR_INLINE void store_first_f64(double *at, __m256d x, int count) {
    __m128d part = _mm256_castpd256_pd128(x);
    if (count & 2) {
        _mm_storeu_pd(at, part);
        at += 2;
        part = _mm256_extractf128_pd(x, 1);
    }
    if (count & 1) _mm_store_sd(at, part);
}

#elif defined BROOD_PATH_generic

/* Of 128 bits, element by element: for proofs on other CPUs. */
#define BROOD_TILES(X) X(1, 4) X(2, 4) X(3, 4)
enum { TILE_ROWS = 4, TILE_VECTORS = 3, PANEL_VECTORS = 2 };

#define BROOD_VECTORS(X)                                                                                               \
    X(f32, float, fmaf, 4)                                                                                             \
    X(f64, double, fma, 2)

#define BROOD_VECTOR(type, real, real_fma, lanes)                                                                      \
    typedef real vector_##type __attribute__((vector_size(16)));                                                       \
    enum { lanes_##type = lanes };                                                                                     \
    VECTOR_INLINE vector_##type broadcast_##type(const real *at) {                                                     \
        vector_##type x = {0};                                                                                         \
        for (int i = 0; i < lanes; i++) x[i] = *at;                                                                    \
        return x;                                                                                                      \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type zero_##type(void) {                                                                    \
        return (vector_##type){0};                                                                                     \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type load_first_##type(const real *at, int count) {                                         \
        vector_##type x = {0};                                                                                         \
        for (int i = 0; i < count; i++) x[i] = at[i];                                                                  \
        return x;                                                                                                      \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type load_##type(const real *at) {                                                          \
        return load_first_##type(at, lanes);                                                                           \
    }                                                                                                                  \
    VECTOR_INLINE void store_first_##type(real *at, vector_##type x, int count) {                                      \
        for (int i = 0; i < count; i++) at[i] = x[i];                                                                  \
    }                                                                                                                  \
    VECTOR_INLINE void store_##type(real *at, vector_##type x) {                                                       \
        store_first_##type(at, x, lanes);                                                                              \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type add_##type(vector_##type a, vector_##type b) {                                         \
        return a + b;                                                                                                  \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type fma_##type(vector_##type a, vector_##type b, vector_##type c) {                        \
        vector_##type x = {0};                                                                                         \
        for (int i = 0; i < lanes; i++) x[i] = real_fma(a[i], b[i], c[i]);                                             \
        return x;                                                                                                      \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type either_##type(vector_##type lower, vector_##type upper) {                              \
        for (int i = lanes / 2; i < lanes; i++) lower[i] = upper[i];                                                   \
        return lower;                                                                                                  \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type join_##type(vector_##type lower, vector_##type upper) {                                \
        for (int i = lanes / 2; i < lanes; i++) lower[i] = upper[i - lanes / 2];                                       \
        return lower;                                                                                                  \
    }                                                                                                                  \
    VECTOR_INLINE vector_##type upper_##type(vector_##type x) {                                                        \
        for (int i = 0; i < lanes / 2; i++) x[i] = x[i + lanes / 2];                                                   \
        return x;                                                                                                      \
    }
BROOD_VECTORS(BROOD_VECTOR)

#else
#error "no vectors for this path"
#endif

#undef BROOD_VECTOR
#undef BROOD_VECTORS

#ifdef BROOD_PATH_generic
enum { SQUARE_f32 = 1, SQUARE_f64 = 1 };
#define transpose_f32(from, ld_from, to, ld_to) ((void)(ld_from), (void)(ld_to), *(to) = *(from))
#define transpose_f64                           transpose_f32
#else
/* to[j][i] = from[i][j] of a square of SQUARE rows, by 256-bit vectors on both paths: pairs, then fours, then halves.
 */
enum { SQUARE_f32 = 8, SQUARE_f64 = 4 };

VECTOR_INLINE void transpose_f32(const float *from, int64_t ld_from, float *to, int64_t ld_to) {
    __m256 row[8], pair[8], four[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) row[i] = _mm256_loadu_ps(from + i * ld_from);
#pragma GCC unroll 4
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
        four[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
        four[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xee);
        four[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
        four[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * ld_to, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * ld_to, _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
    }
}

VECTOR_INLINE void transpose_f64(const double *from, int64_t ld_from, double *to, int64_t ld_to) {
    __m256d row[4], pair[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) row[i] = _mm256_loadu_pd(from + i * ld_from);
#pragma GCC unroll 2
    for (int i = 0; i < 4; i += 2) {
        pair[i] = _mm256_unpacklo_pd(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_pd(row[i], row[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        _mm256_storeu_pd(to + i * ld_to, _mm256_permute2f128_pd(pair[i], pair[i + 2], 0x20));
        _mm256_storeu_pd(to + (i + 2) * ld_to, _mm256_permute2f128_pd(pair[i], pair[i + 2], 0x31));
    }
}

#endif /* no generic path */

#endif
