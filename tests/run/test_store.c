/* The store: whole or not at all, two generations, whatever a file system does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/run/store.h"
#include "faulty.h"
#include "place.h"

#define NAME     "run.h5"
#define PREVIOUS "run.prev.h5"
#define TOKEN    "0123456789abcdef"

/* The image of a generation: some bytes that tell it from others. */
static brood_bytes_t image_of(uint64_t generation) {
    static unsigned char data[16][300];
    unsigned char       *bytes = data[generation % 16];
    for (size_t i = 0; i < sizeof data[0]; i++) bytes[i] = (unsigned char)(i * 31 + generation * 101);
    return (brood_bytes_t){.data = bytes, .size = sizeof data[0]};
}

static brood_err_t put_with(const brood_fs_t *fs, const char *dir, uint64_t generation) {
    brood_bytes_t image = image_of(generation);
    return brood_store_put(&(brood_writer_t){.fs = fs, .token = TOKEN}, dir, NAME, true, generation, &image, NULL);
}

static brood_err_t put(const char *dir, uint64_t generation) {
    return put_with(&brood_fs_posix, dir, generation);
}

static void assert_holds(const char *dir, const char *name, uint64_t generation) {
    brood_bytes_t image, expected = image_of(generation);
    uint64_t      found = 0;
    brood_bytes_init(&image);
    if (brood_store_get(&brood_fs_posix, dir, name, &image, &found, NULL) != BROOD_OK) fail_msg("%s", brood_message());
    assert_int_equal(found, generation);
    assert_int_equal(image.size, expected.size);
    assert_memory_equal(image.data, expected.data, expected.size);
    brood_bytes_fini(&image);
}

static void what_is_put_is_got_and_the_generation_before_is_kept(void **state) {
    const char *dir = *state;
    struct stat status;
    mode_t      before = umask(0027);
    for (uint64_t generation = 1; generation < 5; generation++) {
        assert_int_equal(put(dir, generation), BROOD_OK);
        assert_holds(dir, NAME, generation);
        if (generation == 1)
            assert_false(place_has(dir, PREVIOUS));
        else
            assert_holds(dir, PREVIOUS, generation - 1);
        assert_int_equal(place_count(dir, ""), generation == 1 ? 1 : 2);
        assert_int_equal(stat(place_path(dir, NAME), &status), 0);
        assert_int_equal(status.st_mode & 0777, 0440);
    }
    umask(before);
}

static void without_keep_previous_there_is_one_file(void **state) {
    const char *dir = *state;
    for (uint64_t generation = 1; generation < 4; generation++) {
        brood_bytes_t image = image_of(generation);
        assert_int_equal(brood_store_put(&(brood_writer_t){.fs = &brood_fs_posix, .token = TOKEN}, dir, "17.h5", false,
                                         generation, &image, NULL),
                         BROOD_OK);
        assert_holds(dir, "17.h5", generation);
        assert_int_equal(place_count(dir, ""), 1);
    }
}

