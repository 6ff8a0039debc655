/* Signals that ask a job to stop. Handlers set a flag and do nothing else: what a stop means is done between two steps
   of a child. */
#ifndef BROOD_SCHED_SIGNALS_H
#define BROOD_SCHED_SIGNALS_H

#include <stdbool.h>

#include "brood/util/error.h"

typedef enum {
    BROOD_SIGNAL_NONE,
    BROOD_SIGNAL_STOP,     /* USR1, TERM: the batch system, or brood-run: submit again */
    BROOD_SIGNAL_INTERRUPT /* INT: a person: do not */
} brood_signal_t;

/* First thing in a job. Further signals change nothing (Slurm sends TERM, CONT, TERM within 10 ms), except a second INT
   at least 1 s after the first, which ends the process at once, without saving. PIPE is ignored: a job goes on where
   nobody reads its log any longer. */
void brood_signals_install(void);

/* What this process is doing ("" is nothing to tell; cut where too long): should it die of a fault of its own (SIGSEGV,
   SIGBUS, SIGILL, SIGFPE), its last line to stderr says so. First called after MPI_Init, whose handlers come behind. */
void brood_signals_doing(const char *format, ...) BROOD_PRINTF(1, 2);

/* Whether scripts/brood-run, which passes on a person's Ctrl-C as USR1, says that it was one (in the file that
   BROOD_LISTENING names). */
bool brood_signals_by_person(void);

/* The first that came, and when: *seconds (may be NULL), monotonic. */
brood_signal_t brood_signals_seen(double *seconds);

#endif
