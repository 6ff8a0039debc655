#include "coordinator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/sched/signals.h"
#include "brood/util/log.h"
#include "record.h"

brood_err_t coordinator_init(coordinator_t *coordinator, const brood_sched_config_t *config,
                             const brood_sched_coordinator_t *with, worker_t *here, outbox_t *outbox, int ranks) {
    *coordinator = (coordinator_t){.config = config, .with = with, .here = here, .outbox = outbox, .ranks = ranks};
    coordinator->rank = calloc((size_t)ranks, sizeof *coordinator->rank);
    if (!coordinator->rank) return brood_fail(BROOD_E_MEMORY, "no memory for %d ranks", ranks);
    for (int rank = 0; rank < ranks; rank++) coordinator->rank[rank].episode = coordinator->rank[rank].next = -1;
    coordinator->rank[0].left = here == NULL;
    coordinator->changed = coordinator->advance_due = true;
    coordinator->last_save = -1e300;
    coordinator->last_turn = brood_clock_monotonic();
    coordinator->last_look = coordinator->last_turn; /* a job does something before it looks for a reason to stop */
    progress_init(&coordinator->progress, config->log_every, ranks, with->search);
    if (with->run) coordinator_forget_finished(coordinator);
    return BROOD_OK;
}

void coordinator_fini(coordinator_t *coordinator) {
    free(coordinator->rank);
    free(coordinator->forgettable);
    coordinator->rank = NULL;
    coordinator->forgettable = NULL;
}

static void show_progress(coordinator_t *coordinator, bool result) {
    if (!progress_due(&coordinator->progress, result)) return;
    progress_show(&coordinator->progress, coordinator->with->search, coordinator_utilisation(coordinator));
}

void coordinator_record(coordinator_t *coordinator, int from, const result_message_t *result) {
    const brood_sched_coordinator_t *with = coordinator->with;
    brood_err_t                      err = brood_search_record(with->search, result->episode, &result->result);
    if (err != BROOD_OK) {
        coordinator_fail(coordinator, err);
        return;
    }
    coordinator->rank[from].episode = coordinator->rank[from].next;
    coordinator->rank[from].next = -1;
    brood_clock_episode_t *times = brood_clock_episode(with->clock, result->episode);
    times->rank = from;
    times->job = (int32_t)(brood_clock_jobs(with->clock) - 1);
    times->start = result->start;
    times->end = result->end;
    times->busy = result->busy;
    times->worked = result->worked + (result->resumed_step > 0 ? 0 : times->worked);
    times->resumed_step = result->resumed_step;
    times->resumed_rank = result->resumed_rank;
    snprintf(times->host, sizeof times->host, "%s", result->host);
    coordinator_job(coordinator)->busy += result->busy;
    coordinator_told(coordinator, from);
    coordinator_count_writes(coordinator, &result->writes);
    if (result->filed) coordinator_forget_later(coordinator, result->episode);
    coordinator->changed = coordinator->advance_due = true;
    coordinator->last_look = 0;
    show_progress(coordinator, true);
}

brood_err_t coordinator_receive(coordinator_t *coordinator, int from, tag_t tag, const brood_bytes_t *bytes) {
    rank_t *rank = &coordinator->rank[from];
    rank->heard = coordinator->watch;
    switch (tag) {
    case TAG_REQUEST:
        rank->wants = true;
        return BROOD_OK;
    case TAG_RESULT: {
        result_message_t result;
        memcpy(&result, bytes->data, sizeof result);
        result.result.curve = (const brood_epoch_t *)(const void *)(bytes->data + sizeof result);
        coordinator_record(coordinator, from, &result);
        return BROOD_OK;
    }
    case TAG_LEFT: {
        left_message_t left;
        memcpy(&left, bytes->data, sizeof left);
        rank->left = true;
        coordinator_take_back(coordinator, &left);
        if (left.code != BROOD_OK)
            coordinator_fail(coordinator, brood_fail((brood_err_t)left.code, "rank %d: %s", from, left.message));
        return BROOD_OK;
    }
    case TAG_SIGNAL: {
        signal_message_t message;
        memcpy(&message, bytes->data, sizeof message);
        if (!coordinator->stopping) coordinator_stop_by_signal(coordinator, (brood_signal_t)message.signal, from);
        return BROOD_OK;
    }
    case TAG_PACE: {
        pace_message_t pace;
        memcpy(&pace, bytes->data, sizeof pace);
        coordinator_take_pace(coordinator, &(pace_t){.step = pace.step, .write = pace.write});
        return BROOD_OK;
    }
    case TAG_WARNING:
        brood_log_write(BROOD_LOG_WARNING, "rank %d: %.*s", from, (int)bytes->size, (const char *)bytes->data);
        return BROOD_OK;
    case TAG_FAILED: {
        failed_message_t failed;
        memcpy(&failed, bytes->data, sizeof failed);
        rank->left = true;
        coordinator_fail(coordinator, brood_fail((brood_err_t)failed.code, "rank %d: %s", from, failed.message));
        return BROOD_OK;
    }
    case TAG_TASK:
    case TAG_STOP:
        break;
    }
    return brood_fail(BROOD_E_BUG, "rank 0 got a message with tag %d from rank %d", (int)tag, from);
}

