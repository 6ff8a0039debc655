/* What a job says while it works: a line that is rewritten on a terminal, a plain one every so often in a log. */
#ifndef BROOD_SRC_SCHED_PROGRESS_H
#define BROOD_SRC_SCHED_PROGRESS_H

#include "brood/search/search.h"

typedef struct {
    double  every; /* seconds between plain lines */
    bool    terminal;
    double  started, last; /* monotonic */
    int64_t finished_before;
} progress_t;

void progress_init(progress_t *progress, double every, const brood_search_t *search);
/* utilisation: share of the ranks' time spent in steps, 0 … 1. `at_once`: whatever the time. */
void progress_show(progress_t *progress, const brood_search_t *search, double utilisation, bool at_once);
void progress_end(progress_t *progress); /* leaves the terminal on a fresh line */

#endif
