/* What the tests of this room share: a portable math, numbers, batches with their storage. */
#ifndef BROOD_TESTS_POLICY_FIXTURE_H
#define BROOD_TESTS_POLICY_FIXTURE_H

#include "brood/policy/policy.h"

/* The portable math of a path, or of the widest there is; aborts where it cannot be had. */
brood_math_t *fixture_math(brood_isa_t isa);
brood_isa_t   fixture_isa(void);

/* count numbers uniform in ±limit, the same for the same series. */
void    fixture_fill(int64_t series, int64_t count, double limit, double *numbers);
double *fixture_numbers(int64_t series, int64_t count, double limit); /* malloc'ed; limit 0: +0 */

/* A small policy of every kind: units 4, exploration 0.1, Adam 0.01. */
brood_policy_config_t fixture_config(brood_cell_kind_t cell, int64_t layers);

/* A policy whose weights are uniform in ±0.8, so that it is far from uniform. */
brood_policy_t *fixture_policy(const brood_policy_config_t *config, const brood_space_t *space, brood_math_t *math);

/* Storage of `count` rows; keys of episodes 0, 1, …; tokens −1. */
brood_batch_t fixture_batch(const brood_space_t *space, int64_t count);
void          fixture_batch_free(brood_batch_t *batch);

/* Σ weight log p + entropy_weight Σ entropy of a scored batch. */
double fixture_objective(const brood_space_t *space, const brood_batch_t *batch, const double *weight,
                         double entropy_weight);

#endif
