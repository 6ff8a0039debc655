/* When rank 0 writes the run file, and what goes with it. */
#include <stdlib.h>

#include "brood/util/log.h"
#include "brood/util/phase.h"
#include "coordinator.h"
#include "record.h"

/* From the first task on, as far as ranks have told what they did: a child in training is told of when it ends. */
static double rank_seconds(const coordinator_t *coordinator) {
    double seconds = 0;
    for (int rank = 0; rank < coordinator->ranks; rank++)
        if (coordinator->rank[rank].told > 0) seconds += coordinator->rank[rank].told - coordinator->first_task;
    return seconds;
}

void coordinator_told(coordinator_t *coordinator, int rank) {
    if (coordinator->first_task > 0) coordinator->rank[rank].told = brood_clock_monotonic();
}

double coordinator_utilisation(coordinator_t *coordinator) {
    return coordinator_job(coordinator)->busy / rank_seconds(coordinator);
}

brood_clock_job_t *coordinator_job(coordinator_t *coordinator) {
    brood_clock_t *clock = coordinator->with->clock;
    return brood_clock_job(clock, brood_clock_jobs(clock) - 1);
}

void coordinator_count_writes(coordinator_t *coordinator, const writes_t *writes) {
    coordinator_job(coordinator)->child_saves += writes->count;
    coordinator_job(coordinator)->child_writing += writes->seconds;
}

/* Where memory runs out the file stays, and the next job clears it. */
void coordinator_forget_later(coordinator_t *coordinator, int64_t episode) {
    if (coordinator->forgettables == coordinator->forgettables_capacity) {
        int64_t  capacity = coordinator->forgettables_capacity ? 2 * coordinator->forgettables_capacity : 16;
        int64_t *grown = realloc(coordinator->forgettable, (size_t)capacity * sizeof *grown);
        if (!grown) return;
        coordinator->forgettable = grown;
        coordinator->forgettables_capacity = capacity;
    }
    coordinator->forgettable[coordinator->forgettables++] = episode;
}

/* Results that were in the run file already, whose in-flight files a killed job did not come to remove. */
void coordinator_forget_finished(coordinator_t *coordinator) {
    const brood_history_t *history = brood_search_history(coordinator->with->search);
    int64_t                count = 0;
    const int64_t         *inflight = brood_run_inflight(coordinator->with->run, &count);
    for (int64_t i = 0; i < count; i++)
        if (inflight[i] < brood_history_episodes(history) &&
            brood_history_episode(history, inflight[i])->status != BROOD_STATUS_OPEN)
            coordinator_forget_later(coordinator, inflight[i]);
}

bool coordinator_may_save(const coordinator_t *coordinator) {
    return coordinator->error != BROOD_E_LOCKED && !coordinator->unsound;
}

brood_err_t coordinator_save(coordinator_t *coordinator) {
    const brood_sched_coordinator_t *with = coordinator->with;
    brood_clock_job_t               *job = coordinator_job(coordinator);
    brood_fields_t                   fields;
    int64_t                          size = 0;
    double                           start = brood_clock_monotonic(), idle = rank_seconds(coordinator) - job->busy;
    if (!with->run) return BROOD_OK;

    job->end = brood_clock_now();
    job->idle = idle > 0 ? idle : 0;
    job->saves++;
    brood_phase(BROOD_PHASE_WRITING);
    brood_fields_init(&fields);
    brood_err_t err = record_fields(with, &fields);
    if (err == BROOD_OK) err = brood_run_save(with->run, &fields, &size);
    brood_fields_fini(&fields);
    coordinator->last_save = brood_clock_monotonic();
    coordinator->save_seconds = coordinator->last_save - start;
    if (coordinator->save_seconds > coordinator->slowest_save) coordinator->slowest_save = coordinator->save_seconds;
    job->writing += coordinator->save_seconds;
    if (err != BROOD_OK) {
        job->saves--;
        return brood_because(err, "saving the run");
    }
    coordinator->changed = false;
    brood_run_forget(with->run, coordinator->forgettable, coordinator->forgettables);
    coordinator->forgettables = 0;
    brood_log_write(BROOD_LOG_DEBUG, "saved %lld bytes in %.1f ms", (long long)size, 1e3 * coordinator->save_seconds);
    return BROOD_OK;
}

/* Every `every` seconds after something new, later when writing would take more than `share` of the time. */
bool coordinator_save_is_due(const coordinator_t *coordinator) {
    const brood_sched_config_t *config = coordinator->config;
    if (!coordinator->changed || !coordinator->with->run) return false;
    double pause = coordinator->save_seconds / config->share;
    if (pause < config->every) pause = config->every;
    return brood_clock_monotonic() - coordinator->last_save >= pause;
}

/* In mid-run a write that fails costs nothing yet: it is tried again at the next due time. A run that another job has
 * taken over is not ours to go on with. */
void coordinator_save_in_mid_run(coordinator_t *coordinator) {
    brood_err_t err = coordinator_save(coordinator);
    if (err == BROOD_E_LOCKED)
        coordinator_fail(coordinator, err);
    else if (err != BROOD_OK)
        brood_log_write(BROOD_LOG_WARNING, "%s; it will be tried again", brood_message());
    else if (coordinator->told_break)
        brood_log_write(BROOD_LOG_INFO, "the run is saved again");
    coordinator->told_break = err != BROOD_OK;
}
