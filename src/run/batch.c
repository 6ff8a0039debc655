#include "brood/run/batch.h"

#include <stdio.h>
#include <string.h>

/* squeue(1); the last is the comment */
static const char answer_format[] = "%i|%T|%r|%S|%L|%k";

static bool is_number(const char *job) {
    return *job && strspn(job, "0123456789_") == strlen(job);
}

/* The text up to `|` or the line's end; what stands behind it is returned. */
static const char *take(const char *at, char *text, size_t size) {
    size_t length = strcspn(at, "|\n");
    snprintf(text, size, "%.*s", (int)length, at);
    return at[length] == '|' ? at + length + 1 : at + length;
}

/* The first line of squeue's answer, of a job with this comment where one is named. */
static bool ask(const char *which, const char *comment, brood_batch_job_t *found) {
    char command[256], line[1024], said[512] = "";
    bool any = false;
    /* Without the user's own habits of listing. */
    snprintf(
        command, sizeof command,
        "unset SQUEUE_STATES SQUEUE_PARTITION SQUEUE_USERS; timeout 20 squeue --noheader %s --format='%s' 2>/dev/null",
        which, answer_format);
    FILE *answer = popen(command, "r");
    if (!answer) return false;
    while (!any && fgets(line, sizeof line, answer)) {
        const char *at = take(line, found->id, sizeof found->id);
        at = take(at, found->state, sizeof found->state);
        at = take(at, found->reason, sizeof found->reason);
        at = take(at, found->start, sizeof found->start);
        at = take(at, found->left, sizeof found->left);
        take(at, said, sizeof said);
        any = !comment || !strcmp(said, comment);
    }
    pclose(answer);
    return any;
}

bool brood_batch_find(const char *job, brood_batch_job_t *found) {
    char which[96];
    if (!is_number(job)) return false;
    snprintf(which, sizeof which, "--jobs=%s", job);
    return ask(which, NULL, found);
}

bool brood_batch_successor(const char *job, brood_batch_job_t *found) {
    char comment[96]; /* as scripts/brood-slurm gives it to sbatch */
    snprintf(comment, sizeof comment, "brood goes on after %s", job);
    return is_number(job) && ask("--me --states=PENDING", comment, found);
}

bool brood_batch_runs(const brood_batch_job_t *job) {
    static const char *const states[] = {"RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (!strcmp(job->state, states[i])) return true;
    return false;
}

bool brood_batch_ends(const brood_batch_job_t *job) {
    return !strcmp(job->state, "COMPLETING");
}
