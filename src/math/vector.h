/* Private to the room: the vectors of the path being compiled, float and double, so that one source serves all paths.
   Lanes are outputs, never parts of a sum. A further instruction set adds its own block with the same names. */
#ifndef BROOD_MATH_VECTOR_H
#define BROOD_MATH_VECTOR_H

#include <immintrin.h>
#include <stdint.h>

#define VECTOR_INLINE static inline __attribute__((always_inline, unused))

#if defined BROOD_PATH_avx512

/* X(type name, element, vector, intrinsics' suffix, mask, lanes) */
/* X(vectors, rows): the tiles of C that stay in the 32 registers, with B's row of vectors and one of A. */
#define BROOD_TILES(X) X(1, 8) X(2, 8) X(3, 8) X(4, 6)
enum { TILE_ROWS = 8, TILE_VECTORS = 4, PANEL_VECTORS = 4 };

#define BROOD_VECTORS(X)                                                                                               \
    X(f32, float, __m512, ps, __mmask16, 16)                                                                           \
    X(f64, double, __m512d, pd, __mmask8, 8)

#define BROOD_VECTOR(type, real, vector, suffix, mask, lanes)                                                          \
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
    }
BROOD_VECTORS(BROOD_VECTOR)

#elif defined BROOD_PATH_avx2

/* X(vectors, rows): the tiles of C that stay in the 16 registers, with B's row of vectors and one of A. */
#define BROOD_TILES(X) X(1, 8) X(2, 6) X(3, 4)
enum { TILE_ROWS = 8, TILE_VECTORS = 3, PANEL_VECTORS = 2 };

#define BROOD_VECTORS(X)                                                                                               \
    X(f32, float, __m256, ps, 8)                                                                                       \
    X(f64, double, __m256d, pd, 4)

#define BROOD_VECTOR(type, real, vector, suffix, lanes)                                                                \
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

#else
#error "no vectors for this path"
#endif

#undef BROOD_VECTOR
#undef BROOD_VECTORS
#endif
