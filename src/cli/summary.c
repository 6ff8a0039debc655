#include "summary.h"

#include <math.h>
#include <stdio.h>

#include "brood/util/duration.h"
#include "brood/util/log.h"

void summary_begin(const config_t *config, const brood_search_t *search, brood_clock_t *clock, const char *dir,
                   brood_run_state_t state, const char *damage) {
    brood_search_progress_t now;
    brood_search_progress(search, &now);
    if (now.goal != config->search.episodes)
        brood_log_write(BROOD_LOG_INFO, "%lld episodes are rounded up to whole rounds of %lld: %lld",
                        (long long)config->search.episodes, (long long)config->search.round, (long long)now.goal);
    if (state == BROOD_RUN_NONE) {
        brood_log_write(BROOD_LOG_INFO, "new run in %s: %lld episodes in %lld rounds", dir, (long long)now.goal,
                        (long long)now.rounds);
        return;
    }
    if (*damage) brood_log_write(BROOD_LOG_WARNING, "%s: going on from the generation before it", damage);
    const char *why = brood_clock_jobs(clock) > 1 ? brood_clock_job(clock, brood_clock_jobs(clock) - 2)->why : "";
    brood_log_write(BROOD_LOG_INFO,
                    "going on in %s: %lld of %lld episodes, %lld of %lld rounds told; the job before %s%s", dir,
                    (long long)now.finished, (long long)now.goal, (long long)now.told, (long long)now.rounds,
                    *why ? "ended: " : "left no word (killed, or its node lost)", why);
}

void summary_end(const brood_search_t *search, brood_clock_t *clock, const char *dir, bool retrain, brood_end_t end) {
    brood_search_progress_t  now;
    const brood_history_t   *history = brood_search_history(search);
    const brood_clock_job_t *job = brood_clock_job(clock, brood_clock_jobs(clock) - 1);
    char                     span[48];
    int64_t                  here = 0, again = 0;
    brood_search_progress(search, &now);
    for (int64_t e = 0; e < brood_clock_episodes(clock); e++) {
        const brood_clock_episode_t *times = brood_clock_episode(clock, e);
        here += times->job == brood_clock_jobs(clock) - 1;
        again += times->attempts > 1 ? times->attempts - 1 : 0;
    }
    double seconds = job->end - job->start; /* NaN: nothing was left to do */

    printf("\nEpisodes      %lld of %lld", (long long)now.finished, (long long)now.goal);
    if (!isnan(seconds)) {
        brood_duration_print(floor(seconds + 0.5), span, sizeof span);
        printf(" (%lld trained in this job, %s)", (long long)here, span);
    }
    printf("\n");
    if (now.best >= 0) {
        const brood_episode_t *best = brood_history_episode(history, now.best);
        printf("Best          %.4f, episode %lld: \"%s\"\n", best->reward, (long long)now.best, best->architecture);
    }
    for (int64_t e = 0; retrain && e < now.goal; e++) {
        const brood_episode_t *row = brood_history_episode(history, e);
        if (!isnan(row->test_accuracy))
            printf("Test accuracy %.4f, episode %lld: \"%s\"\n", row->test_accuracy, (long long)e, row->architecture);
    }
    if (here > 0 && seconds > 0)
        printf("Speed         %.0f episodes an hour on %d rank%s, %.1f %% busy\n", 3600 * (double)here / seconds,
               job->ranks, job->ranks == 1 ? "" : "s",
               job->busy + job->idle > 0 ? 100 * job->busy / (job->busy + job->idle) : 0.0);
    printf("Repeated      %lld episodes were begun again\n", (long long)again);
    printf("Ended         %s\n", brood_end_text(end));
    const char *command = retrain ? "train" : "search";
    if (end == BROOD_END_COMPLETE && !retrain)
        printf("To extend it  scripts/brood-run search --run %s --set run.episodes=%lld\n", dir,
               (long long)(2 * now.goal));
    else if (end != BROOD_END_COMPLETE)
        printf("To go on      scripts/brood-run %s --run %s\n", command, dir);
    fflush(stdout);
}
