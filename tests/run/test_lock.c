/* The lock: who may hold a run, and that whoever lost it stops. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/run/lock.h"
#include "faulty.h"
#include "place.h"

#define OURS   "0123456789abcdef"
#define THEIRS "fedcba9876543210"
#define THIRDS "aaaabbbbccccdddd"
#define BOOTED "this node, before it was started again"

/* A node and a batch system that say what a test wants, and how often they were asked. */
typedef struct {
    brood_life_t life;
    bool         process, job;
    int          processes_asked, jobs_asked;
    const char  *dir;                   /* of the lock that a job that is ending gives back when it is asked for … */
    int          ending, endings_asked; /* … for the last of so many times */
} fake_life_t;

static bool fake_process(void *self, int64_t pid, int64_t started) {
    fake_life_t *fake = self;
    (void)pid;
    (void)started;
    fake->processes_asked++;
    return fake->process;
}

static bool fake_job(void *self, const char *job) {
    fake_life_t *fake = self;
    (void)job;
    fake->jobs_asked++;
    return fake->job;
}

static bool fake_ending(void *self, const char *job) {
    fake_life_t *fake = self;
    (void)job;
    bool ending = ++fake->endings_asked <= fake->ending;
    if (fake->dir && fake->endings_asked == fake->ending) unlink(place_path(fake->dir, BROOD_LOCK_FILE));
    return ending;
}

static void fake_init(fake_life_t *fake, bool process, bool job) {
    *fake = (fake_life_t){.life = {.self = fake, .process = fake_process, .job = fake_job, .ending = fake_ending},
                          .process = process,
                          .job = job};
}

/* A job on this node; on another when it has a name. */
static brood_holder_t holder_of(const char *token, const char *job, int64_t restart, const char *host) {
    brood_holder_t holder;
    brood_holder_here(token, job, restart, &holder);
    if (host) snprintf(holder.host, sizeof holder.host, "%s", host);
    return holder;
}

/* Whatever is there, the lock is this holder's. */
static void put_lock(const char *dir, const brood_holder_t *holder) {
    fake_life_t nobody;
    fake_init(&nobody, false, false);
    unlink(place_path(dir, BROOD_LOCK_FILE));
    if (brood_lock_take(&brood_fs_posix, dir, holder, &nobody.life, NULL) != BROOD_OK) fail_msg("%s", brood_message());
}

static brood_err_t take_with(const brood_fs_t *fs, const char *dir, bool process, bool job, brood_holder_t *former) {
    brood_holder_t mine = holder_of(OURS, "", 0, NULL);
    fake_life_t    fake;
    fake_init(&fake, process, job);
    return brood_lock_take(fs, dir, &mine, &fake.life, former);
}

/* The lock names this token, and nothing else lies beside it. */
static void assert_held(const char *dir, const char *token) {
    if (brood_lock_ours(&brood_fs_posix, dir, token) != BROOD_OK) fail_msg("%s", brood_message());
    assert_int_equal(place_count(dir, ""), 1);
}

static void an_empty_directory_is_taken_and_given_back(void **state) {
    const char    *dir = *state;
    brood_holder_t former = {.token = THIRDS}, mine = holder_of(OURS, "4711", 2, NULL), found;
    bool           missing = true;
    assert_int_equal(brood_lock_take(&brood_fs_posix, dir, &mine, &brood_life_system, &former), BROOD_OK);
    assert_string_equal(former.token, "");
    assert_held(dir, OURS);
    assert_int_equal(brood_lock_read(&brood_fs_posix, dir, &found, &missing), BROOD_OK);
    assert_false(missing);
    assert_memory_equal(&found, &mine, sizeof found);
    assert_int_equal(found.pid, getpid());
    assert_true(found.started > 0 && *found.host && *found.boot && *found.pid_namespace);

    brood_lock_release(&brood_fs_posix, dir, THEIRS);
    assert_held(dir, OURS);
    brood_lock_release(&brood_fs_posix, dir, OURS);
    assert_int_equal(place_count(dir, ""), 0);
    brood_lock_release(&brood_fs_posix, dir, OURS);
    assert_int_equal(brood_lock_ours(&brood_fs_posix, dir, OURS), BROOD_E_LOCKED);
}

