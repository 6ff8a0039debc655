/* A block of rows on its way through the recurrent network, step by step, and back through time. */
#ifndef BROOD_POLICY_ROLLOUT_H
#define BROOD_POLICY_ROLLOUT_H

#include "brood/util/arena.h"
#include "policy_private.h"

/* B rows, T steps, K choices, U units, L layers, G gates. Of the outputs, what is NULL is not wanted. */
typedef struct {
    const brood_policy_t *policy;
    int64_t               rows;
    const brood_key4_t   *key;                           /* [B]: tokens are drawn; NULL: they are given */
    int32_t              *tokens;                        /* [B, T] */
    double               *log_p, *entropy, *probability; /* as in brood_batch_t */
    const double         *weight; /* [B, T] of ∇ log p. Not NULL: what backward needs is kept */
    double                entropy_weight;

    int64_t steps; /* taken */
    /* Slots: one a step where backward needs them, else as many as a step needs at once. A step begins in slot t of
       `states` and leaves its results in slot t + 1. */
    int64_t           slots, states;
    brood_decision_t *decision; /* [states, B] of step t, in slot t + 1 */
    double           *x;        /* [slots, B, U] into the first layer */
    double           *c, *m;    /* [states, L, B, U] */
    double           *tape;     /* [slots, L, B, tape_width U] */
    double           *dlogits;  /* [slots, B, K] */
    /* What one step works in. */
    double  *scratch;                          /* [B, 2 G U] */
    int32_t *member;                           /* [B] rows that decide the same kind */
    double  *hidden, *logits;                  /* [B, U], [B, K] of these */
    double  *log_softmax, *share;              /* [K] log softmax and softmax of a row */
    double  *dx, *dc, *dm, *dc_next, *dm_next; /* [B, U], then [L, B, U]: derivatives by a step's input and states */
} rollout_t;

/* Takes what the fields above need from an arena, which may only count. */
void brood_rollout_lay_out(rollout_t *rollout, brood_arena_t *arena);

/* Draws or follows the tokens to the end and fills what is wanted. BROOD_E_BUG: a token that is no choice, or a
   decision that brood_policy_create did not see. */
brood_err_t brood_rollout_forward(rollout_t *rollout) BROOD_WARN_UNUSED;

/* gradient[P] += Σ_b Σ_t weight[b, t] ∇ log p[b, t] + entropy_weight Σ_b ∇ entropy[b], after forward. */
void brood_rollout_backward(rollout_t *rollout, double *gradient);

/* The rows that decide `kind` in step t: fills member, returns their number. */
int64_t brood_rollout_members(const rollout_t *rollout, int64_t t, int64_t kind);

static inline int64_t rollout_slot(const rollout_t *r, int64_t t) {
    return t % r->slots;
}
static inline int64_t rollout_state(const rollout_t *r, int64_t t) {
    return t % r->states;
}
/* [B, U]: the state of a layer at the beginning of step t. */
static inline int64_t rollout_state_at(const rollout_t *r, int64_t t, int64_t layer) {
    const brood_policy_config_t *config = &r->policy->config;
    return (rollout_state(r, t) * config->layers + layer) * r->rows * config->units;
}
static inline brood_decision_t *rollout_decisions(const rollout_t *r, int64_t t) {
    return r->decision + rollout_state(r, t + 1) * r->rows;
}
static inline double *rollout_input(const rollout_t *r, int64_t t) {
    return r->x + rollout_slot(r, t) * r->rows * r->policy->config.units;
}
static inline double *rollout_tape(const rollout_t *r, int64_t t, int64_t layer) {
    const brood_policy_config_t *config = &r->policy->config;
    return r->tape +
           (rollout_slot(r, t) * config->layers + layer) * r->rows * r->policy->cell->tape_width * config->units;
}
static inline double *rollout_dlogits(const rollout_t *r, int64_t t) {
    return r->dlogits + rollout_slot(r, t) * r->rows * r->policy->choices;
}
/* Where in the weights the vector lies that is fed to a row at step t. */
int64_t brood_rollout_input_offset(const rollout_t *rollout, int64_t t, int64_t row);

#endif
