/* What started us: one program of many ranks, or many programs of one. */
#ifndef BROOD_SRC_CLI_LAUNCHER_H
#define BROOD_SRC_CLI_LAUNCHER_H

#include <stdbool.h>

#include "brood/util/error.h"

/* A launcher says that it started several tasks. Works before MPI_Init. */
bool launcher_of_many(void);

/* BROOD_E_USAGE: a launcher that MPI does not know of started several programs of one rank each, which would all work
   on the same run. */
brood_err_t launcher_check(int ranks) BROOD_WARN_UNUSED;

/* Rank 0, when every rank listens to signals: tells scripts/brood-run, which has named a file for it. */
void launcher_listening(void);

#endif
