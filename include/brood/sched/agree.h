/* No rank leaves alone: fallible work is followed by an agreement before the next collective. */
#ifndef BROOD_SCHED_AGREE_H
#define BROOD_SCHED_AGREE_H

#include <mpi.h>

#include "brood/util/error.h"

/* Collective. Every rank gets the lowest failing rank's error and message; BROOD_OK when all are well. */
brood_err_t brood_agree(MPI_Comm comm, brood_err_t mine) BROOD_WARN_UNUSED;

/* Collective. Rank 0's text, malloc'ed on the others (*text is rank 0's own there). */
brood_err_t brood_share_text(MPI_Comm comm, char **text) BROOD_WARN_UNUSED;

#endif
