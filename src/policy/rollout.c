#include "rollout.h"

#include <string.h>

#include "brood/math/function.h"
#include "brood/math/product.h"

static double *take(brood_arena_t *arena, int64_t count) {
    return brood_arena_take(arena, (size_t)count * sizeof(double));
}

void brood_rollout_lay_out(rollout_t *r, brood_arena_t *arena) {
    const brood_policy_t *policy = r->policy;
    int64_t               layers = policy->config.layers, state = r->rows * policy->config.units;
    bool                  gradient = r->weight != NULL;
    r->slots = gradient ? policy->length : 1;
    r->states = gradient ? policy->length + 1 : 2;
    r->decision = brood_arena_take(arena, (size_t)(r->states * r->rows) * sizeof *r->decision);
    r->member = brood_arena_take(arena, (size_t)r->rows * sizeof *r->member);
    r->x = take(arena, r->slots * state);
    r->c = take(arena, r->states * layers * state);
    r->m = take(arena, r->states * layers * state);
    r->tape = take(arena, r->slots * layers * state * policy->cell->tape_width);
    r->scratch = take(arena, 2 * policy->cell->gates * state);
    r->hidden = take(arena, state);
    r->logits = take(arena, r->rows * policy->choices);
    r->log_softmax = take(arena, policy->choices);
    r->share = take(arena, policy->choices);
    if (!gradient) return;
    r->dlogits = take(arena, r->slots * r->rows * policy->choices);
    r->dx = take(arena, state);
    r->dc = take(arena, layers * state);
    r->dm = take(arena, layers * state);
    r->dc_next = take(arena, layers * state);
    r->dm_next = take(arena, layers * state);
}

/* Asks the space what each row decides in step t; *deciding: the rows that have not ended. */
static brood_err_t decide(rollout_t *r, int64_t t, int64_t *deciding) {
    const brood_policy_t   *policy = r->policy;
    brood_decision_t       *decision = rollout_decisions(r, t);
    const brood_decision_t *before = t > 0 ? rollout_decisions(r, t - 1) : NULL;
    *deciding = 0;
    for (int64_t row = 0; row < r->rows; row++) {
        const int32_t *tokens = r->tokens + row * policy->length;
        if (before && before[row].choices == 0) {
            decision[row].choices = 0;
            continue;
        }
        brood_space_decision(policy->space, tokens, t, &decision[row]);
        int32_t choices = decision[row].choices;
        if (choices == 0) continue;
        if (choices > policy->kind[decision[row].kind].choices)
            return brood_fail(BROOD_E_BUG, "position %lld has %d choices of %s, more than when the policy was made",
                              (long long)t, (int)choices, brood_space_kind_name(policy->space, decision[row].kind));
        if (!r->key && (tokens[t] < 0 || tokens[t] >= choices))
            return brood_fail(BROOD_E_BUG, "a sequence to be scored has token %d at position %lld, of %d choices",
                              (int)tokens[t], (long long)t, (int)choices);
        ++*deciding;
    }
    return BROOD_OK;
}

int64_t brood_rollout_input_offset(const rollout_t *r, int64_t t, int64_t row) {
    if (t == 0) return r->policy->start;
    const kind_t *kind = &r->policy->kind[rollout_decisions(r, t - 1)[row].kind];
    return kind->embedding + r->tokens[row * r->policy->length + t - 1] * r->policy->config.units;
}

/* Rows that have ended are fed zeros: one product for all costs less than picking rows. */
static void feed(rollout_t *r, int64_t t) {
    int64_t                 units = r->policy->config.units;
    double                 *x = rollout_input(r, t);
    const brood_decision_t *decision = rollout_decisions(r, t);
    for (int64_t row = 0; row < r->rows; row++) {
        if (decision[row].choices)
            memcpy(x + row * units, r->policy->weights + brood_rollout_input_offset(r, t, row),
                   (size_t)units * sizeof *x);
        else
            memset(x + row * units, 0, (size_t)units * sizeof *x);
    }
}

static void run_cells(rollout_t *r, int64_t t) {
    const brood_policy_t *policy = r->policy;
    int64_t               units = policy->config.units;
    const double         *x = rollout_input(r, t);
    for (int64_t layer = 0; layer < policy->config.layers; layer++) {
        int64_t from = rollout_state_at(r, t, layer), to = rollout_state_at(r, t + 1, layer);
        policy->cell->forward(policy->math, r->rows, units, units,
                              policy->weights + policy->layer + layer * policy->layer_stride, x, r->c + from,
                              r->m + from, r->c + to, r->m + to, rollout_tape(r, t, layer), r->scratch);
        x = r->m + to;
    }
}

/* log softmax and softmax of z[n]; returns the entropy. */
static double softmax(int64_t n, const double z[], double log_softmax[], double share[]) {
    double largest = z[0], sum = 0, entropy = 0;
    for (int64_t j = 1; j < n; j++)
        if (z[j] > largest) largest = z[j];
    for (int64_t j = 0; j < n; j++) {
        share[j] = brood_exp(z[j] - largest);
        sum += share[j];
    }
    double log_sum = brood_log(sum);
    for (int64_t j = 0; j < n; j++) {
        log_softmax[j] = z[j] - largest - log_sum;
        share[j] /= sum;
        entropy -= share[j] * log_softmax[j];
    }
    return entropy;
}