static void a_failing_call_leaves_the_last_good_file_and_says_which_kind(void **state) {
    const char *dir = *state;
    const struct {
        fault_t     fault;
        brood_err_t code;
    } cases[] = {
        {{CALL_OPEN, ".tmp", 0, 1, ENOSPC, false}, BROOD_E_FULL},
        {{CALL_OPEN, ".tmp", 0, 1, EDQUOT, false}, BROOD_E_FULL},
        {{CALL_OPEN, ".tmp", 0, 1, EACCES, false}, BROOD_E_IO},
        {{CALL_OPEN, ".tmp", 0, 1, EROFS, false}, BROOD_E_IO},
        {{CALL_WRITE, NULL, 0, 1, ENOSPC, false}, BROOD_E_FULL},
        {{CALL_WRITE, NULL, 1, 1, ENOSPC, false}, BROOD_E_FULL}, /* the trailer */
        {{CALL_WRITE, NULL, 0, 1, EDQUOT, false}, BROOD_E_FULL},
        {{CALL_WRITE, NULL, 0, 1, EIO, false}, BROOD_E_IO},
        {{CALL_WRITE, NULL, 0, 1, 0, false}, BROOD_E_IO}, /* nothing written, no error */
        {{CALL_FSYNC, ".tmp", 0, 1, EIO, false}, BROOD_E_IO},
        {{CALL_FSYNC, ".tmp", 0, 1, ENOSPC, false}, BROOD_E_FULL},
        {{CALL_FSYNC, ".tmp", 0, 1, EDQUOT, false}, BROOD_E_FULL},
        {{CALL_CLOSE, ".tmp", 0, 1, EIO, false}, BROOD_E_IO},
        {{CALL_CLOSE, ".tmp", 0, 1, ENOSPC, false}, BROOD_E_FULL},
        {{CALL_CLOSE, ".tmp", 0, 1, EDQUOT, false}, BROOD_E_FULL},
        {{CALL_RENAME, ".tmp", 0, 1, EIO, false}, BROOD_E_IO},
        {{CALL_RENAME, ".tmp", 0, 1, ENOSPC, false}, BROOD_E_FULL},
        {{CALL_RENAME, ".tmp", 0, 1, 0, false}, BROOD_E_IO}, /* says yes, does nothing */
    };
    assert_int_equal(put(dir, 1), BROOD_OK);
    assert_int_equal(put(dir, 2), BROOD_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        faulty_t faulty;
        faulty_init(&faulty);
        faulty_add(&faulty, cases[i].fault);
        if (put_with(&faulty.fs, dir, 3) != cases[i].code) fail_msg("case %zu: %s", i, brood_message());
        if (cases[i].fault.error && !strstr(brood_message(), strerror(cases[i].fault.error)))
            fail_msg("case %zu: %s", i, brood_message());
        assert_non_null(strstr(brood_message(), dir));
        assert_holds(dir, NAME, 2);
        assert_int_equal(place_count(dir, ".tmp"), 0);
        assert_int_equal(faulty.synced_again, 0);
        /* Where it broke before the renames, the generation before is as it was, too. */
        if (cases[i].fault.call != CALL_RENAME) assert_holds(dir, PREVIOUS, 1);
    }
    assert_int_equal(put(dir, 3), BROOD_OK);
    assert_holds(dir, NAME, 3);
    assert_holds(dir, PREVIOUS, 2);
}

static void interrupted_calls_and_short_ones_are_continued(void **state) {
    const char  *dir = *state;
    const call_t calls[] = {CALL_OPEN,   CALL_WRITE,  CALL_FSYNC, CALL_CLOSE,
                            CALL_UNLINK, CALL_RENAME, CALL_PREAD, CALL_LINK};
    assert_int_equal(put(dir, 1), BROOD_OK);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        faulty_t      faulty;
        brood_bytes_t image;
        uint64_t      generation = 0;
        brood_bytes_init(&image);
        faulty_init(&faulty);
        faulty.most = 7;
        faulty_add(&faulty, (fault_t){.call = calls[i], .times = 3, .error = EINTR});
        assert_int_equal(put_with(&faulty.fs, dir, 2 + i), BROOD_OK);
        assert_holds(dir, NAME, 2 + i);
        assert_holds(dir, PREVIOUS, 1 + i);
        faulty_add(&faulty, (fault_t){.call = calls[i], .times = 3, .error = EINTR});
        assert_int_equal(brood_store_get(&faulty.fs, dir, NAME, &image, &generation, NULL), BROOD_OK);
        assert_int_equal(generation, 2 + i);
        assert_int_equal(place_count(dir, ""), 2);
        brood_bytes_fini(&image);
    }
}

