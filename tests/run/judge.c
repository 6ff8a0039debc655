#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/hash.h"
#include "content.h"

/* What has been read of files with the same bytes. */
typedef struct {
    uint64_t file;
    int64_t  content;
} known_t;

#define KNOWN 4096

struct judge {
    uint64_t               *seen; /* a set, open addressing; 0: free */
    size_t                  seen_capacity, seen_count;
    known_t                 known[KNOWN];
    int                     knowns;
    const judge_expected_t *expected;
    uint64_t                expected_hash;
    void (*replant)(brood_fs_t *fs);
    model_t       start; /* on a copy: it writes */
    model_arena_t arena;
    int64_t       states, distinct, taken;
    char          complaint[1024];
};

/* ---- the same again? ---- */

/* A word at a time: nearly all that the judge does is to find out that it has seen a directory before. */
static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

/* Of a file: its writes. Of one whose content is the job's token, only their shape. */
static uint64_t file_hash(const model_file_t *file, bool shape) {
    uint64_t hash = 1;
    for (int i = 0; i < file->writes; i++) {
        const model_write_t *write = &file->write[i];
        if (write->size == 0 && !write->cuts) continue;
        hash = mix(hash, write->offset << 32 | write->size << 2 | (write->bytes ? 2u : 0u) | (write->cuts ? 1u : 0u));
        if (!shape) hash = mix(hash, write->hash);
    }
    return hash;
}

typedef struct {
    const model_t *model;
    uint64_t       above, sum; /* of the names above; over all below, in any order */
} tree_t;

static void add_to_tree(void *with, const char *name, int number) {
    tree_t             *tree = with;
    const model_file_t *file = &tree->model->file[number];
    bool                leftover = brood_store_leftover(name), token = leftover || !strcmp(name, BROOD_LOCK_FILE);
    size_t              size = strlen(name);
    if (leftover) size -= BROOD_TOKEN_SIZE - 1 + sizeof ".tmp" - 1;
    uint64_t hash = brood_hash(tree->above, name, size) + leftover;
    if (file->directory) {
        tree_t below = {.model = tree->model, .above = hash};
        model_each(tree->model, number, add_to_tree, &below);
        tree->sum += mix(hash, below.sum);
    } else {
        tree->sum += mix(hash, file_hash(file, token));
    }
}

static uint64_t tree_hash(const model_t *model) {
    tree_t tree = {.model = model, .above = BROOD_HASH_START};
    model_each(model, 0, add_to_tree, &tree);
    return tree.sum;
}

static void insert(uint64_t *set, size_t capacity, uint64_t key) {
    size_t at = (size_t)key % capacity;
    while (set[at]) at = (at + 1) % capacity;
    set[at] = key;
}

/* True the first time. */
static bool is_new(judge_t *judge, uint64_t key) {
    key += !key;
    for (size_t at = (size_t)key % judge->seen_capacity; judge->seen[at]; at = (at + 1) % judge->seen_capacity)
        if (judge->seen[at] == key) return false;
    if (2 * judge->seen_count >= judge->seen_capacity) {
        size_t    capacity = 2 * judge->seen_capacity + 1;
        uint64_t *grown = calloc(capacity, sizeof *grown);
        if (!grown) abort();
        for (size_t i = 0; i < judge->seen_capacity; i++)
            if (judge->seen[i]) insert(grown, capacity, judge->seen[i]);
        free(judge->seen);
        judge->seen = grown;
        judge->seen_capacity = capacity;
    }
    insert(judge->seen, judge->seen_capacity, key);
    judge->seen_count++;
    return true;
}

/* ---- what is found ---- */

static known_t *find_known(judge_t *judge, uint64_t file, bool *fresh) {
    int at = 0;
    while (at < judge->knowns && judge->known[at].file != file) at++;
    *fresh = at == judge->knowns;
    if (*fresh && judge->knowns < KNOWN) judge->known[judge->knowns++].file = file;
    if (at == KNOWN) abort();
    return &judge->known[at];
}

/* The number in run.h5, or the previous one, that a start has read. */
static int64_t run_content(judge_t *judge, const model_t *left, const brood_run_t *run, brood_run_state_t state) {
    bool     fresh;
    int      number = model_find(left, state == BROOD_RUN_NEWEST ? JUDGE_DIR "/" BROOD_RUN_FILE
                                                                 : JUDGE_DIR "/" BROOD_RUN_PREVIOUS_FILE);
    known_t *known;
    if (state == BROOD_RUN_NONE) return 0;
    known = find_known(judge, file_hash(&left->file[number], false), &fresh);
    if (fresh) known->content = content_number(brood_run_image(run));
    return known->content;
}

/* The steps of a child, as a rank takes it up; 0: there is no file; −1: it begins afresh all the same. */
static int64_t child_content(judge_t *judge, model_t *left, const brood_fs_t *fs, int64_t episode) {
    char path[64];
    bool fresh;
    snprintf(path, sizeof path, JUDGE_DIR "/" BROOD_RUN_INFLIGHT "/%lld.h5", (long long)episode);
    int number = model_find(left, path);
    if (number == MODEL_NONE) return 0;
    known_t *known = find_known(judge, file_hash(&left->file[number], false) + (uint64_t)episode, &fresh);
    if (fresh) {
        brood_run_t *rank = NULL;
        if (brood_run_join(fs, JUDGE_DIR, "", &rank) != BROOD_OK) abort();
        known->content = content_load_child(rank, episode);
        brood_run_close(&rank);
    }
    return known->content;
}

