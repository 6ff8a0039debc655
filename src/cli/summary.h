/* The lines with which a job begins and ends. */
#ifndef BROOD_SRC_CLI_SUMMARY_H
#define BROOD_SRC_CLI_SUMMARY_H

#include "config.h"

/* Where it begins or goes on; `damage`: what is wrong with the newest run file, or "". */
void summary_begin(const config_t *config, const brood_search_t *search, brood_clock_t *clock, const char *dir,
                   brood_run_state_t state, const char *damage);

/* Episodes, best, speed, utilisation, and how to go on. To stdout. */
void summary_end(const brood_search_t *search, brood_clock_t *clock, const char *dir, bool retrain, brood_end_t end);

#endif
