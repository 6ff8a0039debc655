/* All sequences of a tiny space, with rewards that are known, and what the strategy learns of rounds of them: it is
   used through its interface alone, and with plain gradient ascent at rate 1 what learn() adds to the weights is the
   gradient. */
#ifndef TESTS_SEARCH_ENUMERATION_H
#define TESTS_SEARCH_ENUMERATION_H

#include "simulator.h"

enum { MOST_ROUND = 12, MOST_SEQUENCES = 64, MOST_POSITIONS = 8, MOST_PARAMETERS = 4096 };

typedef struct {
    fixture_t     fixture;
    brood_math_t *math;
    int64_t       T, K, P, sequences;
    int32_t       tokens[MOST_SEQUENCES * MOST_POSITIONS]; /* all of them */
    double        reward[MOST_SEQUENCES];                  /* of each */
} case_t;

typedef struct {
    double         advantage[MOST_ROUND];
    brood_update_t update;
    double         gradient[MOST_PARAMETERS]; /* what learn() added to the weights */
} learned_t;

/* Rewards are a hash of nothing but the sequence's number. */
void            setup(case_t *c, const char *const set[]);
void            teardown(case_t *c);
brood_policy_t *policy_of(case_t *c);
void           *strategy_of(case_t *c);

/* Copies the weights of a strategy out, or in. The order is that of brood_policy_weights. */
void    weights(void *self, double theta[], bool in);
double *state_of(void *self, const char *name);

/* log p of each token of each of `count` sequences. */
void   score(brood_policy_t *policy, const int32_t tokens[], int64_t count, double log_p[], double entropy[]);
double sum_of(const double value[], int64_t count);
/* p of each sequence. */
void probabilities(const case_t *c, brood_policy_t *policy, double p[]);
/* Central differences of fourth order. */
void differentiate(const case_t *c, brood_policy_t *policy, double (*f)(const case_t *, brood_policy_t *),
                   double gradient[]);

/* Tells a round to a strategy. */
void learn(const case_t *c, void *self, const int32_t tokens[], const double log_p[], const double reward[],
           const bool learns[], learned_t *learned);
void assert_close(const double a[], const double b[], int64_t count, double tolerance);

/* The policy some updates later: each weight moved by up to `by`. */
void move(const case_t *c, brood_policy_t *policy, double by);
/* Σ_b Σ_t weight ∇ log p + entropy_weight Σ_b ∇ entropy, by the policy itself, as learn() adds it to the weights. */
void gradient_of(const case_t *c, const int32_t tokens[], int64_t count, const double weight[], double entropy_weight,
                 brood_policy_t *policy, double gradient[]);

#endif
