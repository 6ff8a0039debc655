/* In-flight files: whichever rank gets the child takes it up where it stood, or begins it again, and never wrongly. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/util/hash.h"
#include "content.h"
#include "faulty.h"
#include "place.h"

#define LEFTOVER "3.h5.00112233445566ff.tmp"

static brood_run_t *take_run(const brood_fs_t *fs, const char *dir) {
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    if (brood_run_open(fs, dir, &run, &found) != BROOD_OK ||
        brood_run_take(run, "", 0, &brood_life_system, NULL) != BROOD_OK)
        fail_msg("%s", brood_message());
    return run;
}

/* Another rank's part. */
static brood_run_t *join_run(const brood_fs_t *fs, const char *dir, const brood_run_t *run) {
    brood_run_t *joined = NULL;
    if (brood_run_join(fs, dir, brood_run_token(run), &joined) != BROOD_OK) fail_msg("%s", brood_message());
    return joined;
}

static const char *inflight(const char *dir, const char *name) {
    char within[64];
    snprintf(within, sizeof within, BROOD_RUN_INFLIGHT "/%s", name);
    return place_path(dir, within);
}

static bool has_child(const char *dir, const char *name) {
    return access(inflight(dir, name), F_OK) == 0;
}

/* ---- what is said ---- */

static FILE *caught;
static int   saved_stderr;

static void catch (void) {
    caught = tmpfile();
    saved_stderr = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
}

/* What has been logged since; in a static buffer. */
static const char *release(void) {
    static char text[2048];
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    rewind(caught);
    text[fread(text, 1, sizeof text - 1, caught)] = '\0';
    fclose(caught);
    return text;
}

/* The child is begun afresh, and a warning names its file and says `why`; NULL: nothing is said. */
static void assert_unused(brood_run_t *run, const brood_child_id_t *id, const char *why) {
    brood_child_mark_t mark = {0};
    content_t          content;
    bool               found = true;
    char               file[64];
    content_init(&content, -1);
    catch ();
    brood_err_t err = brood_run_load_child(run, id, &mark, &content.fields, &found);
    const char *said = release();
    content_fini(&content);
    snprintf(file, sizeof file, BROOD_RUN_INFLIGHT "/%lld.h5 is not used", (long long)id->episode);
    if (err != BROOD_OK || found || (why && (!strstr(said, "warning: ") || !strstr(said, why) || !strstr(said, file))))
        fail_msg("found %d, expected \"%s\", said: %s", found, why ? why : "", said);
    if (!why) assert_string_equal(said, "");
}

/* ---- saved and taken up ---- */

static void a_child_is_taken_up_by_whichever_rank_gets_it(void **state) {
    const char  *dir = *state;
    brood_run_t *run = take_run(&brood_fs_posix, dir);
    brood_run_t *first = join_run(&brood_fs_posix, dir, run), *second = join_run(&brood_fs_posix, dir, run);
    assert_int_equal(content_load_child(first, 3), -1);
    for (int64_t steps = 10; steps <= 30; steps += 10) {
        assert_int_equal(content_save_child(steps == 20 ? second : first, 3, steps), BROOD_OK);
        assert_int_equal(content_load_child(first, 3), steps);
        assert_int_equal(content_load_child(second, 3), steps);
        assert_int_equal(content_load_child(run, 3), steps);
        assert_int_equal(brood_run_inflight_step(run, 3), steps);
        assert_int_equal(place_count(place_path(dir, BROOD_RUN_INFLIGHT), ""), 1);
    }
    assert_int_equal(content_save(run, 1), BROOD_OK);
    brood_run_close(&first);
    brood_run_close(&second);
    brood_run_close(&run);

    int64_t count = 0;
    run = take_run(&brood_fs_posix, dir); /* the next job */
    assert_int_equal(brood_run_inflight(run, &count)[0], 3);
    assert_int_equal(count, 1);
    first = join_run(&brood_fs_posix, dir, run);
    assert_int_equal(content_load_child(first, 3), 30);
    brood_run_close(&first);
    brood_run_close(&run);
    assert_true(has_child(dir, "3.h5"));
}

