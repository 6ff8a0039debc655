#include "brood/run/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "brood/run/batch.h"
#include "brood/util/limits.h"
#include "brood/util/log.h"
#include "fs.h"

#define LOCK_SIZE 1024 /* bytes of the file, at most */

/* ---- who holds ---- */

static void read_line(const char *path, char *line, size_t size) {
    FILE *file = fopen(path, "r");
    line[0] = '\0';
    if (!file) return;
    if (fgets(line, (int)size, file)) line[strcspn(line, "\n")] = '\0';
    fclose(file);
}

/* State and start time of a process of this node; false where there is none. */
static bool read_process(int64_t pid, char *state, int64_t *started) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    read_line(path, line, sizeof line);
    /* The second field is the program's name in parentheses, which may hold anything; the 22nd is the start time. */
    const char *at = strrchr(line, ')');
    long long   start = 0;
    if (!at || sscanf(at + 1, " %c", state) != 1) return false;
    for (int field = 3; at && field <= 22; field++) at = strchr(at + 1, ' ');
    if (!at || sscanf(at, " %lld", &start) != 1) return false;
    *started = start;
    return true;
}

void brood_holder_here(const char *token, const char *job, int64_t restart, brood_holder_t *holder) {
    char state = 0;
    *holder = (brood_holder_t){.restart = restart, .pid = getpid()};
    snprintf(holder->token, sizeof holder->token, "%s", token);
    snprintf(holder->job, sizeof holder->job, "%s", job);
    gethostname(holder->host, sizeof holder->host - 1);
    read_line("/proc/sys/kernel/random/boot_id", holder->boot, sizeof holder->boot);
    if (readlink("/proc/self/ns/pid", holder->pid_namespace, sizeof holder->pid_namespace - 1) < 0)
        holder->pid_namespace[0] = '\0';
    if (!read_process(holder->pid, &state, &holder->started)) holder->started = 0;
}

void brood_holder_print(const brood_holder_t *holder, char *text, size_t size) {
    char job[128] = "";
    if (*holder->job && holder->restart > 0)
        snprintf(job, sizeof job, "job %s (restart %lld), ", holder->job, (long long)holder->restart);
    else if (*holder->job)
        snprintf(job, sizeof job, "job %s, ", holder->job);
    snprintf(text, size, "%sprocess %lld on %s", job, (long long)holder->pid, holder->host);
}

/* ---- whether it lives ---- */

static bool process_lives(void *self, int64_t pid, int64_t started) {
    (void)self;
    char    state = 0;
    int64_t start = 0;
    return read_process(pid, &state, &start) && start == started && state != 'Z' && state != 'X';
}

/* Of a job that can't be asked for there is no proof of life. */
static bool job_runs(void *self, const char *job) {
    (void)self;
    brood_batch_job_t found;
    return brood_batch_find(job, &found) && brood_batch_runs(&found);
}

static bool job_ends(void *self, const char *job) {
    (void)self;
    brood_batch_job_t found;
    return brood_batch_find(job, &found) && brood_batch_ends(&found);
}

const brood_life_t brood_life_system = {.process = process_lives, .job = job_runs, .ending = job_ends};

bool brood_holder_lives(const brood_holder_t *holder, const brood_holder_t *mine, const brood_life_t *life) {
    bool here = !strcmp(holder->host, mine->host) && !strcmp(holder->boot, mine->boot) &&
                !strcmp(holder->pid_namespace, mine->pid_namespace);
    if (here) return life->process(life->self, holder->pid, holder->started);
    bool requeued = *mine->job && !strcmp(holder->job, mine->job) && holder->restart < mine->restart;
    return *holder->job && !requeued && life->job(life->self, holder->job);
}

/* ---- the file ---- */

static int print_lock(const brood_holder_t *holder, char text[LOCK_SIZE]) {
    return snprintf(text, LOCK_SIZE,
                    "brood lock 1\ntoken %s\njob %s\nrestart %lld\nhost %s\nboot %s\npid_namespace %s\npid %lld\n"
                    "started %lld\n",
                    holder->token, holder->job, (long long)holder->restart, holder->host, holder->boot,
                    holder->pid_namespace, (long long)holder->pid, (long long)holder->started);
}

