/* brood check: which files of a run directory are whole, told without changing one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/run/check.h"
#include "content.h"
#include "faulty.h"
#include "place.h"

#define MAIN_LEFTOVER  "run.h5.00112233445566ff.tmp"
#define CHILD_LEFTOVER "3.h5.00112233445566ff.tmp"

/* What the visits told, a line each: "run.h5 whole 2\n". */
typedef struct {
    char   text[1024];
    size_t used;
    char   what[512]; /* of the latest that is not whole */
} told_t;

static void tell(void *self, const brood_checked_t *file) {
    static const char *const word[] = {"whole", "damaged", "unreadable", "leftover", "lock"};
    told_t                  *told = self;
    told->used += (size_t)snprintf(told->text + told->used, sizeof told->text - told->used, "%s %s", file->name,
                                   word[file->state]);
    if (file->state == BROOD_CHECKED_WHOLE)
        told->used += (size_t)snprintf(told->text + told->used, sizeof told->text - told->used, " %s%llu",
                                       file->child ? "step " : "", (unsigned long long)file->generation);
    else
        snprintf(told->what, sizeof told->what, "%s", file->what);
    told->used += (size_t)snprintf(told->text + told->used, sizeof told->text - told->used, "\n");
}

/* Of all files in a run directory. */
static uint64_t run_hash(const char *dir) {
    char inflight[PLACE_SIZE];
    snprintf(inflight, sizeof inflight, "%s/" BROOD_RUN_INFLIGHT, dir);
    return place_hash(dir) + (place_has(dir, BROOD_RUN_INFLIGHT) ? 3 * place_hash(inflight) : 0);
}

/* A start does what the message says of it. */
static void assert_started(const brood_fs_t *fs, const char *dir, const char *message) {
    brood_run_t      *run = NULL;
    brood_run_state_t found = BROOD_RUN_NONE;
    brood_err_t       err = brood_run_open(fs, dir, &run, &found);
    brood_run_close(&run);
    if (strstr(message, "refuse"))
        assert_true(err == BROOD_E_FORMAT || err == BROOD_E_IO);
    else if (strstr(message, "from " BROOD_RUN_PREVIOUS_FILE))
        assert_true(err == BROOD_OK && found == BROOD_RUN_PREVIOUS);
    else if (strstr(message, "from " BROOD_RUN_FILE))
        assert_true(err == BROOD_OK && found == BROOD_RUN_NEWEST);
}

/* Checks; the answer, the message and what was told are as expected, and nothing has changed. */
static void assert_checked(const brood_fs_t *fs, const char *dir, brood_err_t code, const char *message,
                           const char *text) {
    told_t   told = {.used = 0};
    uint64_t before = run_hash(dir);
    if (brood_run_check(fs, dir, tell, &told) != code) fail_msg("%s: %s", told.text, brood_message());
    if (code != BROOD_OK && !strstr(brood_message(), message)) fail_msg("%s", brood_message());
    assert_string_equal(told.text, text);
    assert_started(fs, dir, message);
    assert_true(run_hash(dir) == before);
}

/* Two generations and children 3 and 20; in *inflight the path of theirs. */
static void make_run(const char *dir, char inflight[PLACE_SIZE]) {
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    if (brood_run_open(&brood_fs_posix, dir, &run, &found) != BROOD_OK ||
        brood_run_take(run, "4711", 0, &brood_life_system, NULL) != BROOD_OK ||
        content_save_child(run, 20, 7) != BROOD_OK || content_save_child(run, 3, 10) != BROOD_OK ||
        content_save(run, 1) != BROOD_OK || content_save(run, 2) != BROOD_OK)
        fail_msg("%s", brood_message());
    brood_run_close(&run);
    snprintf(inflight, PLACE_SIZE, "%s/" BROOD_RUN_INFLIGHT, dir);
}

