/* Do all ranks of a job compute the same bits, and those of the run? */
#ifndef BROOD_SCHED_NUMERICS_H
#define BROOD_SCHED_NUMERICS_H

#include <mpi.h>
#include <stdbool.h>

#include "brood/nn/fingerprint.h"

#define BROOD_FINGERPRINT_SIZE 17 /* bytes of its text: 16 hexadecimal digits and a NUL */

void brood_fingerprint_print(uint64_t hash, char text[BROOD_FINGERPRINT_SIZE]);

/* Collective. `node`: a rank's CPU, path and versions, for the message. Of rank 0 alone: `of_run`, the fingerprint that
   the run began with (NULL: a new run), and `first_node`, who computed it. BROOD_E_NUMERICS names the first rank that
   differs, its host and what it computes otherwise; where `allow` is set that is a warning, and *exact false. */
brood_err_t brood_agree_numerics(MPI_Comm comm, const brood_fingerprint_t *mine, const char *node, const char *of_run,
                                 const char *first_node, bool allow, bool *exact) BROOD_WARN_UNUSED;

#endif