static void a_live_holder_refuses_and_is_named(void **state) {
    const char    *dir = *state;
    brood_holder_t theirs = holder_of(THEIRS, "4711", 2, NULL), mine = holder_of(OURS, "4712", 0, NULL), former;
    char           process[128];
    put_lock(dir, &theirs);
    uint64_t before = place_hash(dir);
    assert_int_equal(brood_lock_take(&brood_fs_posix, dir, &mine, &brood_life_system, &former), BROOD_E_LOCKED);
    snprintf(process, sizeof process, "job 4711 (restart 2), process %d on %s", (int)getpid(), theirs.host);
    if (!strstr(brood_message(), process) || !strstr(brood_message(), dir)) fail_msg("%s", brood_message());
    assert_true(place_hash(dir) == before);
}

static void a_dead_holder_is_taken_over_at_once_and_told(void **state) {
    const char    *dir = *state;
    brood_holder_t theirs = holder_of(THEIRS, "4711", 2, NULL), former;
    put_lock(dir, &theirs);
    assert_int_equal(take_with(&brood_fs_posix, dir, false, true, &former), BROOD_OK);
    assert_memory_equal(&former, &theirs, sizeof former);
    assert_held(dir, OURS);
}

/* The lock is a child's, which has ended and is not yet waited for. */
static pid_t leave_zombie(const char *dir) {
    pid_t child = fork();
    if (child == 0) {
        brood_holder_t mine = holder_of(THEIRS, "", 0, NULL);
        _exit(brood_lock_take(&brood_fs_posix, dir, &mine, &brood_life_system, NULL) != BROOD_OK);
    }
    siginfo_t info;
    assert_true(child > 0);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(info.si_status, 0);
    return child;
}

static void a_zombie_and_a_process_that_is_gone_are_dead(void **state) {
    for (int reaped = 0; reaped < 2; reaped++) {
        const char    *dir = *state;
        brood_holder_t mine = holder_of(OURS, "", 0, NULL), former;
        pid_t          child = leave_zombie(dir);
        if (reaped) waitpid(child, NULL, 0);
        if (brood_lock_take(&brood_fs_posix, dir, &mine, &brood_life_system, &former) != BROOD_OK)
            fail_msg("%s: %s", reaped ? "gone" : "zombie", brood_message());
        assert_string_equal(former.token, THEIRS);
        assert_int_equal(former.pid, child);
        assert_held(dir, OURS);
        if (!reaped) waitpid(child, NULL, 0);
        brood_lock_release(&brood_fs_posix, dir, OURS);
    }
}

static void a_process_number_used_again_is_no_holder(void **state) {
    const char    *dir = *state;
    brood_holder_t theirs = holder_of(THEIRS, "", 0, NULL), mine = holder_of(OURS, "", 0, NULL), former;
    theirs.started--;
    put_lock(dir, &theirs);
    assert_int_equal(brood_lock_take(&brood_fs_posix, dir, &mine, &brood_life_system, &former), BROOD_OK);
    assert_string_equal(former.token, THEIRS);
    assert_held(dir, OURS);
}

