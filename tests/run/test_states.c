/* Every crash state of a job: whatever a crash leaves of its calls, a start goes on from what counts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "brood/util/log.h"
#include "planted.h"

static void assert_nothing_is_lost(const saves_t *saves, size_t count, int64_t at_least) {
    judge_t *judge = judge_create();
    int      lost = 0;
    int64_t  moments = 0;
    for (size_t i = 0; i < count; i++) {
        const char *wrong = saves_run(judge, &saves[i], NULL);
        if (wrong) print_error("%s: %s\n", saves[i].name, wrong);
        lost += wrong != NULL;
        moments += saves_moments();
    }
    int64_t states = judge_states(judge), distinct = judge_distinct(judge), taken = judge_taken(judge);
    judge_destroy(&judge);
    print_message("%zu jobs, %lld moments, %lld crash states (%lld different, %lld gone on from): %d lost\n", count,
                  (long long)moments, (long long)states, (long long)distinct, (long long)taken, lost);
    assert_int_equal(lost, 0);
    assert_true(states >= at_least);
}

typedef struct {
    saves_t saves[64];
    char    name[64][80];
    size_t  count;
} list_t;

static void a_crash_loses_nothing(void **state) {
    static const char *begins[] = {
        [BEGINS_NEW] = "a new run",
        [BEGINS_WHOLE] = "both generations",
        [BEGINS_DAMAGED] = "run.h5 damaged",
        [BEGINS_MISSING] = "run.h5 missing",
    };
    list_t list = {.count = 0};
    (void)state;
    for (begins_t i = BEGINS_NEW; i <= BEGINS_MISSING; i++)
        for (int refused = 0; refused < 4; refused++) {
            char *name = list.name[list.count];
            snprintf(name, sizeof *list.name, "%s%s%s", begins[i], refused & 1 ? ", link refused" : "",
                     refused & 2 ? ", directory fsync refused" : "");
            list.saves[list.count++] =
                (saves_t){.name = name, .begins = i, .unlinked = refused & 1, .unsynced = refused & 2};
        }
    assert_nothing_is_lost(list.saves, list.count, 500000);
}

/* A call that fails once, for the file of the run and for a child's. */
static void add_failures(list_t *list, const saves_t *base, int error) {
    static const struct {
        call_t      call;
        const char *name;
        int         skip;
    } calls[] = {{CALL_OPEN, "open", 1}, {CALL_WRITE, "write", 12}, {CALL_FSYNC, "fsync", 1}, {CALL_CLOSE, "close", 1}};
    static const char *files[] = {"/run.h5.", "/1.h5."};
    for (size_t i = 0; i < 8; i++) {
        saves_t *saves = &list->saves[list->count];
        char    *name = list->name[list->count++];
        snprintf(name, sizeof *list->name, "%s%s of %s: %s", base->name, calls[i / 2].name, files[i % 2],
                 strerror(error));
        *saves = *base;
        saves->name = name;
        saves->fault = (fault_t){calls[i / 2].call, files[i % 2], calls[i / 2].skip, 1, error, false};
        saves->failures = 1;
    }
}

static void a_call_that_fails_loses_nothing(void **state) {
    list_t        list = {.count = 0};
    const saves_t whole = {.name = "", .begins = BEGINS_WHOLE};
    const saves_t others[] = {{.name = "run.h5 damaged, ", .begins = BEGINS_DAMAGED},
                              {.name = "link refused, ", .begins = BEGINS_WHOLE, .unlinked = true},
                              {.name = "directory fsync refused, ", .begins = BEGINS_WHOLE, .unsynced = true}};
    (void)state;
    add_failures(&list, &whole, ENOSPC);
    add_failures(&list, &whole, EIO);
    add_failures(&list, &whole, EDQUOT);
    for (size_t i = 0; i < 3; i++) add_failures(&list, &others[i], i == 1 ? EIO : ENOSPC);
    assert_nothing_is_lost(list.saves, list.count, 1000000);
}

static void a_call_that_is_interrupted_loses_nothing(void **state) {
    static const saves_t saves[] = {
        {.name = "open", .fault = {CALL_OPEN, NULL, 9, 3, EINTR, false}},
        {.name = "pread", .fault = {CALL_PREAD, NULL, 9, 3, EINTR, false}},
        {.name = "write", .fault = {CALL_WRITE, NULL, 9, 3, EINTR, false}},
        {.name = "fsync", .fault = {CALL_FSYNC, NULL, 2, 3, EINTR, false}},
        {.name = "close", .fault = {CALL_CLOSE, NULL, 9, 3, EINTR, false}},
        {.name = "rename", .fault = {CALL_RENAME, NULL, 1, 3, EINTR, false}},
        {.name = "link", .gap = true, .fault = {CALL_LINK, "/run.h5", 0, 3, EINTR, false}},
        {.name = "unlink", .fault = {CALL_UNLINK, NULL, 1, 3, EINTR, false}},
    };
    (void)state;
    assert_nothing_is_lost(saves, sizeof saves / sizeof *saves, 100000);
}

