/* A job on a model file system: four saves with results arriving between them, in-flight children that are saved and
 * forgotten; and whether a crash at any moment of it loses anything. */
#ifndef TESTS_RUN_SAVES_H
#define TESTS_RUN_SAVES_H

#include "faulty.h"
#include "judge.h"

typedef enum {
    BEGINS_NEW,     /* not even the directory is there */
    BEGINS_WHOLE,   /* both generations, two in-flight files */
    BEGINS_DAMAGED, /* the same, but a bit of run.h5 is flipped */
    BEGINS_MISSING  /* the same, but there is no run.h5 */
} begins_t;

typedef struct {
    const char *name;
    begins_t    begins;
    bool        unsynced; /* the fsync of a directory is refused */
    bool        unlinked; /* link is refused */
    bool        gap;      /* the same for the one time that the fault is met: run.h5 may be gone for an instant */
    fault_t     fault;    /* met when the job is under way; `times` 0: none */
    int         failures; /* saves that fail, and are tried again */
} saves_t;

/* A fault put into the protocol on purpose. */
typedef struct {
    const char *name;
    const char *sign; /* part of what is then complained of */
    saves_t     saves;
    void (*plant)(brood_fs_t *fs);   /* into the job's calls; may be NULL */
    void (*replant)(brood_fs_t *fs); /* into those of each start after a crash; may be NULL */
    bool forgets_early;              /* in-flight files go before the save that holds their results */
} planted_t;

/* Runs the job, and judges every crash of it. NULL: all is well; else what is wrong, and after which call. `planted`
   may be NULL. */
const char *saves_run(judge_t *judge, const saves_t *saves, const planted_t *planted);

/* Moments (calls that changed something, and returns of saves) of the latest. */
int saves_moments(void);

#endif
