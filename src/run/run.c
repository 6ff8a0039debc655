#include "brood/run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "await.h"
#include "brood/util/limits.h"
#include "brood/util/log.h"
#include "fs.h"
#include "run_private.h"

/* The newest whole run file. *damage: what is wrong with run.h5 where the previous one was taken. */
static brood_err_t read_newest(const brood_fs_t *fs, const char *dir, brood_bytes_t *image, uint64_t *generation,
                               brood_run_state_t *state, char *damage, size_t damage_size) {
    bool        missing = false, previous_missing = false;
    brood_err_t err = brood_store_get(fs, dir, BROOD_RUN_FILE, image, generation, &missing);
    *state = BROOD_RUN_NEWEST;
    damage[0] = '\0';
    if (err == BROOD_OK) return BROOD_OK;
    if (!missing && err != BROOD_E_FORMAT) return err;

    if (missing)
        snprintf(damage, damage_size, "%s/%s: missing", dir, BROOD_RUN_FILE);
    else
        snprintf(damage, damage_size, "%s", brood_message());
    *state = BROOD_RUN_PREVIOUS;
    err = brood_store_get(fs, dir, BROOD_RUN_PREVIOUS_FILE, image, generation, &previous_missing);
    if (err == BROOD_OK) return BROOD_OK;
    if (!previous_missing && err != BROOD_E_FORMAT) return err;

    if (missing && previous_missing) {
        *state = BROOD_RUN_NONE;
        *generation = 0;
        damage[0] = '\0';
        return BROOD_OK;
    }
    return brood_fail(BROOD_E_FORMAT,
                      "no whole run file, nothing was changed: %s; %s; restore one from a copy, or begin a new run in "
                      "another directory",
                      damage, previous_missing ? BROOD_RUN_PREVIOUS_FILE ": missing" : brood_message());
}

/* Of all that is ever written in a run directory. */
#define LONGEST_NAME "/" BROOD_RUN_INFLIGHT "/9223372036854775807.h5.0123456789abcdef.tmp"

/* A handle without files read. */
static brood_err_t make_handle(const brood_fs_t *fs, const char *dir, brood_run_t **run) {
    brood_run_t *made = NULL;
    *run = NULL;
    if (!*dir || strlen(dir) + sizeof LONGEST_NAME > BROOD_MAX_PATH)
        return brood_fail(BROOD_E_IO, "\"%s\": expected the path of a run directory, 1 to %zu bytes", dir,
                          BROOD_MAX_PATH - sizeof LONGEST_NAME);
    made = calloc(1, sizeof *made);
    if (!made) return brood_fail(BROOD_E_MEMORY, "%s: out of memory", dir);
    made->fs = fs;
    strcpy(made->dir, dir);
    sprintf(made->inflight_dir, "%s/" BROOD_RUN_INFLIGHT, dir);
    *run = made;
    return BROOD_OK;
}

brood_err_t brood_run_open(const brood_fs_t *fs, const char *dir, brood_run_t **run, brood_run_state_t *state) {
    brood_err_t  err = BROOD_OK;
    brood_run_t *opened = NULL;
    *run = NULL;
    BROOD_TRY(make_handle(fs, dir, &opened));
    BROOD_TRY(brood_token(opened->token));
    BROOD_TRY(read_newest(fs, dir, &opened->image, &opened->generation, &opened->state, opened->damage,
                          sizeof opened->damage));
    opened->rotates = opened->state == BROOD_RUN_NEWEST;
    *state = opened->state;
    *run = opened;
    opened = NULL;
done:
    brood_run_close(&opened);
    return err;
}

brood_err_t brood_run_join(const brood_fs_t *fs, const char *dir, const char *token, brood_run_t **run) {
    brood_err_t err = make_handle(fs, dir, run);
    if (err == BROOD_OK) snprintf((*run)->token, sizeof(*run)->token, "%s", token);
    return err;
}

