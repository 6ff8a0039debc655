/* Why a job ends, and how every rank leaves its child. */
#include <math.h>
#include <stdio.h>

#include "brood/sched/signals.h"
#include "brood/util/duration.h"
#include "brood/util/log.h"
#include "coordinator.h"

#define LEAVING_SECONDS                                                                                                \
    3.0 /* for MPI_Finalize, and for mpirun, which was seen to take up to 2 s more once its ranks have ended */
#define HALT_LOOK_SECONDS 5.0 /* between looks at the run directory where no episode ends; a look is one stat() */

/* A child that was left: what waits unbegun is open again, what was begun is in its file, and its work is counted. */
void coordinator_take_back(coordinator_t *coordinator, const left_message_t *left) {
    const brood_sched_coordinator_t *with = coordinator->with;
    if (left->unbegun >= 0) brood_search_return(with->search, left->unbegun);
    if (left->begun < 0) return;
    brood_clock_episode_t *times = brood_clock_episode(with->clock, left->begun);
    times->worked = left->worked + (left->resumed_step > 0 ? 0 : times->worked);
    brood_search_return(with->search, left->begun);
    coordinator_job(coordinator)->busy += left->busy;
    coordinator_count_writes(coordinator, &left->writes);
}

/* Nothing more is handed out, and every rank leaves its child: in a file, or where that is of no use, as it is. */
static void stop(coordinator_t *coordinator, brood_end_t end, bool save) {
    if (coordinator->stopping) return;
    coordinator->stopping = true;
    coordinator->leaving = coordinator->watch;
    coordinator->end = end;
    if (coordinator->stop_seconds <= 0) coordinator->stop_seconds = brood_clock_monotonic();
    stop_message_t message = {.save = save};
    for (int rank = 1; rank < coordinator->ranks; rank++) {
        if (coordinator->rank[rank].left) continue;
        brood_err_t err = outbox_send(coordinator->outbox, rank, TAG_STOP, &message, sizeof message);
        if (err != BROOD_OK) coordinator->broken = err;
    }
    if (!coordinator->here) return;
    left_message_t left;
    worker_stop(coordinator->here, save, &left);
    coordinator_take_back(coordinator, &left);
    if (left.code != BROOD_OK) coordinator_fail(coordinator, brood_fail((brood_err_t)left.code, "%s", left.message));
}

void coordinator_fail(coordinator_t *coordinator, brood_err_t err) {
    if (coordinator->error != BROOD_OK) return;
    coordinator->error = err;
    snprintf(coordinator->message, sizeof coordinator->message, "%s", brood_message());
    /* What the others have in hand is not lost with it; unless the run is another job's by now. */
    stop(coordinator, coordinator->end, err != BROOD_E_LOCKED);
}

void coordinator_stop_by_signal(coordinator_t *coordinator, brood_signal_t signal, int rank) {
    brood_log_write(BROOD_LOG_INFO, "rank %d got a signal: every rank saves its child, then the job stops", rank);
    bool person = signal == BROOD_SIGNAL_INTERRUPT || brood_signals_by_person();
    stop(coordinator, person ? BROOD_END_HALTED : BROOD_END_STOPPED, true);
}

void coordinator_take_pace(coordinator_t *coordinator, const pace_t *pace) {
    if (pace->step > coordinator->pace.step) coordinator->pace.step = pace->step;
    if (pace->write > coordinator->pace.write) coordinator->pace.write = pace->write;
}

static void look_for_halt(coordinator_t *coordinator) {
    double now = brood_clock_monotonic();
    if (coordinator->stopping || !coordinator->with->run || now - coordinator->last_look < HALT_LOOK_SECONDS) return;
    coordinator->last_look = now;
    if (!brood_run_halt(coordinator->with->run)) return;
    brood_log_write(BROOD_LOG_INFO, "found the file halt: every rank saves its child, then the job stops");
    stop(coordinator, BROOD_END_HALTED, true);
}

/* Twice what was the slowest so far of all that happens between the order to stop and the last write. */
static double margin(const coordinator_t *coordinator) {
    const pace_t *pace = &coordinator->pace;
    return 2 * (pace->step + pace->write + coordinator->slowest_save) + LEAVING_SECONDS;
}

