/* A network that runs: its parameters, activations and gradients, laid out in one arena. No allocation after create. */
#ifndef BROOD_NN_NET_H
#define BROOD_NN_NET_H

#include "brood/nn/cost.h"
#include "brood/nn/real.h"
#include "brood/nn/spec.h"
#include "brood/rng/philox.h"
#include "brood/util/arena.h"

typedef struct brood_net brood_net_t; /* lives in the arena; nothing to destroy */

/* Bytes that brood_net_create takes from an arena. BROOD_E_DATA: no such network. */
brood_err_t brood_net_size(const brood_net_spec_t *spec, int64_t minibatch, const brood_math_t *math,
                           size_t *bytes) BROOD_WARN_UNUSED;

/* Bits are those of `math`; the results depend neither on `minibatch` nor on the path. Parameters are not set:
   brood_net_initialise, or loading. BROOD_E_DATA: no such network. */
brood_err_t brood_net_create(const brood_net_spec_t *spec, int64_t minibatch, brood_math_t *math, brood_arena_t *arena,
                             brood_net_t **net) BROOD_WARN_UNUSED;

/* Draws the weights (spec->init), zeroes biases, sets scales to 1, running means to 0 and variances to 1. `part` of the
   key is replaced by the number of the array. */
void brood_net_initialise(brood_net_t *net, brood_key4_t key);

/* logits[images, classes] of x[images, H, W, C], images ≤ minibatch. In training, batch statistics are used and running
   ones moved (momentum 0.1), and units are dropped; `part` of the key is replaced by the number of the layer. Outside,
   the key is not used. x must stay as it is until backward. */
void brood_net_forward(brood_net_t *net, int64_t images, const brood_real_t *x, bool training, brood_key4_t key,
                       brood_real_t *logits);

/* Gradients of the loss whose derivative by the logits is dlogits[images, classes]; of the forward pass before, which
   was a training one; once, since it writes over what that pass has left. */
void brood_net_backward(brood_net_t *net, const brood_real_t *dlogits);

/* A parameter array: value, gradient and whether weight decay applies (weights of convolutions and dense layers). */
typedef struct {
    const char   *name; /* "layer3/weights" */
    int64_t       count;
    brood_real_t *value, *gradient;
    bool          decays;
} brood_parameter_t;
int64_t                  brood_net_parameter_count(const brood_net_t *net); /* arrays */
const brood_parameter_t *brood_net_parameter(const brood_net_t *net, int64_t index);

/* Where the time of training steps goes: seconds of the first of `math`'s threads a layer, added up from brood_net_time
   on. */
typedef struct {
    double forward, backward;
} brood_layer_time_t;
/* times[layers] (NULL: no longer), read by the caller; `now` tells seconds. */
void brood_net_time(brood_net_t *net, brood_layer_time_t times[], double (*now)(void));

/* How a layer is made: "convolution, Fourier" …; valid as long as the program. */
const char *brood_net_way(const brood_net_t *net, int64_t layer);
/* What it does in a training step of one image: its share of brood_measure_t's cost. */
brood_work_t brood_net_work(const brood_net_t *net, int64_t layer);

/* Weights and running statistics, by name, below `group`. */
void brood_net_fields(brood_net_t *net, const char *group, brood_fields_t *fields);

#endif
