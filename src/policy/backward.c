#include <string.h>

#include "brood/math/product.h"
#include "rollout.h"

/* Through the softmax of step t into its weights, and onto dm_next of the last layer. */
static void softmax_backward(rollout_t *r, int64_t t, double *gradient) {
    const brood_policy_t *policy = r->policy;
    int64_t               units = policy->config.units, top = policy->config.layers - 1;
    const double         *m = r->m + rollout_state_at(r, t + 1, top);
    double               *dm = r->dm_next + top * r->rows * units;
    for (int64_t k = 0; k < policy->kind_count; k++) {
        const kind_t *kind = &policy->kind[k];
        int64_t       count = brood_rollout_members(r, t, k);
        if (count == 0) continue;
        for (int64_t i = 0; i < count; i++) {
            const double *dlogits = rollout_dlogits(r, t) + r->member[i] * policy->choices;
            memcpy(r->hidden + i * units, m + r->member[i] * units, (size_t)units * sizeof *m);
            memcpy(r->logits + i * kind->choices, dlogits, (size_t)kind->choices * sizeof *m);
            for (int64_t j = 0; j < kind->choices; j++) gradient[kind->bias + j] += dlogits[j];
        }
        brood_product_f64(policy->math, BROOD_TRANSPOSED, BROOD_PLAIN, units, kind->choices, count, r->hidden, units,
                          r->logits, kind->choices, true, gradient + kind->softmax, kind->choices);
        brood_product_f64(policy->math, BROOD_PLAIN, BROOD_TRANSPOSED, count, units, kind->choices, r->logits,
                          kind->choices, policy->weights + kind->softmax, kind->choices, false, r->hidden, units);
        for (int64_t i = 0; i < count; i++)
            for (int64_t u = 0; u < units; u++) dm[r->member[i] * units + u] += r->hidden[i * units + u];
    }
}

static void swap(double **a, double **b) {
    double *kept = *a;
    *a = *b;
    *b = kept;
}

/* Through the layers of step t, from the last to the first; leaves dx of the first, and the derivatives by the states
   that the step began with in dc_next and dm_next. */
static void cells_backward(rollout_t *r, int64_t t, double *gradient) {
    const brood_policy_t *policy = r->policy;
    int64_t               units = policy->config.units, state = r->rows * units;
    for (int64_t layer = policy->config.layers - 1; layer >= 0; layer--) {
        int64_t       from = rollout_state_at(r, t, layer), weights = policy->layer + layer * policy->layer_stride;
        const double *x = layer > 0 ? r->m + rollout_state_at(r, t + 1, layer - 1) : rollout_input(r, t);
        policy->cell->backward(policy->math, r->rows, units, units, policy->weights + weights, x, r->c + from,
                               r->m + from, rollout_tape(r, t, layer), r->dc_next + layer * state,
                               r->dm_next + layer * state, r->dx, r->dc + layer * state, r->dm + layer * state,
                               gradient + weights, r->scratch);
        if (layer == 0) break;
        double *below = r->dm_next + (layer - 1) * state;
        for (int64_t i = 0; i < state; i++) below[i] += r->dx[i];
    }
    swap(&r->dc, &r->dc_next);
    swap(&r->dm, &r->dm_next);
}

static void feed_backward(const rollout_t *r, int64_t t, double *gradient) {
    int64_t                 units = r->policy->config.units;
    const brood_decision_t *decision = rollout_decisions(r, t);
    for (int64_t row = 0; row < r->rows; row++) {
        if (decision[row].choices == 0) continue;
        double *fed = gradient + brood_rollout_input_offset(r, t, row);
        for (int64_t u = 0; u < units; u++) fed[u] += r->dx[row * units + u];
    }
}

void brood_rollout_backward(rollout_t *r, double *gradient) {
    size_t state = (size_t)(r->policy->config.layers * r->rows * r->policy->config.units) * sizeof(double);
    memset(r->dc_next, 0, state);
    memset(r->dm_next, 0, state);
    for (int64_t t = r->steps - 1; t >= 0; t--) {
        softmax_backward(r, t, gradient);
        cells_backward(r, t, gradient);
        feed_backward(r, t, gradient);
    }
}
