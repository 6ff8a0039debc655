/* Random numbers without state: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2,
   3", SC 2011). Who asks says for what (run seed, purpose, episode, step, part) and which number; the same question has
   the same answer on every rank, at any time. */
#ifndef BROOD_RNG_PHILOX_H
#define BROOD_RNG_PHILOX_H

#include <stdint.h>

/* What random numbers are for. Two purposes never share a number; a number once used is never given to another purpose.
 */
typedef enum {
    BROOD_PURPOSE_POLICY_INIT = 1, /* initial weights of the policy */
    BROOD_PURPOSE_SAMPLE = 2,      /* tokens of an episode; step: attempt */
    BROOD_PURPOSE_CHILD_INIT = 3,  /* initial weights of a child; part: parameter array */
    BROOD_PURPOSE_SHUFFLE = 4,     /* order of the training images; step: epoch */
    BROOD_PURPOSE_DROPOUT = 5,     /* step: training step, part: layer */
    BROOD_PURPOSE_NOISE = 6,       /* evaluator synthetic: noise of the reward */
    BROOD_PURPOSE_LANDSCAPE = 7,   /* evaluator synthetic: its formula */
    BROOD_PURPOSE_BENCH = 8        /* drawn images, drawn architectures */
} brood_purpose_t;

/* One stream of 2^32 blocks of four words. */
typedef struct {
    uint32_t key[2];     /* the run's seed */
    uint32_t counter[3]; /* step; episode; purpose << 24 | part. The fourth counter word is the block's index */
} brood_key4_t;

/* episode and step: 0 … 2^32 − 1; part: 0 … 2^24 − 1. */
brood_key4_t brood_key4(uint64_t seed, brood_purpose_t purpose, int64_t episode, int64_t step, int64_t part);

/* The function itself, for its published known answers: ten rounds. */
void brood_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Block `index` of a stream: the counter is (index, step, episode, purpose << 24 | part). */
void brood_random_block(const brood_key4_t *key, uint32_t index, uint32_t out[4]);

/* Number `index` of a stream, uniform in [0, 1), multiples of 2^-53: the first two words of block `index`. */
double brood_random_uniform(const brood_key4_t *key, uint32_t index);

/* Number `index` of a stream, uniform in 0 … bound − 1: the first two words of block `index`, times bound, the upper
 * half (bias below bound / 2^64). */
int64_t brood_random_below(const brood_key4_t *key, uint32_t index, int64_t bound);

/* A permutation of 0 … count − 1 (Fisher and Yates, from the end). */
void brood_random_shuffle(const brood_key4_t *key, int64_t count, int32_t permutation[]);

#endif
