/* In-flight children: inflight/EPISODE.h5, found by episode, whichever rank gets it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/log.h"
#include "fs.h"
#include "run_private.h"

#define NAME_SIZE 32

static void name_of(int64_t episode, char name[NAME_SIZE]) {
    snprintf(name, NAME_SIZE, "%lld.h5", (long long)episode);
}

/* The episode of a name that is one, or −1. */
static int64_t episode_of(const char *name) {
    char       *end = NULL, again[NAME_SIZE];
    const char *start = name;
    long long   episode = *start >= '0' && *start <= '9' ? strtoll(start, &end, 10) : -1;
    if (episode < 0) return -1;
    name_of(episode, again);
    return !strcmp(again, name) ? (int64_t)episode : -1;
}

static bool episodes_add(brood_episodes_t *episodes, int64_t episode) {
    if (episodes->count == episodes->capacity) {
        int64_t  capacity = episodes->capacity ? 2 * episodes->capacity : 16;
        int64_t *grown = realloc(episodes->episode, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        episodes->episode = grown;
        episodes->capacity = capacity;
    }
    episodes->episode[episodes->count++] = episode;
    return true;
}

/* ---- rank 0 ---- */

typedef struct {
    brood_episodes_t *episodes;
    bool              full;
} listing_t;

static void visit(void *with, const char *name) {
    listing_t *listing = with;
    int64_t    episode = episode_of(name);
    if (episode >= 0 && !episodes_add(listing->episodes, episode)) listing->full = true;
}

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

brood_err_t brood_run_list_inflight(brood_run_t *run) {
    listing_t listing = {.episodes = &run->inflight};
    run->inflight.count = 0;
    if (run->fs->list(run->fs->self, run->inflight_dir, visit, &listing) < 0 && errno != ENOENT)
        return brood_fail_errno(errno, "%s: cannot be listed", run->inflight_dir);
    if (listing.full) return brood_fail(BROOD_E_MEMORY, "%s: out of memory", run->inflight_dir);
    if (run->inflight.count > 0)
        qsort(run->inflight.episode, (size_t)run->inflight.count, sizeof *run->inflight.episode, by_number);
    return BROOD_OK;
}

const int64_t *brood_run_inflight(const brood_run_t *run, int64_t *count) {
    *count = run->inflight.count;
    return run->inflight.episode;
}

int64_t brood_run_inflight_step(const brood_run_t *run, int64_t episode) {
    char     name[NAME_SIZE];
    uint64_t steps = 0;
    name_of(episode, name);
    if (brood_store_generation(run->fs, run->inflight_dir, name, &steps) != BROOD_OK) return -1;
    return steps <= INT64_MAX ? (int64_t)steps : -1;
}

static void remove_child(const brood_run_t *run, int64_t episode) {
    char path[BROOD_MAX_PATH + NAME_SIZE], name[NAME_SIZE];
    name_of(episode, name);
    snprintf(path, sizeof path, "%s/%s", run->inflight_dir, name);
    (void)brood_fs_unlink(run->fs, path);
}

void brood_run_forget(brood_run_t *run, const int64_t episodes[], int64_t count) {
    /* Those of the save before: where a directory can't be synced, its operations happen in order all the same, so that
       what this save replaced is safe by now. */
    for (int64_t i = 0; i < run->pending.count; i++) remove_child(run, run->pending.episode[i]);
    run->pending.count = 0;
    for (int64_t i = 0; i < count; i++) {
        if (run->durable)
            remove_child(run, episodes[i]);
        else
            (void)episodes_add(&run->pending, episodes[i]);
    }
}

/* ---- every rank ---- */

/* What a file says of its child beside the evaluator's fields; written from it, and read into another. */
typedef struct {
    brood_child_id_t   id;
    brood_child_mark_t mark;
} child_t;

static void list_child(child_t *child, brood_fields_t *fields) {
    const brood_field_t list[] = {
        {.name = "run",
         .label = "run",
         .doc = "Id of the run that the child belongs to.",
         .type = BROOD_TYPE_TEXT,
         .base = child->id.run,
         .text_size = sizeof child->id.run},
        {.name = "configuration",
         .label = "hash of the frozen configuration",
         .doc = "The run's /config/hash.",
         .type = BROOD_TYPE_TEXT,
         .base = child->id.configuration,
         .text_size = sizeof child->id.configuration},
        {.name = "architecture",
         .label = "architecture",
         .doc = "Its layers, as --arch takes them.",
         .type = BROOD_TYPE_TEXT,
         .base = child->id.architecture,
         .text_size = sizeof child->id.architecture},
        {.name = "episode",
         .label = "episode",
         .unit = "1",
         .doc = "The episode that trains the child.",
         .type = BROOD_TYPE_I64,
         .base = &child->id.episode},
        {.name = "steps",
         .label = "steps",
         .unit = "1",
         .doc = "Mini-batches of the child so far, of training and of evaluation.",
         .type = BROOD_TYPE_I64,
         .base = &child->mark.steps},
        {.name = "worked",
         .label = "steps worked",
         .unit = "1",
         .doc = "Mini-batches worked on it so far, those that were lost and done again included.",
         .type = BROOD_TYPE_I64,
         .base = &child->mark.worked},
        {.name = "rank",
         .label = "rank",
         .unit = "1",
         .doc = "The rank that saved it.",
         .type = BROOD_TYPE_I64,
         .base = &child->mark.rank}};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        brood_field_t field = list[i];
        snprintf(field.group, sizeof field.group, "/inflight");
        brood_fields_add(fields, &field);
    }
}

