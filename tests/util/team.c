#include "brood/util/team.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "cmocka_all.h"

#define ROUNDS 2000

/* Each thread writes its number of the round, and behind a meeting reads all others'. */
typedef struct {
    brood_team_t *team;
    int64_t       written[BROOD_MOST_THREADS];
    atomic_int    wrong;
    pthread_t     thread[BROOD_MOST_THREADS];
} shared_t;

static void tell_each_other(void *self, int64_t thread) {
    shared_t *shared = self;
    int64_t   threads = brood_team_threads(shared->team);
    shared->thread[thread] = pthread_self();
    for (int64_t round = 1; round <= ROUNDS; round++) {
        shared->written[thread] = round;
        brood_team_meet(shared->team);
        for (int64_t i = 0; i < threads; i++) shared->wrong += shared->written[i] != round;
        brood_team_meet(shared->team);
    }
}

static void all_threads_meet(void **state) {
    (void)state;
    for (int64_t threads = 1; threads <= BROOD_MOST_THREADS; threads *= 2) {
        shared_t shared = {0};
        assert_int_equal(brood_team_create(threads, &shared.team), BROOD_OK);
        assert_int_equal(brood_team_threads(shared.team), threads);
        for (int run = 1; run <= 2; run++) brood_team_run(shared.team, tell_each_other, &shared);
        assert_int_equal(shared.wrong, 0);
        for (int64_t i = 0; i < threads; i++) {
            assert_int_equal(shared.written[i], ROUNDS);
            assert_int_equal(pthread_equal(shared.thread[i], pthread_self()) != 0, i == 0);
        }
        brood_team_destroy(&shared.team);
        assert_null(shared.team);
    }
}

#define PIECES 20

/* Of 0, 1, 2 … pieces, each with a meeting behind it; the first thread is slow. */
typedef struct {
    brood_team_t *team;
    atomic_int    times[PIECES][PIECES], taken_from_first;
} takers_t;

static void take_pieces(void *self, int64_t thread) {
    takers_t *takers = self;
    int64_t   piece, first, share;
    for (int64_t count = 0; count < PIECES; count++) {
        share = brood_team_share(count, brood_team_threads(takers->team), 0, &first);
        if (thread == 0) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        while ((piece = brood_team_take(takers->team, count, thread)) >= 0) {
            takers->times[count][piece < count ? piece : PIECES - 1]++;
            takers->taken_from_first += thread > 0 && piece < share;
        }
        brood_team_meet(takers->team);
    }
}

static void each_piece_is_taken_once_and_nobody_waits_for_a_slow_thread(void **state) {
    (void)state;
    for (int64_t threads = 1; threads <= BROOD_MOST_THREADS; threads++) {
        takers_t takers = {0};
        assert_int_equal(brood_team_create(threads, &takers.team), BROOD_OK);
        brood_team_run(takers.team, take_pieces, &takers);
        for (int count = 0; count < PIECES; count++)
            for (int piece = 0; piece < PIECES; piece++) assert_int_equal(takers.times[count][piece], piece < count);
        assert_int_equal(takers.taken_from_first > 0, threads > 1);
        brood_team_destroy(&takers.team);
    }
}

static void ask_for_signals(void *self, int64_t thread) {
    bool    *handles = self;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    handles[thread] = !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGUSR1);
}

static void signals_are_left_to_the_caller(void **state) {
    (void)state;
    brood_team_t *team;
    bool          handles[3] = {false, true, true};
    assert_int_equal(brood_team_create(3, &team), BROOD_OK);
    brood_team_run(team, ask_for_signals, handles);
    assert_true(handles[0]);
    assert_false(handles[1]);
    assert_false(handles[2]);
    brood_team_destroy(&team);
}

static void shares_are_in_order_whole_and_nearly_equal(void **state) {
    (void)state;
    for (int64_t count = 0; count < 40; count++)
        for (int64_t threads = 1; threads <= BROOD_MOST_THREADS; threads++) {
            int64_t end = 0;
            for (int64_t i = 0; i < threads; i++) {
                int64_t first, share = brood_team_share(count, threads, i, &first);
                assert_int_equal(first, end);
                assert_true(share >= count / threads && share <= (count + threads - 1) / threads);
                end = first + share;
            }
            assert_int_equal(end, count);
        }
}

static void nothing_is_left_of_no_team(void **state) {
    (void)state;
    brood_team_t *none = NULL;
    brood_team_destroy(&none);
    assert_null(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_meet),
        cmocka_unit_test(each_piece_is_taken_once_and_nobody_waits_for_a_slow_thread),
        cmocka_unit_test(signals_are_left_to_the_caller),
        cmocka_unit_test(shares_are_in_order_whole_and_nearly_equal),
        cmocka_unit_test(nothing_is_left_of_no_team),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