/* What network file systems do: a link or a rename that has taken place is reported as failed, or the other way. */
static void a_call_that_says_the_wrong_thing_loses_nothing(void **state) {
    static const saves_t saves[] = {
        {.name = "link took place", .begins = BEGINS_WHOLE, .fault = {CALL_LINK, "/run.h5", 0, 4, EIO, true}},
        {.name = "rename took place", .begins = BEGINS_WHOLE, .fault = {CALL_RENAME, "/run.h5.", 0, 4, EIO, true}},
        {.name = "rename took place, run.h5 damaged",
         .begins = BEGINS_DAMAGED,
         .fault = {CALL_RENAME, "/run.h5.", 0, 4, EIO, true}},
        {.name = "both renames took place",
         .begins = BEGINS_WHOLE,
         .unlinked = true,
         .fault = {CALL_RENAME, "/run.h5", 0, 8, EIO, true}},
        {.name = "both renames took place, directory fsync refused",
         .begins = BEGINS_WHOLE,
         .unlinked = true,
         .unsynced = true,
         .fault = {CALL_RENAME, "/run.h5", 0, 8, EIO, true}},
        {.name = "a child's rename took place",
         .begins = BEGINS_WHOLE,
         .fault = {CALL_RENAME, "/1.h5.", 0, 2, EIO, true}},
        {.name = "rename failed",
         .begins = BEGINS_WHOLE,
         .fault = {CALL_RENAME, "/run.h5.", 1, 1, EIO, false},
         .failures = 1},
        {.name = "rename said yes and did nothing",
         .begins = BEGINS_WHOLE,
         .fault = {CALL_RENAME, "/run.h5.", 1, 1, 0, false},
         .failures = 1},
        {.name = "rename failed, link refused",
         .begins = BEGINS_WHOLE,
         .unlinked = true,
         .fault = {CALL_RENAME, "/run.h5.", 1, 1, EIO, false},
         .failures = 1},
        {.name = "rename failed, link refused, directory fsync refused",
         .begins = BEGINS_WHOLE,
         .unlinked = true,
         .unsynced = true,
         .fault = {CALL_RENAME, "/run.h5.", 1, 1, EIO, false},
         .failures = 1},
        {.name = "rename failed at first, run.h5 damaged",
         .begins = BEGINS_DAMAGED,
         .fault = {CALL_RENAME, "/run.h5.", 0, 2, EIO, false},
         .failures = 2},
        {.name = "unlink failed",
         .begins = BEGINS_WHOLE,
         .gap = true,
         .fault = {CALL_UNLINK, "/run.prev.h5", 0, 4, EIO, false}},
        {.name = "a child's unlink failed", .begins = BEGINS_WHOLE, .fault = {CALL_UNLINK, "/0.h5", 0, 1, EIO, false}},
    };
    (void)state;
    assert_nothing_is_lost(saves, sizeof saves / sizeof *saves, 100000);
}

/* ---- does it see anything? ---- */

static void each_fault_that_is_planted_is_found(void **state) {
    int missed = 0;
    (void)state;
    for (size_t i = 0; i < planted_count; i++) {
        const planted_t *planted = &planted_faults[i];
        judge_t         *judge = judge_create();
        const char      *wrong = saves_run(judge, &planted->saves, planted);
        bool             found = wrong && strstr(wrong, planted->sign);
        print_message("%s: %s: %s\n", planted->name, found ? "found" : "MISSED", wrong ? wrong : "nothing");
        missed += !found;
        judge_destroy(&judge);
    }
    assert_int_equal(missed, 0);
    assert_true(planted_count >= 8);
}

#define TEST(name) cmocka_unit_test(name)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_crash_loses_nothing),
        TEST(a_call_that_fails_loses_nothing),
        TEST(a_call_that_is_interrupted_loses_nothing),
        TEST(a_call_that_says_the_wrong_thing_loses_nothing),
        TEST(each_fault_that_is_planted_is_found),
    };
    brood_log_setup(BROOD_LOG_ERROR, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