static void a_save_that_failed_leaves_the_child_as_it_was(void **state) {
    const char  *dir = *state;
    faulty_t     faulty;
    brood_run_t *run = take_run(&brood_fs_posix, dir);
    const struct {
        fault_t     fault;
        brood_err_t code;
    } cases[] = {{{CALL_OPEN, "3.h5", 0, 1, EDQUOT, false}, BROOD_E_FULL},
                 {{CALL_WRITE, "3.h5", 0, 1, ENOSPC, false}, BROOD_E_FULL},
                 {{CALL_FSYNC, "3.h5", 0, 1, EIO, false}, BROOD_E_IO},
                 {{CALL_CLOSE, "3.h5", 0, 1, EDQUOT, false}, BROOD_E_FULL},
                 {{CALL_RENAME, "3.h5", 0, 1, EIO, false}, BROOD_E_IO}};
    faulty_init(&faulty);
    brood_run_t *rank = join_run(&faulty.fs, dir, run);
    assert_int_equal(content_save_child(rank, 3, 10), BROOD_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        faulty.count = 0;
        faulty_add(&faulty, cases[i].fault);
        if (content_save_child(rank, 3, 20) != cases[i].code) fail_msg("case %zu: %s", i, brood_message());
        assert_non_null(strstr(brood_message(), "saving the child of episode 3"));
        assert_int_equal(content_load_child(rank, 3), 10);
        assert_int_equal(place_count(place_path(dir, BROOD_RUN_INFLIGHT), ""), 1);
    }
    faulty.count = 0;
    faulty_add(&faulty, (fault_t){CALL_RENAME, "3.h5", 0, 1, EIO, true}); /* said to have failed, and done */
    assert_int_equal(content_save_child(rank, 3, 20), BROOD_OK);
    assert_int_equal(content_load_child(rank, 3), 20);
    assert_int_equal(faulty.synced_again, 0);
    brood_run_close(&rank);
    brood_run_close(&run);
}

static void the_directory_is_there_while_something_is_in_flight(void **state) {
    const char  *dir = *state;
    brood_run_t *run = take_run(&brood_fs_posix, dir);
    assert_int_equal(content_save(run, 1), BROOD_OK);
    assert_false(place_has(dir, BROOD_RUN_INFLIGHT));
    assert_int_equal(content_save_child(run, 3, 10), BROOD_OK);
    brood_run_close(&run);
    assert_true(has_child(dir, "3.h5"));
    run = take_run(&brood_fs_posix, dir);
    assert_int_equal(content_save(run, 2), BROOD_OK);
    brood_run_forget(run, &(int64_t){3}, 1);
    brood_run_close(&run);
    assert_false(place_has(dir, BROOD_RUN_INFLIGHT));
    assert_int_equal(place_count(dir, ""), 2);
}

/* ---- files that do not fit ---- */

static void a_file_that_is_anothers_is_not_used(void **state) {
    const char      *dir = *state;
    brood_run_t     *run = take_run(&brood_fs_posix, dir);
    brood_child_id_t id = content_child(3);
    assert_int_equal(content_save_child(run, 3, 10), BROOD_OK);
    strcpy(id.run, "00000000000000ab");
    assert_unused(run, &id, "it belongs to another run");
    id = content_child(3);
    strcpy(id.configuration, "");
    assert_unused(run, &id, "it was begun under another configuration");
    id = content_child(3);
    strcat(id.architecture, "0");
    assert_unused(run, &id, "it is another architecture");
    id = content_child(3);
    id.episode = 4;
    assert_unused(run, &id, NULL); /* there is no such file */
    assert_int_equal(rename(inflight(dir, "3.h5"), inflight(dir, "4.h5")), 0);
    assert_unused(run, &id, "it is another episode's");
    brood_run_close(&run);
}