static void where_link_is_refused_rename_keeps_the_previous(void **state) {
    const char *dir = *state;
    const int   errors[] = {EPERM, EMLINK, ENOTSUP, EEXIST, EIO};
    assert_int_equal(put(dir, 1), BROOD_OK);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        for (int takes_place = 0; takes_place < 2; takes_place++) {
            faulty_t faulty;
            faulty_init(&faulty);
            faulty_add(&faulty, (fault_t){CALL_LINK, NULL, 0, 1, errors[i], takes_place});
            uint64_t generation = 2 + 2 * i + (uint64_t)takes_place;
            assert_int_equal(put_with(&faulty.fs, dir, generation), BROOD_OK);
            assert_holds(dir, NAME, generation);
            assert_holds(dir, PREVIOUS, generation - 1);
        }
}

static void a_directory_that_cannot_be_synced_is_tolerated(void **state) {
    const char *dir = *state;
    /* Of the opens: tmp, the file to rotate, the file read back, the directory. */
    const fault_t faults[] = {{CALL_FSYNC, NULL, 1, 1, EINVAL, false}, {CALL_OPEN, NULL, 3, 1, EACCES, false}};
    assert_int_equal(put(dir, 1), BROOD_OK);
    for (size_t i = 0; i < 2; i++) {
        faulty_t faulty;
        faulty_init(&faulty);
        faulty_add(&faulty, faults[i]);
        assert_int_equal(put_with(&faulty.fs, dir, 2 + i), BROOD_OK);
        assert_int_equal(faulty.fault[0].times, 0); /* it has met the fault */
        assert_holds(dir, NAME, 2 + i);
    }
}

static void a_rename_that_took_place_is_no_failure_whatever_it_says(void **state) {
    const char *dir = *state;
    faulty_t    faulty;
    assert_int_equal(put(dir, 1), BROOD_OK);
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_RENAME, ".tmp", 0, 1, EIO, true});
    assert_int_equal(put_with(&faulty.fs, dir, 2), BROOD_OK);
    assert_holds(dir, NAME, 2);
    assert_holds(dir, PREVIOUS, 1);

    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_LINK, NULL, 0, 1, EPERM, false});
    faulty_add(&faulty, (fault_t){CALL_RENAME, NULL, 0, 1, EIO, true}); /* run.h5 to run.prev.h5 */
    assert_int_equal(put_with(&faulty.fs, dir, 3), BROOD_OK);
    assert_holds(dir, NAME, 3);
    assert_holds(dir, PREVIOUS, 2);
}

static void a_failure_between_the_renames_leaves_the_previous_and_is_overcome(void **state) {
    const char *dir = *state;
    faulty_t    faulty;
    assert_int_equal(put(dir, 1), BROOD_OK);
    assert_int_equal(put(dir, 2), BROOD_OK);
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_LINK, NULL, 0, 9, EPERM, false});
    faulty_add(&faulty, (fault_t){CALL_RENAME, ".tmp", 0, 1, EIO, false});
    assert_int_equal(put_with(&faulty.fs, dir, 3), BROOD_E_IO);
    assert_false(place_has(dir, NAME));
    assert_holds(dir, PREVIOUS, 2);
    assert_int_equal(put_with(&faulty.fs, dir, 3), BROOD_OK);
    assert_holds(dir, NAME, 3);
    assert_holds(dir, PREVIOUS, 2);

    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_LINK, NULL, 0, 9, EPERM, false});
    faulty_add(&faulty, (fault_t){CALL_RENAME, NULL, 0, 1, EACCES, false});
    assert_int_equal(put_with(&faulty.fs, dir, 4), BROOD_E_IO);
    assert_holds(dir, NAME, 3);
    assert_int_equal(place_count(dir, ".tmp"), 0);
}

