#include <string.h>

#include "lanes.h"
#include "path.h"

#ifndef BROOD_PATH_generic
/* Philox4x32-10 (brood/rng/philox.h) of as many blocks as a vector has 64-bit lanes: a word a lane, in its low half;
   what stands in the high half does not matter to products of low halves. */
#ifdef BROOD_PATH_avx512
typedef __m512i words_t;
#define BLOCKS             8
#define words_set(x)       _mm512_set1_epi64((int64_t)(x))
#define words_count(first) _mm512_add_epi64(words_set(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7))
#define words_product      _mm512_mul_epu32
#define words_high(x)      _mm512_srli_epi64(x, 32)
/* Low halves of a, low halves of b: alternating. */
#define words_pair(a, b) _mm512_mask_blend_epi32(0xaaaa, a, _mm512_slli_epi64(b, 32))
#define words_even       _mm512_unpacklo_epi64 /* of a and b in turn, the 64-bit lanes 0, 2, … */
#define words_odd        _mm512_unpackhi_epi64
#else
typedef __m256i words_t;
#define BLOCKS             4
#define words_set(x)       _mm256_set1_epi64x((int64_t)(x))
#define words_count(first) _mm256_add_epi64(words_set(first), _mm256_setr_epi64x(0, 1, 2, 3))
#define words_product      _mm256_mul_epu32
#define words_high(x)      _mm256_srli_epi64(x, 32)
#define words_pair(a, b)   _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xaa)
#define words_even         _mm256_unpacklo_epi64
#define words_odd          _mm256_unpackhi_epi64
#endif

static inline void draw_blocks(const brood_key4_t *key, uint32_t first, words_t word[4]) {
    words_t  c0 = words_count(first), c1 = words_set(key->counter[0]), c2 = words_set(key->counter[1]);
    words_t  c3 = words_set(key->counter[2]);
    uint32_t k0 = key->key[0], k1 = key->key[1];
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        words_t p0 = words_product(words_set(0xD2511F53u), c0), p1 = words_product(words_set(0xCD9E8D57u), c2);
        c0 = words_high(p1) ^ c1 ^ words_set(k0);
        c1 = p1;
        c2 = words_high(p0) ^ c3 ^ words_set(k1);
        c3 = p0;
    }
    word[0] = c0;
    word[1] = c1;
    word[2] = c2;
    word[3] = c3;
}

/* A bit for each 16-bit number that is at least the threshold, block by block. even and odd: the numbers of the blocks
   0, 2, … and 1, 3, …, 128 bits each. */
static inline void compare(words_t even, words_t odd, uint32_t threshold, uint8_t *kept) {
#ifdef BROOD_PATH_avx512
    __m512i  limit = _mm512_set1_epi16((short)threshold);
    __m512i  is_even = _mm512_movm_epi16(_mm512_cmpge_epu16_mask(even, limit));
    __m512i  is_odd = _mm512_movm_epi16(_mm512_cmpge_epu16_mask(odd, limit));
    uint64_t bits = _mm512_movepi8_mask(_mm512_packs_epi16(is_even, is_odd));
    memcpy(kept, &bits, sizeof bits);
#else
    __m256i  limit = _mm256_set1_epi16((short)threshold);
    __m256i  is_even = _mm256_cmpeq_epi16(_mm256_max_epu16(even, limit), even);
    __m256i  is_odd = _mm256_cmpeq_epi16(_mm256_max_epu16(odd, limit), odd);
    uint32_t bits = (uint32_t)_mm256_movemask_epi8(_mm256_packs_epi16(is_even, is_odd));
    memcpy(kept, &bits, sizeof bits);
#endif
}

#endif

static uint8_t draw_block(const brood_key4_t *key, uint32_t index, uint32_t threshold) {
    uint32_t word[4], bits = 0;
    brood_random_block(key, index, word);
    for (uint32_t j = 0; j < 8; j++) bits |= (uint32_t)((word[j / 2] >> (16 * (j % 2)) & 0xffff) >= threshold) << j;
    return (uint8_t)bits;
}

void KERNEL(dropout_draw)(int64_t n, const brood_key4_t *key, uint32_t first, uint32_t threshold, uint8_t *kept) {
    int64_t blocks = (n + 7) / 8, i = 0;
#ifndef BROOD_PATH_generic
    for (; i + BLOCKS <= blocks; i += BLOCKS) {
        words_t word[4];
        draw_blocks(key, first + (uint32_t)i, word);
        words_t front = words_pair(word[0], word[1]), back = words_pair(word[2], word[3]);
        compare(words_even(front, back), words_odd(front, back), threshold, kept + i);
    }
#endif
    for (; i < blocks; i++) kept[i] = draw_block(key, first + (uint32_t)i, threshold);
}

/* Bits at … at + LANES − 1 of the mask. */
static inline lanes_mask_t mask_at(const uint8_t *kept, int64_t at) {
    uint32_t bits = kept[at / 8];
    if (LANES > 8) bits |= (uint32_t)kept[at / 8 + 1] << 8;
    if (LANES < 8) bits >>= at % 8;
    return mask_of(bits);
}

void KERNEL(dropout_apply)(int64_t n, const uint8_t *kept, brood_real_t scale, const brood_real_t *x, brood_real_t *y) {
    const lanes_t by = lanes_set(scale);
    int64_t       i = 0;
    for (; i + LANES <= n; i += LANES) lanes_store(y + i, lanes_masked(mask_at(kept, i), lanes_load(x + i) * by));
    for (; i < n; i++) y[i] = (kept[i / 8] >> (i % 8) & 1) ? x[i] * scale : 0;
}
