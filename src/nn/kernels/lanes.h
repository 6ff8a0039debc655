/* Vectors of reals, of the positions beside them (brood_index_t, as wide) and of doubles that sums are made in, as wide
   as the path has them. Included by what is compiled once a path. */
#ifndef BROOD_NN_LANES_H
#define BROOD_NN_LANES_H

#include "kernels.h"

#define INLINE static inline __attribute__((always_inline, unused))

#define BROOD_PASTE_(name, path) brood_nn_##name##_##path
#define BROOD_PASTE(name, path)  BROOD_PASTE_(name, path)
#define KERNEL(name)             BROOD_PASTE(name, BROOD_PATH) /* brood_nn_relu_forward_avx2 */

#ifdef BROOD_PATH_generic
#include "lanes_generic.h"
#else

#include <immintrin.h>
#include <string.h>

#ifdef BROOD_PATH_avx512

typedef __m512i  lanes_index_t;
typedef __m512d  wide_t;
#define wide_zero()       _mm512_setzero_pd()
#define wide_fma          _mm512_fmadd_pd
#define wide_store(p, v)  _mm512_storeu_pd(p, v)
#define WIDE              8
#define index_load(p)     _mm512_loadu_si512(p)
#define index_store(p, v) _mm512_storeu_si512(p, v)

#ifdef BROOD_NN_DOUBLE
typedef __m512d  lanes_t;
typedef __mmask8 lanes_mask_t;
#define LANES                  8
#define lanes_first(n)         ((__mmask8)((1u << (n)) - 1))
#define lanes_set(x)           _mm512_set1_pd(x)
#define lanes_load(p)          _mm512_loadu_pd(p)
#define lanes_load_n(p, n)     _mm512_maskz_loadu_pd(lanes_first(n), p)
#define lanes_store(p, v)      _mm512_storeu_pd(p, v)
#define lanes_store_n(p, v, n) _mm512_mask_storeu_pd(p, lanes_first(n), v)
#define lanes_fma              _mm512_fmadd_pd
#define lanes_fnma             _mm512_fnmadd_pd
#define lanes_sqrt             _mm512_sqrt_pd
#define lanes_less(a, b)       _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ)
#define lanes_select(m, a, b)  _mm512_mask_blend_pd(m, b, a)
#define lanes_masked(m, a)     _mm512_maskz_mov_pd(m, a)
#define index_set(x)           _mm512_set1_epi64(x)
#define index_load_n(p, n)     _mm512_maskz_loadu_epi64(lanes_first(n), p)
#define index_store_n(p, v, n) _mm512_mask_storeu_epi64(p, lanes_first(n), v)
#define index_equal(a, b)      _mm512_cmpeq_epi64_mask(a, b)
#define index_negative(a)      _mm512_cmplt_epi64_mask(a, _mm512_setzero_si512())
#define index_add(a, b)        _mm512_add_epi64(a, b)
#define taps_load_n(p, n)      _mm512_cvtepi8_epi64(_mm_maskz_loadu_epi8((__mmask16)lanes_first(n), p))
#define taps_store_n(p, v, n)  _mm_mask_storeu_epi8(p, (__mmask16)lanes_first(n), _mm512_cvtepi64_epi8(v))
#define index_select(m, a, b)  _mm512_mask_blend_epi64(m, b, a)
#define index_fma(a, b, c)     _mm512_add_epi64(_mm512_mullo_epi64(a, b), c)
#define index_iota()           _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7)
#define lanes_pack(bits, v, p) _mm512_storeu_pd(p, _mm512_maskz_compress_pd(mask_of(bits), v))
#define index_pack(bits, v, p) _mm512_storeu_si512(p, _mm512_maskz_compress_epi64(mask_of(bits), v))
#define lanes_widen(v, half)   (v)
#else
typedef __m512    lanes_t;
typedef __mmask16 lanes_mask_t;
#define LANES                  16
#define lanes_first(n)         ((__mmask16)((1u << (n)) - 1))
#define lanes_set(x)           _mm512_set1_ps(x)
#define lanes_load(p)          _mm512_loadu_ps(p)
#define lanes_load_n(p, n)     _mm512_maskz_loadu_ps(lanes_first(n), p)
#define lanes_store(p, v)      _mm512_storeu_ps(p, v)
#define lanes_store_n(p, v, n) _mm512_mask_storeu_ps(p, lanes_first(n), v)
#define lanes_fma              _mm512_fmadd_ps
#define lanes_fnma             _mm512_fnmadd_ps
#define lanes_sqrt             _mm512_sqrt_ps
#define lanes_less(a, b)       _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)
#define lanes_select(m, a, b)  _mm512_mask_blend_ps(m, b, a)
#define lanes_masked(m, a)     _mm512_maskz_mov_ps(m, a)
#define index_set(x)           _mm512_set1_epi32(x)
#define index_load_n(p, n)     _mm512_maskz_loadu_epi32(lanes_first(n), p)
#define index_store_n(p, v, n) _mm512_mask_storeu_epi32(p, lanes_first(n), v)
#define index_equal(a, b)      _mm512_cmpeq_epi32_mask(a, b)
#define index_negative(a)      _mm512_cmplt_epi32_mask(a, _mm512_setzero_si512())
#define index_add(a, b)        _mm512_add_epi32(a, b)
#define taps_load_n(p, n)                                                                                              \
    _mm512_cvtepi8_epi32((n) == LANES ? _mm_loadu_si128((const __m128i *)(const void *)(p))                            \
                                      : _mm_maskz_loadu_epi8(lanes_first(n), p))
