/* Everything that the run file holds, listed in one place for saving and for loading. */
#ifndef BROOD_SRC_SCHED_RECORD_H
#define BROOD_SRC_SCHED_RECORD_H

#include "brood/sched/sched.h"

/* Adds search, clock and configuration. */
brood_err_t record_fields(const brood_sched_coordinator_t *with, brood_fields_t *fields) BROOD_WARN_UNUSED;

#endif
