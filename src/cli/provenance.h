/* What /clock keeps of a job: who ran it, with what. */
#ifndef BROOD_SRC_CLI_PROVENANCE_H
#define BROOD_SRC_CLI_PROVENANCE_H

#include <mpi.h>

#include "brood/math/math.h"
#include "brood/sched/clock.h"

/* Collective: the hosts are gathered. Fills id, restart, ranks, hosts, software, libraries, numerics, command and
 * start; the rest is zero. */
brood_err_t provenance_job(MPI_Comm comm, const brood_math_t *math, int argc, char *const argv[],
                           brood_clock_job_t *job) BROOD_WARN_UNUSED;

/* CPU, path and who makes the products, of this rank. */
void provenance_numerics(const brood_math_t *math, char *text, size_t size);

/* The batch system's name of this job ("" where there is none), and how often it has restarted it. */
const char *provenance_batch_job(void);
int32_t     provenance_batch_restart(void);

#endif
