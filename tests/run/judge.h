/* What a start must make of a directory that a crash has left. */
#ifndef TESTS_RUN_JUDGE_H
#define TESTS_RUN_JUDGE_H

#include "states.h"

#define JUDGE_DIR      "/run"
#define JUDGE_CHILDREN 4

/* A run's content is 16 × the try that saved it + a bit for each episode whose result it holds. */
#define JUDGE_RESULTS 15

/* The content that counts, run or child: what the last save to return has left; what the one before has left, which
   counts too where directories can't be synced; what is being written. 0: there is none. */
typedef struct {
    int64_t returned, before, writing;
} judge_content_t;

/* What is known at one moment of a job. */
typedef struct {
    judge_content_t run, child[JUDGE_CHILDREN]; /* numbers; steps */
    bool            unsynced;                   /* directories can't be synced */
    bool            unlinked;                   /* link is refused: run.h5 may be gone for an instant */
    bool            whole;                      /* run.h5 was whole at the beginning, or has been saved since */
} judge_expected_t;

typedef struct judge judge_t;

judge_t *judge_create(void);
void     judge_destroy(judge_t **judge);

/* Starts on every directory that a crash may leave of `at`, but for those that have been started on before with the
   same expectation. `replant` (may be NULL) puts a fault into the start. Returns what is wrong with the first that is
   not as it must be, or NULL; in a buffer of the judge. */
const char *judge_crash(judge_t *judge, const model_t *at, bool seeded, const judge_expected_t *expected,
                        void (*replant)(brood_fs_t *fs));

int64_t judge_states(const judge_t *judge);   /* directories, so far */
int64_t judge_distinct(const judge_t *judge); /* of them, started on */
int64_t judge_taken(const judge_t *judge);    /* of them, gone on with to the next save */

#endif