/* The text behind `key ` in its line; false where there is no such line. */
static bool find(const char *text, const char *key, char *value, size_t size) {
    char start[32];
    snprintf(start, sizeof start, "\n%s ", key);
    const char *at = strstr(text, start);
    if (!at) return false;
    at += strlen(start);
    size_t length = strcspn(at, "\n");
    if (at[length] != '\n' || length >= size) return false;
    memcpy(value, at, length);
    value[length] = '\0';
    return true;
}

static bool find_number(const char *text, const char *key, int64_t *number) {
    char      value[32];
    long long parsed = 0;
    if (!find(text, key, value, sizeof value) || sscanf(value, "%lld", &parsed) != 1) return false;
    *number = parsed;
    return true;
}

static bool parse_lock(const char *text, brood_holder_t *holder) {
    *holder = (brood_holder_t){0};
    return !strncmp(text, "brood lock 1\n", 13) && find(text, "token", holder->token, sizeof holder->token) &&
           find(text, "job", holder->job, sizeof holder->job) && find_number(text, "restart", &holder->restart) &&
           find(text, "host", holder->host, sizeof holder->host) &&
           find(text, "boot", holder->boot, sizeof holder->boot) &&
           find(text, "pid_namespace", holder->pid_namespace, sizeof holder->pid_namespace) &&
           find_number(text, "pid", &holder->pid) && find_number(text, "started", &holder->started);
}

static void lock_path(const char *dir, char path[BROOD_MAX_PATH + sizeof "/" BROOD_LOCK_FILE]) {
    snprintf(path, BROOD_MAX_PATH + sizeof "/" BROOD_LOCK_FILE, "%s/" BROOD_LOCK_FILE, dir);
}

brood_err_t brood_lock_read(const brood_fs_t *fs, const char *dir, brood_holder_t *holder, bool *missing) {
    char   path[BROOD_MAX_PATH + sizeof "/" BROOD_LOCK_FILE], text[LOCK_SIZE];
    size_t size = 0;
    lock_path(dir, path);
    *holder = (brood_holder_t){0};
    int fd = brood_fs_open(fs, path, O_RDONLY);
    *missing = fd < 0 && errno == ENOENT;
    if (fd < 0) return brood_fail_errno(errno, "%s", path);
    brood_err_t err = brood_fs_read(fs, fd, path, text, sizeof text - 1, 0, &size);
    brood_fs_close(fs, fd);
    if (err != BROOD_OK) return err;
    text[size] = '\0';
    if (parse_lock(text, holder)) return BROOD_OK;
    *holder = (brood_holder_t){0};
    return brood_fail(BROOD_E_FORMAT, "%s: not a lock that Brood has written", path);
}

brood_err_t brood_lock_ours(const brood_fs_t *fs, const char *dir, const char *token) {
    brood_holder_t holder;
    char           who[256];
    bool           missing = false;
    brood_err_t    err = brood_lock_read(fs, dir, &holder, &missing);
    if (err == BROOD_OK && !strcmp(holder.token, token)) return BROOD_OK;
    if (missing) return brood_fail(BROOD_E_LOCKED, "%s/" BROOD_LOCK_FILE ": it is gone: this run was taken away", dir);
    if (err == BROOD_E_IO) return err;
    if (err != BROOD_OK) return brood_because(BROOD_E_LOCKED, "this run was taken away");
    brood_holder_print(&holder, who, sizeof who);
    return brood_fail(BROOD_E_LOCKED, "another job has taken over this run: %s", who);
}

void brood_lock_release(const brood_fs_t *fs, const char *dir, const char *token) {
    char path[BROOD_MAX_PATH + sizeof "/" BROOD_LOCK_FILE];
    lock_path(dir, path);
    if (brood_lock_ours(fs, dir, token) == BROOD_OK) (void)brood_fs_unlink(fs, path);
}

/* ---- taking it ---- */

