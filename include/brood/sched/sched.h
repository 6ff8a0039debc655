/* The only MPI room: drives a search with evaluators, one a rank. It carries and decides nothing: what is next and
 * whether an update is due, it asks of search. Owns the clock, the cadence of saves and /clock. */
#ifndef BROOD_SCHED_SCHED_H
#define BROOD_SCHED_SCHED_H

#include <mpi.h>

#include "brood/child/evaluator.h"
#include "brood/run/run.h"
#include "brood/sched/agree.h"
#include "brood/sched/clock.h"
#include "brood/search/search.h"

typedef enum { BROOD_RANK0_AUTO, BROOD_RANK0_TRAIN, BROOD_RANK0_COORDINATE } brood_rank0_t;

typedef struct {
    int32_t rank0;     /* brood_rank0_t */
    double  every;     /* checkpoint.every, seconds */
    double  share;     /* checkpoint.share, of the time */
    double  log_every; /* log.every, seconds between lines in a batch log */
    int32_t log_level; /* log.level */
} brood_sched_config_t;
extern const brood_key_t brood_sched_keys[];
extern const int64_t     brood_sched_key_count;

/* What rank 0 holds. */
typedef struct {
    brood_search_t *search;
    brood_run_t    *run; /* NULL: nothing is saved */
    brood_clock_t  *clock;
    /* Everything that a run file holds beside search and clock: adds fields of /config. */
    void (*fields)(void *self, brood_fields_t *fields);
    void *self;
    /* Called when a child has finished, before its result is recorded, on the rank that trained it (the --save of
     * `brood train`); may be NULL. */
} brood_sched_parent_t;

/* Collective over comm, which is duplicated. `parent` is NULL off rank 0. BROOD_OK: *why says how it ended, on every
   rank. An error of any rank ends all of them with it, after rank 0 has saved what it knows. */
brood_err_t brood_sched_run(MPI_Comm comm, const brood_sched_config_t *config, const brood_sched_parent_t *parent,
                            const brood_evaluator_t *evaluator, void *evaluator_self,
                            brood_end_t *why) BROOD_WARN_UNUSED;

/* Collective. Images decoded once a node into MPI shared memory; *window holds it (MPI_Win_free when done; never freed
 * before *data's last use). */
brood_err_t brood_share_data(MPI_Comm comm, const brood_data_config_t *config, brood_data_t *data,
                             MPI_Win *window) BROOD_WARN_UNUSED;

#endif