/* The rank that has been silent longest of those that owe something; -1: none owes anything. */
static int most_silent(const coordinator_t *coordinator) {
    int silent = -1;
    for (int rank = 1; rank < coordinator->ranks; rank++) {
        const rank_t *of = &coordinator->rank[rank];
        if (of->left || (of->episode < 0 && !coordinator->stopping)) continue;
        if (silent < 0 || of->heard < coordinator->rank[silent].heard) silent = rank;
    }
    return silent;
}

static brood_err_t tell_silent(const coordinator_t *coordinator, int rank) {
    const rank_t *silent = &coordinator->rank[rank];
    char          span[48], child[96] = "";
    brood_duration_print(floor(10 * (coordinator->watch - silent->heard)) / 10, span, sizeof span);
    if (silent->episode >= 0)
        snprintf(child, sizeof child, ", with episode %lld in hand (`--skip %lld` leaves it out)",
                 (long long)silent->episode, (long long)silent->episode);
    return brood_fail(BROOD_E_RANKS, "rank %d has given no sign of life for %s (sched.patience)%s", rank, span, child);
}

/* Told to leave, a rank has not: the others are not to wait with it until the batch system kills them. */
static brood_err_t leave_without(coordinator_t *coordinator, int rank) {
    if (coordinator->error == BROOD_OK) coordinator_fail(coordinator, tell_silent(coordinator, rank));
    snprintf(coordinator_job(coordinator)->why, sizeof coordinator_job(coordinator)->why, "%s",
             brood_error_text(coordinator->error));
    if (coordinator_may_save(coordinator) && coordinator_save(coordinator) != BROOD_OK)
        brood_log_write(BROOD_LOG_WARNING, "%s", brood_message());
    return brood_fail(BROOD_E_RANKS, "%s; rank %d did not leave when told to, all are ended", coordinator->message,
                      rank);
}

brood_err_t coordinator_watch(coordinator_t *coordinator) {
    const double patience = coordinator->config->patience, most = patience / WATCH_PARTS;
    double       now = brood_clock_monotonic(), since = now - coordinator->last_turn;
    coordinator->watch += since < most ? since : most;
    coordinator->last_turn = now;
    int silent = most_silent(coordinator);
    if (silent < 0) return BROOD_OK;
    if (!coordinator->stopping) {
        if (coordinator->watch - coordinator->rank[silent].heard > patience)
            coordinator_fail(coordinator, tell_silent(coordinator, silent));
        return BROOD_OK;
    }
    double waited = coordinator->watch - coordinator->leaving;
    if (waited > margin(coordinator) && coordinator->changed && !coordinator->saved_for_leavers) {
        coordinator->saved_for_leavers = true;
        coordinator_save_in_mid_run(coordinator);
    }
    return waited > patience ? leave_without(coordinator, silent) : BROOD_OK;
}

static void look_at_time(coordinator_t *coordinator) {
    if (coordinator->here) coordinator_take_pace(coordinator, &coordinator->here->pace);
    double left = coordinator->with->deadline - brood_clock_monotonic();
    if (left > margin(coordinator)) return;
    if (left < 0)
        brood_log_write(BROOD_LOG_INFO, "the time limit has passed: every rank saves its child, then the job stops");
    else
        brood_log_write(BROOD_LOG_INFO,
                        "the time limit is %.1f s away, and stopping may take %.1f s: every rank saves its child, then "
                        "the job stops",
                        left, margin(coordinator));
    stop(coordinator, BROOD_END_STOPPED, true);
}

static void look_for_signals(coordinator_t *coordinator) {
    double         when = 0;
    brood_signal_t signal = brood_signals_seen(&when);
    if (signal == BROOD_SIGNAL_NONE) return;
    coordinator->stop_seconds = when;
    coordinator_stop_by_signal(coordinator, signal, 0);
}

void coordinator_look_for_reasons_to_stop(coordinator_t *coordinator) {
    if (!coordinator->stopping && brood_search_complete(coordinator->with->search))
        stop(coordinator, BROOD_END_COMPLETE, false);
    if (!coordinator->stopping) look_for_signals(coordinator);
    if (!coordinator->stopping) look_at_time(coordinator);
    if (!coordinator->stopping) look_for_halt(coordinator);
}
