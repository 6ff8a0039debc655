/* No rank leaves alone: fallible work is followed by an agreement before the next collective. Whoever waits here
   sleeps, and does not spin: a core that waits is a core that trains. */
#ifndef BROOD_SCHED_AGREE_H
#define BROOD_SCHED_AGREE_H

#include <mpi.h>
#include <stddef.h>

#include "brood/util/error.h"

/* BROOD_OK for MPI_SUCCESS; else BROOD_E_RANKS with MPI's own words: brood_mpi(MPI_Isend(…), "sending a task"). */
brood_err_t brood_mpi(int result, const char *what) BROOD_WARN_UNUSED;

/* Local. Waits for a request with sleeps growing to 1 ms. */
brood_err_t brood_wait(MPI_Request *request) BROOD_WARN_UNUSED;

/* Collective. Every rank gets the lowest failing rank's error and message; BROOD_OK when all are well. */
brood_err_t brood_agree(MPI_Comm comm, brood_err_t mine) BROOD_WARN_UNUSED;

/* Collective. Rank 0's bytes to all; `size` must agree. */
brood_err_t brood_share_bytes(MPI_Comm comm, void *bytes, size_t size) BROOD_WARN_UNUSED;

/* Collective. Rank 0's text to all: malloc'ed on the others, where *text is NULL before. */
brood_err_t brood_share_text(MPI_Comm comm, char **text) BROOD_WARN_UNUSED;

#endif