static bool counts(const judge_expected_t *expected, const judge_content_t *content, int64_t found) {
    return found == content->returned || found == content->writing || (expected->unsynced && found == content->before);
}

static const char *check_child(judge_t *judge, model_t *left, const brood_fs_t *fs, int64_t episode, int64_t run) {
    const judge_expected_t *expected = judge->expected;
    const judge_content_t  *child = &expected->child[episode];
    static char             text[160];
    int64_t                 found = child_content(judge, left, fs, episode);
    bool                    recorded = run >> episode & 1; /* the run file has its result */
    if (counts(expected, child, found) || (found == 0 && recorded)) return NULL;
    snprintf(text, sizeof text, "%s: found %lld steps of episode %lld, expected %lld or %lld",
             found == 0 ? "an in-flight file is gone whose result the run file lacks"
                        : "an in-flight file is not as it was saved",
             (long long)found, (long long)episode, (long long)child->returned, (long long)child->writing);
    return text;
}

/* The start goes on: takes the run, and saves. */
static const char *go_on(judge_t *judge, brood_run_t **run, const brood_fs_t *fs) {
    brood_run_state_t state;
    judge->taken++;
    if (brood_run_take(*run, "", 0, &content_nobody_lives, NULL) != BROOD_OK) return "the run cannot be taken";
    if (content_save(*run, 7) != BROOD_OK) return "the next save fails";
    brood_run_close(run);
    if (brood_run_open(fs, JUDGE_DIR, run, &state) != BROOD_OK) return "the start after the next save is refused";
    if (state != BROOD_RUN_NEWEST || content_number(brood_run_image(*run)) != 7) return "the next save is lost";
    return NULL;
}

static const char *check_start(judge_t *judge, model_t *left, bool goes_on) {
    static char             text[512];
    const judge_expected_t *expected = judge->expected;
    brood_fs_t              fs = left->fs;
    brood_run_t            *run = NULL;
    brood_run_state_t       state;
    const char             *wrong = NULL;
    if (judge->replant) judge->replant(&fs);
    if (brood_run_open(&fs, JUDGE_DIR, &run, &state) != BROOD_OK) {
        snprintf(text, sizeof text, "a start is refused: %.400s", brood_message());
        return text;
    }
    int64_t found = run_content(judge, left, run, state);
    if (!counts(expected, &expected->run, found)) {
        snprintf(text, sizeof text, "a start goes on from %lld, expected %lld or %lld", (long long)found,
                 (long long)expected->run.returned, (long long)expected->run.writing);
        wrong = text;
    } else if (expected->whole && state != BROOD_RUN_NEWEST && !expected->unlinked) {
        wrong = BROOD_RUN_FILE " is not whole";
    }
    for (int episode = 0; episode < JUDGE_CHILDREN && !wrong; episode++)
        wrong = check_child(judge, left, &fs, episode, found);
    if (!wrong && goes_on) wrong = go_on(judge, &run, &fs);
    brood_run_close(&run);
    return wrong;
}

/* ---- every state ---- */

static bool judge_one(void *with, const model_t *left, const crash_t *crash) {
    judge_t *judge = with;
    bool     all_kept = true;
    char     state[256];
    judge->states++;
    if (!is_new(judge, mix(tree_hash(left), judge->expected_hash))) return true;
    judge->distinct++;
    for (int i = 0; i < crash->writes; i++) all_kept = all_kept && crash->part[i] == PART_KEPT;
    judge->arena.used = 0;
    model_copy(&judge->start, left, &judge->arena);
    judge->start.refuses_directory_sync = false;
    const char *wrong =
        check_start(judge, &judge->start, (all_kept || crash->writes == 1) && is_new(judge, tree_hash(left)));
    if (!wrong) return true;
    crash_text(crash, state, sizeof state);
    snprintf(judge->complaint, sizeof judge->complaint, "%s (%s)", wrong, state);
    return false;
}

const char *judge_crash(judge_t *judge, const model_t *at, bool seeded, const judge_expected_t *expected,
                        void (*replant)(brood_fs_t *fs)) {
    const judge_content_t *contents[1 + JUDGE_CHILDREN] = {&expected->run};
    const bool             facts[] = {expected->unsynced, expected->unlinked, expected->whole, replant != NULL};
    for (int i = 0; i < JUDGE_CHILDREN; i++) contents[1 + i] = &expected->child[i];
    judge->expected = expected;
    judge->replant = replant;
    judge->complaint[0] = '\0';
    judge->expected_hash = brood_hash(BROOD_HASH_START, facts, sizeof facts);
    for (int i = 0; i <= JUDGE_CHILDREN; i++)
        judge->expected_hash = brood_hash(judge->expected_hash, contents[i], sizeof *contents[i]);
    (void)states_each(at, seeded, judge_one, judge);
    return *judge->complaint ? judge->complaint : NULL;
}

judge_t *judge_create(void) {
    judge_t *judge = calloc(1, sizeof *judge);
    if (!judge) abort();
    judge->seen_capacity = 1 << 16;
    judge->seen = calloc(judge->seen_capacity, sizeof *judge->seen);
    if (!judge->seen) abort();
    model_arena_init(&judge->arena, 4 * MODEL_SIZE);
    return judge;
}

void judge_destroy(judge_t **judge) {
    model_arena_fini(&(*judge)->arena);
    free((*judge)->seen);
    free(*judge);
    *judge = NULL;
}

int64_t judge_states(const judge_t *judge) {
    return judge->states;
}

int64_t judge_distinct(const judge_t *judge) {
    return judge->distinct;
}

int64_t judge_taken(const judge_t *judge) {
    return judge->taken;
}