void brood_run_close(brood_run_t **run) {
    brood_run_t *old = *run;
    if (!old) return;
    if (old->taken) {
        (void)old->fs->rmdir(old->fs->self, old->inflight_dir); /* when nothing is in flight */
        brood_lock_release(old->fs, old->dir, old->token);
    }
    if (old->made > 0 && !old->stored) brood_fs_remove_directories(old->fs, old->dir, old->made);
    brood_bytes_fini(&old->image);
    brood_bytes_fini(&old->saved);
    free(old->inflight.episode);
    free(old->pending.episode);
    free(old);
    *run = NULL;
}

const char *brood_run_damage(const brood_run_t *run) {
    return run->damage;
}

const brood_bytes_t *brood_run_image(const brood_run_t *run) {
    return &run->image;
}

void brood_run_drop_image(brood_run_t *run) {
    brood_bytes_fini(&run->image);
}

const char *brood_run_token(const brood_run_t *run) {
    return run->token;
}

/* What killed jobs have left half written: paths, each with its NUL. */
typedef struct {
    const char   *dir;
    brood_bytes_t paths;
} leftovers_t;

/* Nothing depends on it, so nothing fails. */
static void note_leftover(void *with, const char *name) {
    leftovers_t *leftovers = with;
    char         path[2 * BROOD_MAX_PATH];
    int          size = snprintf(path, sizeof path, "%s/%s", leftovers->dir, name);
    if (brood_store_leftover(name) && size > 0 && size < (int)sizeof path)
        (void)!brood_bytes_append(&leftovers->paths, path, (size_t)size + 1);
}

static void note_leftovers(const brood_run_t *run, leftovers_t *leftovers) {
    brood_bytes_init(&leftovers->paths);
    leftovers->dir = run->dir;
    (void)run->fs->list(run->fs->self, leftovers->dir, note_leftover, leftovers);
    leftovers->dir = run->inflight_dir;
    (void)run->fs->list(run->fs->self, leftovers->dir, note_leftover, leftovers);
}

static void remove_leftovers(const brood_run_t *run, const leftovers_t *leftovers) {
    const char *end = (const char *)leftovers->paths.data + leftovers->paths.size;
    for (const char *path = (const char *)leftovers->paths.data; path < end; path += strlen(path) + 1)
        (void)brood_fs_unlink(run->fs, path);
}

/* Between opening and taking, the holder of then may have written once more. */
static brood_err_t check_unchanged(const brood_run_t *run) {
    uint64_t generation = 0;
    if (run->state == BROOD_RUN_PREVIOUS) return BROOD_OK;
    brood_err_t err = brood_store_generation(run->fs, run->dir, BROOD_RUN_FILE, &generation);
    bool        there = err == BROOD_OK;
    if (run->state == BROOD_RUN_NONE ? !there : there && generation == run->generation) return BROOD_OK;
    return brood_fail(BROOD_E_LOCKED, "%s: another job has written it while this one started; start this one again",
                      run->dir);
}

brood_err_t brood_run_take(brood_run_t *run, const char *job, int64_t restart, const brood_life_t *life,
                           brood_holder_t *former) {
    brood_holder_t mine;
    leftovers_t    leftovers;
    brood_err_t    err = BROOD_OK;
    brood_holder_here(run->token, job, restart, &mine);
    /* Looked for before the lock is ours: a start that is faster may take it from this one, and what that writes is no
       leftover. */
    note_leftovers(run, &leftovers);
    BROOD_TRY(brood_fs_make_directories(run->fs, run->dir, &run->made));
    BROOD_TRY(brood_lock_take(run->fs, run->dir, &mine, life, former));
    run->taken = true;
    BROOD_TRY(check_unchanged(run));
    remove_leftovers(run, &leftovers);
    BROOD_TRY(brood_run_list_inflight(run));
done:
    brood_bytes_fini(&leftovers.paths);
    return err;
}

static brood_err_t is_ours(void *self) {
    const brood_run_t *run = self;
    return brood_lock_ours(run->fs, run->dir, run->token);
}