#define taps_store_n(p, v, n)  _mm_mask_storeu_epi8(p, lanes_first(n), _mm512_cvtepi32_epi8(v))
#define index_select(m, a, b)  _mm512_mask_blend_epi32(m, b, a)
#define index_fma(a, b, c)     _mm512_add_epi32(_mm512_mullo_epi32(a, b), c)
#define index_iota()           _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define lanes_pack(bits, v, p) _mm512_storeu_ps(p, _mm512_maskz_compress_ps(mask_of(bits), v))
#define index_pack(bits, v, p) _mm512_storeu_si512(p, _mm512_maskz_compress_epi32(mask_of(bits), v))
#define lanes_widen(v, half)   _mm512_cvtps_pd((half) ? _mm512_extractf32x8_ps(v, 1) : _mm512_castps512_ps256(v))
#endif
#define HAS_PACK
#define mask_bits(m)  ((unsigned)(m))
#define mask_of(bits) ((lanes_mask_t)(bits)) /* the lowest bit is the first lane's */

#else /* avx2 */

typedef __m256i lanes_index_t;
typedef __m256d wide_t;
#define wide_zero()       _mm256_setzero_pd()
#define wide_fma          _mm256_fmadd_pd
#define wide_store(p, v)  _mm256_storeu_pd(p, v)
#define WIDE              4
#define index_load(p)     _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define index_store(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)

#ifdef BROOD_NN_DOUBLE
typedef __m256d lanes_t;
typedef __m256d lanes_mask_t;
#define LANES                 4
#define lanes_first(n)        _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3))
#define lanes_set(x)          _mm256_set1_pd(x)
#define lanes_load(p)         _mm256_loadu_pd(p)
#define lanes_load_n(p, n)    _mm256_maskload_pd(p, lanes_first(n))
#define lanes_store(p, v)     _mm256_storeu_pd(p, v)
#define lanes_store_n         lanes_store_first
#define lanes_fma             _mm256_fmadd_pd
#define lanes_fnma            _mm256_fnmadd_pd
#define lanes_sqrt            _mm256_sqrt_pd
#define lanes_less(a, b)      _mm256_cmp_pd(a, b, _CMP_LT_OQ)
#define lanes_select(m, a, b) _mm256_blendv_pd(b, a, m)
#define lanes_masked(m, a)    _mm256_and_pd(m, a)
#define mask_bits(m)          ((unsigned)_mm256_movemask_pd(m))
#define mask_of(bits)                                                                                                  \
    _mm256_castsi256_pd(_mm256_cmpgt_epi64(_mm256_and_si256(_mm256_set1_epi64x(bits), _mm256_setr_epi64x(1, 2, 4, 8)), \
                                           _mm256_setzero_si256()))
