/* What `brood status` tells of a run's jobs: who holds it, what Slurm says, and what they have cost. */
#ifndef BROOD_SRC_CLI_JOBS_TOLD_H
#define BROOD_SRC_CLI_JOBS_TOLD_H

#include "brood/run/batch.h"
#include "brood/util/json.h"
#include "table.h"

typedef struct {
    const table_t    *table;
    bool              held, lives; /* by a lock, and by one who gives a sign of life that is seen from here */
    char              holder[256];
    bool              queued; /* squeue shows the run's last job, or the one that waits for it */
    bool              waits;  /* it is the latter */
    brood_batch_job_t queue;
    double            node_hours; /* of all jobs, to their last write */
    double            idle;       /* of these, what was not spent in mini-batches: starting, waiting, writing */
    double            repeated;   /* … and in mini-batches done twice, as far as is known */
} jobs_told_t;

void jobs_told_read(const char *dir, const table_t *table, jobs_told_t *jobs);
void jobs_told_print(const jobs_told_t *jobs);
void jobs_told_json(const jobs_told_t *jobs, brood_json_t *json);

#endif