brood_err_t brood_run_put(brood_run_t *run, const char *dir, const char *name, bool rotates, uint64_t generation,
                          bool *durable) {
    brood_writer_t writer = {.fs = run->fs, .token = run->token, .ours = is_ours, .self = run};
    brood_err_t    err = brood_store_put(&writer, dir, name, rotates, generation, &run->saved, durable);
    if (err != BROOD_E_IO) return err;
    /* A job that takes the run over clears what this one is writing: that is then what is to be told. */
    char        message[BROOD_MESSAGE_SIZE];
    brood_err_t lost;
    snprintf(message, sizeof message, "%s", brood_message());
    lost = is_ours(run);
    return lost == BROOD_E_LOCKED ? lost : brood_fail(err, "%s", message);
}

brood_err_t brood_run_save(brood_run_t *run, const brood_fields_t *fields, int64_t *bytes) {
    brood_err_t err = BROOD_OK;
    BROOD_TRY(brood_image_write(BROOD_RUN_FORMAT, fields, &run->saved));
    BROOD_TRY(brood_run_put(run, run->dir, BROOD_RUN_FILE, run->rotates, run->generation + 1, &run->durable));
    run->generation++;
    run->rotates = run->stored = true;
    if (bytes) *bytes = (int64_t)(run->saved.size + sizeof(brood_trailer_t));
done:
    return err;
}

#define HALT_PATH_SIZE (BROOD_MAX_PATH + sizeof "/" BROOD_RUN_HALT)

static void halt_path(const brood_run_t *run, char path[HALT_PATH_SIZE]) {
    snprintf(path, HALT_PATH_SIZE, "%s/" BROOD_RUN_HALT, run->dir);
}

bool brood_run_halt(const brood_run_t *run) {
    struct stat status;
    char        path[HALT_PATH_SIZE];
    halt_path(run, path);
    return run->fs->stat(run->fs->self, path, &status) == 0 && S_ISREG(status.st_mode);
}

brood_err_t brood_run_consume_halt(brood_run_t *run) {
    char path[HALT_PATH_SIZE];
    halt_path(run, path);
    if (brood_fs_unlink(run->fs, path) == 0 || errno == ENOENT) return BROOD_OK;
    return brood_fail_errno(errno, "%s: cannot be removed", path);
}

void brood_run_await_rotation(const brood_fs_t *fs, const char *dir) {
    const int             tries = 10;
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    char                  newest[BROOD_MAX_PATH + sizeof "/" BROOD_RUN_FILE];
    char                  previous[BROOD_MAX_PATH + sizeof "/" BROOD_RUN_PREVIOUS_FILE];
    snprintf(newest, sizeof newest, "%s/" BROOD_RUN_FILE, dir);
    snprintf(previous, sizeof previous, "%s/" BROOD_RUN_PREVIOUS_FILE, dir);
    for (int i = 0; i < tries && !brood_fs_exists(fs, newest) && brood_fs_exists(fs, previous); i++)
        nanosleep(&pause, NULL);
}

/* A run file named as such: that one alone. */
static brood_err_t read_file(const brood_fs_t *fs, const char *path, brood_bytes_t *image, uint64_t *generation) {
    char        dir[BROOD_MAX_PATH] = ".";
    const char *slash = strrchr(path, '/');
    if (slash) snprintf(dir, sizeof dir, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return brood_store_get(fs, dir, slash ? slash + 1 : path, image, generation, NULL);
}

brood_err_t brood_run_read(const brood_fs_t *fs, const char *path, brood_bytes_t *image, uint64_t *generation) {
    char              damage[BROOD_RUN_DAMAGE_SIZE];
    brood_run_state_t state;
    struct stat       status;
    if (strlen(path) < BROOD_MAX_PATH && fs->stat(fs->self, path, &status) == 0 && S_ISREG(status.st_mode))
        return read_file(fs, path, image, generation);
    brood_run_await_rotation(fs, path);
    brood_err_t err = read_newest(fs, path, image, generation, &state, damage, sizeof damage);
    if (err == BROOD_OK && state == BROOD_RUN_NONE) return brood_fail(BROOD_E_IO, "%s: there is no run here", path);
    if (err == BROOD_OK && state == BROOD_RUN_PREVIOUS)
        brood_log_write(BROOD_LOG_WARNING, "%s: the generation before it is shown", damage);
    return err;
}
