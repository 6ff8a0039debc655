#include "summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "brood/util/duration.h"
#include "brood/util/flush.h"
#include "brood/util/log.h"
#include "wording.h"

#define CHILDREN_SHOWN 6

/* "; in flight: episode 3 at step 120, episode 5 at step 80 and 2 others" */
static void print_inflight(const summary_t *summary, const brood_run_t *run, char *text, size_t size) {
    const brood_history_t *history = brood_search_history(summary->search);
    int64_t                count = 0, shown = 0, others = 0;
    const int64_t         *inflight = brood_run_inflight(run, &count);
    size_t                 used = 0;
    text[0] = '\0';
    for (int64_t i = 0; i < count; i++) {
        bool open = inflight[i] < brood_history_episodes(history) &&
                    brood_history_episode(history, inflight[i])->status == BROOD_STATUS_OPEN;
        int64_t step = open ? brood_run_inflight_step(run, inflight[i]) : -1;
        if (step < 0) continue;
        if (++shown > CHILDREN_SHOWN) {
            others++;
            continue;
        }
        int wrote = snprintf(text + used, size - used, "%sepisode %lld at step %lld",
                             used ? ", " : "; in flight: ", (long long)inflight[i], (long long)step);
        if (wrote > 0 && (size_t)wrote < size - used) used += (size_t)wrote;
    }
    if (others > 0) snprintf(text + used, size - used, " and %lld other%s", (long long)others, plural(others));
}

/* The open episode that was begun most often, after `last` in that order (-1: the first of all); -1: there is none. */
static int64_t next_begun(const summary_t *summary, int64_t last) {
    const brood_history_t *history = brood_search_history(summary->search);
    int64_t                next = -1;
    int32_t                most = 0, limit = last < 0 ? INT32_MAX : brood_clock_episode(summary->clock, last)->attempts;
    for (int64_t e = 0; e < brood_history_episodes(history); e++) {
        int32_t attempts = brood_clock_episode(summary->clock, e)->attempts;
        if (brood_history_episode(history, e)->status != BROOD_STATUS_OPEN) continue;
        if (attempts <= most || attempts > limit || (attempts == limit && e <= last)) continue;
        next = e;
        most = attempts;
    }
    return next;
}

/* After a job that left no word: a child may be what it died of. */
static void tell_suspects(const summary_t *summary) {
    char   text[512] = "";
    size_t used = 0;
    int    shown = 0;
    for (int64_t e = -1; shown < CHILDREN_SHOWN && (e = next_begun(summary, e)) >= 0; shown++) {
        int times = brood_clock_episode(summary->clock, e)->attempts;
        int wrote = snprintf(text + used, sizeof text - used, "%sepisode %lld (begun %d time%s)", used ? ", " : "",
                             (long long)e, times, plural(times));
        if (wrote > 0 && (size_t)wrote < sizeof text - used) used += (size_t)wrote;
    }
    if (shown > 0)
        brood_log_write(BROOD_LOG_INFO,
                        "without a result so far: %s; `--skip E` leaves out one that kills its rank each time", text);
}

/* Episodes that can be trained at the same time are those of the rounds that are asked. */
static void tell_of_idle_ranks(const summary_t *summary, int64_t goal, int ranks) {
    const brood_search_config_t *config = &summary->config->search;
    int64_t                      most = summary->retrain ? goal : config->round * (config->lag + 1);
    if (ranks <= most) return;
    if (summary->retrain)
        brood_log_write(BROOD_LOG_INFO, "%d ranks for %lld training%s: the others have nothing to do", ranks,
                        (long long)most, plural(most));
    else
        brood_log_write(BROOD_LOG_INFO,
                        "%d ranks, of which %lld can train at the same time, run.round x (run.lag + 1): for a new run "
                        "set run.round or run.lag higher",
                        ranks, (long long)most);
}

void summary_begin(const summary_t *summary, const brood_run_t *run, brood_run_state_t state,
                   const brood_holder_t *former, int ranks) {
    const brood_search_config_t *config = &summary->config->search;
    brood_search_progress_t      now;
    char                         inflight[512], who[256];
    brood_search_progress(summary->search, &now);
    if (now.goal != config->episodes)
        brood_log_write(BROOD_LOG_INFO, "%lld episode%s rounded up to whole rounds of %lld: %lld",
                        (long long)config->episodes, config->episodes == 1 ? " is" : "s are", (long long)config->round,
                        (long long)now.goal);
    if (*former->token) {
        brood_holder_print(former, who, sizeof who);
        brood_log_write(BROOD_LOG_INFO, "the run is taken over from %s, which did not give it back", who);
    }
    tell_of_idle_ranks(summary, now.goal, ranks);
    if (state == BROOD_RUN_NONE) {
        brood_log_write(BROOD_LOG_INFO, "new run in %s: %lld episode%s in %lld round%s", summary->dir,
                        (long long)now.goal, plural(now.goal), (long long)now.rounds, plural(now.rounds));
        return;
    }
    if (*brood_run_damage(run))
        brood_log_write(BROOD_LOG_WARNING, "%s: going on from the generation before it", brood_run_damage(run));
    int64_t     jobs = brood_clock_jobs(summary->clock);
    const char *why = jobs > 1 ? brood_clock_job(summary->clock, jobs - 2)->why : "";
    print_inflight(summary, run, inflight, sizeof inflight);
    brood_log_write(
        BROOD_LOG_INFO, "going on in %s: %lld of %lld episodes, %lld of %lld rounds told%s; the job before %s%s",
        summary->dir, (long long)now.finished, (long long)now.goal, (long long)now.told, (long long)now.rounds,
        inflight, *why ? "ended: " : "left no word (killed, its node lost, or unable to write)", why);
    if (jobs > 1 && !*why) tell_suspects(summary);
}

