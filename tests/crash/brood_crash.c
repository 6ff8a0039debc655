/* brood with a listener at its phases. All ranks map one file, $BROOD_CRASH_BOARD (tests/resume/board.py writes and
   reads it): each keeps there its process, its present phase and how often it entered each, so that whoever kills it
   knows where it was; and the file may order a blow at the entry of a phase, which the ranks deal themselves. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "brood/sched/signals.h"
#include "brood/util/phase.h"

#define RANKS 16

typedef enum { WHOM_SELF, WHOM_ALL, WHOM_LAUNCHER } whom_t;

typedef struct {
    int64_t phase;        /* at whose entry; -1: no blow is ordered */
    int64_t entry;        /* the how-manieth of a rank, 1 …, counted from … */
    int64_t updates;      /* … when rank 0 has entered "updating" so often */
    int64_t rank;         /* that deals it; -1: each that comes there */
    int64_t signal, whom; /* 0: none */
    int64_t halt;         /* makes the file $BROOD_CRASH_HALT */
    int64_t after;        /* microseconds from the entry to the signal */
    int64_t pause;        /* milliseconds that the rank rests then, or until a signal comes */
    int64_t hold;         /* the others rest as long, each at its next phase */
    int64_t slow; /* milliseconds that each mini-batch takes longer, or until a signal comes; −n: n, whatever comes */
} blow_t;

typedef struct {
    _Atomic int64_t pid;   /* 0: not started yet */
    _Atomic int64_t phase; /* -1: none yet */
    _Atomic int64_t entries[BROOD_PHASE_COUNT];
    _Atomic int64_t struck; /* 0: has not dealt the blow; else one of those below */
} place_t;

enum { STRUCK = 1, STRUCK_AND_RESTS = 2 };

typedef struct {
    blow_t  blow;
    place_t rank[RANKS];
} board_t;

static board_t *board;
static int64_t  mine, entries; /* this rank; its entries that count for the blow */

/* Runs in a signal handler, too. */
static void send_signal(void) {
    const blow_t *blow = &board->blow;
    int           number = (int)blow->signal;
    if (blow->whom == WHOM_LAUNCHER) kill(getppid(), number);
    for (int64_t rank = 0; blow->whom == WHOM_ALL && rank < RANKS; rank++) {
        pid_t pid = (pid_t)board->rank[rank].pid;
        if (pid > 0 && rank != mine) kill(pid, number);
    }
    if (blow->whom != WHOM_LAUNCHER) kill(getpid(), number);
}

static void on_alarm(int number) {
    (void)number;
    send_signal();
}

static void make_halt(void) {
    const char *path = getenv("BROOD_CRASH_HALT");
    int         fd = path ? open(path, O_WRONLY | O_CREAT, 0644) : -1;
    if (fd >= 0) close(fd);
}

static void rest(int64_t milliseconds, const sigset_t *mask) {
    ppoll(NULL, 0, &(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000}, mask);
}

static void strike(void) {
    const blow_t *blow = &board->blow;
    sigset_t      all, before;
    board->rank[mine].struck = STRUCK;
    if (blow->halt) make_halt();
    if (blow->signal && blow->after > 0) {
        signal(SIGALRM, on_alarm);
        setitimer(ITIMER_REAL,
                  &(struct itimerval){.it_value = {.tv_sec = blow->after / 1000000, .tv_usec = blow->after % 1000000}},
                  NULL);
        return;
    }
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before); /* so that the signal is not missed before the rest begins */
    if (blow->signal) send_signal();
    /* A launcher makes one of two signals that come close together: that of another rank's blow may have come before.
     */
    if (blow->pause > 0 && (blow->whom != WHOM_LAUNCHER || brood_signals_seen(NULL) == BROOD_SIGNAL_NONE)) {
        board->rank[mine].struck = STRUCK_AND_RESTS;
        rest(blow->pause, &before);
        board->rank[mine].struck = STRUCK;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Until no other rank rests. */
static void be_held(void) {
    for (int64_t rank = 0; rank < RANKS; rank++)
        while (rank != mine && board->rank[rank].struck == STRUCK_AND_RESTS)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void be_slow(int64_t milliseconds) {
    sigset_t all;
    sigfillset(&all);
    rest(milliseconds < 0 ? -milliseconds : milliseconds, milliseconds < 0 ? &all : NULL);
}

static void listen_to(brood_phase_t phase) {
    const blow_t *blow = &board->blow;
    place_t      *place = &board->rank[mine];
    place->entries[phase]++;
    place->phase = phase;
    if (blow->hold) be_held();
    if (blow->slow && (phase == BROOD_PHASE_TRAINING || phase == BROOD_PHASE_EVALUATING)) be_slow(blow->slow);
    if ((int64_t)phase != blow->phase || (blow->rank >= 0 && blow->rank != mine)) return;
    if (board->rank[0].entries[BROOD_PHASE_UPDATING] < blow->updates) return;
    if (++entries == blow->entry) strike();
}

__attribute__((constructor)) static void open_board(void) {
    const char *path = getenv("BROOD_CRASH_BOARD"), *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!path) return;
    if (!rank) rank = getenv("PMI_RANK"); /* MPICH */
    if (!rank) rank = getenv("SLURM_PROCID");
    mine = rank ? atoi(rank) : 0;
    int         fd = open(path, O_RDWR);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0 || status.st_size != sizeof *board || mine < 0 || mine >= RANKS) {
        fprintf(stderr, "brood_crash: %s is no board for rank %lld\n", path, (long long)mine);
        _exit(99);
    }
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (board == MAP_FAILED) _exit(99);
    board->rank[mine].phase = -1;
    board->rank[mine].pid = getpid();
    brood_phase_listener = listen_to;
}