static void elsewhere_a_holder_lives_when_the_batch_system_says_so(void **state) {
    const char *dir = *state;
    const struct {
        const char *job, *host; /* the holder's; NULL: this node, but not its process numbers */
        int64_t     restart;    /* the holder's */
        const char *mine;       /* our job, restart 2 */
        bool        runs;       /* what squeue says */
        int         asked;      /* how often it is */
        brood_err_t code;
    } cases[] = {
        {"17", "n02", 0, "18", true, 1, BROOD_E_LOCKED}, {"17", "n02", 0, "18", false, 1, BROOD_OK},
        {"", "n02", 0, "18", true, 0, BROOD_OK},         {"17", "n02", 0, "", true, 1, BROOD_E_LOCKED},
        {"17", "n02", 1, "17", true, 0, BROOD_OK},       {"17", "n02", 2, "17", true, 1, BROOD_E_LOCKED},
        {"17", "n02", 3, "17", true, 1, BROOD_E_LOCKED}, {"17", NULL, 0, "18", true, 1, BROOD_E_LOCKED},
        {"17", NULL, 1, "17", true, 0, BROOD_OK},        {"", NULL, 0, "", true, 0, BROOD_OK},
        {"", "n02", 0, "", true, 0, BROOD_OK},           {"", BOOTED, 0, "", true, 0, BROOD_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        brood_holder_t theirs = holder_of(THEIRS, cases[i].job, cases[i].restart, cases[i].host), former;
        brood_holder_t mine = holder_of(OURS, cases[i].mine, 2, NULL);
        fake_life_t    fake;
        fake_init(&fake, true, cases[i].runs); /* a process of that number runs, which means nothing here */
        if (cases[i].host && !strcmp(cases[i].host, BOOTED)) {
            strcpy(theirs.host, mine.host);
            snprintf(theirs.boot, sizeof theirs.boot, "before");
        }
        if (!cases[i].host) snprintf(theirs.pid_namespace, sizeof theirs.pid_namespace, "pid:[1]");
        put_lock(dir, &theirs);
        brood_err_t code = brood_lock_take(&brood_fs_posix, dir, &mine, &fake.life, &former);
        if (code != cases[i].code) fail_msg("case %zu: %s", i, brood_message());
        assert_int_equal(fake.jobs_asked, cases[i].asked);
        assert_int_equal(fake.processes_asked, 0);
        assert_held(dir, code == BROOD_OK ? OURS : THEIRS);
        assert_string_equal(former.token, THEIRS);
    }
}

/* Its ranks may be saving: it is waited for until it gives the lock back, or is gone. */
static void a_job_that_is_ending_is_waited_for(void **state) {
    const char *dir = *state;
    const struct {
        const char *job;    /* ours */
        int         ending; /* how often it is said that theirs is */
        bool        returns;
        int         asked;
    } cases[] = {{"18", 1, true, 1}, {"18", 2, true, 2}, {"18", 1, false, 2}, {"18", 0, false, 1}, {"17", 9, false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        brood_holder_t theirs = holder_of(THEIRS, "17", 0, "n02");
        fake_life_t    fake;
        put_lock(dir, &theirs);
        fake_init(&fake, true, false);
        fake.ending = cases[i].ending;
        if (cases[i].returns) fake.dir = dir;
        brood_lock_await_end(&brood_fs_posix, dir, cases[i].job, &fake.life);
        assert_int_equal(fake.endings_asked, cases[i].asked);
        assert_int_equal(place_count(dir, ""), cases[i].returns ? 0 : 1);
    }
}

static void a_lock_that_is_none_is_taken_over(void **state) {
    const char          *dir = *state;
    brood_holder_t       theirs = holder_of(THEIRS, "4711", 0, NULL), former;
    static unsigned char whole[2048], zeros[64];
    put_lock(dir, &theirs);
    FILE  *file = fopen(place_path(dir, BROOD_LOCK_FILE), "rb");
    size_t size = fread(whole, 1, sizeof whole, file);
    fclose(file);
    assert_in_range(size, 50, 1000);
    for (size_t cut = 0; cut < size; cut++) {
        place_write(dir, BROOD_LOCK_FILE, whole, cut);
        if (take_with(&brood_fs_posix, dir, true, true, &former) != BROOD_OK)
            fail_msg("cut to %zu bytes: %s", cut, brood_message());
        assert_string_equal(former.token, "");
        assert_held(dir, OURS);
    }
    const struct {
        const void *data;
        size_t      size;
    } garbage[] = {{"", 0},   {"pid 17\n", 7},      {zeros, sizeof zeros}, {"brood lock 2\ntoken x\n", 21},
                   {"\n", 1}, {whole + 1, size - 1}};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        place_write(dir, BROOD_LOCK_FILE, garbage[i].data, garbage[i].size);
        assert_int_equal(take_with(&brood_fs_posix, dir, true, true, &former), BROOD_OK);
        assert_string_equal(former.token, "");
        assert_held(dir, OURS);
    }
}

static void where_link_is_refused_the_lock_is_made_exclusively(void **state) {
    const char *dir = *state;
    const int   errors[] = {EPERM, ENOTSUP, EMLINK, EIO};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        faulty_t       faulty;
        brood_holder_t theirs = holder_of(THEIRS, "", 0, NULL), former;
        faulty_init(&faulty);
        faulty_add(&faulty, (fault_t){CALL_LINK, NULL, 0, 9, errors[i], false});
        assert_int_equal(take_with(&faulty.fs, dir, true, true, &former), BROOD_OK);
        assert_string_equal(former.token, "");
        assert_held(dir, OURS);
        put_lock(dir, &theirs);
        assert_int_equal(take_with(&faulty.fs, dir, true, true, NULL), BROOD_E_LOCKED);
        assert_held(dir, THEIRS);
        assert_int_equal(take_with(&faulty.fs, dir, false, true, &former), BROOD_OK);
        assert_string_equal(former.token, THEIRS);
        assert_held(dir, OURS);
        brood_lock_release(&brood_fs_posix, dir, OURS);
    }
}

