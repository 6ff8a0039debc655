#include "states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW 4 /* writes, whose combinations are all taken: 4^4 */

typedef struct {
    const model_t  *at;
    states_visit_t *visit;
    void           *with;
    model_t         left; /* by the crash */
    crash_t         crash;
    int             file[STATES_WRITES], write[STATES_WRITES]; /* that are not durable */
    uint32_t       *possible;                                  /* sets of operations */
    uint32_t        possibles;
    uint64_t        random;
    int64_t         count;
    bool            going;
} walk_t;

static uint32_t draw(walk_t *walk, uint32_t below) {
    walk->random = walk->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((walk->random >> 33) % below);
}

/* ---- directory operations ---- */

/* Where a directory's fsync is refused, nothing of it happens before what was done before. */
static bool possible(const model_t *at, uint32_t applied) {
    if (!at->refuses_directory_sync) return true;
    for (int i = 0; i < at->operations; i++)
        for (int j = 0; j < i && applied >> i & 1; j++)
            if (at->operation[j].directory == at->operation[i].directory && !(applied >> j & 1)) return false;
    return true;
}

typedef struct {
    walk_t *walk;
    bool    seen[MODEL_FILES];
} reach_t;

static void reach(void *with, const char *name, int number) {
    reach_t            *to = with;
    walk_t             *walk = to->walk;
    const model_file_t *file = &walk->left.file[number];
    (void)name;
    if (to->seen[number]) return;
    to->seen[number] = true;
    for (int i = 0; i < file->writes; i++) {
        if (file->write[i].fate == MODEL_DURABLE) continue;
        if (walk->crash.writes == STATES_WRITES) abort();
        walk->file[walk->crash.writes] = number;
        walk->write[walk->crash.writes++] = i;
    }
    if (file->directory) model_each(&walk->left, number, reach, to);
}

/* The directory with these operations, and which writes are then in doubt. */
static void apply(walk_t *walk, uint32_t applied) {
    reach_t to = {.walk = walk};
    model_copy(&walk->left, walk->at, NULL);
    walk->left.operations = 0;
    for (int i = 0; i < walk->at->operations; i++)
        if (applied >> i & 1) model_apply(&walk->left, &walk->at->operation[i]);
    walk->crash.applied = applied;
    walk->crash.writes = 0;
    reach(&to, "/", 0);
}

/* ---- writes ---- */

static model_write_t meet(model_write_t write, part_t part) {
    write.fate = MODEL_DURABLE;
    if (part == PART_DROPPED) return (model_write_t){.fate = MODEL_DURABLE};
    if (part == PART_TORN) write.size /= 2;
    if (part == PART_HOLLOW) write.bytes = NULL;
    return write;
}

static void show(walk_t *walk) {
    if (!walk->going) return;
    for (int i = 0; i < walk->crash.writes; i++)
        walk->left.file[walk->file[i]].write[walk->write[i]] =
            meet(walk->at->file[walk->file[i]].write[walk->write[i]], walk->crash.part[i]);
    walk->count++;
    walk->going = walk->visit(walk->with, &walk->left, &walk->crash);
}

static void fill(walk_t *walk, int from, part_t part) {
    memset(walk->crash.part + from, (int)part, sizeof walk->crash.part - (size_t)from);
}

static void all_combinations(walk_t *walk) {
    for (int number = 0; number < 1 << 2 * walk->crash.writes; number++) {
        for (int i = 0; i < walk->crash.writes; i++) walk->crash.part[i] = number >> 2 * i & 3;
        show(walk);
    }
}

static void each_one_and_each_prefix(walk_t *walk) {
    fill(walk, 0, PART_KEPT);
    show(walk);
    for (int part = PART_DROPPED; part < PART_FATES; part++)
        for (int i = 0; i < walk->crash.writes; i++) {
            fill(walk, 0, PART_KEPT);
            walk->crash.part[i] = (unsigned char)part;
            show(walk);
        }
    for (int part = PART_DROPPED; part <= PART_HOLLOW; part += PART_HOLLOW - PART_DROPPED)
        for (int kept = 0; kept < walk->crash.writes - 1; kept++) {
            fill(walk, 0, PART_KEPT);
            fill(walk, kept, (part_t)part);
            show(walk);
        }
}

static void seeded_combinations(walk_t *walk) {
    for (int i = 0; i < STATES_SEEDED; i++) {
        apply(walk, walk->possible[draw(walk, walk->possibles)]);
        for (int j = 0; j < walk->crash.writes; j++) walk->crash.part[j] = (unsigned char)draw(walk, PART_FATES);
        show(walk);
    }
}

int64_t states_each(const model_t *at, bool seeded, states_visit_t *visit, void *with) {
    walk_t *walk = calloc(1, sizeof *walk);
    bool    many = false;
    if (!walk || at->operations > 20) abort();
    const uint32_t sets = UINT32_C(1) << at->operations;
    *walk = (walk_t){.at = at, .visit = visit, .with = with, .random = 1, .going = true};
    walk->crash.operations = at->operations;
    walk->possible = malloc(sets * sizeof *walk->possible);
    if (!walk->possible) abort();
    for (uint32_t applied = 0; applied < sets; applied++)
        if (possible(at, applied)) walk->possible[walk->possibles++] = applied;
    for (uint32_t i = 0; i < walk->possibles && walk->going; i++) {
        apply(walk, walk->possible[i]);
        many = many || walk->crash.writes > FEW;
        if (walk->crash.writes <= FEW)
            all_combinations(walk);
        else
            each_one_and_each_prefix(walk);
    }
    if (many && seeded && walk->going) seeded_combinations(walk);
    int64_t count = walk->count;
    free(walk->possible);
    free(walk);
    return count;
}

void crash_text(const crash_t *crash, char *text, size_t size) {
    static const char word[] = {'k', 'd', 't', 'h'}; /* kept, dropped, torn, hollow */
    int               used = snprintf(text, size, "of %d directory operations ", crash->operations);
    for (int i = 0; i < crash->operations && used < (int)size - 2; i++)
        text[used++] = crash->applied >> i & 1 ? '1' : '0';
    used += snprintf(text + used, size - (size_t)used, ", of %d writes ", crash->writes);
    for (int i = 0; i < crash->writes && used < (int)size - 2; i++) text[used++] = word[crash->part[i]];
    text[used] = '\0';
}
