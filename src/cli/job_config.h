/* The configuration of a job: read, completed, and held against the run's own. */
#ifndef BROOD_SRC_CLI_JOB_CONFIG_H
#define BROOD_SRC_CLI_JOB_CONFIG_H

#include "job.h"

/* Rank 0. Fills `config`: from CONFIG, else the run's own, else (brood train) that of --from or the defaults; with
   --set and what the subcommand makes of it. `image` is the run's, NULL for a new one. BROOD_E_CONFIG names every
   frozen key that differs from the run's. */
brood_err_t job_config_read(const job_request_t *request, const brood_bytes_t *image,
                            config_t *config) BROOD_WARN_UNUSED;

#endif
