#include "saves.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"

#define PIECE 1000 /* bytes that one write moves: all are short */
#define TRIES 4
#define KEEPS (1 << 20) /* bytes of all writes */

/* The file system as it is after a call, and what is known then. */
typedef struct {
    char             call[200];
    bool             seeded;
    judge_expected_t expected;
    model_t          model;
} moment_t;

#define MOMENTS 512

typedef struct {
    const saves_t   *saves;
    const planted_t *planted;
    model_arena_t    arena;
    model_t          model;
    faulty_t         faulty;
    brood_fs_t       fs; /* the faulty one's, planted */
    brood_run_t     *run, *rank;
    judge_expected_t expected;
    int64_t          tries, results, returned; /* of the run; a bit for each episode */
    int              failures;
    int64_t          steps[JUDGE_CHILDREN];
    const char      *wrong;
} job_t;

static moment_t *moment[MOMENTS];
static int       moments;

int saves_moments(void) {
    return moments;
}

/* ---- the record ---- */

static void mark(job_t *job, const model_t *model, const char *call) {
    if (moments == MOMENTS) abort();
    if (moments > 0 && !strncmp(call, "write", 5)) moment[moments - 1]->seeded = false;
    moment_t *now = calloc(1, sizeof *now);
    if (!now) abort();
    snprintf(now->call, sizeof now->call, "%s", call);
    now->seeded = true;
    now->expected = job->expected;
    model_copy(&now->model, model, NULL);
    moment[moments++] = now;
}

static void changed(void *with, const model_t *model, const char *call) {
    mark(with, model, call);
}

static void forget_moments(void) {
    for (int i = 0; i < moments; i++) free(moment[i]);
    moments = 0;
}

/* ---- the job ---- */

static void take(job_t *job, const brood_fs_t *fs) {
    brood_run_state_t state;
    if (brood_run_open(fs, JUDGE_DIR, &job->run, &state) != BROOD_OK ||
        brood_run_take(job->run, "", 0, &content_nobody_lives, NULL) != BROOD_OK ||
        brood_run_join(fs, JUDGE_DIR, brood_run_token(job->run), &job->rank) != BROOD_OK) {
        fprintf(stderr, "%s\n", brood_message());
        abort();
    }
}

static void give_back(job_t *job) {
    brood_run_close(&job->rank);
    brood_run_close(&job->run);
}

static void returned(job_t *job, judge_content_t *content) {
    content->before = content->returned;
    content->returned = content->writing;
    mark(job, &job->model, "a save that returned");
}

static void failed(job_t *job, judge_content_t *content) {
    content->writing = content->returned;
    job->failures++;
    mark(job, &job->model, "a save that failed");
}

static void save(job_t *job) {
    judge_content_t *content = &job->expected.run;
    for (int i = 0; i < TRIES; i++) {
        content->writing = (JUDGE_RESULTS + 1) * ++job->tries + job->results;
        if (content_save(job->run, content->writing) == BROOD_OK) {
            job->returned++;
            if (job->returned > job->saves->unsynced) job->expected.whole = true;
            returned(job, content);
            return;
        }
        failed(job, content);
    }
    if (!job->wrong) job->wrong = "no save goes well";
}

static void save_child(job_t *job, int episode) {
    judge_content_t *content = &job->expected.child[episode];
    for (int i = 0; i < TRIES; i++) {
        content->writing = job->steps[episode] += 10;
        if (content_save_child(job->rank, episode, content->writing) == BROOD_OK) {
            returned(job, content);
            return;
        }
        failed(job, content);
    }
    if (!job->wrong) job->wrong = "no child's save goes well";
}

/* A result arrives, is saved, and its in-flight file goes. */
static void finish(job_t *job, int64_t episode) {
    bool early = job->planted && job->planted->forgets_early;
    job->results |= INT64_C(1) << episode;
    if (early) brood_run_forget(job->run, &episode, 1);
    save(job);
    if (!early) brood_run_forget(job->run, &episode, 1);
}

