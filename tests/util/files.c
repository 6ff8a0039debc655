#include "brood/util/files.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"

#define PATTERN_SIZE 200000 /* more than one read */

static unsigned char pattern[PATTERN_SIZE];
static char          path[] = "/tmp/brood-files-XXXXXX";

static int make_file(void **state) {
    (void)state;
    for (size_t i = 0; i < PATTERN_SIZE; i++) pattern[i] = (unsigned char)(i * 7 + i / 251);
    int     file = mkstemp(path);
    ssize_t written = write(file, pattern, PATTERN_SIZE);
    close(file);
    return written == PATTERN_SIZE ? 0 : -1;
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

static void a_file_is_read_whole_up_to_its_limit(void **state) {
    (void)state;
    static const size_t limits[] = {PATTERN_SIZE, PATTERN_SIZE + 1, SIZE_MAX};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        brood_bytes_t bytes;
        brood_bytes_init(&bytes);
        assert_int_equal(brood_bytes_append(&bytes, "x", 1), BROOD_OK);
        assert_int_equal(brood_file_read_all(path, limits[i], &bytes), BROOD_OK);
        assert_int_equal(bytes.size, PATTERN_SIZE + 1);
        assert_int_equal(bytes.data[0], 'x');
        assert_memory_equal(bytes.data + 1, pattern, PATTERN_SIZE);
        brood_bytes_fini(&bytes);
    }
}

static void an_empty_file_is_no_error(void **state) {
    (void)state;
    brood_bytes_t bytes;
    brood_bytes_init(&bytes);
    assert_int_equal(brood_file_read_all("/dev/null", 0, &bytes), BROOD_OK);
    assert_int_equal(bytes.size, 0);
    brood_bytes_fini(&bytes);
}

static void assert_unread(const char *of, size_t limit, brood_err_t code, const char *message) {
    brood_bytes_t bytes;
    char          expected[256];
    brood_bytes_init(&bytes);
    assert_int_equal(brood_bytes_append(&bytes, "abc", 3), BROOD_OK);
    assert_int_equal(brood_file_read_all(of, limit, &bytes), code);
    snprintf(expected, sizeof expected, "%s: %s", of, message);
    assert_string_equal(brood_message(), expected);
    assert_int_equal(bytes.size, 3);
    brood_bytes_fini(&bytes);
}

static void what_cannot_be_read_is_named(void **state) {
    (void)state;
    assert_unread("/nowhere/x", 10, BROOD_E_IO, "cannot be opened: No such file or directory");
    assert_unread("/tmp", 10, BROOD_E_IO, "cannot be read: Is a directory");
    assert_unread(path, PATTERN_SIZE - 1, BROOD_E_FORMAT, "found more than 199999 bytes, expected at most that");
    assert_unread("/dev/zero", 100000, BROOD_E_FORMAT, "found more than 100000 bytes, expected at most that");
}

typedef struct {
    int    file;
    size_t size;
} feed_t;

static void *feed(void *argument) {
    const feed_t *to = argument;
    for (size_t at = 0; at < to->size;) {
        size_t  piece = to->size - at < 999 ? to->size - at : 999;
        ssize_t written = write(to->file, pattern + at, piece);
        if (written < 0) break;
        at += (size_t)written;
    }
    close(to->file);
    return NULL;
}

static void a_pipe_is_read_in_the_pieces_it_comes_in(void **state) {
    (void)state;
    int       ends[2];
    char      name[64];
    pthread_t feeder;
    assert_int_equal(pipe(ends), 0);
    feed_t to = {ends[1], 150000};
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    assert_int_equal(pthread_create(&feeder, NULL, feed, &to), 0);
    brood_bytes_t bytes;
    brood_bytes_init(&bytes);
    assert_int_equal(brood_file_read_all(name, 150000, &bytes), BROOD_OK);
    assert_int_equal(bytes.size, 150000);
    assert_memory_equal(bytes.data, pattern, 150000);
    brood_bytes_fini(&bytes);
    pthread_join(feeder, NULL);
    close(ends[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole_up_to_its_limit),
        cmocka_unit_test(an_empty_file_is_no_error),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test(a_pipe_is_read_in_the_pieces_it_comes_in),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
