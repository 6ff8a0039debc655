/* A run directory: where a start begins or goes on, and what a save makes of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/run/run.h"
#include "content.h"
#include "faulty.h"
#include "place.h"

#define LEFTOVER "run.h5.00112233445566ff.tmp"

static brood_err_t save(brood_run_t *run, int64_t number) {
    content_t content;
    int64_t   bytes = 0;
    content_init(&content, number);
    brood_err_t err = brood_run_save(run, &content.fields, &bytes);
    if (err == BROOD_OK) assert_true(bytes > 0);
    content_fini(&content);
    return err;
}

static int64_t number_in(const brood_bytes_t *image) {
    int64_t number = content_number(image);
    if (number < 0) fail_msg("%s", brood_message());
    return number;
}

static brood_run_t *open_run(const char *dir, brood_run_state_t expected) {
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    if (brood_run_open(&brood_fs_posix, dir, &run, &found) != BROOD_OK) fail_msg("%s", brood_message());
    assert_int_equal(found, expected);
    return run;
}

static brood_err_t take(brood_run_t *run) {
    return brood_run_take(run, "", 0, &brood_life_system, NULL);
}

/* The same, and ours. */
static brood_run_t *take_run(const char *dir, brood_run_state_t expected) {
    brood_run_t *run = open_run(dir, expected);
    if (take(run) != BROOD_OK) fail_msg("%s", brood_message());
    return run;
}

/* A run of two generations, 1 and 2. */
static void make_run(const char *dir) {
    brood_run_t *run = take_run(dir, BROOD_RUN_NONE);
    assert_int_equal(save(run, 1), BROOD_OK);
    assert_int_equal(save(run, 2), BROOD_OK);
    brood_run_close(&run);
}

static int64_t read_file(const char *dir, const char *name, uint64_t *generation) {
    brood_bytes_t image;
    brood_bytes_init(&image);
    if (brood_store_get(&brood_fs_posix, dir, name, &image, generation, NULL) != BROOD_OK)
        fail_msg("%s", brood_message());
    int64_t number = number_in(&image);
    brood_bytes_fini(&image);
    return number;
}

static int64_t read_run(const brood_fs_t *fs, const char *dir) {
    brood_bytes_t image;
    uint64_t      generation;
    brood_bytes_init(&image);
    if (brood_run_read(fs, dir, &image, &generation) != BROOD_OK) fail_msg("%s", brood_message());
    int64_t number = number_in(&image);
    brood_bytes_fini(&image);
    return number;
}

static void a_new_run_makes_its_directory_when_it_is_taken(void **state) {
    const char  *dir = place_path(*state, "some/where/new");
    char         copy[PLACE_SIZE];
    brood_run_t *run;
    dir = strcpy(copy, dir);
    run = open_run(dir, BROOD_RUN_NONE);
    assert_int_equal(brood_run_image(run)->size, 0);
    assert_int_equal(place_count(*state, ""), 0);
    assert_int_equal(take(run), BROOD_OK);
    assert_true(place_has(dir, BROOD_LOCK_FILE));
    assert_int_equal(save(run, 7), BROOD_OK);
    assert_int_equal(place_count(dir, ""), 2);
    assert_int_equal(read_run(&brood_fs_posix, dir), 7);
    brood_run_close(&run);
    assert_int_equal(place_count(dir, ""), 1); /* the lock is given back */
    assert_null(run);
    brood_run_close(&run);
}

static void a_whole_newest_file_is_gone_on_from(void **state) {
    const char  *dir = *state;
    uint64_t     generation = 0;
    brood_run_t *run;
    make_run(dir);
    run = take_run(dir, BROOD_RUN_NEWEST);
    assert_int_equal(number_in(brood_run_image(run)), 2);
    assert_string_equal(brood_run_damage(run), "");
    brood_run_drop_image(run);
    assert_int_equal(brood_run_image(run)->size, 0);
    assert_int_equal(save(run, 3), BROOD_OK);
    assert_int_equal(read_file(dir, BROOD_RUN_FILE, &generation), 3);
    assert_int_equal(generation, 3);
    assert_int_equal(read_file(dir, BROOD_RUN_PREVIOUS_FILE, &generation), 2);
    brood_run_close(&run);
}

