/* The half of rank 0 that hands out and keeps. What is next and whether an update is due, it asks of search. */
#ifndef BROOD_SRC_SCHED_COORDINATOR_H
#define BROOD_SRC_SCHED_COORDINATOR_H

#include "brood/sched/signals.h"
#include "message.h"
#include "progress.h"
#include "worker.h"

typedef struct {
    bool    wants;         /* has asked for a task, and has none yet */
    bool    left;          /* has sent its last message */
    double  told;          /* monotonic: until when it has told what it did; 0: nothing yet */
    int64_t episode, next; /* handed out to it and without a result, in this order; -1: none */
    double  heard;         /* its last sign of life, by the watch */
} rank_t;

typedef struct {
    const brood_sched_config_t      *config;
    const brood_sched_coordinator_t *with;
    worker_t                        *here; /* rank 0's own worker; NULL: it only coordinates */
    outbox_t                        *outbox;
    int                              ranks;
    rank_t                          *rank; /* [ranks] */

    /* Seconds in which rank 0 looked: a job that was suspended as a whole has lost nobody. */
    double watch, last_turn; /* monotonic: of the last look */

    bool        stopping;
    double      leaving;           /* when the ranks were told to leave, by the watch */
    bool        saved_for_leavers; /* what they had told, since one of them takes long */
    brood_end_t end;
    double      stop_seconds; /* monotonic: when the reason to stop came */
    brood_err_t error;        /* of any rank; BROOD_OK: none */
    char        message[BROOD_MESSAGE_SIZE];

    brood_err_t broken;                             /* a message could not be sent: the others can't be told any more */
    bool        advance_due;                        /* a result since the last advance */
    bool        unsound;                            /* an advance failed half-way: what search holds is not saved */
    bool        changed;                            /* something new since the last save */
    bool        told_break;                         /* a failed save has been reported and not made good */
    double      last_save, save_seconds, last_look; /* monotonic; of the last save; at the halt file */
    double      first_task;                         /* monotonic, when the first task was handed out; 0: none yet */
    pace_t      pace;                               /* of all ranks, as far as they have told */
    double      slowest_save;
    int64_t    *forgettable; /* episodes with results whose in-flight files are to go after the next save */
    int64_t     forgettables, forgettables_capacity;
    progress_t  progress;
} coordinator_t;

brood_err_t coordinator_init(coordinator_t *coordinator, const brood_sched_config_t *config,
                             const brood_sched_coordinator_t *with, worker_t *here, outbox_t *outbox,
                             int ranks) BROOD_WARN_UNUSED;
void        coordinator_fini(coordinator_t *coordinator);

/* What has arrived. Errors of search and run end the search (coordinator_fail); those returned are of the messages. */
brood_err_t coordinator_receive(coordinator_t *coordinator, int from, tag_t tag,
                                const brood_bytes_t *bytes) BROOD_WARN_UNUSED;
void        coordinator_record(coordinator_t *coordinator, int from, const result_message_t *result);

/* One turn: advance the search, look for a reason to stop, save when due, hand out. *over: every rank has left. */
brood_err_t coordinator_turn(coordinator_t *coordinator, bool *over) BROOD_WARN_UNUSED;

/* The last save, with why the job ended. */
brood_err_t coordinator_finish(coordinator_t *coordinator) BROOD_WARN_UNUSED;

/* ---- stopping.c ---- */

/* Asks every rank to leave when there is a reason: the search is complete, a signal, the time limit, the file halt. */
void coordinator_look_for_reasons_to_stop(coordinator_t *coordinator);
void coordinator_stop_by_signal(coordinator_t *coordinator, brood_signal_t signal, int rank);

/* Looks at the watch. A rank that is silent for too long ends the job as an error of its own would; one that does not
   leave either is not waited for: BROOD_E_RANKS, after saving. Called once a turn. */
brood_err_t coordinator_watch(coordinator_t *coordinator) BROOD_WARN_UNUSED;

/* What a rank left: open again, its work counted. */
void coordinator_take_back(coordinator_t *coordinator, const left_message_t *left);

/* How slow a rank's steps and writes have become. */
void coordinator_take_pace(coordinator_t *coordinator, const pace_t *pace);

/* Keeps this thread's message as the reason for which all ranks stop, unless there is one already. */
void coordinator_fail(coordinator_t *coordinator, brood_err_t err);

/* ---- saving.c ---- */

brood_err_t coordinator_save(coordinator_t *coordinator) BROOD_WARN_UNUSED;
/* After an error: the run is still ours, and what search holds is sound. */
bool coordinator_may_save(const coordinator_t *coordinator);

/* Every checkpoint.every after something new, later where writing would take more than checkpoint.share of the time. */
bool coordinator_save_is_due(const coordinator_t *coordinator);

/* A write that fails costs nothing yet: it is tried again. A run that another job has taken over is not ours to go on
   with. */
void coordinator_save_in_mid_run(coordinator_t *coordinator);

/* The in-flight file of an episode with a result goes after the next save; so do those that a killed job did not come
   to remove. */
void coordinator_forget_later(coordinator_t *coordinator, int64_t episode);
void coordinator_forget_finished(coordinator_t *coordinator);

/* This job's row of /clock; that a rank has told what it did up to now; the share of the time told of, since the first
   task, that ranks spent in steps (NaN: none told yet). */
brood_clock_job_t *coordinator_job(coordinator_t *coordinator);
void               coordinator_told(coordinator_t *coordinator, int rank);
double             coordinator_utilisation(coordinator_t *coordinator);
void               coordinator_count_writes(coordinator_t *coordinator, const writes_t *writes);

#endif