static brood_err_t write_lock(const brood_fs_t *fs, const char *path, const brood_holder_t *mine) {
    char        text[LOCK_SIZE];
    int         size = print_lock(mine, text), fd = brood_fs_open(fs, path, O_WRONLY | O_CREAT | O_EXCL);
    brood_err_t err = BROOD_OK;
    if (fd < 0) return brood_fail_errno(errno, "%s: cannot be made", path);
    err = brood_fs_write(fs, fd, path, text, (size_t)size);
    if (brood_fs_close(fs, fd) < 0 && err == BROOD_OK) err = brood_fail_errno(errno, "%s: cannot be closed", path);
    if (err != BROOD_OK) (void)brood_fs_unlink(fs, path);
    return err;
}

/* The lock is another's, or unreadable: refuses, or puts ours in its place. */
static brood_err_t take_over(const brood_fs_t *fs, const char *dir, const char *own, const char *path,
                             const brood_holder_t *mine, const brood_life_t *life, const brood_holder_t *holder) {
    char who[256];
    if (*holder->token && brood_holder_lives(holder, mine, life)) {
        brood_holder_print(holder, who, sizeof who);
        return brood_fail(BROOD_E_LOCKED,
                          "%s is held by %s, which is running; stop it first, or wait until it has ended", dir, who);
    }
    int         reason = brood_fs_rename(fs, own, path) < 0 ? errno : 0;
    brood_err_t err = brood_lock_ours(fs, dir, mine->token);
    if (err == BROOD_OK) return BROOD_OK;
    /* Ours is not there: a faster start has cleared it away with what killed jobs left. */
    if (reason && reason != ENOENT) return brood_fail_errno(reason, "%s: cannot be renamed to %s", own, path);
    return brood_because(err, "another start was faster");
}

void brood_lock_await_end(const brood_fs_t *fs, const char *dir, const char *job, const brood_life_t *life) {
    brood_holder_t holder;
    bool           missing = false;
    if (!life->ending || brood_lock_read(fs, dir, &holder, &missing) != BROOD_OK) return;
    if (!*holder.job || !strcmp(holder.job, job) || !life->ending(life->self, holder.job)) return;
    brood_log_write(BROOD_LOG_INFO, "job %s holds this run and is ending: waiting until it has saved", holder.job);
    for (int seconds = 0; seconds < BROOD_ENDING_SECONDS; seconds++) {
        if (brood_lock_ours(fs, dir, holder.token) != BROOD_OK) break;
        if (seconds % 5 == 4 && !life->ending(life->self, holder.job)) break;
        sleep(1);
    }
}

brood_err_t brood_lock_take(const brood_fs_t *fs, const char *dir, const brood_holder_t *mine, const brood_life_t *life,
                            brood_holder_t *former) {
    char           path[BROOD_MAX_PATH + sizeof "/" BROOD_LOCK_FILE], own[sizeof path + BROOD_TOKEN_SIZE + 8];
    brood_holder_t holder = {0};
    bool           missing = false;
    brood_err_t    err = BROOD_OK;
    lock_path(dir, path);
    snprintf(own, sizeof own, "%s.%s.tmp", path, mine->token);
    BROOD_TRY(write_lock(fs, own, mine));
    if (fs->link(fs->self, own, path) == 0) goto done;

    /* A network file system may report a failure for what took place. */
    int reason = errno;
    err = brood_lock_read(fs, dir, &holder, &missing);
    if (err == BROOD_OK && !strcmp(holder.token, mine->token)) goto done;
    if (missing && reason != EEXIST) { /* links are refused here */
        err = write_lock(fs, path, mine);
        if (err == BROOD_OK || !brood_fs_exists(fs, path)) goto done;
        err = brood_lock_read(fs, dir, &holder, &missing);
    }
    if (err == BROOD_E_IO && !missing) goto done;
    err = take_over(fs, dir, own, path, mine, life, &holder);
done:
    if (former) *former = strcmp(holder.token, mine->token) ? holder : (brood_holder_t){0};
    (void)brood_fs_unlink(fs, own);
    return err;
}
