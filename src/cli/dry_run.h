/* --dry-run of `brood search` and `brood train`: the configuration is checked as a job would, and nothing started. What
   only the images' pixels or the run's results can tell is left to the job. */
#ifndef BROOD_SRC_CLI_DRY_RUN_H
#define BROOD_SRC_CLI_DRY_RUN_H

#include "job.h"

/* Where request->dir (NULL: none was named) holds a run, the configuration is held against that run's. */
brood_err_t dry_run(const job_request_t *request) BROOD_WARN_UNUSED;

/* BROOD_E_USAGE: --ranks without --dry-run, which alone needs to be told. */
brood_err_t dry_run_alone(bool dry, const char *ranks) BROOD_WARN_UNUSED;

#endif