static void a_broken_or_missing_newest_file_is_not_rotated_over_the_previous(void **state) {
    const char *dir = *state;
    for (int missing = 0; missing < 2; missing++) {
        uint64_t     generation;
        brood_run_t *run;
        char         there[PLACE_SIZE];
        strcpy(there, place_path(dir, missing ? "missing" : "broken"));
        make_run(there);
        if (missing)
            unlink(place_path(there, BROOD_RUN_FILE));
        else
            place_flip(there, BROOD_RUN_FILE, 800, 1);
        run = take_run(there, BROOD_RUN_PREVIOUS);
        assert_int_equal(number_in(brood_run_image(run)), 1);
        assert_non_null(
            strstr(brood_run_damage(run), missing ? "run.h5: missing" : "run.h5: damaged: found the checks"));
        assert_int_equal(save(run, 3), BROOD_OK);
        assert_int_equal(read_file(there, BROOD_RUN_FILE, &generation), 3);
        assert_int_equal(read_file(there, BROOD_RUN_PREVIOUS_FILE, &generation), 1);
        assert_int_equal(save(run, 4), BROOD_OK);
        assert_int_equal(read_file(there, BROOD_RUN_FILE, &generation), 4);
        assert_int_equal(read_file(there, BROOD_RUN_PREVIOUS_FILE, &generation), 3);
        brood_run_close(&run);
    }
}

static void run_files_without_a_whole_one_are_refused_and_left_alone(void **state) {
    const char *dir = *state;
    for (int kind = 0; kind < 3; kind++) { /* the previous broken, missing; the newest missing */
        brood_run_t      *run = NULL;
        brood_run_state_t found;
        char              there[PLACE_SIZE];
        strcpy(there, place_path(dir, kind == 0 ? "both" : kind == 1 ? "newest" : "previous"));
        make_run(there);
        place_write(there, LEFTOVER, "half", 4);
        place_write(there, "slurm-17.out", "all is well", 11);
        place_flip(there, BROOD_RUN_FILE, 0, 255);
        place_flip(there, BROOD_RUN_PREVIOUS_FILE, 900, 1);
        if (kind == 1) unlink(place_path(there, BROOD_RUN_PREVIOUS_FILE));
        if (kind == 2) unlink(place_path(there, BROOD_RUN_FILE));
        uint64_t before = place_hash(there);
        assert_int_equal(brood_run_open(&brood_fs_posix, there, &run, &found), BROOD_E_FORMAT);
        assert_null(run);
        assert_non_null(strstr(brood_message(), "run.h5: "));
        assert_non_null(strstr(brood_message(), "run.prev.h5: "));
        assert_true(place_hash(there) == before);
    }
}

static void a_file_that_cannot_be_read_is_no_reason_to_begin_anew(void **state) {
    const char       *dir = *state;
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    faulty_t          faulty;
    make_run(dir);
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_OPEN, BROOD_RUN_FILE, 0, 1, EACCES, false});
    assert_int_equal(brood_run_open(&faulty.fs, dir, &run, &found), BROOD_E_IO);
    assert_null(run);
    assert_int_equal(brood_run_open(&brood_fs_posix, place_path(dir, BROOD_RUN_FILE), &run, &found), BROOD_E_IO);
    assert_null(run);
}

static void leftovers_go_when_the_run_is_taken_and_nothing_else(void **state) {
    const char *dir = *state;
    make_run(dir);
    place_write(dir, LEFTOVER, "half", 4);
    place_write(dir, "notes.tmp", "mine", 4);
    place_write(dir, "slurm-17.out", "all is well", 11);
    brood_run_t *run = open_run(dir, BROOD_RUN_NEWEST);
    assert_true(place_has(dir, LEFTOVER));
    assert_int_equal(take(run), BROOD_OK);
    assert_false(place_has(dir, LEFTOVER));
    assert_int_equal(save(run, 3), BROOD_OK);
    assert_true(place_has(dir, "notes.tmp"));
    assert_true(place_has(dir, "slurm-17.out"));
    brood_run_close(&run);
    assert_int_equal(place_count(dir, ""), 4);
}

