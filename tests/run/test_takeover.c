/* Two jobs on one run: whoever lost the lock stops, and what the other has written stays. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/run/run.h"
#include "content.h"
#include "place.h"

static brood_run_t *take_run(const brood_fs_t *fs, const char *dir, brood_holder_t *former) {
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    if (brood_run_open(fs, dir, &run, &found) != BROOD_OK ||
        brood_run_take(run, "", 0, &content_nobody_lives, former) != BROOD_OK)
        fail_msg("%s", brood_message());
    return run;
}

/* Of all files in a run directory. */
static uint64_t run_hash(const char *dir) {
    char inflight[PLACE_SIZE];
    snprintf(inflight, sizeof inflight, "%s/" BROOD_RUN_INFLIGHT, dir);
    return place_hash(dir) + 3 * place_hash(inflight);
}

static int64_t number_in(const char *dir, const char *name) {
    brood_bytes_t image;
    uint64_t      generation;
    brood_bytes_init(&image);
    if (brood_store_get(&brood_fs_posix, dir, name, &image, &generation, NULL) != BROOD_OK)
        fail_msg("%s", brood_message());
    int64_t number = content_number(&image);
    brood_bytes_fini(&image);
    return number;
}

static void a_job_whose_run_was_taken_over_stops_and_changes_nothing(void **state) {
    const char    *dir = *state;
    brood_holder_t former;
    brood_run_t   *old = take_run(&brood_fs_posix, dir, NULL), *old_rank = NULL;
    assert_int_equal(brood_run_join(&brood_fs_posix, dir, brood_run_token(old), &old_rank), BROOD_OK);
    assert_int_equal(content_save(old, 1), BROOD_OK);
    assert_int_equal(content_save_child(old_rank, 0, 10), BROOD_OK);

    brood_run_t *new = take_run(&brood_fs_posix, dir, &former);
    assert_string_equal(former.token, brood_run_token(old));
    assert_int_equal(former.pid, getpid());
    for (int saved = 0; saved < 2; saved++) { /* before and after the new job's first save */
        uint64_t before = run_hash(dir);
        assert_int_equal(content_save(old, 2), BROOD_E_LOCKED);
        assert_non_null(strstr(brood_message(), "another job has taken over this run"));
        assert_int_equal(content_save_child(old_rank, 0, 20), BROOD_E_LOCKED);
        assert_int_equal(content_save_child(old_rank, 1, 20), BROOD_E_LOCKED);
        assert_true(run_hash(dir) == before);
        assert_int_equal(content_load_child(new, 0), 10);
        if (!saved) assert_int_equal(content_save(new, 3), BROOD_OK);
    }
    uint64_t before = run_hash(dir);
    brood_run_close(&old_rank);
    brood_run_close(&old);
    assert_true(run_hash(dir) == before); /* the lock, too, is the new job's */
    assert_int_equal(content_save(new, 4), BROOD_OK);
    assert_int_equal(number_in(dir, BROOD_RUN_FILE), 4);
    assert_int_equal(number_in(dir, BROOD_RUN_PREVIOUS_FILE), 3);
    brood_run_close(&new);
    assert_false(place_has(dir, BROOD_LOCK_FILE));
}

static void a_job_whose_lock_is_gone_or_garbled_stops(void **state) {
    const char  *dir = *state;
    brood_run_t *run = take_run(&brood_fs_posix, dir, NULL);
    assert_int_equal(content_save(run, 1), BROOD_OK);
    assert_int_equal(content_save_child(run, 0, 10), BROOD_OK);
    for (int garbled = 0; garbled < 2; garbled++) {
        if (garbled)
            place_write(dir, BROOD_LOCK_FILE, "mine now", 8);
        else
            unlink(place_path(dir, BROOD_LOCK_FILE));
        uint64_t before = run_hash(dir);
        assert_int_equal(content_save(run, 2), BROOD_E_LOCKED);
        assert_non_null(strstr(brood_message(), "this run was taken away"));
        assert_int_equal(content_save_child(run, 0, 20), BROOD_E_LOCKED);
        assert_true(run_hash(dir) == before);
    }
    brood_run_close(&run);
    assert_true(place_has(dir, BROOD_LOCK_FILE));
}