static void a_link_and_a_rename_that_took_place_are_no_failure_whatever_they_say(void **state) {
    const char    *dir = *state;
    const int      errors[] = {EPERM, EEXIST, EIO};
    brood_holder_t theirs = holder_of(THEIRS, "", 0, NULL), former;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        faulty_t faulty;
        faulty_init(&faulty);
        faulty_add(&faulty, (fault_t){CALL_LINK, NULL, 0, 1, errors[i], true});
        assert_int_equal(take_with(&faulty.fs, dir, true, true, &former), BROOD_OK);
        assert_string_equal(former.token, "");
        assert_held(dir, OURS);

        put_lock(dir, &theirs);
        faulty_init(&faulty);
        faulty_add(&faulty, (fault_t){CALL_RENAME, NULL, 0, 1, errors[i], true});
        assert_int_equal(take_with(&faulty.fs, dir, false, true, &former), BROOD_OK);
        assert_string_equal(former.token, THEIRS);
        assert_held(dir, OURS);
        brood_lock_release(&brood_fs_posix, dir, OURS);
    }
}

/* ---- another starter at the same time ---- */

/* POSIX, but that just before or after one call another's lock is there. */
typedef struct {
    brood_fs_t     fs;
    const char    *dir;
    brood_holder_t other;
    int            meetings; /* still to come */
} crowded_t;

static void meet(crowded_t *crowded) {
    if (crowded->meetings-- > 0) put_lock(crowded->dir, &crowded->other);
}

static int crowded_open(void *self, const char *path, int flags, mode_t mode) {
    if ((flags & O_EXCL) && !strstr(path, ".tmp")) meet(self);
    return brood_fs_posix.open(NULL, path, flags, mode);
}

static int crowded_rename(void *self, const char *from, const char *to) {
    int result = brood_fs_posix.rename(NULL, from, to);
    meet(self);
    return result;
}

static int refused_link(void *self, const char *from, const char *to) {
    (void)self;
    (void)from;
    (void)to;
    errno = EPERM;
    return -1;
}

static void crowded_init(crowded_t *crowded, const char *dir) {
    *crowded = (crowded_t){.fs = brood_fs_posix, .dir = dir, .other = holder_of(THIRDS, "", 0, NULL), .meetings = 1};
    crowded->fs.self = crowded;
}

static void a_rename_that_lost_the_race_is_refused(void **state) {
    const char    *dir = *state;
    crowded_t      crowded;
    brood_holder_t theirs = holder_of(THEIRS, "", 0, NULL);
    crowded_init(&crowded, dir);
    crowded.fs.rename = crowded_rename;
    put_lock(dir, &theirs);
    assert_int_equal(take_with(&crowded.fs, dir, false, false, NULL), BROOD_E_LOCKED);
    assert_non_null(strstr(brood_message(), "another start was faster"));
    assert_held(dir, THIRDS);
}

static void whoever_makes_the_lock_first_where_link_is_refused_has_it(void **state) {
    const char *dir = *state;
    for (int lives = 0; lives < 2; lives++) {
        crowded_t      crowded;
        brood_holder_t former;
        crowded_init(&crowded, dir);
        crowded.fs.open = crowded_open;
        crowded.fs.link = refused_link;
        assert_int_equal(take_with(&crowded.fs, dir, lives, false, &former), lives ? BROOD_E_LOCKED : BROOD_OK);
        assert_string_equal(former.token, THIRDS);
        assert_held(dir, lives ? THIRDS : OURS);
        brood_lock_release(&brood_fs_posix, dir, lives ? THIRDS : OURS);
    }
}

static void a_lock_given_back_meanwhile_is_taken(void **state) {
    const char    *dir = *state;
    faulty_t       faulty;
    brood_holder_t former;
    faulty_init(&faulty);
    faulty_add(&faulty, (fault_t){CALL_LINK, NULL, 0, 1, EEXIST, false}); /* it was there then */
    assert_int_equal(take_with(&faulty.fs, dir, true, true, &former), BROOD_OK);
    assert_string_equal(former.token, "");
    assert_held(dir, OURS);
}

/* ---- errors ---- */