static void a_save_that_failed_can_be_tried_again(void **state) {
    const char       *dir = *state;
    faulty_t          faulty;
    uint64_t          generation = 0;
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    make_run(dir);
    faulty_init(&faulty);
    assert_int_equal(brood_run_open(&faulty.fs, dir, &run, &found), BROOD_OK);
    assert_int_equal(take(run), BROOD_OK);
    faulty_add(&faulty, (fault_t){CALL_WRITE, NULL, 0, 2, ENOSPC, false});
    assert_int_equal(save(run, 3), BROOD_E_FULL);
    assert_int_equal(save(run, 4), BROOD_E_FULL);
    assert_int_equal(read_file(dir, BROOD_RUN_FILE, &generation), 2);
    assert_int_equal(read_file(dir, BROOD_RUN_PREVIOUS_FILE, &generation), 1);
    assert_int_equal(save(run, 5), BROOD_OK);
    assert_int_equal(read_file(dir, BROOD_RUN_FILE, &generation), 5);
    assert_int_equal(generation, 3);
    assert_int_equal(read_file(dir, BROOD_RUN_PREVIOUS_FILE, &generation), 2);
    brood_run_close(&run);
}

static void a_directory_that_cannot_be_made_is_named(void **state) {
    char under_file[PLACE_SIZE];
    place_write(*state, "file", "", 0);
    strcpy(under_file, place_path(*state, "file/run"));
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    faulty_t          faulty;
    assert_int_equal(brood_run_open(&brood_fs_posix, under_file, &run, &found), BROOD_E_IO);
    assert_int_equal(brood_run_open(&brood_fs_posix, "", &run, &found), BROOD_E_IO);

    char new_one[PLACE_SIZE];
    strcpy(new_one, place_path(*state, "new"));
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_MKDIR, NULL, 0, 1, EDQUOT, false});
    assert_int_equal(brood_run_open(&faulty.fs, new_one, &run, &found), BROOD_OK);
    assert_int_equal(take(run), BROOD_E_FULL);
    assert_non_null(strstr(brood_message(), new_one));
    assert_int_equal(take(run), BROOD_OK);
    assert_int_equal(save(run, 1), BROOD_OK);
    brood_run_close(&run);
}

static void a_halt_file_is_seen_and_consumed(void **state) {
    const char  *dir = *state;
    brood_run_t *run = open_run(dir, BROOD_RUN_NONE);
    assert_false(brood_run_halt(run));
    place_write(dir, "halt", "", 0);
    assert_true(brood_run_halt(run));
    assert_int_equal(brood_run_consume_halt(run), BROOD_OK);
    assert_false(brood_run_halt(run));
    assert_int_equal(brood_run_consume_halt(run), BROOD_OK);
    brood_run_close(&run);
}

static void analysis_reads_the_newest_and_waits_for_a_rotation(void **state) {
    const char   *dir = *state;
    faulty_t      faulty;
    brood_bytes_t image;
    uint64_t      generation;
    brood_bytes_init(&image);
    assert_int_equal(brood_run_read(&brood_fs_posix, dir, &image, &generation), BROOD_E_IO);
    assert_non_null(strstr(brood_message(), "there is no run here"));
    make_run(dir);
    assert_int_equal(read_run(&brood_fs_posix, dir), 2);
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_STAT, "/" BROOD_RUN_FILE, 0, 2, ENOENT, false});
    assert_int_equal(read_run(&faulty.fs, dir), 2);
    assert_true(faulty.calls[CALL_STAT] >= 5);
    unlink(place_path(dir, BROOD_RUN_FILE));
    assert_int_equal(read_run(&brood_fs_posix, dir), 1);
    place_flip(dir, BROOD_RUN_PREVIOUS_FILE, 10, 1);
    assert_int_equal(brood_run_read(&brood_fs_posix, dir, &image, &generation), BROOD_E_FORMAT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_new_run_makes_its_directory_when_it_is_taken),
        TEST(a_whole_newest_file_is_gone_on_from),
        TEST(a_broken_or_missing_newest_file_is_not_rotated_over_the_previous),
        TEST(run_files_without_a_whole_one_are_refused_and_left_alone),
        TEST(a_file_that_cannot_be_read_is_no_reason_to_begin_anew),
        TEST(leftovers_go_when_the_run_is_taken_and_nothing_else),
        TEST(a_save_that_failed_can_be_tried_again),
        TEST(a_directory_that_cannot_be_made_is_named),
        TEST(a_halt_file_is_seen_and_consumed),
        TEST(analysis_reads_the_newest_and_waits_for_a_rotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
