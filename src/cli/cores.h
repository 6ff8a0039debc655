/* Whether the ranks of a node have a core for each of their threads. */
#ifndef BROOD_CLI_CORES_H
#define BROOD_CLI_CORES_H

#include <mpi.h>
#include <stdint.h>

/* Collective. Warns, once, where a rank or all ranks of a node together have fewer cores than threads. Says nothing of
   ranks of one thread: launchers do that. */
void cores_check(MPI_Comm comm, int64_t threads);

#endif
