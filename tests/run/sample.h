/* A run file in small: every type, scalars, columns, members of an array of structs, 2-D and 3-D arrays, scales in the
   group and in the root, an empty group of rows. Its values are made from a formula, so that two samples of the same
   size are equal. */
#ifndef TESTS_RUN_SAMPLE_H
#define TESTS_RUN_SAMPLE_H

#include "brood/util/field.h"

#define SAMPLE_POSITIONS 6
#define SAMPLE_CHOICES   4
#define SAMPLE_MORE      3

typedef struct {
    int64_t episode, round;
    int32_t status;
    char    architecture[128];
    double  reward, loss;
} sample_episode_t;

typedef struct {
    int64_t           episodes, updates;
    sample_episode_t *episode;           /* [episodes] */
    int32_t          *tokens;            /* [episodes, SAMPLE_POSITIONS] */
    double           *log_p;             /* [episodes, SAMPLE_POSITIONS] */
    double           *more[SAMPLE_MORE]; /* [episodes]: further columns */
    int64_t          *update;            /* [updates] */
    float            *probability;       /* [updates, SAMPLE_POSITIONS, SAMPLE_CHOICES] */
    int64_t           position[SAMPLE_POSITIONS], choice[SAMPLE_CHOICES];
    float             weights[3][5];
    uint64_t          seed;
    uint8_t           bits[7];
    double            baseline;
    char              config[64], algorithm[16];
    char              host[2][24];
    double            start[2];
    int64_t           nothing; /* the extent of /strategy/queue */
} sample_t;

extern const brood_enum_t sample_status;

/* Aborts when memory runs out. */
void sample_init(sample_t *sample, int64_t episodes);
/* The same sizes, without content. */
void sample_clear(sample_t *sample);
void sample_fini(sample_t *sample);
void sample_fields(sample_t *sample, brood_fields_t *fields);

#endif