static void a_lock_that_cannot_be_read_is_left_as_it_is(void **state) {
    const char    *dir = *state;
    const fault_t  faults[] = {{CALL_PREAD, "lock", 0, 1, EIO, false},
                               {CALL_OPEN, "lock", 1, 1, EACCES, false}, /* the first is our own file */
                               {CALL_OPEN, "lock", 1, 1, EMFILE, false}};
    brood_holder_t theirs = holder_of(THEIRS, "", 0, NULL);
    put_lock(dir, &theirs);
    uint64_t before = place_hash(dir);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        faulty_t faulty;
        faulty_init(&faulty);
        faulty_add(&faulty, faults[i]);
        if (take_with(&faulty.fs, dir, false, false, NULL) != BROOD_E_IO) fail_msg("case %zu: %s", i, brood_message());
        assert_non_null(strstr(brood_message(), strerror(faults[i].error)));
        assert_true(place_hash(dir) == before);
        faulty_add(&faulty, (fault_t){CALL_PREAD, "lock", 0, 1, EIO, false});
        assert_int_equal(brood_lock_ours(&faulty.fs, dir, THEIRS), BROOD_E_IO);
    }
}

static void a_lock_that_cannot_be_made_says_why_and_leaves_nothing(void **state) {
    const char *dir = *state;
    const struct {
        fault_t     fault, second;
        bool        held;
        brood_err_t code;
    } cases[] = {
        {{CALL_OPEN, ".tmp", 0, 1, ENOSPC, false}, {.times = 0}, false, BROOD_E_FULL},
        {{CALL_OPEN, ".tmp", 0, 1, EROFS, false}, {.times = 0}, true, BROOD_E_IO},
        {{CALL_WRITE, NULL, 0, 1, EDQUOT, false}, {.times = 0}, false, BROOD_E_FULL},
        {{CALL_CLOSE, ".tmp", 0, 1, ENOSPC, false}, {.times = 0}, true, BROOD_E_FULL},
        {{CALL_LINK, NULL, 0, 1, EPERM, false}, {CALL_WRITE, NULL, 1, 1, ENOSPC, false}, false, BROOD_E_FULL},
        {{CALL_LINK, NULL, 0, 1, EPERM, false}, {CALL_CLOSE, NULL, 1, 1, EIO, false}, false, BROOD_E_IO},
        {{CALL_RENAME, NULL, 0, 1, ENOSPC, false}, {.times = 0}, true, BROOD_E_FULL},
        /* What the look afterwards meets is not the reason. */
        {{CALL_RENAME, NULL, 0, 1, ENOSPC, false}, {CALL_OPEN, "lock", 2, 1, EACCES, false}, true, BROOD_E_FULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        faulty_t       faulty;
        brood_holder_t theirs = holder_of(THEIRS, "", 0, NULL);
        faulty_init(&faulty);
        faulty_add(&faulty, cases[i].fault);
        if (cases[i].second.times) faulty_add(&faulty, cases[i].second);
        if (cases[i].held) put_lock(dir, &theirs);
        uint64_t before = place_hash(dir);
        if (take_with(&faulty.fs, dir, false, false, NULL) != cases[i].code)
            fail_msg("case %zu: %s", i, brood_message());
        if (cases[i].code == BROOD_E_FULL && !strstr(brood_message(), strerror(ENOSPC)) &&
            !strstr(brood_message(), strerror(EDQUOT)))
            fail_msg("case %zu: %s", i, brood_message());
        assert_true(place_hash(dir) == before);
        brood_lock_release(&brood_fs_posix, dir, THEIRS);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_empty_directory_is_taken_and_given_back),
        TEST(a_live_holder_refuses_and_is_named),
        TEST(a_dead_holder_is_taken_over_at_once_and_told),
        TEST(a_zombie_and_a_process_that_is_gone_are_dead),
        TEST(a_process_number_used_again_is_no_holder),
        TEST(elsewhere_a_holder_lives_when_the_batch_system_says_so),
        TEST(a_job_that_is_ending_is_waited_for),
        TEST(a_lock_that_is_none_is_taken_over),
        TEST(where_link_is_refused_the_lock_is_made_exclusively),
        TEST(a_link_and_a_rename_that_took_place_are_no_failure_whatever_they_say),
        TEST(a_rename_that_lost_the_race_is_refused),
        TEST(whoever_makes_the_lock_first_where_link_is_refused_has_it),
        TEST(a_lock_given_back_meanwhile_is_taken),
        TEST(a_lock_that_cannot_be_read_is_left_as_it_is),
        TEST(a_lock_that_cannot_be_made_says_why_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
