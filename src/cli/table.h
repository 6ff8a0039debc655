/* The columns of a run file that commands print: read from the file, without the rooms that made it. */
#ifndef BROOD_SRC_CLI_TABLE_H
#define BROOD_SRC_CLI_TABLE_H

#include "brood/history/history.h"
#include "brood/sched/clock.h"
#include "brood/util/bytes.h"

typedef struct {
    brood_episode_t *episode; /* [episodes] */
    brood_clock_t   *clock;
    int64_t          episodes, jobs;
} table_t;

/* BROOD_E_FORMAT: no run file of Brood. */
brood_err_t table_read(const brood_bytes_t *image, table_t *table) BROOD_WARN_UNUSED;
void        table_fini(table_t *table);

/* The columns of /episodes and /clock. */
void table_fields(const table_t *table, brood_fields_t *fields);

/* Episodes below `goal` that have been trained, the highest reward (without one: test accuracy) first (ties: the
   earliest), each architecture once: at most `most` indices; their number is returned. */
int64_t table_best(const table_t *table, int64_t goal, int64_t most, int64_t best[]);

#endif