static void a_file_cut_off_is_not_rotated_over_the_good_one(void **state) {
    const char   *dir = *state;
    brood_bytes_t file;
    bool          whole;
    brood_bytes_init(&file);
    assert_int_equal(put(dir, 1), BROOD_OK);
    assert_int_equal(put(dir, 2), BROOD_OK);
    place_write(dir, NAME, "cut off", 7);
    assert_int_equal(put(dir, 3), BROOD_OK);
    assert_holds(dir, NAME, 3);
    assert_holds(dir, PREVIOUS, 1);

    /* Cut off at its beginning, it still ends in a trailer. */
    assert_int_equal(brood_store_get_any(&brood_fs_posix, place_path(dir, NAME), &file, &whole), BROOD_OK);
    place_write(dir, NAME, file.data + 17, file.size + sizeof(brood_trailer_t) - 17);
    assert_int_equal(put(dir, 4), BROOD_OK);
    assert_holds(dir, NAME, 4);
    assert_holds(dir, PREVIOUS, 1);
    brood_bytes_fini(&file);
}

static brood_err_t not_ours(void *self) {
    (*(int *)self)++;
    return brood_fail(BROOD_E_LOCKED, "another job's");
}

static void a_run_that_another_job_took_over_is_not_touched(void **state) {
    const char    *dir = *state;
    int            asked = 0;
    brood_writer_t writer = {.fs = &brood_fs_posix, .token = TOKEN, .ours = not_ours, .self = &asked};
    brood_bytes_t  image = image_of(3);
    assert_int_equal(put(dir, 1), BROOD_OK);
    assert_int_equal(put(dir, 2), BROOD_OK);
    uint64_t before = place_hash(dir);
    assert_int_equal(brood_store_put(&writer, dir, NAME, true, 3, &image, NULL), BROOD_E_LOCKED);
    assert_int_equal(asked, 1);
    assert_true(place_hash(dir) == before);
}

static void a_tmp_left_by_an_earlier_try_is_in_nobodys_way(void **state) {
    const char *dir = *state;
    place_write(dir, NAME "." TOKEN ".tmp", "half", 4);
    assert_int_equal(put(dir, 1), BROOD_OK);
    assert_holds(dir, NAME, 1);
    assert_int_equal(place_count(dir, ".tmp"), 0);
}

static brood_err_t get(const char *dir, bool *missing) {
    brood_bytes_t image;
    uint64_t      generation;
    brood_bytes_init(&image);
    brood_err_t err = brood_store_get(&brood_fs_posix, dir, NAME, &image, &generation, missing);
    if (err != BROOD_OK) assert_int_equal(image.size, 0);
    brood_bytes_fini(&image);
    return err;
}

static void every_cut_every_flipped_bit_and_every_byte_more_is_noticed(void **state) {
    const char   *dir = *state;
    brood_bytes_t file;
    bool          whole = true, missing = true;
    brood_bytes_init(&file);
    assert_int_equal(put(dir, 1), BROOD_OK);
    assert_int_equal(brood_store_get_any(&brood_fs_posix, place_path(dir, NAME), &file, &whole), BROOD_OK);
    assert_true(whole);
    const size_t size = file.size + sizeof(brood_trailer_t);
    brood_bytes_fini(&file);

    for (size_t bit = 0; bit < 8 * size; bit++) {
        place_flip(dir, NAME, bit / 8, (unsigned char)(1 << bit % 8));
        if (get(dir, &missing) != BROOD_E_FORMAT) fail_msg("bit %zu", bit);
        assert_false(missing);
        place_flip(dir, NAME, bit / 8, (unsigned char)(1 << bit % 8));
    }
    assert_int_equal(get(dir, &missing), BROOD_OK);
    assert_int_equal(truncate(place_path(dir, NAME), (off_t)size + 1), 0);
    assert_int_equal(get(dir, &missing), BROOD_E_FORMAT);
    for (size_t cut = size; cut-- > 0;) {
        assert_int_equal(truncate(place_path(dir, NAME), (off_t)cut), 0);
        if (get(dir, &missing) != BROOD_E_FORMAT) fail_msg("cut to %zu bytes", cut);
    }
}