static void work(job_t *job) {
    save(job);
    save_child(job, 0);
    save_child(job, 1);
    save_child(job, 2);
    finish(job, 0);
    save_child(job, 1);
    finish(job, 1);
    save_child(job, 2);
    save_child(job, 3);
    finish(job, 2);
}

/* What an earlier job has left. */
static void prepare(job_t *job) {
    if (job->saves->begins == BEGINS_NEW) return;
    take(job, &job->model.fs);
    save(job);
    save_child(job, 0);
    save_child(job, 1);
    save(job);
    give_back(job);
    job->returned = 0;
    job->expected.whole = job->saves->begins == BEGINS_WHOLE;
    if (!job->expected.whole) job->expected.run.returned = job->expected.run.before;
    if (job->saves->begins == BEGINS_DAMAGED) model_flip(&job->model, JUDGE_DIR "/" BROOD_RUN_FILE, 700);
    if (job->saves->begins == BEGINS_MISSING)
        (void)job->model.fs.unlink(job->model.fs.self, JUDGE_DIR "/" BROOD_RUN_FILE);
    model_settle(&job->model);
    for (int i = 0; i < JUDGE_CHILDREN; i++) job->expected.child[i].before = job->expected.child[i].returned;
    job->expected.run.before = job->expected.run.writing = job->expected.run.returned;
    forget_moments();
}

static void set_faults(job_t *job) {
    const fault_t refused = {CALL_LINK, NULL, 0, 1 << 20, EPERM, false};
    faulty_init(&job->faulty);
    job->faulty.real = &job->model.fs;
    job->faulty.lose = model_lose;
    job->faulty.most = PIECE;
    if (job->saves->unlinked) faulty_add(&job->faulty, refused);
    if (job->saves->fault.times) faulty_add(&job->faulty, job->saves->fault);
    job->fs = job->faulty.fs;
    if (job->planted && job->planted->plant) job->planted->plant(&job->fs);
    job->model.refuses_directory_sync = job->saves->unsynced;
    job->expected.unsynced = job->saves->unsynced;
    job->expected.unlinked = job->saves->unlinked || job->saves->gap;
    job->model.changed = changed;
    job->model.with = job;
}

static const char *judge_moments(judge_t *judge, const planted_t *planted) {
    static char text[2048];
    for (int i = 0; i < moments; i++) {
        const moment_t *now = moment[i];
        const char     *wrong =
            judge_crash(judge, &now->model, now->seeded, &now->expected, planted ? planted->replant : NULL);
        if (!wrong) continue;
        snprintf(text, sizeof text, "after %s (call %d): %s", now->call, i, wrong);
        return text;
    }
    return NULL;
}

const char *saves_run(judge_t *judge, const saves_t *saves, const planted_t *planted) {
    static char text[160];
    job_t      *job = calloc(1, sizeof *job);
    if (!job) abort();
    *job = (job_t){.saves = saves, .planted = planted};
    forget_moments();
    model_arena_init(&job->arena, KEEPS);
    model_init(&job->model, &job->arena);
    prepare(job);
    set_faults(job);
    mark(job, &job->model, "the beginning");
    take(job, &job->fs);
    work(job);
    give_back(job);
    const char *wrong = job->wrong ? job->wrong : judge_moments(judge, planted);
    if (!wrong && job->failures != saves->failures) {
        snprintf(text, sizeof text, "%d saves failed, expected %d", job->failures, saves->failures);
        wrong = text;
    }
    if (!wrong && saves->fault.times && job->faulty.fault[job->faulty.count - 1].times > 0)
        wrong = "the fault was not met";
    if (!wrong && job->faulty.synced_again) wrong = "an fsync was tried again after a failure";
    model_arena_fini(&job->arena);
    free(job);
    return wrong;
}
