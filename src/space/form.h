/* What a search space is made of: hyperparameters in the order of an architecture's text, and how a layer of them
   becomes layers of a network. A kind of space is one const struct, its form. */
#ifndef BROOD_SRC_SPACE_FORM_H
#define BROOD_SRC_SPACE_FORM_H

#include "brood/space/space.h"

/* Bounds of what a text may hold, inside the space's choices or not. */
#define BROOD_SPACE_MOST_SIZE    1024 /* kernel size, stride, pool size */
#define BROOD_SPACE_MOST_FILTERS 4096
#define BROOD_SPACE_MOST_DROPOUT 90 /* per cent */

#define BROOD_SPACE_HYPERPARAMETERS 5 /* the most of a layer */
#define BROOD_SPACE_FEWEST          4 /* the fewest of a layer: so many layers fit BROOD_MAX_POSITIONS */
#define BROOD_SPACE_MOST_LAYERS     24
_Static_assert(BROOD_SPACE_MOST_LAYERS *BROOD_SPACE_FEWEST <= BROOD_MAX_POSITIONS, "a position for every decision");
_Static_assert(BROOD_SPACE_MOST_LAYERS * 5 + 2 <= BROOD_MAX_LAYERS, "five operations a layer, and the tail");

/* The value of one hyperparameter in one layer; width equals value except in sizes such as 5x3. */
typedef struct {
    int32_t value, width;
} brood_setting_t;

typedef struct {
    const char *name;        /* for people: "kernel size" */
    const char *key;         /* "space.kernel_size" */
    size_t      choices;     /* offset of its brood_choices_t in brood_space_config_t */
    int32_t     least, most; /* of a value */
    int32_t     neutral;     /* the value that changes nothing: what a kind without this hyperparameter has */
    bool        two_sided;   /* height and width may differ, where the kind has both */
    bool        extremes;    /* no shape depends on it, and no measure shrinks as value × width grows */
} brood_hyperparameter_t;

/* A layer is a sequence of steps. Each takes the next `count` hyperparameters and appends operations; false when the
   network is full. */
typedef struct {
    int32_t count;
    bool (*add)(brood_net_spec_t *spec, const brood_setting_t setting[], bool batch_norm);
} brood_space_step_t;

#define BROOD_SPACE_STEPS 3

typedef struct {
    const char                   *name;
    bool                          planar; /* sees height and width; else one row of height · width positions */
    int32_t                       hyperparameters;
    const brood_hyperparameter_t *hyperparameter[BROOD_SPACE_HYPERPARAMETERS];
    brood_space_step_t            step[BROOD_SPACE_STEPS];
    const char                   *example; /* a layer, for messages */
} brood_space_form_t;

const brood_space_form_t *brood_space_form(brood_space_kind_t kind);

/* All hyperparameters of any kind. */
extern const brood_hyperparameter_t *const brood_hyperparameters[BROOD_SPACE_HYPERPARAMETERS];

/* Appends what stands behind the last layer: average or nothing, then the dense layer that makes the logits. */
bool brood_space_add_tail(brood_net_spec_t *spec, brood_tail_t tail);

#endif
