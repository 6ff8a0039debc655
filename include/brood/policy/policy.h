/* The controller: a recurrent network that draws one token a step (Zoph and Le, "Neural architecture search with
   reinforcement learning", arXiv 1611.01578). Works on whole rounds, in double. Knows log p, never a reward: what to do
   with rewards are weights that a strategy chooses. */
#ifndef BROOD_POLICY_POLICY_H
#define BROOD_POLICY_POLICY_H

#include "brood/math/math.h"
#include "brood/rng/philox.h"
#include "brood/space/space.h"

typedef enum { BROOD_CELL_NASCELL, BROOD_CELL_LSTM } brood_cell_kind_t;
typedef enum { BROOD_POLICY_ADAM, BROOD_POLICY_SGD, BROOD_POLICY_RMSPROP } brood_policy_optimizer_t;

typedef struct {
    int32_t cell; /* brood_cell_kind_t */
    int64_t units, layers;
    double  exploration; /* ε: p = (1 − ε) softmax + ε / K */
    int32_t optimizer;   /* brood_policy_optimizer_t */
    double  learning_rate;
    double  momentum; /* of SGD */
    double  clip;     /* the gradient's longest norm; 0: any */
    double  l2;       /* λ */
} brood_policy_config_t;
extern const brood_key_t brood_policy_keys[];
extern const int64_t     brood_policy_key_count;

typedef struct brood_policy brood_policy_t;

/* Embeddings and softmax weights start uniform in ±0.08, so that the first policy is nearly uniform; the cells' start
   Glorot-uniform, biases at 0 (an LSTM's forget gate: 1). The policy computes portably, whatever the run's numerics:
   `math` and `space` are kept, and must outlive it. Of each kind of decision it makes room for as many choices as occur
   in the sequence whose tokens are all 0. BROOD_E_MEMORY. */
brood_err_t brood_policy_create(const brood_policy_config_t *config, const brood_space_t *space, uint64_t seed,
                                brood_math_t *math, brood_policy_t **policy) BROOD_WARN_UNUSED;
void        brood_policy_destroy(brood_policy_t **policy);

int64_t brood_policy_parameters(const brood_policy_t *policy); /* P */
double *brood_policy_weights(brood_policy_t *policy);          /* [P], for tests */

/* B token sequences of one policy version. T and K are the space's. Rows do not influence each other's bits. */
typedef struct {
    int64_t             count;       /* B */
    const brood_key4_t *key;         /* [B]; of sample only: number t of the stream draws token t */
    int32_t            *tokens;      /* [B, T], −1 beyond the end */
    double             *log_p;       /* [B, T] of the tokens, as mixed; 0 beyond the end */
    double             *entropy;     /* [B] Σ_t H(softmax_t), before mixing */
    double             *probability; /* [B, T, K] as mixed, NaN beyond a decision's choices; or NULL */
} brood_batch_t;

/* Draws tokens. BROOD_E_MEMORY. BROOD_E_BUG, here and below: a decision of more choices than room was made for. What a
   batch holds is then unspecified. */
brood_err_t brood_policy_sample(const brood_policy_t *policy, brood_batch_t *batch) BROOD_WARN_UNUSED;
/* log_p, entropy and probability of given tokens; those that sample has filled come out with the same bits.
   BROOD_E_MEMORY. BROOD_E_BUG: a token before the end that is none of its decision's choices. */
brood_err_t brood_policy_score(const brood_policy_t *policy, brood_batch_t *batch) BROOD_WARN_UNUSED;
/* gradient[P] = Σ_b Σ_t weight[b, t] ∇ log_p[b, t] + entropy_weight Σ_b ∇ entropy[b], of log_p as mixed and of the
   entropy along these tokens (how they were drawn is not differentiated). Reads of the batch count and tokens alone. By
   backpropagation through time, row after row and step after step from the last. Errors as brood_policy_score. */
brood_err_t brood_policy_gradient(const brood_policy_t *policy, const brood_batch_t *batch,
                                  const double *weight /* [B, T] */, double entropy_weight,
                                  double *gradient /* [P] */) BROOD_WARN_UNUSED;
typedef struct {
    double gradient_norm; /* before clipping */
    double learning_rate;
} brood_policy_stepped_t;

/* One step upwards along gradient − l2 ∇ ‖θ‖² = gradient − 2 l2 θ, clipped. Adam with β 0.9 and 0.999, ε 1e-8; SGD v ←
   momentum v + g, θ ← θ + rate v; RMSProp with ρ 0.9, ε 1e-10 inside the root, mean square from 1, as TensorFlow 1.
   Alters `gradient`. */
brood_policy_stepped_t brood_policy_step(brood_policy_t *policy, double *gradient /* [P] */);

/* /policy: steps (taken); /policy/weights and a group for each moment of the optimiser, with the same names.
   Valid until the policy is destroyed. */
void brood_policy_fields(brood_policy_t *policy, brood_fields_t *fields);

#endif