static void a_file_of_another_kind_is_not_used(void **state) {
    const char          *dir = *state;
    brood_run_t         *run = take_run(&brood_fs_posix, dir);
    brood_child_id_t     id = content_child(3);
    brood_child_mark_t   mark = {.steps = 10};
    brood_fields_t       none;
    content_t            content;
    char                 to[PLACE_SIZE] = "";
    brood_bytes_t        image, garbage = {.data = (unsigned char *)to, .size = sizeof to};
    const brood_writer_t writer = {.fs = &brood_fs_posix, .token = "00112233445566ff"};
    snprintf(to, sizeof to, "%s/" BROOD_RUN_INFLIGHT, dir);
    brood_fields_init(&none);
    content_init(&content, 1);
    brood_bytes_init(&image);
    /* Of the same child, but of another evaluator. */
    assert_int_equal(brood_run_save_child(run, &id, &mark, &none), BROOD_OK);
    assert_unused(run, &id, "number");
    /* A run file; and no HDF5: both with a trailer that is right. */
    assert_int_equal(brood_image_write(BROOD_RUN_FORMAT, &content.fields, &image), BROOD_OK);
    assert_int_equal(brood_store_put(&writer, to, "3.h5", false, 10, &image, NULL), BROOD_OK);
    assert_unused(run, &id, "brood run");
    assert_int_equal(brood_store_put(&writer, to, "3.h5", false, 10, &garbage, NULL), BROOD_OK);
    assert_unused(run, &id, "HDF5");
    brood_bytes_fini(&image);
    content_fini(&content);
    brood_run_close(&run);
}

static void a_file_that_is_damaged_or_cannot_be_read_is_not_used(void **state) {
    const char      *dir = *state;
    faulty_t         faulty;
    brood_child_id_t id = content_child(3);
    const fault_t    faults[] = {{CALL_OPEN, "3.h5", 0, 1, EACCES, false},
                                 {CALL_FSTAT, "3.h5", 0, 1, EIO, false},
                                 {CALL_PREAD, "3.h5", 0, 1, EIO, false}};
    faulty_init(&faulty);
    brood_run_t *run = take_run(&faulty.fs, dir);
    assert_int_equal(content_save_child(run, 3, 10), BROOD_OK);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        faulty.count = 0;
        faulty_add(&faulty, faults[i]);
        assert_unused(run, &id, strerror(faults[i].error));
        assert_int_equal(content_load_child(run, 3), 10);
    }
    char within[PLACE_SIZE];
    snprintf(within, sizeof within, "%s/" BROOD_RUN_INFLIGHT, dir);
    place_flip(within, "3.h5", 700, 4);
    assert_unused(run, &id, "damaged: found the checksum");
    place_write(within, "3.h5", "", 0);
    assert_unused(run, &id, "do not end in its trailer");
    assert_int_equal(unlink(inflight(dir, "3.h5")) + mkdir(inflight(dir, "3.h5"), 0755), 0);
    assert_unused(run, &id, strerror(EISDIR));
    brood_run_close(&run);
}

/* ---- every bit and every length ---- */

/* POSIX, but that one file reads as if a bit of it were flipped, or its end cut off. */
typedef struct {
    brood_fs_t  fs;
    const char *name; /* how the file's path ends */
    int         fd;   /* while it is open */
    int64_t     bit, length;
} damaging_t;

static int damaging_open(void *self, const char *path, int flags, mode_t mode) {
    damaging_t *damaging = self;
    size_t      size = strlen(path), tail = strlen(damaging->name);
    int         fd = brood_fs_posix.open(NULL, path, flags, mode);
    if (size >= tail && !strcmp(path + size - tail, damaging->name)) damaging->fd = fd;
    return fd;
}

static int damaging_fstat(void *self, int fd, struct stat *status) {
    damaging_t *damaging = self;
    int         result = brood_fs_posix.fstat(NULL, fd, status);
    if (fd == damaging->fd && damaging->length >= 0) status->st_size = (off_t)damaging->length;
    return result;
}

static ssize_t damaging_pread(void *self, int fd, void *buffer, size_t size, off_t offset) {
    damaging_t *damaging = self;
    if (fd == damaging->fd && damaging->length >= 0 && offset + (off_t)size > damaging->length)
        size = offset < damaging->length ? (size_t)(damaging->length - offset) : 0;
    ssize_t got = brood_fs_posix.pread(NULL, fd, buffer, size, offset);
    int64_t at = damaging->bit / 8 - offset;
    if (fd == damaging->fd && damaging->bit >= 0 && at >= 0 && at < got)
        ((unsigned char *)buffer)[at] ^= (unsigned char)(1 << damaging->bit % 8);
    return got;
}

static int damaging_close(void *self, int fd) {
    damaging_t *damaging = self;
    if (fd == damaging->fd) damaging->fd = -1;
    return brood_fs_posix.close(NULL, fd);
}

