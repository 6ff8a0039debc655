#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "brood/sched/clock.h"
#include "brood/util/duration.h"
#include "brood/util/log.h"

void progress_init(progress_t *progress, double every, const brood_search_t *search) {
    brood_search_progress_t now;
    brood_search_progress(search, &now);
    progress->every = every;
    progress->terminal = isatty(STDERR_FILENO) != 0;
    progress->started = brood_clock_monotonic();
    progress->last = -1e300; /* the first result shows at once */
    progress->finished_before = now.finished;
}

void progress_show(progress_t *progress, const brood_search_t *search, double utilisation, bool at_once) {
    double time = brood_clock_monotonic();
    if (!at_once && time - progress->last < (progress->terminal ? 0.5 : progress->every)) return;
    progress->last = time;

    brood_search_progress_t now;
    brood_search_progress(search, &now);
    char    best[96] = "", left[64] = "";
    int64_t done = now.finished - progress->finished_before;
    if (now.best >= 0)
        snprintf(best, sizeof best, ", best %.4f (episode %lld)",
                 brood_history_episode(brood_search_history(search), now.best)->reward, (long long)now.best);
    if (done > 0 && now.finished < now.goal) {
        char   span[48];
        double seconds = (time - progress->started) / (double)done * (double)(now.goal - now.finished);
        brood_duration_print((double)(long long)(seconds + 0.5), span, sizeof span);
        snprintf(left, sizeof left, ", about %s left", span);
    }
    char line[256];
    snprintf(line, sizeof line, "%lld of %lld episodes, round %lld of %lld%s, ranks %.1f %% busy%s",
             (long long)now.finished, (long long)now.goal,
             (long long)(now.told < now.rounds ? now.told + 1 : now.rounds), (long long)now.rounds, best,
             100 * utilisation, left);
    if (progress->terminal)
        fprintf(stderr, "\r\033[K%s", line);
    else
        brood_log_write(BROOD_LOG_INFO, "%s", line);
}

void progress_end(progress_t *progress) {
    if (progress->terminal) fputc('\n', stderr);
}
