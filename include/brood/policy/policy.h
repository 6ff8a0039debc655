/* The controller: a recurrent network that draws one token a step (Zoph and Le, "Neural architecture search with
   reinforcement learning", arXiv 1611.01578). Works on whole rounds, in double. Knows log p, never a reward: what to do
   with rewards are weights that a strategy chooses. */
#ifndef BROOD_POLICY_POLICY_H
#define BROOD_POLICY_POLICY_H

#include "brood/history/history.h"
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
    double  learning_rate, momentum, clip /* of the gradient's norm; 0: none */, l2;
} brood_policy_config_t;
extern const brood_key_t brood_policy_keys[];
extern const int64_t     brood_policy_key_count;

typedef struct brood_policy brood_policy_t;

/* The policy computes portably, whatever the run's numerics: `math` is kept, and must outlive it. BROOD_E_MEMORY. */
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

/* Draws tokens. BROOD_E_MEMORY. */
brood_err_t brood_policy_sample(const brood_policy_t *policy, brood_batch_t *batch) BROOD_WARN_UNUSED;
/* log_p, entropy and probability of given tokens, none of them −1 before the end. BROOD_E_MEMORY. */
brood_err_t brood_policy_score(const brood_policy_t *policy, brood_batch_t *batch) BROOD_WARN_UNUSED;
/* gradient[P] = Σ_b Σ_t weight[b, t] ∇ log_p[b, t] + entropy_weight Σ_b ∇ entropy[b]. BROOD_E_MEMORY. */
brood_err_t brood_policy_gradient(const brood_policy_t *policy, const brood_batch_t *batch,
                                  const double *weight /* [B, T] */, double entropy_weight,
                                  double *gradient /* [P] */) BROOD_WARN_UNUSED;
/* One step upwards along gradient − l2 ∇ ‖θ‖², clipped; fills gradient_norm (before clipping) and learning_rate. Alters
 * `gradient`. */
void brood_policy_step(brood_policy_t *policy, double *gradient /* [P] */, brood_update_t *update);

/* /policy: weights and moments by name, version. */
void brood_policy_fields(brood_policy_t *policy, brood_fields_t *fields);

#endif
