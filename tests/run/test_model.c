/* The model file system: to its callers as POSIX, and what a crash leaves of it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"
#include "states.h"

static model_t       model;
static model_arena_t arena;

static int begin(void **state) {
    model_arena_init(&arena, 1 << 20);
    model_init(&model, &arena);
    return place_setup(state);
}

static int end(void **state) {
    model_arena_fini(&arena);
    return place_teardown(state);
}

static uint32_t draw(uint32_t below) {
    static uint64_t random = 1;
    random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random >> 33) % below);
}

/* ---- as POSIX ---- */

/* One call, drawn: what, and on which of a few names. */
typedef struct {
    uint32_t what, from, to, size;
} drawn_t;

static const char *const names[] = {"/a", "/b", "/c", "/d", "/d/a", "/d/b", "/e", "/e/a"};
static const int         opening[] = {O_WRONLY | O_CREAT | O_EXCL, O_WRONLY | O_TRUNC, O_WRONLY | O_CREAT, O_RDONLY,
                                      O_RDONLY | O_DIRECTORY};
#define NAMES (sizeof names / sizeof *names)

static void gather(void *with, const char *name) {
    for (const char *at = name; *at; at++) *(uint64_t *)with += (uint64_t)*at * 131; /* in any order */
}

static uint64_t content(const brood_fs_t *fs, const char *path) {
    unsigned char bytes[256] = {0};
    uint64_t      sum = 0;
    int           fd = fs->open(fs->self, path, O_RDONLY, 0);
    if (fd < 0) return (uint64_t)errno;
    ssize_t got = fs->pread(fs->self, fd, bytes, sizeof bytes, 3);
    for (ssize_t i = 0; i < got; i++) sum = sum * 31 + bytes[i];
    fs->close(fs->self, fd);
    return sum * 1000 + (uint64_t)(got < 0 ? errno : got);
}

/* What it says: 0 or what was seen, or −errno. */
static int64_t call(const brood_fs_t *fs, const char *from, const char *to, const drawn_t *drawn) {
    static const unsigned char bytes[] = "the quick brown fox jumps over the lazy dog";
    struct stat                status;
    uint64_t                   seen = 0;
    int                        result = 0, fd;
    switch (drawn->what) {
    case 0:
        result = fs->link(fs->self, from, to);
        break;
    case 1:
        result = fs->rename(fs->self, from, to);
        break;
    case 2:
        result = fs->unlink(fs->self, from);
        break;
    case 3:
        result = fs->mkdir(fs->self, from, 0755);
        break;
    case 4:
        result = fs->rmdir(fs->self, from);
        break;
    case 5:
        result = fs->stat(fs->self, from, &status);
        if (!result) seen = S_ISDIR(status.st_mode) ? 1 : 2 + (uint64_t)status.st_size;
        break;
    case 6:
        result = fs->list(fs->self, from, gather, &seen);
        break;
    case 7:
        seen = content(fs, from);
        break;
    default:
        result = fd = fs->open(fs->self, from, opening[drawn->what - 8], 0644);
        if (fd < 0) break;
        result = fs->fstat(fs->self, fd, &status);
        if (!S_ISDIR(status.st_mode)) seen = (uint64_t)status.st_size;
        if (drawn->what <= 10 && fs->write(fs->self, fd, bytes, drawn->size) != (ssize_t)drawn->size) result = -1;
        if (fs->fsync(fs->self, fd) < 0) result = -1;
        fs->close(fs->self, fd);
    }
    return result < 0 ? -errno : (int64_t)seen;
}

/* Directories are neither linked nor renamed here, and nothing from one directory to another. */
static bool is_modelled(const drawn_t *drawn) {
    const char *from = strrchr(names[drawn->from], '/'), *to = strrchr(names[drawn->to], '/');
    if (drawn->what > 1) return true;
    struct stat status;
    bool        same = from - names[drawn->from] == to - names[drawn->to] &&
                !strncmp(names[drawn->from], names[drawn->to], (size_t)(to - names[drawn->to]));
    for (int i = 0; i < 2; i++)
        if (!model.fs.stat(&model, names[i ? drawn->to : drawn->from], &status) && S_ISDIR(status.st_mode))
            return false;
    return same;
}

static void to_its_callers_it_is_posix(void **state) {
    int64_t   counts[2] = {0};
    char      from[PLACE_SIZE], to[PLACE_SIZE];
    const int calls = 4000;
    for (int i = 0; i < calls; i++) {
        drawn_t drawn = {draw(13), draw(NAMES), draw(NAMES), draw(40) + 1};
        if (!is_modelled(&drawn)) continue;
        snprintf(from, sizeof from, "%s%s", (char *)*state, names[drawn.from]);
        snprintf(to, sizeof to, "%s%s", (char *)*state, names[drawn.to]);
        int64_t expected = call(&brood_fs_posix, from, to, &drawn);
        int64_t said = call(&model.fs, names[drawn.from], names[drawn.to], &drawn);
        if (said != expected)
            fail_msg("call %d: %u of %s (%s): found %lld, expected %lld", i, (unsigned)drawn.what, names[drawn.from],
                     names[drawn.to], (long long)said, (long long)expected);
        counts[expected < 0]++;
        /* The model keeps all that has ever been. */
        if (model.files > MODEL_FILES / 2 || model.operations > MODEL_OPERATIONS / 2 || i % 50 == 49) {
            for (size_t name = NAMES; name-- > 0;) {
                snprintf(from, sizeof from, "%s%s", (char *)*state, names[name]);
                assert_int_equal(content(&brood_fs_posix, from), content(&model.fs, names[name]));
                (void)remove(from);
            }
            arena.used = 0;
            model_init(&model, &arena);
        }
    }
    print_message("%lld calls that go well, %lld that fail: as POSIX has them\n", (long long)counts[0],
                  (long long)counts[1]);
    assert_true(counts[0] > 1000 && counts[1] > 1000);
}

