/* /clock: all that may differ between two runs of the same content. Owned by rank 0. */
#ifndef BROOD_SCHED_CLOCK_H
#define BROOD_SCHED_CLOCK_H

#include <stdint.h>

#include "brood/util/field.h"

/* What there is to tell of one episode. Times are UTC seconds since 1970. */
typedef struct {
    int32_t rank, job; /* −1: not trained yet */
    char    host[64];
    double  start, end;
    double  busy; /* seconds in steps */
    int32_t attempts;
    int64_t worked;       /* mini-batches, as far as is known: a kill takes some along unseen */
    int64_t resumed_step; /* at which the last job that had the child took it up; 0: begun afresh */
    int32_t resumed_rank; /* that had saved it; −1: begun afresh */
} brood_clock_episode_t;

/* … and of one job. */
typedef struct {
    char    id[64]; /* of the batch system, or HOST:PID */
    int32_t restart, ranks;
    int64_t threads; /* of each rank */
    int64_t nodes;
    char    hosts[256], why[64], software[256], libraries[256], numerics[128], command[512];
    double  start, end;
    double  busy, idle; /* rank seconds in steps, and of all ranks otherwise */
    double  writing;    /* seconds in saves */
    int64_t saves;
    double  child_writing; /* rank seconds in writing in-flight files */
    int64_t child_saves;
} brood_clock_job_t;

typedef struct brood_clock brood_clock_t;

brood_err_t            brood_clock_create(brood_clock_t **clock) BROOD_WARN_UNUSED;
void                   brood_clock_destroy(brood_clock_t **clock);
brood_err_t            brood_clock_reserve(brood_clock_t *clock, int64_t episodes,
                                           int64_t jobs) BROOD_WARN_UNUSED; /* rows: set to "not yet" where new */
int64_t                brood_clock_episodes(const brood_clock_t *clock);
int64_t                brood_clock_jobs(const brood_clock_t *clock);
brood_clock_episode_t *brood_clock_episode(brood_clock_t *clock, int64_t episode);
brood_clock_job_t     *brood_clock_job(brood_clock_t *clock, int64_t job);
void                   brood_clock_fields(brood_clock_t *clock, brood_fields_t *fields);

double brood_clock_now(void);       /* UTC seconds since 1970 */
double brood_clock_monotonic(void); /* for differences */

#endif
