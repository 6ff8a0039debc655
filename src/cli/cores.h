/* Whether the ranks of a node have a core for each of their threads. */
#ifndef BROOD_CLI_CORES_H
#define BROOD_CLI_CORES_H

#include <mpi.h>
#include <stdint.h>

#include "brood/util/error.h"

/* Collective. Warns, once, where a rank or all ranks of a node together have fewer cores than threads. Says nothing of
   ranks of one thread: launchers do that. BROOD_E_RANKS: MPI failed. */
brood_err_t cores_check(MPI_Comm comm, int64_t threads) BROOD_WARN_UNUSED;

/* The same of this process alone, which is no rank. */
void cores_check_own(int64_t threads);

#endif
