/* What a job says while it works: a line that is rewritten on a terminal, a plain one every so often in a log. */
#ifndef BROOD_SRC_SCHED_PROGRESS_H
#define BROOD_SRC_SCHED_PROGRESS_H

#include "brood/search/search.h"

typedef struct {
    double  every; /* seconds between plain lines */
    int     ranks;
    bool    watched;
    double  started, last; /* monotonic */
    int64_t finished_before;
    int64_t finished, told; /* as last shown; −1: nothing was */
} progress_t;

void progress_init(progress_t *progress, double every, int ranks, const brood_search_t *search);

/* Time to show how far it is? The first result shows at once. */
bool progress_due(const progress_t *progress, bool result);
/* utilisation: share of the ranks' time spent in steps, 0 … 1; NaN: not known yet. */
void progress_show(progress_t *progress, const brood_search_t *search, double utilisation);
/* Where it all stands at the end, unless the last line of a log said so. */
void progress_end(progress_t *progress, const brood_search_t *search, double utilisation);

#endif
