#include "brood/run/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/run/run.h"
#include "brood/util/limits.h"
#include "fs.h"
#include "run_private.h"

typedef struct {
    const brood_fs_t *fs;
    const char       *dir, *within; /* the directory; what stands before a name in it: "", "inflight/" */
    void (*visit)(void *self, const brood_checked_t *file);
    void       *self;
    brood_err_t worst;
} check_t;

static void tell(check_t *check, const brood_checked_t *file) {
    check->visit(check->self, file);
    if (file->state == BROOD_CHECKED_DAMAGED && check->worst == BROOD_OK) check->worst = BROOD_E_FORMAT;
    if (file->state == BROOD_CHECKED_UNREADABLE) check->worst = BROOD_E_IO;
}

/* The trailer and its checksum over all bytes, then whether HDF5 finds what every such file holds. */
static brood_err_t examine(const check_t *check, const char *name, const char *format, uint64_t *generation,
                           bool *missing) {
    brood_bytes_t  image;
    brood_fields_t none;
    brood_bytes_init(&image);
    brood_fields_init(&none);
    brood_err_t err = brood_store_get(check->fs, check->dir, name, &image, generation, missing);
    if (err == BROOD_OK) err = brood_image_read(format, &image, &none);
    brood_fields_fini(&none);
    brood_bytes_fini(&image);
    return err;
}

/* *there (may be NULL): there is such a file, whole or not. */
static brood_err_t check_file(check_t *check, const char *name, const char *format, bool child, bool *there) {
    brood_checked_t file = {.name = name, .child = child, .what = ""};
    char            label[BROOD_MAX_PATH], what[1024];
    bool            missing = false;
    brood_err_t     err = examine(check, name, format, &file.generation, &missing);
    if (there) *there = !missing;
    if (missing) return err;
    snprintf(label, sizeof label, "%s%s", check->within, name);
    file.name = label;
    file.state = err == BROOD_OK         ? BROOD_CHECKED_WHOLE
                 : err == BROOD_E_FORMAT ? BROOD_CHECKED_DAMAGED
                                         : BROOD_CHECKED_UNREADABLE;
    if (err != BROOD_OK) {
        snprintf(what, sizeof what, "%s", brood_message());
        file.what = what;
    }
    tell(check, &file);
    return err;
}

static void visit_leftover(void *with, const char *name) {
    check_t        *check = with;
    char            label[BROOD_MAX_PATH];
    brood_checked_t file = {.name = label, .state = BROOD_CHECKED_LEFTOVER, .what = ""};
    if (!brood_store_leftover(name)) return;
    snprintf(label, sizeof label, "%s%s", check->within, name);
    tell(check, &file);
}

static void check_lock(check_t *check) {
    brood_holder_t  holder;
    char            who[256];
    bool            missing = false;
    brood_err_t     err = brood_lock_read(check->fs, check->dir, &holder, &missing);
    brood_checked_t file = {.name = BROOD_LOCK_FILE, .state = BROOD_CHECKED_LOCK, .what = who};
    if (missing) return;
    if (err == BROOD_OK)
        brood_holder_print(&holder, who, sizeof who);
    else
        snprintf(who, sizeof who, "unreadable; a start takes it over");
    tell(check, &file);
}

static brood_err_t check_children(check_t *check) {
    brood_run_t *run = NULL;
    int64_t      count = 0;
    char         name[32];
    check_t      within = *check;
    brood_err_t  err = BROOD_OK;
    BROOD_TRY(brood_run_join(check->fs, check->dir, "", &run));
    BROOD_TRY(brood_run_list_inflight(run));
    const int64_t *episode = brood_run_inflight(run, &count);
    within.dir = run->inflight_dir;
    within.within = BROOD_RUN_INFLIGHT "/";
    for (int64_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%lld.h5", (long long)episode[i]);
        (void)check_file(&within, name, BROOD_CHILD_FORMAT, true, NULL);
    }
    (void)check->fs->list(check->fs->self, run->inflight_dir, visit_leftover, &within);
    check->worst = within.worst;
done:
    brood_run_close(&run);
    return err;
}

static bool cannot_be_read(brood_err_t err) {
    return err != BROOD_OK && err != BROOD_E_FORMAT;
}

static brood_err_t refuse(brood_err_t code, const char *dir, const char *what_to_do) {
    return brood_fail(code, "%s: a start would refuse and change nothing: %s", dir, what_to_do);
}

brood_err_t brood_run_check(const brood_fs_t *fs, const char                             *dir,
                            void (*visit)(void *self, const brood_checked_t *file), void *self) {
    check_t check = {.fs = fs, .dir = dir, .within = "", .visit = visit, .self = self};
    bool    there = false, previous_there = false;
    if (strlen(dir) + sizeof "/" BROOD_RUN_PREVIOUS_FILE > BROOD_MAX_PATH)
        return brood_fail_errno(ENAMETOOLONG, "%s", dir);
    brood_err_t newest = check_file(&check, BROOD_RUN_FILE, BROOD_RUN_FORMAT, false, &there);
    brood_err_t previous = check_file(&check, BROOD_RUN_PREVIOUS_FILE, BROOD_RUN_FORMAT, false, &previous_there);
    if (!there && !previous_there) return brood_fail(BROOD_E_IO, "%s: there is no run here", dir);
    brood_err_t err = check_children(&check);
    if (err != BROOD_OK) return err;
    (void)fs->list(fs->self, dir, visit_leftover, &check);
    check_lock(&check);

    /* One that can't be read may be whole: a start does not replace it unseen. */
    if (there && cannot_be_read(newest)) return refuse(BROOD_E_IO, dir, BROOD_RUN_FILE " must be readable first");
    if (newest != BROOD_OK && previous == BROOD_OK)
        return brood_fail(
            BROOD_E_FORMAT,
            "%s: a start would go on from " BROOD_RUN_PREVIOUS_FILE ", and do again what has happened since", dir);
    if (newest != BROOD_OK && previous_there && cannot_be_read(previous))
        return refuse(BROOD_E_IO, dir, BROOD_RUN_PREVIOUS_FILE " must be readable first");
    if (newest != BROOD_OK) return refuse(BROOD_E_FORMAT, dir, "restore one run file from a copy");
    if (check.worst != BROOD_OK)
        return brood_fail(check.worst,
                          "%s: a start would go on from " BROOD_RUN_FILE
                          "; a damaged child is begun afresh, a damaged " BROOD_RUN_PREVIOUS_FILE " replaced",
                          dir);
    return BROOD_OK;
}