static void a_missing_file_is_told_from_an_unreadable_one(void **state) {
    const char   *dir = *state;
    bool          missing = false;
    faulty_t      faulty;
    brood_bytes_t image;
    uint64_t      generation;
    brood_bytes_init(&image);
    assert_int_equal(get(dir, &missing), BROOD_E_IO);
    assert_true(missing);
    assert_int_equal(put(dir, 1), BROOD_OK);
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_OPEN, NULL, 0, 1, EACCES, false});
    assert_int_equal(brood_store_get(&faulty.fs, dir, NAME, &image, &generation, &missing), BROOD_E_IO);
    assert_false(missing);
    faulty_add(&faulty, (fault_t){CALL_PREAD, NULL, 0, 1, EIO, false});
    assert_int_equal(brood_store_get(&faulty.fs, dir, NAME, &image, &generation, &missing), BROOD_E_IO);
    assert_false(missing);
    assert_null(image.data);
}

static void a_damaged_file_is_got_as_far_as_it_goes(void **state) {
    const char   *dir = *state;
    brood_bytes_t file, expected = image_of(1);
    bool          whole = true;
    brood_bytes_init(&file);
    assert_int_equal(put(dir, 1), BROOD_OK);
    assert_int_equal(chmod(place_path(dir, NAME), 0644), 0);
    assert_int_equal(truncate(place_path(dir, NAME), 100), 0);
    assert_int_equal(brood_store_get_any(&brood_fs_posix, place_path(dir, NAME), &file, &whole), BROOD_OK);
    assert_false(whole);
    assert_non_null(strstr(brood_message(), "100 bytes that do not end in its trailer"));
    assert_int_equal(file.size, 100);
    assert_memory_equal(file.data, expected.data, 100);
    assert_int_equal(brood_store_get_any(&brood_fs_posix, place_path(dir, "none"), &file, &whole), BROOD_E_IO);
    brood_bytes_fini(&file);
}

static void leftovers_are_known_by_their_token(void **state) {
    (void)state;
    char a[BROOD_TOKEN_SIZE], b[BROOD_TOKEN_SIZE], name[64] = "run.h5.";
    assert_int_equal(brood_token(a), BROOD_OK);
    assert_int_equal(brood_token(b), BROOD_OK);
    assert_string_not_equal(a, b);
    assert_true(brood_store_leftover(strcat(strcat(name, a), ".tmp")));
    assert_true(brood_store_leftover("17.h5.0123456789abcdef.tmp"));
    assert_false(brood_store_leftover("run.h5"));
    assert_false(brood_store_leftover("notes.tmp"));
    assert_false(brood_store_leftover(".tmp"));
    assert_false(brood_store_leftover(".0123456789abcdef.tmp"));
    assert_false(brood_store_leftover("run.h5.0123456789abcdeg.tmp"));
    assert_false(brood_store_leftover("run.h5-0123456789abcdef.tmp"));
    assert_false(brood_store_leftover("run.h5.0123456789abcdef.tmp.gz"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_is_got_and_the_generation_before_is_kept),
        TEST(without_keep_previous_there_is_one_file),
        TEST(a_failing_call_leaves_the_last_good_file_and_says_which_kind),
        TEST(interrupted_calls_and_short_ones_are_continued),
        TEST(where_link_is_refused_rename_keeps_the_previous),
        TEST(a_directory_that_cannot_be_synced_is_tolerated),
        TEST(a_rename_that_took_place_is_no_failure_whatever_it_says),
        TEST(a_failure_between_the_renames_leaves_the_previous_and_is_overcome),
        TEST(a_file_cut_off_is_not_rotated_over_the_good_one),
        TEST(a_run_that_another_job_took_over_is_not_touched),
        TEST(a_tmp_left_by_an_earlier_try_is_in_nobodys_way),
        TEST(every_cut_every_flipped_bit_and_every_byte_more_is_noticed),
        TEST(a_missing_file_is_told_from_an_unreadable_one),
        TEST(a_damaged_file_is_got_as_far_as_it_goes),
        TEST(leftovers_are_known_by_their_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
