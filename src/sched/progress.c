#include "progress.h"

#include <math.h>
#include <stdio.h>

#include "brood/sched/clock.h"
#include "brood/util/duration.h"
#include "brood/util/log.h"

void progress_init(progress_t *progress, double every, int ranks, const brood_search_t *search) {
    brood_search_progress_t now;
    brood_search_progress(search, &now);
    *progress = (progress_t){.every = every,
                             .ranks = ranks,
                             .watched = brood_log_watched(),
                             .started = brood_clock_monotonic(),
                             .finished_before = now.finished,
                             .finished = -1,
                             .told = -1};
    progress->last = progress->started;
}

bool progress_due(const progress_t *progress, bool result) {
    double every = progress->watched ? 0.5 : progress->every;
    return (result && progress->finished < 0) || brood_clock_monotonic() - progress->last >= every;
}

static void show(progress_t *progress, const brood_search_t *search, double utilisation, bool last) {
    brood_search_progress_t now;
    char                    best[96] = "", busy[48] = "", left[80] = "", line[320];
    brood_search_progress(search, &now);
    progress->last = brood_clock_monotonic();
    progress->finished = now.finished;
    progress->told = now.told;
    double under_way = fmin((double)progress->ranks, (double)(now.goal - now.finished)) / 2; /* half done, on average */
    double done = (double)(now.finished - progress->finished_before) + under_way;
    if (now.best >= 0)
        snprintf(best, sizeof best, ", best %.4f (episode %lld)",
                 brood_history_episode(brood_search_history(search), now.best)->reward, (long long)now.best);
    if (!isnan(utilisation)) snprintf(busy, sizeof busy, ", ranks %.1f %% busy", 100 * utilisation);
    /* Before that, how far what is under way has come matters too much. */
    if (done >= 2 * progress->ranks && now.finished < now.goal) {
        char   span[48];
        double seconds = (progress->last - progress->started) / done * ((double)(now.goal - now.finished) - under_way);
        brood_duration_print((double)(long long)(seconds + 0.5), span, sizeof span);
        snprintf(left, sizeof left, ", about %s left at this pace", span);
    }
    snprintf(line, sizeof line, "%lld of %lld episodes, %lld of %lld rounds told%s%s%s", (long long)now.finished,
             (long long)now.goal, (long long)now.told, (long long)now.rounds, best, busy, left);
    if (progress->watched && !last)
        brood_log_status("%s", line);
    else
        brood_log_write(BROOD_LOG_INFO, "%s", line);
}

void progress_show(progress_t *progress, const brood_search_t *search, double utilisation) {
    show(progress, search, utilisation, false);
}

void progress_end(progress_t *progress, const brood_search_t *search, double utilisation) {
    brood_search_progress_t now;
    brood_search_progress(search, &now);
    if (progress->watched || now.finished != progress->finished || now.told != progress->told)
        show(progress, search, utilisation, true);
}
