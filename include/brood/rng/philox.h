/* Random numbers without state: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2,
   3", SC 2011). Who asks says for what (run seed, purpose, episode, step, part) and which number; the same question has
   the same answer on every rank, at any time. */
#ifndef BROOD_RNG_PHILOX_H
#define BROOD_RNG_PHILOX_H

#include <stdint.h>

/* What random numbers are for: X(symbol, value, what it draws). Two purposes never share a number; a number once used
   is never given to another purpose. 0 … 255. */
#define BROOD_PURPOSES(X)                                                                                              \
    X(POLICY_INIT, 1, "initial weights of the policy")                                                                 \
    X(SAMPLE, 2, "tokens of an episode; step: attempt")                                                                \
    X(CHILD_INIT, 3, "initial weights of a child; part: parameter array")                                              \
    X(SHUFFLE, 4, "order of the training images; step: epoch")                                                         \
    X(DROPOUT, 5, "units dropped; step: training step, part: layer")                                                   \
    X(NOISE, 6, "evaluator synthetic: noise of the reward")                                                            \
    X(LANDSCAPE, 7, "evaluator synthetic: its formula")                                                                \
    X(BENCH, 8, "drawn images, drawn architectures")                                                                   \
    X(FINGERPRINT, 9, "cases of the numerics fingerprint; episode: part, step: case, part: array")

#define BROOD_PURPOSE_ENUM(symbol, value, text) BROOD_PURPOSE_##symbol = (value),
typedef enum { BROOD_PURPOSES(BROOD_PURPOSE_ENUM) } brood_purpose_t;
#undef BROOD_PURPOSE_ENUM

/* One stream of 2^32 blocks of four words. */
typedef struct {
    uint32_t key[2];     /* the run's seed, low half first */
    uint32_t counter[3]; /* step; episode; purpose << 24 | part. The block's index stands before them */
} brood_key4_t;

/* episode and step: 0 … 2^32 − 1; part: 0 … 2^24 − 1. What does not fit would share another's numbers: it is an error
   of the program, which aborts with a message. */
brood_key4_t brood_key4(uint64_t seed, brood_purpose_t purpose, int64_t episode, int64_t step, int64_t part);

/* The function itself, for its published known answers: ten rounds. */
void brood_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Block `index` of a stream: the counter is (index, step, episode, purpose << 24 | part). */
void brood_random_block(const brood_key4_t *key, uint32_t index, uint32_t out[4]);

/* Number `index` of a stream, uniform in [0, 1), multiples of 2^-53: the upper 53 bits of the first two words of block
   `index`, the second word above the first. */
double brood_random_uniform(const brood_key4_t *key, uint32_t index);

/* Number `index` of a stream, uniform in 0 … bound − 1 (bound ≥ 1): the first two words of block `index` as above,
   times bound, the upper half (bias below bound / 2^64). */
int64_t brood_random_below(const brood_key4_t *key, uint32_t index, int64_t bound);

/* A permutation of 0 … count − 1 (Fisher and Yates, from the end: place i draws number i). count: 0 … 2^31 − 1. */
void brood_random_shuffle(const brood_key4_t *key, int64_t count, int32_t permutation[]);

#endif
