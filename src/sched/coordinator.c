#include "coordinator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/log.h"
#include "record.h"

#define HALT_LOOK_SECONDS 5.0 /* between looks at the run directory where no episode ends; a look is one stat() */

static brood_clock_job_t *this_job(coordinator_t *coordinator) {
    brood_clock_t *clock = coordinator->with->clock;
    return brood_clock_job(clock, brood_clock_jobs(clock) - 1);
}

brood_err_t coordinator_init(coordinator_t *coordinator, const brood_sched_config_t *config,
                             const brood_sched_coordinator_t *with, worker_t *here, outbox_t *outbox, int ranks) {
    *coordinator = (coordinator_t){.config = config, .with = with, .here = here, .outbox = outbox, .ranks = ranks};
    coordinator->rank = calloc((size_t)ranks, sizeof *coordinator->rank);
    if (!coordinator->rank) return brood_fail(BROOD_E_MEMORY, "no memory for %d ranks", ranks);
    coordinator->rank[0].left = here == NULL;
    coordinator->changed = coordinator->advance_due = true;
    coordinator->last_save = -1e300;
    coordinator->last_look = brood_clock_monotonic(); /* a job does something before it looks for a reason to stop */
    progress_init(&coordinator->progress, config->log_every, with->search);
    return BROOD_OK;
}

void coordinator_fini(coordinator_t *coordinator) {
    free(coordinator->rank);
    coordinator->rank = NULL;
}

/* Nothing more is handed out; what waits unbegun comes back; children that are being trained are finished, or
 * abandoned. */
static void stop(coordinator_t *coordinator, brood_end_t end, bool abandon) {
    if (coordinator->stopping && !abandon) return;
    stop_message_t message = {.abandon = abandon};
    for (int rank = 1; rank < coordinator->ranks; rank++) {
        if (coordinator->rank[rank].left) continue;
        brood_err_t err = outbox_send(coordinator->outbox, rank, TAG_STOP, &message, sizeof message);
        if (err != BROOD_OK) coordinator->broken = err;
    }
    if (coordinator->here) {
        int64_t unbegun = worker_stop(coordinator->here, abandon);
        if (unbegun >= 0) brood_search_return(coordinator->with->search, unbegun);
    }
    coordinator->stopping = true;
    coordinator->end = end;
}

void coordinator_fail(coordinator_t *coordinator, brood_err_t err) {
    if (coordinator->error != BROOD_OK) return;
    coordinator->error = err;
    snprintf(coordinator->message, sizeof coordinator->message, "%s", brood_message());
    stop(coordinator, coordinator->end, true);
}

/* Of the time since the first task, on the ranks that train. */
static double rank_seconds(const coordinator_t *coordinator) {
    if (coordinator->first_task <= 0) return 0;
    int training = coordinator->ranks - (coordinator->here ? 0 : 1);
    return training * (brood_clock_monotonic() - coordinator->first_task);
}

static double utilisation(coordinator_t *coordinator) {
    double all = rank_seconds(coordinator);
    return all > 0 ? this_job(coordinator)->busy / all : 0;
}

void coordinator_record(coordinator_t *coordinator, int from, const result_message_t *result) {
    const brood_sched_coordinator_t *with = coordinator->with;
    brood_err_t                      err = brood_search_record(with->search, result->episode, &result->result);
    if (err != BROOD_OK) {
        coordinator_fail(coordinator, err);
        return;
    }
    brood_clock_episode_t *times = brood_clock_episode(with->clock, result->episode);
    times->rank = from;
    times->job = (int32_t)(brood_clock_jobs(with->clock) - 1);
    times->start = result->start;
    times->end = result->end;
    times->busy = result->busy;
    snprintf(times->host, sizeof times->host, "%s", result->host);
    this_job(coordinator)->busy += result->busy;
    coordinator->changed = coordinator->advance_due = true;
    coordinator->last_look = 0;
    progress_show(&coordinator->progress, with->search, utilisation(coordinator), false);
}

brood_err_t coordinator_receive(coordinator_t *coordinator, int from, tag_t tag, const brood_bytes_t *bytes) {
    rank_t *rank = &coordinator->rank[from];
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
        if (left.unbegun >= 0) brood_search_return(coordinator->with->search, left.unbegun);
        return BROOD_OK;
    }
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

static brood_err_t save(coordinator_t *coordinator) {
    const brood_sched_coordinator_t *with = coordinator->with;
    brood_clock_job_t               *job = this_job(coordinator);
    brood_fields_t                   fields;
    int64_t                          size = 0;
    double                           start = brood_clock_monotonic(), idle = rank_seconds(coordinator) - job->busy;
    if (!with->run) return BROOD_OK;

    job->end = brood_clock_now();
    job->idle = idle > 0 ? idle : 0;
    job->saves++;
    brood_fields_init(&fields);
    brood_err_t err = record_fields(with, &fields);
    if (err == BROOD_OK) err = brood_run_save(with->run, &fields, &size);
    brood_fields_fini(&fields);
    coordinator->last_save = brood_clock_monotonic();
    coordinator->save_seconds = coordinator->last_save - start;
    job->writing += coordinator->save_seconds;
    if (err != BROOD_OK) {
        job->saves--;
        return brood_because(err, "saving the run");
    }
    coordinator->changed = false;
    brood_log_write(BROOD_LOG_DEBUG, "saved %lld bytes in %.1f ms", (long long)size, 1e3 * coordinator->save_seconds);
    return BROOD_OK;
}

