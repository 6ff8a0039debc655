/* The search space: tokens <-> texts <-> networks. Knows what a decision is, nothing of who decides. */
#ifndef BROOD_SPACE_SPACE_H
#define BROOD_SPACE_SPACE_H

#include "brood/nn/spec.h"
#include "brood/util/config.h"
#include "brood/util/field.h"

typedef enum { BROOD_SPACE_CONV1D, BROOD_SPACE_CONV2D } brood_space_kind_t;
typedef enum { BROOD_TAIL_AVERAGE, BROOD_TAIL_FLATTEN } brood_tail_t;

typedef struct {
    int32_t         kind; /* brood_space_kind_t */
    int64_t         layers;
    brood_choices_t kernel_size, filters, stride, pool_size, dropout;
    bool            batch_norm;
    int32_t         tail; /* brood_tail_t */
    int32_t         init; /* brood_init_t: key child.init */
} brood_space_config_t;
extern const brood_key_t brood_space_keys[];
extern const int64_t     brood_space_key_count;

typedef struct brood_space brood_space_t; /* immutable */

/* image: H, W, C of the data set; conv1d sees it as a signal of H·W positions (times C channels). BROOD_E_CONFIG:
   choices that do not suit the kind (sizes such as 5x3 or a stride other than 1 in conv1d), a text longer than
   BROOD_MAX_TEXT, a space that holds no valid network. */
brood_err_t brood_space_create(const brood_space_config_t *config, const int64_t image[3], int64_t classes,
                               brood_space_t **space) BROOD_WARN_UNUSED;
void        brood_space_destroy(brood_space_t **space);

/* One decision. Decisions of one kind share the policy's weights. */
typedef struct {
    int32_t kind;    /* which hyperparameter: 0 … brood_space_kinds − 1 */
    int32_t choices; /* 0: the sequence has ended */
    int32_t anchor;  /* for skip connections: −1 where the decision is none */
} brood_decision_t;

int64_t     brood_space_length(const brood_space_t *space);  /* T, of the longest sequence */
int64_t     brood_space_choices(const brood_space_t *space); /* K, the most choices of a decision */
int64_t     brood_space_kinds(const brood_space_t *space);
const char *brood_space_kind_name(const brood_space_t *space, int64_t kind); /* "kernel size" */
double      brood_space_size(const brood_space_t *space);                    /* architectures */
void brood_space_decision(const brood_space_t *space, const int32_t tokens[], int64_t t, brood_decision_t *decision);

/* The text of tokens[T]. text is always filled within BROOD_MAX_TEXT, which create has checked. */
void brood_space_print(const brood_space_t *space, const int32_t tokens[], char text[BROOD_MAX_TEXT]);

/* The canonical text ("5x5" is "5", spaces as printed) and the tokens, −1 each where a value lies outside the choices
   or the number of layers differs. tokens may be NULL. BROOD_E_DATA: no architecture of this kind; the message quotes
   the layer, what was found and what is expected. */
brood_err_t brood_space_parse(const brood_space_t *space, const char *text, int32_t tokens[],
                              char canonical[BROOD_MAX_TEXT]) BROOD_WARN_UNUSED;

/* The canonical text where there is no space yet. BROOD_E_DATA as brood_space_parse. */
brood_err_t brood_architecture_canonical(brood_space_kind_t kind, const char *text,
                                         char canonical[BROOD_MAX_TEXT]) BROOD_WARN_UNUSED;

/* The network of a canonical text. BROOD_E_DATA: there is no such network (brood_net_shapes). */
brood_err_t brood_space_network(const brood_space_t *space, const char *text, brood_net_spec_t *spec) BROOD_WARN_UNUSED;

/* The smallest and the largest of each measure over the space, counted one by one: for --dry-run and for limits that
 * nothing can meet. */
brood_err_t brood_space_range(const brood_space_t *space, int64_t minibatch, brood_measure_t *least,
                              brood_measure_t *most) BROOD_WARN_UNUSED;

/* /config: names of the hyperparameters and their choices. */
void brood_space_fields(brood_space_t *space, brood_fields_t *fields);

#endif