brood_err_t brood_run_save_child(brood_run_t *run, const brood_child_id_t *id, const brood_child_mark_t *mark,
                                 const brood_fields_t *fields) {
    child_t        child = {*id, *mark};
    char           name[NAME_SIZE];
    brood_fields_t all;
    brood_err_t    err = BROOD_OK;
    brood_fields_init(&all);
    name_of(id->episode, name);
    list_child(&child, &all);
    for (int64_t i = 0; i < fields->count; i++) brood_fields_add(&all, &fields->field[i]);
    BROOD_TRY(brood_fields_error(&all));
    BROOD_TRY(brood_image_write(BROOD_CHILD_FORMAT, &all, &run->saved));
    if (!brood_fs_exists(run->fs, run->inflight_dir)) {
        BROOD_TRY(brood_lock_ours(run->fs, run->dir, run->token)); /* else a run that was removed came back, empty */
        BROOD_TRY(brood_fs_make_directories(run->fs, run->inflight_dir, NULL));
    }
    BROOD_TRY(brood_run_put(run, run->inflight_dir, name, false, (uint64_t)mark->steps, NULL));
done:
    brood_fields_fini(&all);
    return err == BROOD_OK ? BROOD_OK : brood_because(err, "saving the child of episode %lld", (long long)id->episode);
}

/* What tells a file from one that fits, or NULL. */
static const char *misfit(const brood_child_id_t *found, const brood_child_id_t *expected) {
    if (strcmp(found->run, expected->run) != 0) return "it belongs to another run";
    if (strcmp(found->configuration, expected->configuration) != 0) return "it was begun under another configuration";
    if (found->episode != expected->episode) return "it is another episode's";
    if (strcmp(found->architecture, expected->architecture) != 0) return "it is another architecture";
    return NULL;
}

static brood_err_t read_child(const brood_bytes_t *image, const brood_child_id_t *id, child_t *child,
                              const brood_fields_t *fields) {
    brood_fields_t own;
    brood_err_t    err = BROOD_OK;
    brood_fields_init(&own);
    list_child(child, &own);
    BROOD_TRY(brood_fields_error(&own));
    BROOD_TRY(brood_image_read(BROOD_CHILD_FORMAT, image, &own));
    const char *reason = misfit(&child->id, id);
    if (reason) err = brood_fail(BROOD_E_FORMAT, "%s", reason);
    if (err == BROOD_OK) err = brood_image_read(BROOD_CHILD_FORMAT, image, fields);
done:
    brood_fields_fini(&own);
    return err;
}

brood_err_t brood_run_load_child(brood_run_t *run, const brood_child_id_t *id, brood_child_mark_t *mark,
                                 const brood_fields_t *fields, bool *found) {
    child_t       child = {0};
    char          name[NAME_SIZE];
    bool          missing = false;
    uint64_t      generation = 0;
    brood_bytes_t image;
    brood_bytes_init(&image);
    name_of(id->episode, name);
    brood_err_t err = brood_store_get(run->fs, run->inflight_dir, name, &image, &generation, &missing);
    if (err == BROOD_OK) err = read_child(&image, id, &child, fields);
    brood_bytes_fini(&image);
    *found = err == BROOD_OK;
    if (*found) *mark = child.mark;
    if (*found || missing) return BROOD_OK;
    if (err == BROOD_E_MEMORY) return err;
    brood_log_write(BROOD_LOG_WARNING, "%s/%s is not used, and episode %lld begun afresh: %s", run->inflight_dir, name,
                    (long long)id->episode, brood_message());
    return BROOD_OK;
}
