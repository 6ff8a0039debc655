#include "brood/run/run.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "await.h"
#include "brood/util/limits.h"
#include "fs.h"

#define DAMAGE_SIZE (BROOD_MAX_PATH + 256)

struct brood_run {
    const brood_fs_t *fs;
    char              dir[BROOD_MAX_PATH];
    char              token[BROOD_TOKEN_SIZE];
    char              damage[DAMAGE_SIZE];
    brood_bytes_t     image;      /* read at opening */
    brood_bytes_t     saved;      /* of the latest save: its memory is used again, and fresh memory is slow */
    uint64_t          generation; /* of the newest whole file */
    bool              rotates;    /* run.h5 was found whole, or is ours */
    bool              prepared;   /* the directory is there and clean */
};

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

brood_err_t brood_run_open(const brood_fs_t *fs, const char *dir, brood_run_t **run, brood_run_state_t *state) {
    brood_err_t  err = BROOD_OK;
    brood_run_t *opened = NULL;
    *run = NULL;
    if (!*dir || strlen(dir) >= sizeof opened->dir)
        return brood_fail(BROOD_E_IO, "\"%s\": expected the path of a run directory, 1 to %zu bytes", dir,
                          sizeof opened->dir - 1);
    opened = calloc(1, sizeof *opened);
    if (!opened) return brood_fail(BROOD_E_MEMORY, "%s: out of memory", dir);
    opened->fs = fs;
    strcpy(opened->dir, dir);
    BROOD_TRY(brood_token(opened->token));
    BROOD_TRY(read_newest(fs, dir, &opened->image, &opened->generation, state, opened->damage, sizeof opened->damage));
    opened->rotates = *state == BROOD_RUN_NEWEST;
    *run = opened;
    opened = NULL;
done:
    brood_run_close(&opened);
    return err;
}

void brood_run_close(brood_run_t **run) {
    if (!*run) return;
    brood_bytes_fini(&(*run)->image);
    brood_bytes_fini(&(*run)->saved);
    free(*run);
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

/* What jobs that were killed while they wrote have left. Nothing depends on it, so nothing fails. */
static void remove_leftovers(const brood_fs_t *fs, const char *dir) {
    DIR *listing = opendir(dir);
    if (!listing) return;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char path[BROOD_MAX_PATH + sizeof entry->d_name];
        if (!brood_store_leftover(entry->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        (void)brood_fs_unlink(fs, path);
    }
    closedir(listing);
}

static brood_err_t prepare(brood_run_t *run) {
    if (run->prepared) return BROOD_OK;
    brood_err_t err = brood_fs_make_directories(run->fs, run->dir);
    if (err != BROOD_OK) return err;
    remove_leftovers(run->fs, run->dir);
    run->prepared = true;
    return BROOD_OK;
}

brood_err_t brood_run_save(brood_run_t *run, const brood_fields_t *fields, int64_t *bytes) {
    brood_err_t err = BROOD_OK;
    BROOD_TRY(brood_image_write(BROOD_RUN_FORMAT, fields, &run->saved));
    BROOD_TRY(prepare(run));
    BROOD_TRY(brood_store_put(run->fs, run->dir, BROOD_RUN_FILE, run->token, NULL, run->rotates, run->generation + 1,
                              &run->saved));
    run->generation++;
    run->rotates = true;
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

brood_err_t brood_run_read(const brood_fs_t *fs, const char *dir, brood_bytes_t *image, uint64_t *generation) {
    char              damage[DAMAGE_SIZE];
    brood_run_state_t state;
    brood_run_await_rotation(fs, dir);
    brood_err_t err = read_newest(fs, dir, image, generation, &state, damage, sizeof damage);
    if (err == BROOD_OK && state == BROOD_RUN_NONE) return brood_fail(BROOD_E_IO, "%s: there is no run here", dir);
    return err;
}
