/* Whole batches, a block of rows at a time. */
#include <string.h>

#include "rollout.h"

/* Rows that go through the network at once: bounds the memory that long batches need. Where a batch is cut follows from
   its size alone. */
#define BLOCK 256

/* Runs `whole` block after block; gradient[P] is added to, or NULL. */
static brood_err_t run(const rollout_t *whole, double *gradient) {
    const brood_policy_t *policy = whole->policy;
    brood_err_t           err = BROOD_OK;
    brood_arena_t         arena = {0}, count = {0};
    rollout_t             block = *whole;
    block.rows = whole->rows < BLOCK ? whole->rows : BLOCK;
    brood_rollout_lay_out(&block, &count);
    BROOD_TRY(brood_arena_init(&arena, count.used));
    for (int64_t first = 0; first < whole->rows; first += BLOCK) {
        int64_t tokens = first * policy->length;
        block = *whole;
        block.rows = whole->rows - first < BLOCK ? whole->rows - first : BLOCK;
        block.tokens = whole->tokens + tokens;
        if (whole->key) block.key = whole->key + first;
        if (whole->log_p) block.log_p = whole->log_p + tokens;
        if (whole->entropy) block.entropy = whole->entropy + first;
        if (whole->probability) block.probability = whole->probability + tokens * policy->choices;
        if (whole->weight) block.weight = whole->weight + tokens;
        brood_arena_release(&arena, 0);
        brood_rollout_lay_out(&block, &arena);
        BROOD_TRY(brood_rollout_forward(&block));
        if (gradient) brood_rollout_backward(&block, gradient);
    }
done:
    brood_arena_fini(&arena);
    return err == BROOD_E_MEMORY ? brood_because(err, "workspace of the policy (policy.units, policy.layers)") : err;
}

static rollout_t rollout_of(const brood_policy_t *policy, const brood_batch_t *batch) {
    return (rollout_t){.policy = policy, .rows = batch->count, .tokens = batch->tokens};
}

static brood_err_t run_batch(const brood_policy_t *policy, brood_batch_t *batch, const brood_key4_t *key) {
    rollout_t rollout = rollout_of(policy, batch);
    rollout.key = key;
    rollout.log_p = batch->log_p;
    rollout.entropy = batch->entropy;
    rollout.probability = batch->probability;
    return run(&rollout, NULL);
}

brood_err_t brood_policy_sample(const brood_policy_t *policy, brood_batch_t *batch) {
    return run_batch(policy, batch, batch->key);
}

brood_err_t brood_policy_score(const brood_policy_t *policy, brood_batch_t *batch) {
    return run_batch(policy, batch, NULL);
}

brood_err_t brood_policy_gradient(const brood_policy_t *policy, const brood_batch_t *batch, const double *weight,
                                  double entropy_weight, double *gradient) {
    rollout_t rollout = rollout_of(policy, batch);
    rollout.weight = weight;
    rollout.entropy_weight = entropy_weight;
    memset(gradient, 0, (size_t)policy->parameters * sizeof *gradient);
    return run(&rollout, gradient);
}
