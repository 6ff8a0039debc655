/* What the sources of this room share: how the weights lie in one vector. */
#ifndef BROOD_POLICY_POLICY_PRIVATE_H
#define BROOD_POLICY_POLICY_PRIVATE_H

#include "brood/policy/cell.h"
#include "brood/policy/policy.h"

/* A named part of the weights, and of every vector that has their layout. */
typedef struct {
    char        name[BROOD_MAX_NAME], label[BROOD_MAX_NAME];
    const char *doc;
    int64_t     offset;
    int         ndim;
    int64_t     shape[2];
    double      limit; /* starts uniform in ±limit; 0: at 0 */
} weights_t;

/* Decisions of one kind share these. K: its choices. */
typedef struct {
    int64_t choices;
    int64_t embedding; /* offset of [K, U] */
    int64_t softmax;   /* offset of [U, K] */
    int64_t bias;      /* offset of [K] */
} kind_t;

#define POLICY_MOMENTS 2

struct brood_policy {
    brood_policy_config_t config;
    const brood_space_t  *space;
    brood_math_t         *math;
    const brood_cell_t   *cell;

    int64_t    length, choices, kind_count; /* T, K of the space */
    kind_t    *kind;                        /* [kind_count] */
    int64_t    start;                       /* offset of [U], fed at the first step */
    int64_t    layer, layer_stride;         /* offset of the first layer's parameters, and from one layer to the next */
    weights_t *array;
    int64_t    array_count, parameters;

    double *weights;                /* [P] */
    double *moment[POLICY_MOMENTS]; /* [P] each, or NULL where the optimiser needs none */
    int64_t steps;                  /* taken by the optimiser */
};

#endif