/* ---- after a crash ---- */

static int make(const char *path, const char *text, bool syncs) {
    int fd = model.fs.open(&model, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    for (; *text; text++) assert_int_equal(model.fs.write(&model, fd, text, 1), 1);
    if (syncs) assert_int_equal(model.fs.fsync(&model, fd), 0);
    return fd;
}

static bool sync_directory(const char *path) {
    int fd = model.fs.open(&model, path, O_RDONLY | O_DIRECTORY, 0), result = model.fs.fsync(&model, fd);
    model.fs.close(&model, fd);
    return result == 0;
}

/* Whether a crash may leave it: a file's bytes, NULL: no such file. */
typedef struct {
    const char *path, *bytes;
    bool        found;
} wanted_t;

static bool look(void *with, const model_t *left, const crash_t *crash) {
    static unsigned char bytes[MODEL_SIZE];
    wanted_t            *wanted = with;
    int                  file = model_find(left, wanted->path);
    (void)crash;
    if (file == MODEL_NONE) {
        wanted->found = !wanted->bytes;
    } else {
        size_t size = model_read(left, file, bytes);
        wanted->found = wanted->bytes && size == strlen(wanted->bytes) && !memcmp(bytes, wanted->bytes, size);
    }
    return !wanted->found;
}

static bool may_leave(const char *path, const char *bytes) {
    wanted_t wanted = {.path = path, .bytes = bytes};
    (void)states_each(&model, true, look, &wanted);
    return wanted.found;
}

static bool count_one(void *with, const model_t *left, const crash_t *crash) {
    (void)left;
    (void)crash;
    ++*(int64_t *)with;
    return true;
}

static int64_t states(void) {
    int64_t seen = 0, count = states_each(&model, true, count_one, &seen);
    assert_int_equal(seen, count);
    return count;
}

static void what_is_not_synced_may_be_there_or_not(void **state) {
    (void)state;
    (void)make("/a", "xyz", false);
    assert_int_equal(states(), 1 + 4 * 4 * 4); /* no name; or a name, and each write kept, dropped, torn, hollow */
    assert_true(may_leave("/a", NULL) && may_leave("/a", "") && may_leave("/a", "x") && may_leave("/a", "xyz"));
    assert_false(may_leave("/a", "y"));
    assert_true(sync_directory("/"));
    assert_false(may_leave("/a", NULL));
    assert_true(may_leave("/a", "xy"));
}

static void what_is_synced_is_there(void **state) {
    (void)state;
    (void)make("/a", "xyz", true);
    assert_int_equal(states(), 2);
    assert_true(may_leave("/a", NULL)); /* the name is the directory's */
    assert_true(sync_directory("/"));
    assert_int_equal(states(), 1);
    assert_true(may_leave("/a", "xyz"));
}

static void operations_happen_in_any_order_and_each_as_a_whole(void **state) {
    (void)state;
    (void)make("/a", "x", true);
    (void)make("/b", "y", true);
    assert_true(sync_directory("/"));
    assert_int_equal(model.fs.link(&model, "/a", "/c"), 0);
    assert_int_equal(model.fs.rename(&model, "/b", "/a"), 0);
    assert_int_equal(states(), 4);
    assert_true(may_leave("/c", NULL) && may_leave("/c", "x") && may_leave("/a", "x") && may_leave("/a", "y"));
    assert_false(may_leave("/a", NULL)); /* a rename leaves one or the other */
    model.refuses_directory_sync = true;
    assert_int_equal(states(), 3);
    assert_false(sync_directory("/"));
    assert_int_equal(states(), 3);
    (void)model.fs.unlink(&model, "/c");
    assert_false(sync_directory("/")); /* what the refused one before covered is durable */
    assert_int_equal(states(), 2);
    assert_false(may_leave("/a", "x"));
}

static void what_a_failed_fsync_lost_no_other_brings_back(void **state) {
    (void)state;
    int fd = make("/a", "x", false);
    assert_true(sync_directory("/"));
    model_lose(&model, fd);
    assert_int_equal(model.fs.fsync(&model, fd), 0);
    assert_true(may_leave("/a", "") && may_leave("/a", "x"));
    assert_int_equal(model.fs.write(&model, fd, "y", 1), 1);
    assert_int_equal(model.fs.fsync(&model, fd), 0);
    assert_false(may_leave("/a", "x"));
    assert_true(may_leave("/a", "xy"));
}

static void many_writes_are_dropped_torn_and_mixed(void **state) {
    (void)state;
    (void)make("/a", "12345678", false);
    assert_true(sync_directory("/"));
    assert_int_equal(states(), 1 + 3 * 8 + 2 * 7 + STATES_SEEDED);
    assert_true(may_leave("/a", "1234567") && may_leave("/a", "123") && may_leave("/a", ""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(to_its_callers_it_is_posix),
        TEST(what_is_not_synced_may_be_there_or_not),
        TEST(what_is_synced_is_there),
        TEST(operations_happen_in_any_order_and_each_as_a_whole),
        TEST(what_a_failed_fsync_lost_no_other_brings_back),
        TEST(many_writes_are_dropped_torn_and_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