static int by_number(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static bool is_inflight(const coordinator_t *coordinator, int64_t episode) {
    int64_t        count = 0;
    const int64_t *inflight = coordinator->with->run ? brood_run_inflight(coordinator->with->run, &count) : NULL;
    return count > 0 && bsearch(&episode, inflight, (size_t)count, sizeof episode, by_number);
}

static brood_err_t give(coordinator_t *coordinator, int rank, const brood_task_t *task) {
    brood_clock_episode_t *times = brood_clock_episode(coordinator->with->clock, task->episode);
    task_message_t         message = {.episode = task->episode, .begun = is_inflight(coordinator, task->episode)};
    snprintf(message.architecture, sizeof message.architecture, "%s", task->architecture);
    times->attempts++;
    coordinator->changed = true;
    coordinator->rank[rank].wants = false;
    if (coordinator->rank[rank].episode < 0)
        coordinator->rank[rank].episode = task->episode;
    else
        coordinator->rank[rank].next = task->episode;
    coordinator->rank[rank].heard = coordinator->watch;
    if (coordinator->first_task <= 0) coordinator->first_task = brood_clock_monotonic();
    if (rank == 0) {
        worker_give(coordinator->here, &message);
        return BROOD_OK;
    }
    return outbox_send(coordinator->outbox, rank, TAG_TASK, &message, sizeof message);
}

static brood_err_t hand_out(coordinator_t *coordinator) {
    if (coordinator->here) coordinator->rank[0].wants = worker_wants(coordinator->here);
    for (int rank = 0; rank < coordinator->ranks; rank++) {
        brood_task_t task;
        if (!coordinator->rank[rank].wants || coordinator->rank[rank].left) continue;
        if (!brood_search_next(coordinator->with->search, &task)) break;
        brood_err_t err = give(coordinator, rank, &task);
        if (err != BROOD_OK) return err;
    }
    return BROOD_OK;
}

static void advance(coordinator_t *coordinator) {
    const brood_sched_coordinator_t *with = coordinator->with;
    bool                             more = false;
    brood_err_t                      err = brood_search_advance(with->search, &more);
    if (err == BROOD_OK)
        err = brood_clock_reserve(with->clock, brood_history_episodes(brood_search_history(with->search)),
                                  brood_clock_jobs(with->clock));
    coordinator->advance_due = more;
    coordinator->unsound = err != BROOD_OK;
    if (err != BROOD_OK) coordinator_fail(coordinator, err);
}

brood_err_t coordinator_turn(coordinator_t *coordinator, bool *over) {
    if (coordinator->error == BROOD_OK && coordinator->advance_due) advance(coordinator);
    /* Before the first episode is handed out the file is written, too: a directory that can't be written ends the job
     * here. */
    if (coordinator->last_save < 0 && coordinator->error == BROOD_OK) {
        brood_err_t err = coordinator_save(coordinator);
        if (err != BROOD_OK) coordinator_fail(coordinator, err);
    }
    coordinator_look_for_reasons_to_stop(coordinator);
    if (!coordinator->stopping && coordinator_save_is_due(coordinator)) coordinator_save_in_mid_run(coordinator);
    brood_err_t err = coordinator_watch(coordinator);
    if (err == BROOD_OK && !coordinator->stopping) err = hand_out(coordinator);
    if (err == BROOD_OK && coordinator->broken != BROOD_OK)
        err = brood_because(coordinator->broken, "telling the ranks to stop");
    if (err != BROOD_OK) return err;
    if (!coordinator->stopping) show_progress(coordinator, false);
    *over = coordinator->stopping;
    for (int rank = 0; rank < coordinator->ranks; rank++) {
        bool left = rank == 0 ? !coordinator->here || worker_idle(coordinator->here) : coordinator->rank[rank].left;
        *over = *over && left;
    }
    return BROOD_OK;
}

brood_err_t coordinator_finish(coordinator_t *coordinator) {
    brood_clock_job_t *job = coordinator_job(coordinator);
    /* The last results may have completed the search although something else asked it to stop. */
    do {
        if (coordinator->error == BROOD_OK) advance(coordinator);
    } while (coordinator->error == BROOD_OK && coordinator->advance_due);
    if (coordinator->error == BROOD_OK && brood_search_complete(coordinator->with->search))
        coordinator->end = BROOD_END_COMPLETE;
    /* Who asked to halt does not want it submitted again, whatever else came at the same time. */
    bool halt = coordinator->with->run && brood_run_halt(coordinator->with->run);
    if (halt && coordinator->end == BROOD_END_STOPPED) coordinator->end = BROOD_END_HALTED;
    snprintf(job->why, sizeof job->why, "%s",
             coordinator->error != BROOD_OK ? brood_error_text(coordinator->error) : brood_end_text(coordinator->end));
    for (int rank = coordinator->here ? 0 : 1; rank < coordinator->ranks; rank++) coordinator_told(coordinator, rank);
    progress_end(&coordinator->progress, coordinator->with->search, coordinator_utilisation(coordinator));

    double      before = brood_clock_monotonic();
    brood_err_t err = coordinator_may_save(coordinator) ? coordinator_save(coordinator) : BROOD_OK;
    if (coordinator->end != BROOD_END_COMPLETE && coordinator->error == BROOD_OK)
        brood_log_write(BROOD_LOG_INFO, "stopped: %.2f s until every rank had left its child, %.2f s for the run file",
                        before - coordinator->stop_seconds, brood_clock_monotonic() - before);
    /* A wish to stop is granted by any end: the next job must not stumble over it. */
    if (err == BROOD_OK && halt) err = brood_run_consume_halt(coordinator->with->run);
    if (coordinator->error != BROOD_OK) {
        if (err != BROOD_OK) brood_log_write(BROOD_LOG_WARNING, "%s", brood_message());
        err = brood_fail(coordinator->error, "%s", coordinator->message);
    }
    return err;
}