/* Every `every` seconds after something new, later when writing would take more than `share` of the time. */
static bool save_is_due(const coordinator_t *coordinator) {
    const brood_sched_config_t *config = coordinator->config;
    if (!coordinator->changed || !coordinator->with->run) return false;
    double pause = coordinator->save_seconds / config->share;
    if (pause < config->every) pause = config->every;
    return brood_clock_monotonic() - coordinator->last_save >= pause;
}

/* In mid-run a write that fails costs nothing yet: it is tried again at the next due time. A run that another job has
 * taken over is not ours to go on with. */
static void save_in_mid_run(coordinator_t *coordinator) {
    brood_err_t err = save(coordinator);
    if (err == BROOD_E_LOCKED)
        coordinator_fail(coordinator, err);
    else if (err != BROOD_OK)
        brood_log_write(BROOD_LOG_WARNING, "%s; it will be tried again", brood_message());
    else if (coordinator->told_break)
        brood_log_write(BROOD_LOG_INFO, "the run is saved again");
    coordinator->told_break = err != BROOD_OK;
}

static void look_for_halt(coordinator_t *coordinator) {
    double now = brood_clock_monotonic();
    if (coordinator->stopping || !coordinator->with->run || now - coordinator->last_look < HALT_LOOK_SECONDS) return;
    coordinator->last_look = now;
    if (!brood_run_halt(coordinator->with->run)) return;
    brood_log_write(BROOD_LOG_INFO, "found the file halt: children under way are finished, then the search stops");
    stop(coordinator, BROOD_END_HALTED, false);
}

static brood_err_t give(coordinator_t *coordinator, int rank, const brood_task_t *task) {
    brood_clock_episode_t *times = brood_clock_episode(coordinator->with->clock, task->episode);
    task_message_t         message = {.episode = task->episode, .begun = task->begun};
    snprintf(message.architecture, sizeof message.architecture, "%s", task->architecture);
    times->attempts++;
    coordinator->changed = true;
    coordinator->rank[rank].wants = false;
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
        brood_err_t err = save(coordinator);
        if (err != BROOD_OK) coordinator_fail(coordinator, err);
    }
    if (!coordinator->stopping) look_for_halt(coordinator);
    if (!coordinator->stopping && brood_search_complete(coordinator->with->search))
        stop(coordinator, BROOD_END_COMPLETE, false);
    /* While children are finished after a halt, too: that may take hours. */
    if (coordinator->error == BROOD_OK && save_is_due(coordinator)) save_in_mid_run(coordinator);
    brood_err_t err = coordinator->stopping ? BROOD_OK : hand_out(coordinator);
    if (err == BROOD_OK && coordinator->broken != BROOD_OK)
        err = brood_because(coordinator->broken, "telling the ranks to stop");
    if (err != BROOD_OK) return err;
    *over = coordinator->stopping;
    for (int rank = 0; rank < coordinator->ranks; rank++) {
        bool left = rank == 0 ? !coordinator->here || worker_idle(coordinator->here) : coordinator->rank[rank].left;
        *over = *over && left;
    }
    return BROOD_OK;
}

brood_err_t coordinator_finish(coordinator_t *coordinator) {
    brood_clock_job_t *job = this_job(coordinator);
    /* The last results may have completed the search although something else asked it to stop. */
    do {
        if (coordinator->error == BROOD_OK) advance(coordinator);
    } while (coordinator->error == BROOD_OK && coordinator->advance_due);
    if (coordinator->error == BROOD_OK && brood_search_complete(coordinator->with->search))
        coordinator->end = BROOD_END_COMPLETE;
    snprintf(job->why, sizeof job->why, "%s",
             coordinator->error != BROOD_OK ? brood_error_text(coordinator->error) : brood_end_text(coordinator->end));
    progress_show(&coordinator->progress, coordinator->with->search, utilisation(coordinator), true);
    progress_end(&coordinator->progress);

    bool        ours = coordinator->error != BROOD_E_LOCKED && !coordinator->unsound;
    brood_err_t err = ours ? save(coordinator) : BROOD_OK;
    /* A wish to stop is granted by any end: the next job must not stumble over it. */
    if (err == BROOD_OK && coordinator->with->run && brood_run_halt(coordinator->with->run))
        err = brood_run_consume_halt(coordinator->with->run);
    if (coordinator->error != BROOD_OK) {
        if (err != BROOD_OK) brood_log_write(BROOD_LOG_WARNING, "%s", brood_message());
        err = brood_fail(coordinator->error, "%s", coordinator->message);
    }
    return err;
}
