/* Optimisers of a child: one pass over all parameters. */
#ifndef BROOD_NN_OPTIMIZER_H
#define BROOD_NN_OPTIMIZER_H

#include "brood/nn/net.h"

typedef enum { BROOD_OPTIMIZER_ADAM, BROOD_OPTIMIZER_SGD } brood_optimizer_kind_t;

typedef struct {
    brood_optimizer_kind_t kind;
    double                 momentum;     /* SGD: v ← momentum v + g, w ← w − rate v */
    double                 weight_decay; /* λ: λ w is added to the gradient of arrays that decay */
} brood_optimizer_args_t;
/* Adam: β 0.9 and 0.999, ε 1e-8, bias-corrected (Kingma and Ba, arXiv 1412.6980, algorithm 1). */

typedef struct brood_optimizer brood_optimizer_t; /* lives in the arena */

size_t             brood_optimizer_size(const brood_optimizer_args_t *args,
                                        int64_t parameters); /* bytes of the arena; parameters: brood_measure_t's */
brood_optimizer_t *brood_optimizer_create(const brood_optimizer_args_t *args, brood_net_t *net, brood_arena_t *arena);
void               brood_optimizer_reset(brood_optimizer_t *optimizer); /* moments 0, step 0 */
void               brood_optimizer_step(brood_optimizer_t *optimizer, double learning_rate);

/* Moments and the step's number, below `group`. */
void brood_optimizer_fields(brood_optimizer_t *optimizer, const char *group, brood_fields_t *fields);

#endif