/* Mini-batches of finished children: those that count, and those that were worked. */
static void count_steps(const summary_t *summary, int64_t *needed, int64_t *worked) {
    const brood_history_t *history = brood_search_history(summary->search);
    *needed = *worked = 0;
    for (int64_t e = 0; e < brood_history_episodes(history); e++) {
        const brood_episode_t *row = brood_history_episode(history, e);
        int64_t                of_row = brood_clock_episode(summary->clock, e)->worked;
        if (row->status == BROOD_STATUS_OPEN || of_row == 0) continue;
        *needed += row->steps;
        *worked += of_row;
    }
}

static void count_failures(const summary_t *summary, int64_t goal, char text[WORDING_FAILURES_SIZE]) {
    const brood_history_t *history = brood_search_history(summary->search);
    int64_t                count[BROOD_STATUS_COUNT] = {0};
    for (int64_t e = 0; e < brood_history_episodes(history) && e < goal; e++)
        count[brood_history_episode(history, e)->status]++;
    wording_failures(count, text);
}

/* What `brood train` is for. */
static void print_retrained(const brood_episode_t *row) {
    bool tested = !isnan(row->test_accuracy);
    if (tested || !isnan(row->validation_accuracy))
        printf("%s %.4f, episode %lld: \"%s\"\n", tested ? "Test accuracy" : "Validation   ",
               tested ? row->test_accuracy : row->validation_accuracy, (long long)row->episode, row->architecture);
}

static int64_t trained_here(const summary_t *summary) {
    int64_t count = 0, job = brood_clock_jobs(summary->clock) - 1;
    for (int64_t e = 0; e < brood_clock_episodes(summary->clock); e++)
        count += brood_clock_episode(summary->clock, e)->job == job;
    return count;
}

/* The command that goes on, or extends the run. */
static void print_next(const summary_t *summary, brood_end_t end, int64_t goal) {
    char    dir[2 * BROOD_MAX_PATH], program[2 * BROOD_MAX_PATH], save[2 * BROOD_MAX_PATH];
    int64_t told = brood_history_updates(brood_search_history(summary->search)) *
                   summary->config->search.round; /* also beyond a goal lowered since */
    wording_shell(summary->dir, dir, sizeof dir);
    wording_shell(wording_program(), program, sizeof program);
    if (end != BROOD_END_COMPLETE)
        printf("To go on      %s %s --run %s%s%s\n", program, summary->retrain ? "train" : "search", dir,
               summary->save ? " --save " : "", summary->save ? wording_shell(summary->save, save, sizeof save) : "");
    else if (!summary->retrain)
        printf("To extend it  %s search --run %s --set run.episodes=%lld\n", program, dir,
               (long long)(2 * (told > goal ? told : goal)));
}

void summary_end(const summary_t *summary, brood_end_t end) {
    const brood_history_t   *history = brood_search_history(summary->search);
    const brood_clock_job_t *job = brood_clock_job(summary->clock, brood_clock_jobs(summary->clock) - 1);
    brood_search_progress_t  now;
    char                     span[48], failures[WORDING_FAILURES_SIZE];
    int64_t                  needed, worked, here = trained_here(summary);
    double                   seconds = job->end - job->start; /* NaN: nothing was left to do */
    brood_search_progress(summary->search, &now);
    count_steps(summary, &needed, &worked);

    count_failures(summary, now.goal, failures);
    printf("\nEpisodes      %lld of %lld%s", (long long)now.finished, (long long)now.goal, failures);
    if (!isnan(seconds)) {
        brood_duration_print(floor(seconds + 0.5), span, sizeof span);
        printf(" (%lld trained in this job, %s)", (long long)here, span);
    }
    printf("\n");
    if (now.best >= 0) {
        const brood_episode_t *best = brood_history_episode(history, now.best);
        printf("Best          %.4f, episode %lld: \"%s\"\n", best->reward, (long long)now.best, best->architecture);
    }
    for (int64_t e = 0; summary->retrain && e < now.goal && e < brood_history_episodes(history); e++)
        print_retrained(brood_history_episode(history, e));
    if (here > 0 && seconds > 0)
        printf("Speed         %.0f episodes an hour on %d rank%s, %.1f %% busy\n", 3600 * (double)here / seconds,
               job->ranks, plural(job->ranks),
               job->busy + job->idle > 0 ? 100 * job->busy / (job->busy + job->idle) : 0.0);
    printf("Repeated      %lld of %lld mini-batch%s\n", (long long)(worked - needed), (long long)worked,
           worked == 1 ? "" : "es");
    printf("Ended         %s\n", brood_end_text(end));
    if (!wording_is_job()) print_next(summary, end, now.goal);
    if (brood_flush(stdout, "the summary") == BROOD_OK) return;
    brood_log_write(BROOD_LOG_WARNING, "%s", brood_message());
    clearerr(stdout); /* the exit code is to tell how the job ended */
}