static void a_directory_without_a_run_is_told_from_one(void **state) {
    const char *dir = *state;
    assert_checked(&brood_fs_posix, dir, BROOD_E_IO, "there is no run here", "");
    place_write(dir, "slurm-17.out", "all is well", 11);
    assert_checked(&brood_fs_posix, dir, BROOD_E_IO, "there is no run here", "");
}

static void a_whole_run_is_told_file_by_file(void **state) {
    char inflight[PLACE_SIZE];
    make_run(*state, inflight);
    place_write(*state, "slurm-17.out", "all is well", 11);
    assert_checked(&brood_fs_posix, *state, BROOD_OK, "",
                   "run.h5 whole 2\nrun.prev.h5 whole 1\ninflight/3.h5 whole step 10\ninflight/20.h5 whole step 7\n");
}

static void leftovers_and_the_lock_are_told_and_no_damage(void **state) {
    const char    *dir = *state;
    char           inflight[PLACE_SIZE];
    brood_holder_t holder;
    told_t         told = {.used = 0};
    make_run(dir, inflight);
    place_write(dir, MAIN_LEFTOVER, "half", 4);
    place_write(inflight, CHILD_LEFTOVER, "half", 4);
    brood_holder_here("0123456789abcdef", "4711", 1, &holder);
    assert_int_equal(brood_lock_take(&brood_fs_posix, dir, &holder, &brood_life_system, NULL), BROOD_OK);
    const char *text =
        "run.h5 whole 2\nrun.prev.h5 whole 1\ninflight/3.h5 whole step 10\n"
        "inflight/20.h5 whole step 7\ninflight/" CHILD_LEFTOVER " leftover\n" MAIN_LEFTOVER " leftover\nlock lock\n";
    assert_checked(&brood_fs_posix, dir, BROOD_OK, "", text);
    assert_int_equal(brood_run_check(&brood_fs_posix, dir, tell, &told), BROOD_OK);
    assert_non_null(strstr(told.what, "job 4711 (restart 1), process "));
    place_write(dir, BROOD_LOCK_FILE, "garbled", 7);
    assert_checked(&brood_fs_posix, dir, BROOD_OK, "", text);
    assert_int_equal(brood_run_check(&brood_fs_posix, dir, tell, &told), BROOD_OK);
    assert_string_equal(told.what, "unreadable; a start takes it over");
}

static void damage_is_named_with_what_a_start_would_do(void **state) {
    const char *dir = *state;
    char        inflight[PLACE_SIZE];
    make_run(dir, inflight);
    place_flip(inflight, "3.h5", 500, 1);
    assert_checked(&brood_fs_posix, dir, BROOD_E_FORMAT, "a start would go on from run.h5; a damaged child is begun",
                   "run.h5 whole 2\nrun.prev.h5 whole 1\ninflight/3.h5 damaged\ninflight/20.h5 whole step 7\n");
    place_flip(dir, BROOD_RUN_PREVIOUS_FILE, 500, 1);
    assert_checked(&brood_fs_posix, dir, BROOD_E_FORMAT, "a start would go on from run.h5; a damaged child is begun",
                   "run.h5 whole 2\nrun.prev.h5 damaged\ninflight/3.h5 damaged\ninflight/20.h5 whole step 7\n");
    place_flip(inflight, "3.h5", 500, 1);
    place_flip(dir, BROOD_RUN_PREVIOUS_FILE, 500, 1);
    place_flip(dir, BROOD_RUN_FILE, 500, 1);
    assert_checked(&brood_fs_posix, dir, BROOD_E_FORMAT, "a start would go on from run.prev.h5",
                   "run.h5 damaged\nrun.prev.h5 whole 1\ninflight/3.h5 whole step 10\ninflight/20.h5 whole step 7\n");
    place_flip(dir, BROOD_RUN_PREVIOUS_FILE, 500, 1);
    assert_checked(&brood_fs_posix, dir, BROOD_E_FORMAT, "a start would refuse and change nothing",
                   "run.h5 damaged\nrun.prev.h5 damaged\ninflight/3.h5 whole step 10\ninflight/20.h5 whole step 7\n");
    unlink(place_path(dir, BROOD_RUN_FILE));
    assert_checked(&brood_fs_posix, dir, BROOD_E_FORMAT, "a start would refuse and change nothing",
                   "run.prev.h5 damaged\ninflight/3.h5 whole step 10\ninflight/20.h5 whole step 7\n");
    place_flip(dir, BROOD_RUN_PREVIOUS_FILE, 500, 1);
    assert_checked(&brood_fs_posix, dir, BROOD_E_FORMAT, "a start would go on from run.prev.h5",
                   "run.prev.h5 whole 1\ninflight/3.h5 whole step 10\ninflight/20.h5 whole step 7\n");
}

