#include "jobs_told.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "brood/run/run.h"
#include "provenance.h"
#include "wording.h"

/* NaN: no rank has told yet. */
static double utilisation(const brood_clock_job_t *job) {
    return job->busy / (job->busy + job->idle);
}

static void read_holder(const char *dir, jobs_told_t *jobs) {
    brood_holder_t holder, mine;
    bool           missing = false;
    if (brood_lock_read(&brood_fs_posix, dir, &holder, &missing) != BROOD_OK) return;
    brood_holder_here("", provenance_batch_job(), provenance_batch_restart(), &mine);
    brood_holder_print(&holder, jobs->holder, sizeof jobs->holder);
    jobs->held = true;
    jobs->lives = brood_holder_lives(&holder, &mine, &brood_life_system);
}

static void read_queue(jobs_told_t *jobs) {
    const table_t *table = jobs->table;
    const char    *last = table->jobs > 0 ? brood_clock_job(table->clock, table->jobs - 1)->id : "";
    jobs->queued = brood_batch_find(last, &jobs->queue) &&
                   (brood_batch_runs(&jobs->queue) || !strcmp(jobs->queue.state, "PENDING"));
    if (jobs->queued) return;
    jobs->queued = jobs->waits = brood_batch_successor(last, &jobs->queue);
}

static void read_node_hours(jobs_told_t *jobs) {
    const table_t *table = jobs->table;
    double         busy = 0, ended = 0;
    int64_t        worked = 0, steps = 0;
    for (int64_t j = 0; j < table->jobs; j++) {
        const brood_clock_job_t *job = brood_clock_job(table->clock, j);
        if (isnan(job->end) || job->ranks < 1) continue;
        double nodes = (double)job->nodes;
        jobs->node_hours += nodes * (job->end - job->start) / 3600;
        if (!*job->why) continue; /* what its ranks have in hand is not told yet */
        ended += nodes * (job->end - job->start) / 3600;
        busy += nodes * job->busy / job->ranks / 3600;
    }
    for (int64_t e = 0; e < table->episodes; e++) {
        int64_t of_episode = brood_clock_episode(table->clock, e)->worked;
        if (table->episode[e].status == BROOD_STATUS_OPEN || of_episode == 0) continue;
        worked += of_episode;
        steps += table->episode[e].steps;
    }
    if (busy > ended) busy = ended; /* by the error of two clocks */
    jobs->idle = ended - busy;
    jobs->repeated = worked > 0 ? busy * (double)(worked - steps) / (double)worked : 0;
}

void jobs_told_read(const char *dir, const table_t *table, jobs_told_t *jobs) {
    *jobs = (jobs_told_t){.table = table};
    read_holder(dir, jobs);
    read_queue(jobs);
    read_node_hours(jobs);
}

static void print_last(const jobs_told_t *jobs) {
    const table_t           *table = jobs->table;
    const brood_clock_job_t *job = brood_clock_job(table->clock, table->jobs - 1);
    char                     when[32] = "", restart[32] = "", busy[32] = "";
    time_t                   last = (time_t)job->end;
    struct tm                utc;
    if (!isnan(job->end) && gmtime_r(&last, &utc)) strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", &utc);
    if (job->restart > 0) snprintf(restart, sizeof restart, " (restart %d)", job->restart);
    if (!isnan(utilisation(job))) snprintf(busy, sizeof busy, ", %.1f %% busy", 100 * utilisation(job));
    printf("Jobs      %lld; the last one, %s%s, on %d rank%s of %s%s, last wrote %s: %s\n", (long long)table->jobs,
           job->id, restart, job->ranks, plural(job->ranks), job->hosts, busy, when,
           *job->why     ? job->why
           : jobs->lives ? "it is running"
                         : "it is running, or was killed");
}

static void print_queue(const jobs_told_t *jobs) {
    const brood_batch_job_t *queue = &jobs->queue;
    printf("Slurm     job %s ", queue->id);
    if (brood_batch_runs(queue))
        printf("is %s, %s left\n", queue->state, queue->left);
    else if (jobs->waits)
        printf("waits to go on (%s)\n", queue->reason);
    else if (!strcmp(queue->start, "N/A"))
        printf("is %s (%s)\n", queue->state, queue->reason);
    else
        printf("is %s (%s), to start at %s\n", queue->state, queue->reason, queue->start);
}

void jobs_told_print(const jobs_told_t *jobs) {
    if (jobs->table->jobs > 0) print_last(jobs);
    if (jobs->held)
        printf("Held by   %s, %s\n", jobs->holder,
               jobs->lives ? "which runs" : "of which no sign of life is seen from here");
    if (jobs->queued) print_queue(jobs);
    if (jobs->node_hours > 0)
        printf(
            "Nodes     %.3g hours used; lost of these: %.2g starting, waiting and writing, %.2g in mini-batches done "
            "twice\n",
            jobs->node_hours, jobs->idle, jobs->repeated);
}

static void json_jobs(const table_t *table, brood_json_t *json) {
    brood_json_begin_array(json, "jobs");
    for (int64_t j = 0; j < table->jobs; j++) {
        const brood_clock_job_t *job = brood_clock_job(table->clock, j);
        brood_json_begin_object(json, NULL);
        brood_json_text(json, "id", job->id);
        brood_json_integer(json, "restart", job->restart);
        brood_json_integer(json, "ranks", job->ranks);
        brood_json_integer(json, "threads", job->threads);
        brood_json_integer(json, "nodes", job->nodes);
        brood_json_text(json, "hosts", job->hosts);
        brood_json_real(json, "start", job->start);
        brood_json_real(json, "end", job->end);
        brood_json_real(json, "utilisation", utilisation(job));
        brood_json_text(json, "why", job->why);
        brood_json_end_object(json);
    }
    brood_json_end_array(json);
}

void jobs_told_json(const jobs_told_t *jobs, brood_json_t *json) {
    brood_json_text(json, "holder", jobs->held ? jobs->holder : "");
    brood_json_bool(json, "holder_lives", jobs->lives);
    brood_json_begin_object(json, "slurm");
    brood_json_text(json, "job", jobs->queued ? jobs->queue.id : "");
    brood_json_text(json, "state", jobs->queued ? jobs->queue.state : "");
    brood_json_text(json, "reason", jobs->queued ? jobs->queue.reason : "");
    brood_json_end_object(json);
    brood_json_real(json, "node_hours", jobs->node_hours);
    brood_json_real(json, "node_hours_idle", jobs->idle);
    brood_json_real(json, "node_hours_repeated", jobs->repeated);
    json_jobs(jobs->table, json);
}
