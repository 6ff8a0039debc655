#include "brood/util/team.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How often a thread looks whether the others have come before it sleeps: some tens of microseconds, as long as a
   step of a small layer; more would only take cores from others where there are fewer cores than threads. */
#define LOOKS 1000

typedef struct {
    brood_team_t *team;
    int64_t       thread;
    pthread_t     handle;
} member_t;

/* Pieces of a thread's share that have been taken, or asked for, since the last meeting; in a cache line of its own. */
typedef struct {
    _Alignas(64) atomic_int_fast64_t count;
} taken_t;

struct brood_team {
    taken_t              taken[BROOD_MOST_THREADS];
    int64_t              threads;
    brood_team_work_t   *work; /* NULL: the team is to end */
    void                *self;
    atomic_int_fast64_t  arrived;
    atomic_uint_fast64_t meeting; /* how many there have been */
    pthread_mutex_t      mutex;   /* of the two below, and of the change of `meeting` */
    pthread_cond_t       over;
    member_t             member[BROOD_MOST_THREADS]; /* [0] is the caller's, unused */
};

static void pause_shortly(void) {
#if defined __x86_64__
    __builtin_ia32_pause();
#endif
}

/* By the one who comes last: nobody else is taking any. */
static void give_back_pieces(brood_team_t *team) {
    for (int64_t i = 0; i < team->threads; i++) atomic_store(&team->taken[i].count, 0);
}

int64_t brood_team_take(brood_team_t *team, int64_t count, int64_t thread) {
    for (int64_t i = 0; i < team->threads; i++) {
        int64_t whose = (thread + i) % team->threads, first, share;
        share = brood_team_share(count, team->threads, whose, &first);
        if (atomic_load(&team->taken[whose].count) >= share) continue;
        int64_t piece = atomic_fetch_add(&team->taken[whose].count, 1);
        if (piece < share) return first + piece;
    }
    return -1;
}

void brood_team_meet(brood_team_t *team) {
    uint_fast64_t meeting = atomic_load(&team->meeting);
    if (team->threads == 1) {
        give_back_pieces(team);
        return;
    }
    if (atomic_fetch_add(&team->arrived, 1) + 1 == team->threads) {
        atomic_store(&team->arrived, 0);
        give_back_pieces(team);
        pthread_mutex_lock(&team->mutex);
        atomic_store(&team->meeting, meeting + 1);
        pthread_cond_broadcast(&team->over);
        pthread_mutex_unlock(&team->mutex);
        return;
    }
    for (int look = 0; look < LOOKS; look++) {
        if (atomic_load(&team->meeting) != meeting) return;
        pause_shortly();
    }
    pthread_mutex_lock(&team->mutex);
    while (atomic_load(&team->meeting) == meeting) pthread_cond_wait(&team->over, &team->mutex);
    pthread_mutex_unlock(&team->mutex);
}

void brood_team_run(brood_team_t *team, brood_team_work_t *work, void *self) {
    team->work = work;
    team->self = self;
    brood_team_meet(team);
    if (work) work(self, 0);
    brood_team_meet(team);
}

static void *be_a_member(void *self) {
    const member_t *member = self;
    brood_team_t   *team = member->team;
    bool            going = true;
    pthread_mutex_lock(&team->mutex); /* until it is known how many there are */
    pthread_mutex_unlock(&team->mutex);
    while (going) {
        brood_team_meet(team);
        going = team->work != NULL;
        if (going) team->work(team->self, member->thread);
        brood_team_meet(team);
    }
    return NULL;
}

/* Signals are the caller's: its threads leave them to it. */
static int start(member_t *member) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&member->handle, NULL, be_a_member, member);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

brood_err_t brood_team_create(int64_t threads, brood_team_t **team) {
    int           error = 0;
    brood_team_t *made = *team = aligned_alloc(_Alignof(brood_team_t), sizeof *made);
    if (!made) return brood_fail(BROOD_E_MEMORY, "%zu bytes cannot be had", sizeof *made);
    memset(made, 0, sizeof *made);
    pthread_mutex_init(&made->mutex, NULL);
    pthread_cond_init(&made->over, NULL);
    pthread_mutex_lock(&made->mutex);
    for (made->threads = 1; made->threads < threads && error == 0; made->threads += error == 0) {
        member_t *member = &made->member[made->threads];
        *member = (member_t){.team = made, .thread = made->threads};
        error = start(member);
    }
    pthread_mutex_unlock(&made->mutex);
    if (error == 0) return BROOD_OK;
    brood_fail(BROOD_E_MEMORY, "thread %lld of %lld can't be started: %s", (long long)made->threads + 1,
               (long long)threads, strerror(error));
    brood_team_destroy(team);
    return BROOD_E_MEMORY;
}

void brood_team_destroy(brood_team_t **team) {
    brood_team_t *old = *team;
    if (!old) return;
    brood_team_run(old, NULL, NULL);
    for (int64_t i = 1; i < old->threads; i++) pthread_join(old->member[i].handle, NULL);
    pthread_cond_destroy(&old->over);
    pthread_mutex_destroy(&old->mutex);
    free(old);
    *team = NULL;
}

int64_t brood_team_threads(const brood_team_t *team) {
    return team->threads;
}