static void a_run_written_between_opening_and_taking_is_not_taken(void **state) {
    const char       *dir = *state;
    brood_run_t      *late = NULL;
    brood_run_state_t found;
    for (int64_t written = 0; written < 2; written++) {
        assert_int_equal(brood_run_open(&brood_fs_posix, dir, &late, &found), BROOD_OK);
        brood_run_t *quick = take_run(&brood_fs_posix, dir, NULL);
        assert_int_equal(content_save(quick, written), BROOD_OK);
        brood_run_close(&quick);
        assert_int_equal(brood_run_take(late, "", 0, &content_nobody_lives, NULL), BROOD_E_LOCKED);
        assert_non_null(strstr(brood_message(), "start this one again"));
        brood_run_close(&late);
        assert_int_equal(number_in(dir, BROOD_RUN_FILE), written);
        assert_int_equal(place_count(dir, ""), written + 1);
    }
}

/* ---- between a look at the lock and the renames ---- */

/* POSIX, but that before or after a job's last rename another takes the run over, and saves. */
typedef struct {
    brood_fs_t   fs;
    const char  *dir;
    bool         before, linkless;
    brood_run_t *other;
} hurried_t;

static void hurry(hurried_t *hurried, const char *to) {
    const char *name = strrchr(to, '/') + 1;
    if (hurried->other || strcmp(name, BROOD_RUN_FILE) != 0) return;
    hurried->other = take_run(&brood_fs_posix, hurried->dir, NULL);
    assert_int_equal(content_save(hurried->other, 7), BROOD_OK);
}

static int hurried_rename(void *self, const char *from, const char *to) {
    hurried_t *hurried = self;
    if (hurried->before) hurry(hurried, to);
    int result = brood_fs_posix.rename(NULL, from, to);
    if (!hurried->before) hurry(hurried, to);
    return result;
}

static int hurried_link(void *self, const char *from, const char *to) {
    const hurried_t *hurried = self;
    if (!hurried->linkless) return brood_fs_posix.link(NULL, from, to);
    errno = EPERM;
    return -1;
}

static void a_job_overtaken_between_its_look_at_the_lock_and_its_rename_is_told_so(void **state) {
    for (int kind = 0; kind < 4; kind++) {
        char dir[PLACE_SIZE];
        snprintf(dir, sizeof dir, "%s/%d", (const char *)*state, kind);
        hurried_t hurried = {.fs = brood_fs_posix, .dir = dir, .before = kind % 2, .linkless = kind / 2};
        hurried.fs.self = &hurried;
        hurried.fs.link = hurried_link;
        brood_run_t *old = take_run(&hurried.fs, dir, NULL);
        hurried.other = old; /* not yet */
        assert_int_equal(content_save(old, 1), BROOD_OK);
        hurried.fs.rename = hurried_rename;
        hurried.other = NULL;

        if (content_save(old, 2) != BROOD_E_LOCKED) fail_msg("kind %d: %s", kind, brood_message());
        assert_non_null(hurried.other);
        assert_int_equal(content_save(old, 3), BROOD_E_LOCKED);
        assert_int_equal(number_in(dir, BROOD_RUN_FILE), 7);
        assert_int_equal(content_save(hurried.other, 8), BROOD_OK);
        assert_int_equal(number_in(dir, BROOD_RUN_FILE), 8);
        brood_run_close(&old);
        assert_true(place_has(dir, BROOD_LOCK_FILE));
        brood_run_close(&hurried.other);
        assert_int_equal(place_count(dir, ""), 2);
    }
}

/* ---- a race ---- */

#define ROUNDS 200
#define SAVES  2

static int no_fsync(void *self, int fd) {
    (void)self;
    (void)fd;
    return 0;
}

/* What two processes say of a round. */
typedef struct {
    atomic_int  arrived[4]; /* at each meeting */
    brood_err_t taken[2], saved[2], last[2];
    int         saves[2];
    char        message[2][256];
} race_t;

/* Both go on together. */
static void meet(race_t *race, int meeting) {
    atomic_fetch_add(&race->arrived[meeting], 1);
    while (atomic_load(&race->arrived[meeting]) < 2) sched_yield();
}

static void keep(race_t *race, int who, brood_err_t err) {
    if (err != BROOD_OK && !*race->message[who])
        snprintf(race->message[who], sizeof race->message[who], "%s", brood_message());
}