static void damaging_init(damaging_t *damaging, const char *name) {
    *damaging = (damaging_t){.fs = brood_fs_posix, .name = name, .fd = -1, .bit = -1, .length = -1};
    damaging->fs.self = damaging;
    damaging->fs.open = damaging_open;
    damaging->fs.fstat = damaging_fstat;
    damaging->fs.pread = damaging_pread;
    damaging->fs.close = damaging_close;
}

#define POSITIONS 1000

/* Whether a damaged file is told; with the intact one it is not. */
typedef bool notices_t(damaging_t *damaging, const char *dir);

static bool child_is_begun_afresh(damaging_t *damaging, const char *dir) {
    brood_run_t *rank = NULL;
    if (brood_run_join(&damaging->fs, dir, "", &rank) != BROOD_OK) fail_msg("%s", brood_message());
    int64_t steps = content_load_child(rank, 3);
    brood_run_close(&rank);
    assert_true(steps == 10 || steps == -1);
    return steps < 0;
}

static bool previous_generation_is_used(damaging_t *damaging, const char *dir) {
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    static uint64_t   hash[2]; /* of the newest and the previous image */
    if (brood_run_open(&damaging->fs, dir, &run, &found) != BROOD_OK) fail_msg("%s", brood_message());
    bool           previous = found == BROOD_RUN_PREVIOUS;
    const uint64_t is = brood_hash(BROOD_HASH_START, brood_run_image(run)->data, brood_run_image(run)->size);
    if (!hash[previous]) {
        hash[previous] = is;
        assert_int_equal(content_number(brood_run_image(run)), previous ? 1 : 2);
    }
    assert_true(hash[previous] == is);
    brood_run_close(&run);
    return previous;
}

static void assert_all_damage_is_noticed(const char *dir, const char *name, notices_t *notices) {
    damaging_t  damaging;
    struct stat status;
    uint64_t    random = 1;
    damaging_init(&damaging, name);
    assert_int_equal(stat(place_path(dir, name), &status), 0);
    assert_false(notices(&damaging, dir));
    catch ();
    int64_t missed = -1, missed_length = -1;
    for (int i = 0; i < POSITIONS && missed < 0; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int64_t position = i < 40 ? status.st_size - 1 - i : (int64_t)((random >> 33) % (uint64_t)status.st_size);
        for (int bit = 0; bit < 8 && missed < 0; bit++) {
            damaging.bit = 8 * position + bit;
            if (!notices(&damaging, dir)) missed = damaging.bit;
        }
    }
    damaging.bit = -1;
    for (int64_t length = status.st_size - 1; length >= 0 && missed_length < 0; length--) {
        damaging.length = length;
        if (!notices(&damaging, dir)) missed_length = length;
    }
    release();
    if (missed >= 0 || missed_length >= 0)
        fail_msg("missed: bit %lld, cut to %lld bytes", (long long)missed, (long long)missed_length);
    print_message("%s: %d flipped bits and %lld lengths noticed\n", name, 8 * POSITIONS, (long long)status.st_size);
}

static void every_flipped_bit_and_every_length_of_a_child_is_noticed(void **state) {
    const char  *dir = *state;
    brood_run_t *run = take_run(&brood_fs_posix, dir);
    assert_int_equal(content_save(run, 1), BROOD_OK);
    assert_int_equal(content_save_child(run, 3, 10), BROOD_OK);
    brood_run_close(&run);
    assert_all_damage_is_noticed(dir, BROOD_RUN_INFLIGHT "/3.h5", child_is_begun_afresh);
}

static void every_flipped_bit_and_every_length_of_a_run_file_makes_the_previous_generation_used(void **state) {
    const char  *dir = *state;
    brood_run_t *run = take_run(&brood_fs_posix, dir);
    assert_int_equal(content_save(run, 1), BROOD_OK);
    assert_int_equal(content_save(run, 2), BROOD_OK);
    brood_run_close(&run);
    assert_all_damage_is_noticed(dir, BROOD_RUN_FILE, previous_generation_is_used);
}

/* ---- listed ---- */