#define index_set(x)           _mm256_set1_epi64x(x)
#define index_load_n(p, n)     _mm256_maskload_epi64((const long long *)(const void *)(p), lanes_first(n))
#define index_store_n(p, v, n) _mm256_maskstore_epi64((long long *)(void *)(p), lanes_first(n), v)
#define index_equal(a, b)      _mm256_castsi256_pd(_mm256_cmpeq_epi64(a, b))
#define index_negative(a)      _mm256_castsi256_pd(a) /* the sign is all that a selection looks at */
#define index_add(a, b)        _mm256_add_epi64(a, b)
#define index_select(m, a, b)  _mm256_castpd_si256(_mm256_blendv_pd(_mm256_castsi256_pd(b), _mm256_castsi256_pd(a), m))
#define index_fma(a, b, c)     ((a) * (b) + (c))
#define index_iota()           _mm256_setr_epi64x(0, 1, 2, 3)
#define lanes_widen(v, half)   (v)
#else
typedef __m256 lanes_t;
typedef __m256 lanes_mask_t;
#define LANES                 8
#define lanes_first(n)        _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define lanes_set(x)          _mm256_set1_ps(x)
#define lanes_load(p)         _mm256_loadu_ps(p)
#define lanes_load_n(p, n)    _mm256_maskload_ps(p, lanes_first(n))
#define lanes_store(p, v)     _mm256_storeu_ps(p, v)
#define lanes_store_n         lanes_store_first
#define lanes_fma             _mm256_fmadd_ps
#define lanes_fnma            _mm256_fnmadd_ps
#define lanes_sqrt            _mm256_sqrt_ps
#define lanes_less(a, b)      _mm256_cmp_ps(a, b, _CMP_LT_OQ)
#define lanes_select(m, a, b) _mm256_blendv_ps(b, a, m)
#define lanes_masked(m, a)    _mm256_and_ps(m, a)
#define mask_bits(m)          ((unsigned)_mm256_movemask_ps(m))
#define mask_of(bits)                                                                                                  \
    _mm256_castsi256_ps(_mm256_cmpgt_epi32(                                                                            \
        _mm256_and_si256(_mm256_set1_epi32((int)(bits)), _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128)),              \
        _mm256_setzero_si256()))
#define index_set(x)           _mm256_set1_epi32(x)
#define index_load_n(p, n)     _mm256_maskload_epi32(p, lanes_first(n))
#define index_store_n(p, v, n) _mm256_maskstore_epi32(p, lanes_first(n), v)
#define index_equal(a, b)      _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b))
#define index_negative(a)      _mm256_castsi256_ps(a) /* the sign is all that a selection looks at */
#define index_add(a, b)        _mm256_add_epi32(a, b)
#define index_select(m, a, b)  _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(b), _mm256_castsi256_ps(a), m))
#define index_fma(a, b, c)     _mm256_add_epi32(_mm256_mullo_epi32(a, b), c)
#define index_iota()           _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)
#define lanes_widen(v, half)   _mm256_cvtps_pd((half) ? _mm256_extractf128_ps(v, 1) : _mm256_castps256_ps128(v))
#endif

/* In parts: the masked store is slow on AMD's CPUs. */
static inline __attribute__((always_inline, unused)) void lanes_store_first(brood_real_t *p, lanes_t v, int64_t n) {
    if (n == LANES) {
        lanes_store(p, v);
        return;
    }
#ifdef BROOD_NN_DOUBLE
    __m128d part = _mm256_castpd256_pd128(v);
    if (n & 2) {
        _mm_storeu_pd(p, part);
        p += 2;
        part = _mm256_extractf128_pd(v, 1);
    }
    if (n & 1) _mm_store_sd(p, part);
#else
    __m128 part = _mm256_castps256_ps128(v);
    if (n & 4) {
        _mm_storeu_ps(p, part);
        p += 4;
        part = _mm256_extractf128_ps(v, 1);
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, part);
        p += 2;
        part = _mm_movehl_ps(part, part);
    }
    if (n & 1) _mm_store_ss(p, part);
