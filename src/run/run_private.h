/* A run's insides, shared by run.c and inflight.c. */
#ifndef BROOD_SRC_RUN_RUN_PRIVATE_H
#define BROOD_SRC_RUN_RUN_PRIVATE_H

#include "brood/run/run.h"

#define BROOD_RUN_DAMAGE_SIZE (BROOD_MAX_PATH + 256)

typedef struct {
    int64_t *episode;
    int64_t  count, capacity;
} brood_episodes_t;

struct brood_run {
    const brood_fs_t *fs;
    char              dir[BROOD_MAX_PATH], inflight_dir[BROOD_MAX_PATH];
    char              token[BROOD_TOKEN_SIZE];
    char              damage[BROOD_RUN_DAMAGE_SIZE];
    brood_bytes_t     image;      /* read at opening */
    brood_bytes_t     saved;      /* of the latest save: its memory is used again, and fresh memory is slow */
    brood_run_state_t state;      /* at opening */
    uint64_t          generation; /* of the newest whole file */
    int               made;       /* directories that brood_run_take made */
    bool              taken;      /* the lock is ours */
    bool              stored;     /* this job has written a generation */
    bool              rotates;    /* run.h5 was found whole, or is ours */
    bool              durable;    /* the latest save is */
    brood_episodes_t  inflight;   /* found when the run was taken, rising */
    brood_episodes_t  pending;    /* results are in the latest save, which may not be durable */
};

/* Puts run->saved durably into dir/name, as long as the lock names the run's token; a job that takes the run over clears
   what this one is writing, and then it is BROOD_E_LOCKED that is told. The rest as brood_store_put has it. */
brood_err_t brood_run_put(brood_run_t *run, const char *dir, const char *name, bool rotates, uint64_t generation,
                          bool *durable) BROOD_WARN_UNUSED;

/* Lists inflight/, which need not exist. */
brood_err_t brood_run_list_inflight(brood_run_t *run) BROOD_WARN_UNUSED;

#endif
