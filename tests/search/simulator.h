/* A search without ranks: tasks go out and results come back in any order, after any delay, and jobs end anywhere. */
#ifndef BROOD_TESTS_SIMULATOR_H
#define BROOD_TESTS_SIMULATOR_H

#include "history/field_bytes.h"

#include <stdbool.h>

#include "brood/search/search.h"

/* A configuration and what comes of it. */
typedef struct {
    brood_space_config_t     space_config;
    brood_search_config_t    config;
    brood_reinforce_config_t reinforce;
    brood_space_t           *space;
} fixture_t;

#define SIMULATED_EPOCHS 3 /* of the longest learning curve */

/* The defaults of all keys, then `set`: "key=value", NULL-terminated. Images are 6 x 6. */
void fixture_shipped(fixture_t *fixture, const char *const set[]);
/* The same with a space of 36 architectures, a small policy and 6 rounds of 4, unless set otherwise. */
void fixture_init(fixture_t *fixture, const char *const set[]);
void fixture_fini(fixture_t *fixture);

brood_search_t *search_of(const fixture_t *fixture);

/* What a child would give: accuracy by the architecture's text with some noise of the episode, so that rewards are
   known without training; one in ten diverges. `curve` [SIMULATED_EPOCHS] is filled. */
brood_result_t simulated_result(const brood_task_t *task, brood_epoch_t curve[]);

/* Advances as far as results allow; returns the number of calls that it took. */
int64_t advance(brood_search_t *search);

/* How a job goes: so many ranks, its own random numbers, so many results before it ends (negative: until the goal). */
typedef struct {
    int64_t  ranks, results;
    uint64_t seed;
} job_t;

/* Runs one job; tasks still out at its end are lost. Asserts that no task is out twice, and that rounds asked are
   rounds told + lag + 1 throughout. */
void simulate(brood_search_t *search, const fixture_t *fixture, const job_t *job);

/* A second search from the fields of the first, which is destroyed: a restart. */
brood_search_t *restarted(brood_search_t **search, const fixture_t *fixture);

/* Reserves room in `fresh` and fills its fields from those of `search`, without restoring. */
void transfer(brood_search_t *search, brood_search_t *fresh);

/* All of the content. */
brood_bytes_t content_of(brood_search_t *search);
void          assert_same_content(brood_search_t *a, brood_search_t *b);

#endif
