/* What the batch system says of a job: Slurm's squeue, where it is on the PATH. No library of Slurm's is needed. */
#ifndef BROOD_RUN_BATCH_H
#define BROOD_RUN_BATCH_H

#include <stdbool.h>

typedef struct {
    char id[64];     /* a job's number */
    char state[32];  /* "RUNNING", "PENDING", "COMPLETING", … */
    char reason[64]; /* why it is pending: "Priority", "BeginTime", …; else "None" */
    char start[32];  /* when it began or is expected to, local time; "N/A" */
    char left[32];   /* until its time limit */
} brood_batch_job_t;

/* False: it is no number of a job, squeue can't be asked within 20 s, or it shows no such job. */
bool brood_batch_find(const char *job, brood_batch_job_t *found);

/* The job that scripts/brood-slurm submitted to go on after `job`, where jobs are not requeued: its comment says so. */
bool brood_batch_successor(const char *job, brood_batch_job_t *found);

/* Its processes may be alive. */
bool brood_batch_runs(const brood_batch_job_t *job);

/* They have been told to end, and may be saving. */
bool brood_batch_ends(const brood_batch_job_t *job);

#endif