static void episodes_are_listed_rising_and_other_names_are_not(void **state) {
    const char *dir = *state;
    const char *others[] = {"01.h5", "-1.h5", "+3.h5",   " 3.h5",  "3.h5.bak",  "3.H5",
                            "3h5",   ".h5",   "3.h5.h5", "halt",   "3.prev.h5", "0x3.h5",
                            "3",     "3.h5 ", "1e3.h5",  LEFTOVER, "notes.tmp", "99999999999999999999.h5"};
    const char *theirs[] = {"10.h5", "9.h5", "0.h5", "9223372036854775807.h5", "100.h5"};
    char        within[PLACE_SIZE];
    int64_t     count = -1;
    snprintf(within, sizeof within, "%s/" BROOD_RUN_INFLIGHT, dir);
    assert_int_equal(mkdir(within, 0755), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) place_write(within, others[i], "x", 1);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) place_write(within, theirs[i], "x", 1);
    brood_run_t   *run = take_run(&brood_fs_posix, dir);
    const int64_t *episode = brood_run_inflight(run, &count);
    const int64_t  expected[] = {0, 9, 10, 100, INT64_MAX};
    assert_int_equal(count, 5);
    for (int i = 0; i < 5; i++) assert_true(episode[i] == expected[i]);
    assert_int_equal(brood_run_inflight_step(run, 10), -1); /* no child's file */
    assert_int_equal(brood_run_inflight_step(run, 11), -1); /* none at all */
    assert_false(has_child(dir, LEFTOVER));
    assert_true(has_child(dir, "notes.tmp"));
    brood_run_close(&run);
}

/* ---- forgotten ---- */

static int refused_fsync(void *self, int fd) {
    struct stat status;
    (void)self;
    if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode)) return fsync(fd);
    errno = EINVAL;
    return -1;
}

static void a_child_whose_result_is_durable_is_forgotten_at_once(void **state) {
    const char  *dir = *state;
    brood_run_t *run = take_run(&brood_fs_posix, dir);
    for (int64_t episode = 0; episode < 3; episode++) assert_int_equal(content_save_child(run, episode, 10), BROOD_OK);
    assert_int_equal(content_save(run, 1), BROOD_OK);
    brood_run_forget(run, NULL, 0);
    assert_int_equal(place_count(place_path(dir, BROOD_RUN_INFLIGHT), ""), 3);
    brood_run_forget(run, (const int64_t[]){2, 0, 17}, 3); /* 17 has no file */
    assert_int_equal(place_count(place_path(dir, BROOD_RUN_INFLIGHT), ""), 1);
    assert_true(has_child(dir, "1.h5"));
    brood_run_close(&run);
}

static void where_the_directory_cannot_be_synced_it_is_forgotten_a_save_later(void **state) {
    const char *dir = *state;
    brood_fs_t  fs = brood_fs_posix;
    fs.fsync = refused_fsync;
    brood_run_t *run = take_run(&fs, dir);
    for (int64_t episode = 0; episode < 3; episode++) assert_int_equal(content_save_child(run, episode, 10), BROOD_OK);
    assert_int_equal(content_save(run, 1), BROOD_OK);
    brood_run_forget(run, (const int64_t[]){0, 2}, 2);
    assert_true(has_child(dir, "0.h5") && has_child(dir, "1.h5") && has_child(dir, "2.h5"));
    assert_int_equal(content_save(run, 2), BROOD_OK);
    assert_true(has_child(dir, "0.h5") && has_child(dir, "1.h5") && has_child(dir, "2.h5"));
    brood_run_forget(run, (const int64_t[]){1}, 1);
    assert_true(!has_child(dir, "0.h5") && has_child(dir, "1.h5") && !has_child(dir, "2.h5"));
    assert_int_equal(content_save(run, 3), BROOD_OK);
    brood_run_forget(run, NULL, 0);
    assert_false(has_child(dir, "1.h5"));
    brood_run_close(&run);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_child_is_taken_up_by_whichever_rank_gets_it),
        TEST(a_save_that_failed_leaves_the_child_as_it_was),
        TEST(the_directory_is_there_while_something_is_in_flight),
        TEST(a_file_that_is_anothers_is_not_used),
        TEST(a_file_of_another_kind_is_not_used),
        TEST(a_file_that_is_damaged_or_cannot_be_read_is_not_used),
        TEST(every_flipped_bit_and_every_length_of_a_child_is_noticed),
        TEST(every_flipped_bit_and_every_length_of_a_run_file_makes_the_previous_generation_used),
        TEST(episodes_are_listed_rising_and_other_names_are_not),
        TEST(a_child_whose_result_is_durable_is_forgotten_at_once),
        TEST(where_the_directory_cannot_be_synced_it_is_forgotten_a_save_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