/* Numbers: 100 (who + 1) + save; the last 100 (who + 1) + 99. */
static void run_one(race_t *race, const brood_fs_t *fs, const char *dir, int who, const brood_life_t *life) {
    brood_run_t      *run = NULL;
    brood_run_state_t found;
    race->saved[who] = race->last[who] = BROOD_E_LOCKED;
    race->taken[who] = brood_run_open(fs, dir, &run, &found);
    meet(race, 0);
    if (race->taken[who] == BROOD_OK) race->taken[who] = brood_run_take(run, "", 0, life, NULL);
    keep(race, who, race->taken[who]);
    if (race->taken[who] == BROOD_OK) race->saved[who] = BROOD_OK;
    for (; race->saves[who] < SAVES && race->saved[who] == BROOD_OK; race->saves[who]++) {
        race->saved[who] = content_save(run, 100 * (who + 1) + race->saves[who]);
        keep(race, who, race->saved[who]);
    }
    meet(race, 1);
    if (race->saved[who] == BROOD_OK) race->last[who] = content_save(run, 100 * (who + 1) + 99);
    keep(race, who, race->last[who]);
    meet(race, 2);
    brood_run_close(&run);
}

static bool is_fine(brood_err_t err) {
    return err == BROOD_OK || err == BROOD_E_LOCKED;
}

/* Of one round: who held the run in the end (−1: neither). */
static int judge(const race_t *race, const char *dir, int round) {
    int holder = -1;
    for (int who = 0; who < 2; who++) {
        if (!is_fine(race->taken[who]) || !is_fine(race->saved[who]) || !is_fine(race->last[who]))
            fail_msg("round %d, process %d: %s", round, who, race->message[who]);
        if (race->last[who] != BROOD_OK) continue;
        if (holder >= 0) fail_msg("round %d: both hold the run", round);
        holder = who;
    }
    if (holder >= 0) assert_int_equal(number_in(dir, BROOD_RUN_FILE), 100 * (holder + 1) + 99);
    if (place_has(dir, BROOD_RUN_PREVIOUS_FILE)) assert_true(number_in(dir, BROOD_RUN_PREVIOUS_FILE) > 0);
    assert_int_equal(place_count(dir, BROOD_LOCK_FILE), 0);
    assert_int_equal(place_count(dir, ".tmp"), 0);
    return holder;
}

/* Where the jobs live, the second is refused; where none seems to, both may take the run over, and one loses it. */
static void of_two_jobs_at_once_one_holds_the_run_in_the_end(void **state) {
    brood_fs_t quick = brood_fs_posix; /* a crash is no matter here */
    quick.fsync = no_fsync;
    race_t *race = mmap(NULL, sizeof *race, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int     held = 0, both_saved = 0;
    assert_true(race != MAP_FAILED);
    brood_run_t *first = take_run(&quick, place_path(*state, "first"), NULL); /* HDF5 starts once for all processes */
    assert_int_equal(content_save(first, 1), BROOD_OK);
    brood_run_close(&first);
    for (int round = 0; round < ROUNDS; round++) {
        const brood_life_t *life = round % 2 ? &content_nobody_lives : &brood_life_system;
        char                dir[PLACE_SIZE];
        pid_t               child[2];
        snprintf(dir, sizeof dir, "%s/%d", (const char *)*state, round);
        if (round % 4 / 2) { /* a dead job's lock lies there, and a generation */
            child[0] = fork();
            if (child[0] == 0) {
                brood_run_t *run = take_run(&quick, dir, NULL);
                _exit(content_save(run, 1) != BROOD_OK);
            }
            int status = -1;
            waitpid(child[0], &status, 0);
            assert_int_equal(status, 0);
        }
        memset(race, 0, sizeof *race);
        for (int who = 0; who < 2; who++) {
            child[who] = fork();
            if (child[who] == 0) {
                run_one(race, &quick, dir, who, life);
                _exit(0);
            }
            assert_true(child[who] > 0);
        }
        for (int who = 0; who < 2; who++) {
            int status = -1;
            waitpid(child[who], &status, 0);
            assert_int_equal(status, 0);
        }
        held += judge(race, dir, round) >= 0;
        both_saved += race->saves[0] > 0 && race->saves[1] > 0;
    }
    print_message("%d races: %d with a holder in the end; in %d both had taken the run\n", ROUNDS, held, both_saved);
    assert_true(held > ROUNDS / 2);
    munmap(race, sizeof *race);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_job_whose_run_was_taken_over_stops_and_changes_nothing),
        TEST(a_job_whose_lock_is_gone_or_garbled_stops),
        TEST(a_run_written_between_opening_and_taking_is_not_taken),
        TEST(a_job_overtaken_between_its_look_at_the_lock_and_its_rename_is_told_so),
        TEST(of_two_jobs_at_once_one_holds_the_run_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
