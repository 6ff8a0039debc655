/* The lines with which a job begins and ends. */
#ifndef BROOD_SRC_CLI_SUMMARY_H
#define BROOD_SRC_CLI_SUMMARY_H

#include "config.h"

/* What they tell of. */
typedef struct {
    const config_t       *config;
    const brood_search_t *search;
    brood_clock_t        *clock; /* its last job is this one */
    const char           *dir;
    bool                  retrain;
    const char           *save; /* FILE of `brood train --save`, or NULL */
} summary_t;

/* Where it begins or goes on: episodes, rounds, children in flight and at which step, how the job before ended; from
   whom the run was taken over (token "": nobody); whether there are more ranks than can train at once. To the log. */
void summary_begin(const summary_t *summary, const brood_run_t *run, brood_run_state_t state,
                   const brood_holder_t *former, int ranks);

/* Episodes, best, speed, utilisation, what was repeated, and how to go on. To stdout. */
void summary_end(const summary_t *summary, brood_end_t end);

#endif
