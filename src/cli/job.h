/* One job on a run, search or train: from the configuration to the last line. */
#ifndef BROOD_SRC_CLI_JOB_H
#define BROOD_SRC_CLI_JOB_H

#include "config.h"

typedef struct {
    int    argc; /* of the whole command, for /clock */
    char **argv;

    brood_err_t        err;      /* of reading the command line: told by rank 0 alone, so that it needs MPI, too */
    const char        *file;     /* CONFIG, or NULL: the run's own */
    const char        *from;     /* a run whose configuration a new run begins with where there is no CONFIG, or NULL */
    const char        *dir;      /* --run */
    const char *const *set;      /* --set, NULL-terminated */
    const char *const *skip;     /* --skip, NULL-terminated */
    const char        *max_time; /* --max-time, or NULL */
    const char        *ranks;    /* --ranks of --dry-run, or NULL */
    bool               allow_inexact;
    bool               retrain;
    const char        *save; /* --save, or NULL */

    /* Rank 0, when the configuration has been read: what the subcommand makes of it. `of_run` is the run's own, NULL
       for a new run. May be NULL. */
    brood_err_t (*adjust)(void *self, config_t *config, const config_t *of_run);
    void *self;
} job_request_t;

/* Reads what the options say by themselves: --max-time in seconds (infinite where there is none), the numbers of
   --skip. BROOD_E_USAGE. */
brood_err_t job_read_options(const job_request_t *request, double *limit) BROOD_WARN_UNUSED;

/* Starts MPI, unless the command line is wrong and no launcher started several of us. Errors are told once, by rank 0;
 * *exit_code is the same on every rank. */
brood_err_t job_run(const job_request_t *request, int *exit_code);

#endif
