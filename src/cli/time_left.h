/* When a run will have reached its goal, on as many ranks as its last job had. */
#ifndef BROOD_SRC_CLI_TIME_LEFT_H
#define BROOD_SRC_CLI_TIME_LEFT_H

#include "brood/util/bytes.h"
#include "brood/util/json.h"
#include "config.h"
#include "table.h"

typedef enum {
    TIME_LEFT_UNKNOWN,
    TIME_LEFT_BY_CHILDREN, /* predictions times how long this run's children took beside theirs */
    TIME_LEFT_BY_MODEL,    /* predictions alone: no child has finished */
    TIME_LEFT_BY_SPEED     /* episodes an hour so far: there are no predictions */
} time_left_by_t;

typedef struct {
    time_left_by_t by;
    double         seconds;    /* of wall time; NaN: not known */
    double         core_hours; /* of cores in steps; NaN: not known */
    double         ratio;      /* median of busy over predicted seconds; NaN unless by children */
    int64_t        children;   /* that it is the median of */
    int            ranks;      /* of the last job */
    bool           synthetic;  /* predictions are evaluator.delay */
} time_left_t;

/* Of the run that `image` and its `table` hold: `told` rounds are told. per_hour: episodes an hour so far, NaN where
   that is not known. What is in training counts whole. What cannot be told is left unknown. */
void time_left_read(const config_t *config, const brood_bytes_t *image, const table_t *table, int64_t told,
                    double per_hour, time_left_t *left);

void time_left_print(const time_left_t *left);                    /* nothing where it is not known, or there is none */
void time_left_json(const time_left_t *left, brood_json_t *json); /* seconds_left … */

#endif
