#include "brood/rng/philox.h"

#include <stdio.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 uint128_t;

#define MULTIPLIER_0 UINT32_C(0xD2511F53)
#define MULTIPLIER_1 UINT32_C(0xCD9E8D57)
#define WEYL_0       UINT32_C(0x9E3779B9) /* golden ratio */
#define WEYL_1       UINT32_C(0xBB67AE85) /* sqrt(3) − 1 */
#define ROUNDS       10

static uint32_t fit(const char *what, int64_t value, int bits) {
    if (value < 0 || value >> bits != 0) {
        fprintf(stderr, "brood: internal error: %s %lld of a random number does not fit %d bits\n", what,
                (long long)value, bits);
        abort();
    }
    return (uint32_t)value;
}

brood_key4_t brood_key4(uint64_t seed, brood_purpose_t purpose, int64_t episode, int64_t step, int64_t part) {
    uint32_t high = fit("purpose", (int64_t)purpose, 8);
    return (brood_key4_t){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {fit("step", step, 32), fit("episode", episode, 32), high << 24 | fit("part", part, 24)}};
}

void brood_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void brood_random_block(const brood_key4_t *key, uint32_t index, uint32_t out[4]) {
    const uint32_t counter[4] = {index, key->counter[0], key->counter[1], key->counter[2]};
    brood_philox(counter, key->key, out);
}

static uint64_t first_two_words(const brood_key4_t *key, uint32_t index) {
    uint32_t word[4];
    brood_random_block(key, index, word);
    return (uint64_t)word[1] << 32 | word[0];
}

double brood_random_uniform(const brood_key4_t *key, uint32_t index) {
    return (double)(first_two_words(key, index) >> 11) * 0x1p-53;
}

int64_t brood_random_below(const brood_key4_t *key, uint32_t index, int64_t bound) {
    return (int64_t)((uint128_t)first_two_words(key, index) * (uint64_t)bound >> 64);
}

void brood_random_shuffle(const brood_key4_t *key, int64_t count, int32_t permutation[]) {
    for (int64_t i = 0; i < count; i++) permutation[i] = (int32_t)i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t j = brood_random_below(key, (uint32_t)i, i + 1);
        int32_t swapped = permutation[i];
        permutation[i] = permutation[j];
        permutation[j] = swapped;
    }
}
