#include "brood/sched/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "brood/math/function.h"

struct brood_clock {
    brood_clock_episode_t *episode;
    brood_clock_job_t     *job;
    int64_t                episodes, jobs;
    int64_t                capacity; /* of episodes: it grows by leaps */
};

static double seconds(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double brood_clock_now(void) {
    return seconds(CLOCK_REALTIME);
}

double brood_clock_monotonic(void) {
    return seconds(CLOCK_MONOTONIC);
}

brood_err_t brood_clock_create(brood_clock_t **clock) {
    *clock = calloc(1, sizeof **clock);
    return *clock ? BROOD_OK : brood_fail(BROOD_E_MEMORY, "no memory for the clock's tables");
}

void brood_clock_destroy(brood_clock_t **clock) {
    if (!*clock) return;
    free((*clock)->episode);
    free((*clock)->job);
    free(*clock);
    *clock = NULL;
}

brood_err_t brood_clock_reserve(brood_clock_t *clock, int64_t episodes, int64_t jobs) {
    if (episodes > clock->episodes) {
        brood_clock_episode_t *grown = clock->episode;
        if (episodes > clock->capacity) {
            int64_t capacity = 2 * clock->capacity > episodes ? 2 * clock->capacity : episodes;
            grown = realloc(clock->episode, (size_t)capacity * sizeof *grown);
            if (!grown)
                return brood_fail(BROOD_E_MEMORY, "no memory for the times of %lld episodes", (long long)episodes);
            clock->episode = grown;
            clock->capacity = capacity;
        }
        for (int64_t i = clock->episodes; i < episodes; i++) {
            memset(&grown[i], 0, sizeof grown[i]);
            grown[i].rank = grown[i].job = grown[i].resumed_rank = -1;
            grown[i].start = grown[i].end = brood_nan();
        }
        clock->episodes = episodes;
    }
    if (jobs > clock->jobs) {
        brood_clock_job_t *grown = realloc(clock->job, (size_t)jobs * sizeof *grown);
        if (!grown) return brood_fail(BROOD_E_MEMORY, "no memory for the records of %lld jobs", (long long)jobs);
        clock->job = grown;
        memset(&grown[clock->jobs], 0, (size_t)(jobs - clock->jobs) * sizeof *grown);
        for (int64_t i = clock->jobs; i < jobs; i++) grown[i].start = grown[i].end = brood_nan();
        clock->jobs = jobs;
    }
    return BROOD_OK;
}

int64_t brood_clock_episodes(const brood_clock_t *clock) {
    return clock->episodes;
}

int64_t brood_clock_jobs(const brood_clock_t *clock) {
    return clock->jobs;
}

brood_clock_episode_t *brood_clock_episode(brood_clock_t *clock, int64_t episode) {
    return &clock->episode[episode];
}

brood_clock_job_t *brood_clock_job(brood_clock_t *clock, int64_t job) {
    return &clock->job[job];
}

#define COLUMN(struct_type, rows, array, member, field_type, group_path, label_, unit_, doc_)                          \
    brood_fields_add(fields, &(brood_field_t){.group = group_path,                                                     \
                                              .name = #member,                                                         \
                                              .label = label_,                                                         \
                                              .unit = unit_,                                                           \
                                              .doc = doc_,                                                             \
                                              .type = field_type,                                                      \
                                              .ndim = 1,                                                               \
                                              .shape = {rows},                                                         \
                                              .base = rows ? (void *)&(array)->member : NULL,                          \
                                              .stride = sizeof(struct_type),                                           \
                                              .text_size = sizeof(((struct_type *)0)->member)})
#define EPISODE(member, type, label, unit, doc)                                                                        \
    COLUMN(brood_clock_episode_t, clock->episodes, clock->episode, member, type, "/clock/episodes", label, unit, doc)
#define JOB(member, type, label, unit, doc)                                                                            \
    COLUMN(brood_clock_job_t, clock->jobs, clock->job, member, type, "/clock/jobs", label, unit, doc)

void brood_clock_fields(brood_clock_t *clock, brood_fields_t *fields) {
    EPISODE(rank, BROOD_TYPE_I32, "rank", NULL, "MPI rank that trained the child; -1: none yet");
    EPISODE(job, BROOD_TYPE_I32, "job", NULL, "row of /clock/jobs in which the child finished; -1: none yet");
    EPISODE(host, BROOD_TYPE_TEXT, "host", NULL, "node on which the child finished");
    EPISODE(start, BROOD_TYPE_F64, "start", "seconds since 1970-01-01 00:00:00 UTC",
            "when the child began in that job");
    EPISODE(end, BROOD_TYPE_F64, "end", "seconds since 1970-01-01 00:00:00 UTC", "when the child finished");
    EPISODE(busy, BROOD_TYPE_F64, "busy", "s", "time spent in steps of the child");
    EPISODE(attempts, BROOD_TYPE_I32, "attempts", "1", "how often the episode was handed out");
    EPISODE(worked, BROOD_TYPE_I64, "steps worked", "1",
            "mini-batches worked on the child, evaluation and repetition included, as far as is known: what is above "
            "/episodes/steps was done again");
    EPISODE(resumed_step, BROOD_TYPE_I64, "step of resuming", "1",
            "mini-batches after which the child was last taken up by another job; 0: it was begun afresh");
    EPISODE(resumed_rank, BROOD_TYPE_I32, "rank resumed from", NULL, "rank that had saved it then; -1: none");

    JOB(id, BROOD_TYPE_TEXT, "job id", NULL, "the batch system's, or HOST:PID");
    JOB(restart, BROOD_TYPE_I32, "restart count", "1", "how often the batch system had restarted the job");
    JOB(ranks, BROOD_TYPE_I32, "ranks", "1", "MPI ranks");
    JOB(threads, BROOD_TYPE_I64, "threads", "1", "threads of each rank that trained its child");
    JOB(nodes, BROOD_TYPE_I64, "nodes", "1", "nodes that the ranks ran on");
    JOB(hosts, BROOD_TYPE_TEXT, "hosts", NULL, "nodes, each once; of many the first ones, and how many more");
    JOB(start, BROOD_TYPE_F64, "start", "seconds since 1970-01-01 00:00:00 UTC", "when the job began");
    JOB(end, BROOD_TYPE_F64, "end", "seconds since 1970-01-01 00:00:00 UTC", "when the job last wrote, or ended");
    JOB(why, BROOD_TYPE_TEXT, "why it ended", NULL, "empty while it runs, and for ever where it was killed");
    JOB(busy, BROOD_TYPE_F64, "busy", "s", "rank seconds spent in steps of children");
    JOB(idle, BROOD_TYPE_F64, "idle", "s",
        "rank seconds otherwise, from the first task to each rank's last result; of an ended job, to its end");
    JOB(writing, BROOD_TYPE_F64, "writing", "s", "time that rank 0 spent writing the run file");
    JOB(saves, BROOD_TYPE_I64, "saves", "1", "run files written");
    JOB(child_writing, BROOD_TYPE_F64, "writing of children", "s", "rank seconds spent writing in-flight files");
    JOB(child_saves, BROOD_TYPE_I64, "saves of children", "1", "in-flight files written");
    JOB(software, BROOD_TYPE_TEXT, "software", NULL, "version of Brood, git commit, compiler");
    JOB(libraries, BROOD_TYPE_TEXT, "libraries", NULL, "versions of MPI, HDF5 and zlib");
    JOB(numerics, BROOD_TYPE_TEXT, "numerics", NULL, "CPU of rank 0, and who made the products");
    JOB(command, BROOD_TYPE_TEXT, "command", NULL, "the command line, cut where it is long");
}