static void a_trailer_that_is_right_is_not_enough(void **state) {
    const char          *dir = *state;
    char                 inflight[PLACE_SIZE];
    brood_bytes_t        garbage = {.data = (unsigned char *)inflight, .size = sizeof inflight};
    const brood_writer_t writer = {.fs = &brood_fs_posix, .token = "00112233445566ff"};
    make_run(dir, inflight);
    assert_int_equal(brood_store_put(&writer, dir, BROOD_RUN_FILE, true, 3, &garbage, NULL), BROOD_OK);
    assert_checked(&brood_fs_posix, dir, BROOD_E_FORMAT, "a start would",
                   "run.h5 damaged\nrun.prev.h5 whole 2\ninflight/3.h5 whole step 10\ninflight/20.h5 whole step 7\n");
}

static void what_cannot_be_read_is_no_damage(void **state) {
    const char *dir = *state;
    char        inflight[PLACE_SIZE];
    faulty_t    faulty;
    make_run(dir, inflight);
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_OPEN, "/run.h5", 0, 2, EACCES, false});
    assert_checked(&faulty.fs, dir, BROOD_E_IO, "a start would refuse and change nothing: run.h5 must be readable",
                   "run.h5 unreadable\nrun.prev.h5 whole 1\ninflight/3.h5 whole step 10\n"
                   "inflight/20.h5 whole step 7\n");
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_OPEN, "/run.prev.h5", 0, 2, EACCES, false});
    assert_checked(&faulty.fs, dir, BROOD_E_IO, "a start would go on from run.h5",
                   "run.h5 whole 2\nrun.prev.h5 unreadable\ninflight/3.h5 whole step 10\n"
                   "inflight/20.h5 whole step 7\n");
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_PREAD, "/20.h5", 0, 1, EIO, false});
    assert_checked(&faulty.fs, dir, BROOD_E_IO, "a start would go on from run.h5",
                   "run.h5 whole 2\nrun.prev.h5 whole 1\ninflight/3.h5 whole step 10\ninflight/20.h5 unreadable\n");
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_LIST, BROOD_RUN_INFLIGHT, 0, 1, EACCES, false});
    assert_checked(&faulty.fs, dir, BROOD_E_IO, "inflight: cannot be listed", "run.h5 whole 2\nrun.prev.h5 whole 1\n");
    place_flip(dir, BROOD_RUN_FILE, 500, 1);
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_OPEN, "/run.prev.h5", 0, 2, EACCES, false});
    assert_checked(&faulty.fs, dir, BROOD_E_IO, "a start would refuse and change nothing: run.prev.h5 must be readable",
                   "run.h5 damaged\nrun.prev.h5 unreadable\ninflight/3.h5 whole step 10\n"
                   "inflight/20.h5 whole step 7\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_directory_without_a_run_is_told_from_one),    TEST(a_whole_run_is_told_file_by_file),
        TEST(leftovers_and_the_lock_are_told_and_no_damage), TEST(damage_is_named_with_what_a_start_would_do),
        TEST(a_trailer_that_is_right_is_not_enough),         TEST(what_cannot_be_read_is_no_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
