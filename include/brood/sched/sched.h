/* The only MPI room: drives a search with evaluators, one a rank. It carries and decides nothing: what is next and
   whether an update is due, it asks of search. Owns the clock, the cadence of saves and /clock. */
#ifndef BROOD_SCHED_SCHED_H
#define BROOD_SCHED_SCHED_H

#include <mpi.h>

#include "brood/child/evaluator.h"
#include "brood/run/run.h"
#include "brood/sched/agree.h"
#include "brood/sched/clock.h"
#include "brood/search/search.h"

typedef enum { BROOD_RANK0_AUTO, BROOD_RANK0_TRAIN, BROOD_RANK0_COORDINATE } brood_rank0_t;

/* With more ranks than this, `auto` lets rank 0 only coordinate. */
#define BROOD_RANK0_TRAINS_UP_TO 32

typedef struct {
    int64_t threads;   /* sched.threads, of each rank */
    int32_t rank0;     /* brood_rank0_t */
    double  patience;  /* sched.patience, seconds */
    double  every;     /* checkpoint.every, seconds */
    double  share;     /* checkpoint.share, of the time */
    double  child;     /* checkpoint.child, seconds */
    double  log_every; /* log.every, seconds between lines in a batch log */
    int32_t log_level; /* brood_log_level_t */
} brood_sched_config_t;
extern const brood_key_t brood_sched_keys[];
extern const int64_t     brood_sched_key_count;

/* How many of a job's ranks train children: all, or all but rank 0. */
int brood_sched_trainers(const brood_sched_config_t *config, int ranks);

/* What rank 0 holds. */
typedef struct {
    brood_search_t       *search;
    brood_run_t          *run;      /* NULL: nothing is saved */
    brood_clock_t        *clock;    /* its last job is this one */
    const brood_fields_t *config;   /* what a run file holds beside search and clock */
    double                deadline; /* monotonic time at which the job must have ended (--max-time); INFINITY: none */
} brood_sched_coordinator_t;

/* What every rank holds. */
typedef struct {
    const brood_evaluator_t *evaluator;
    void                    *self;
    /* A child has finished, and its result is not recorded yet. May be NULL. */
    brood_err_t (*finished)(void *finished_self, const brood_task_t *task);
    void        *finished_self;
    brood_run_t *run;                             /* for in-flight files: rank 0's, or joined; NULL: none are kept */
    char         run_id[BROOD_TOKEN_SIZE];        /* what they say of the run … */
    char         configuration[BROOD_TOKEN_SIZE]; /* … and of its configuration: brood_child_id_t */
} brood_sched_worker_t;

/* Local. Fills a fresh search and a fresh clock from a run file's image. BROOD_E_FORMAT: what is in it contradicts
 * itself or the configuration. */
brood_err_t brood_sched_load(const brood_bytes_t *image, brood_search_t *search,
                             brood_clock_t *clock) BROOD_WARN_UNUSED;

/* Collective over comm, which is duplicated; config must agree; `with` is NULL off rank 0. Ends when the search is
   complete, a signal has come (brood/sched/signals.h), the deadline is near or a file `halt` is found: then every rank
   saves the child that it trains, no result is lost on its way, and rank 0 writes the run file. BROOD_OK: *why says how
   it ended, on every rank. An error of any rank ends all of them with it, after rank 0 has saved what it knows. A rank
   that gives no sign of life, or does not leave when told to, aborts all processes (BROOD_E_RANKS), after the same. */
brood_err_t brood_sched_run(MPI_Comm comm, const brood_sched_config_t *config, const brood_sched_coordinator_t *with,
                            const brood_sched_worker_t *worker, brood_end_t *why) BROOD_WARN_UNUSED;

/* Collective. Images decoded once a node into MPI shared memory, which *window holds: MPI_Win_free it after the last
 * use of *data. An error is every rank's. */
brood_err_t brood_share_data(MPI_Comm comm, const brood_data_config_t *config, brood_data_t *data,
                             MPI_Win *window) BROOD_WARN_UNUSED;

#endif