static double mixed(const rollout_t *r, int64_t n, int64_t j) {
    double exploration = r->policy->config.exploration;
    return (1 - exploration) * r->share[j] + exploration / (double)n;
}

/* Cumulative sums may end below 1 by rounding: what lies beyond them goes to the last choice that can be. */
static int32_t draw(const rollout_t *r, int64_t n, double uniform) {
    double  cumulative = 0;
    int32_t last = 0;
    for (int64_t j = 0; j < n; j++) {
        double p = mixed(r, n, j);
        if (!(p > 0)) continue;
        last = (int32_t)j;
        cumulative += p;
        if (uniform < cumulative) break;
    }
    return last;
}

/* Without exploration a softmax that underflows still has a logarithm. */
static double log_mixed(const rollout_t *r, int64_t n, int64_t j) {
    return r->policy->config.exploration > 0 ? brood_log(mixed(r, n, j)) : r->log_softmax[j];
}

/* dlogits[K] = weight ∇ log p(token), as mixed, + entropy_weight ∇ entropy; 0 beyond n. */
static void differentiate(const rollout_t *r, int64_t n, int64_t token, double weight, double entropy,
                          double *dlogits) {
    double exploration = r->policy->config.exploration;
    double part = exploration > 0 ? (1 - exploration) * r->share[token] / mixed(r, n, token) : 1;
    for (int64_t j = 0; j < n; j++)
        dlogits[j] = weight * part * ((j == token ? 1 : 0) - r->share[j]) -
                     r->entropy_weight * r->share[j] * (r->log_softmax[j] + entropy);
    for (int64_t j = n; j < r->policy->choices; j++) dlogits[j] = 0;
}

static void finish_row(rollout_t *r, int64_t t, int64_t row, int64_t n, const double logits[]) {
    int64_t  at = row * r->policy->length + t;
    int32_t *token = &r->tokens[at];
    double   entropy = softmax(n, logits, r->log_softmax, r->share);
    if (r->key) *token = draw(r, n, brood_random_uniform(&r->key[row], (uint32_t)t));
    if (r->log_p) r->log_p[at] = log_mixed(r, n, *token);
    if (r->entropy) r->entropy[row] += entropy;
    if (r->probability)
        for (int64_t j = 0; j < n; j++) r->probability[at * r->policy->choices + j] = mixed(r, n, j);
    if (r->weight)
        differentiate(r, n, *token, r->weight[at], entropy, rollout_dlogits(r, t) + row * r->policy->choices);
}

int64_t brood_rollout_members(const rollout_t *r, int64_t t, int64_t kind) {
    const brood_decision_t *decision = rollout_decisions(r, t);
    int64_t                 count = 0;
    for (int64_t row = 0; row < r->rows; row++)
        if (decision[row].choices && decision[row].kind == kind) r->member[count++] = (int32_t)row;
    return count;
}

/* One product for all rows that decide the same kind. */
static void run_softmax(rollout_t *r, int64_t t) {
    const brood_policy_t *policy = r->policy;
    int64_t               units = policy->config.units;
    const double         *m = r->m + rollout_state_at(r, t + 1, policy->config.layers - 1);
    for (int64_t k = 0; k < policy->kind_count; k++) {
        const kind_t *kind = &policy->kind[k];
        int64_t       count = brood_rollout_members(r, t, k);
        if (count == 0) continue;
        for (int64_t i = 0; i < count; i++) {
            memcpy(r->hidden + i * units, m + r->member[i] * units, (size_t)units * sizeof *m);
            memcpy(r->logits + i * kind->choices, policy->weights + kind->bias, (size_t)kind->choices * sizeof *m);
        }
        brood_product_f64(policy->math, BROOD_PLAIN, BROOD_PLAIN, count, kind->choices, units, r->hidden, units,
                          policy->weights + kind->softmax, kind->choices, true, r->logits, kind->choices);
        for (int64_t i = 0; i < count; i++) {
            int64_t row = r->member[i];
            finish_row(r, t, row, rollout_decisions(r, t)[row].choices, r->logits + i * kind->choices);
        }
    }
}

static void clear_outputs(rollout_t *r) {
    int64_t tokens = r->rows * r->policy->length;
    if (r->key)
        for (int64_t i = 0; i < tokens; i++) r->tokens[i] = -1;
    if (r->log_p) memset(r->log_p, 0, (size_t)tokens * sizeof *r->log_p);
    if (r->entropy) memset(r->entropy, 0, (size_t)r->rows * sizeof *r->entropy);
    if (r->probability)
        for (int64_t i = 0; i < tokens * r->policy->choices; i++) r->probability[i] = brood_nan();
}

brood_err_t brood_rollout_forward(rollout_t *r) {
    brood_err_t err = BROOD_OK;
    size_t      state = (size_t)(r->policy->config.layers * r->rows * r->policy->config.units) * sizeof(double);
    clear_outputs(r);
    memset(r->c + rollout_state_at(r, 0, 0), 0, state);
    memset(r->m + rollout_state_at(r, 0, 0), 0, state);
    for (r->steps = 0; r->steps < r->policy->length; r->steps++) {
        int64_t t = r->steps, deciding;
        BROOD_TRY(decide(r, t, &deciding));
        if (deciding == 0) break;
        feed(r, t);
        run_cells(r, t);
        run_softmax(r, t);
    }
done:
    return err;
}