#endif
}

static inline __attribute__((always_inline, unused)) lanes_index_t taps_load_n(const int8_t *p, int64_t n) {
    int64_t bytes = 0;
    memcpy(&bytes, p, (size_t)n);
#ifdef BROOD_NN_DOUBLE
    return _mm256_cvtepi8_epi64(_mm_cvtsi64_si128(bytes));
#else
    return _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bytes));
#endif
}

static inline __attribute__((always_inline, unused)) void taps_store_n(int8_t *p, lanes_index_t v, int64_t n) {
#ifdef BROOD_NN_DOUBLE
    v = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
#endif
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    int64_t bytes = _mm_cvtsi128_si64(_mm_packs_epi16(words, words));
    memcpy(p, &bytes, (size_t)n);
}

#ifndef BROOD_NN_DOUBLE
#define HAS_PACK
INLINE void half_pack(unsigned bits, __m128 half, float *p) {
    static const int32_t named[16][4] = {{0}, {0},    {1},    {0, 1},    {2},    {0, 2},    {1, 2},    {0, 1, 2},
                                         {3}, {0, 3}, {1, 3}, {0, 1, 3}, {2, 3}, {0, 2, 3}, {1, 2, 3}, {0, 1, 2, 3}};
    _mm_storeu_ps(p, _mm_permutevar_ps(half, _mm_loadu_si128((const __m128i *)(const void *)named[bits])));
}
INLINE void lanes_pack(unsigned bits, lanes_t v, float *p) {
    half_pack(bits & 15, _mm256_castps256_ps128(v), p);
    half_pack(bits >> 4, _mm256_extractf128_ps(v, 1), p + __builtin_popcount(bits & 15));
}
INLINE void index_pack(unsigned bits, lanes_index_t v, int32_t *p) {
    lanes_pack(bits, _mm256_castsi256_ps(v), (float *)(void *)p);
}
#endif
#endif

#endif /* no generic path */

/* lanes_pack, index_pack: the lanes that the bits name, one after another. There must be room for all LANES: whole
   vectors are written, since a store of some lanes is slow. */
#ifndef HAS_PACK
INLINE void lanes_pack(unsigned bits, lanes_t v, brood_real_t *p) {
    for (int lane = 0; lane < LANES; lane++)
        if (bits >> lane & 1) *p++ = v[lane];
}
INLINE void index_pack(unsigned bits, lanes_index_t v, brood_index_t *p) {
    for (int lane = 0; lane < LANES; lane++)
        if (bits >> lane & 1) *p++ = (brood_index_t)v[lane];
}
#endif

/* What no hardware sees coming is brought into the cache before it is read, or written. The address may be anywhere. */
#define CACHE_LINE        64
#define FETCH(p)          __builtin_prefetch(p, 0)
#define FETCH_TO_WRITE(p) __builtin_prefetch(p, 1)

INLINE void fetch_all(const void *begin, int64_t bytes) {
    const char *end = (const char *)begin + bytes;
    for (const char *at = (const char *)begin - (uintptr_t)begin % CACHE_LINE; at < end; at += CACHE_LINE) FETCH(at);
}

/* a b + c, of single reals. */
INLINE brood_real_t fused(brood_real_t a, brood_real_t b, brood_real_t c) {
#ifdef BROOD_NN_DOUBLE
    return __builtin_fma(a, b, c);
#else
    return __builtin_fmaf(a, b, c);
#endif
}

#define HALVES (LANES / WIDE) /* vectors of doubles that a vector of reals widens to */

#endif
