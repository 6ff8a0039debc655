/* The lock of a run directory: a file `lock` that names one job by a random token. No flock: two jobs at
   once could only waste work, since both compute the same content. */
#ifndef BROOD_RUN_LOCK_H
#define BROOD_RUN_LOCK_H

#include "brood/run/store.h"

#define BROOD_LOCK_FILE      "lock"
#define BROOD_ENDING_SECONDS 60 /* twice what Slurm gives a job between TERM and KILL (KillWait) */

/* A job that holds, or held, a run: its process on its node, and its name in the batch system. */
typedef struct {
    char    token[BROOD_TOKEN_SIZE];
    char    job[64]; /* "" outside a batch system */
    int64_t restart; /* of that job */
    char    host[64], boot[40], pid_namespace[40];
    int64_t pid, started; /* clock ticks since boot: process numbers are used again */
} brood_holder_t;

/* This process. */
void brood_holder_here(const char *token, const char *job, int64_t restart, brood_holder_t *holder);

/* How it is seen whether a holder lives; tests put their own in its place. */
typedef struct {
    void *self;
    bool (*process)(void *self, int64_t pid, int64_t started); /* of this node: runs, and is no zombie */
    bool (*job)(void *self, const char *job);                  /* the batch system shows it running */
    bool (*ending)(void *self, const char *job); /* … shows it told to end: its ranks may be saving; or NULL */
} brood_life_t;
extern const brood_life_t brood_life_system; /* /proc, and squeue where it is there */

/* Is it provably alive? That process, on this node and in its namespace; or a running job, unless it is `mine` with a
   lower restart count. */
bool brood_holder_lives(const brood_holder_t *holder, const brood_holder_t *mine, const brood_life_t *life);

/* Where the job that holds the run has been told to end, and is not `job`: waits until it has given the lock back or is
   gone, BROOD_ENDING_SECONDS at most. Before the run is read: its ranks may be saving. */
void brood_lock_await_end(const brood_fs_t *fs, const char *dir, const char *job, const brood_life_t *life);

/* Makes the lock name `mine`. A holder that lives keeps it. Any other is replaced at once, and told in *former (may be
   NULL; token "" where there was none or it can't be read). BROOD_E_LOCKED: held, or another starter was faster; the
   message names who. BROOD_E_FULL, BROOD_E_IO. After an error the directory is as it was. */
brood_err_t brood_lock_take(const brood_fs_t *fs, const char *dir, const brood_holder_t *mine, const brood_life_t *life,
                            brood_holder_t *former) BROOD_WARN_UNUSED;

/* Does the lock still name this token? BROOD_E_LOCKED: no. BROOD_E_IO: it can't be read. */
brood_err_t brood_lock_ours(const brood_fs_t *fs, const char *dir, const char *token) BROOD_WARN_UNUSED;

/* Removes the lock if it names this token. */
void brood_lock_release(const brood_fs_t *fs, const char *dir, const char *token);

/* What the lock says. BROOD_E_IO: there is none (*missing), or it can't be read. BROOD_E_FORMAT: it is no lock. */
brood_err_t brood_lock_read(const brood_fs_t *fs, const char *dir, brood_holder_t *holder,
                            bool *missing) BROOD_WARN_UNUSED;

/* "job 1234 (restart 1), process 77 on n01" */
void brood_holder_print(const brood_holder_t *holder, char *text, size_t size);

#endif
