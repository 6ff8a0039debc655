/* Random search: what every other strategy has to beat. */
#include <math.h>
#include <stdlib.h>

#include "brood/math/function.h"
#include "brood/search/strategy.h"

static brood_err_t create(const brood_strategy_setup_t *setup, void **self) {
    const brood_space_t **space = malloc(sizeof *space);
    if (!space) return brood_fail(BROOD_E_MEMORY, "out of memory for strategy random");
    *space = setup->space;
    *self = space;
    return BROOD_OK;
}

static void draw(const brood_space_t *space, const brood_key4_t *key, int32_t *tokens, double *log_p, double *entropy,
                 double *probability) {
    int64_t positions = brood_space_length(space), choices = brood_space_choices(space);
    *entropy = 0;
    for (int64_t t = 0; t < positions; t++) {
        brood_decision_t decision;
        brood_space_decision(space, tokens, t, &decision);
        bool ended = decision.choices == 0;
        tokens[t] = ended ? -1 : (int32_t)brood_random_below(key, (uint32_t)t, decision.choices);
        log_p[t] = ended ? 0.0 : -brood_log(decision.choices);
        *entropy -= log_p[t];
        for (int64_t k = 0; k < choices; k++)
            probability[t * choices + k] = k < decision.choices ? 1.0 / decision.choices : brood_nan();
    }
}

static brood_err_t propose(void *self, const brood_history_t *history, brood_proposals_t *proposals) {
    (void)history;
    const brood_space_t *space = *(const brood_space_t **)self;
    int64_t              positions = brood_space_length(space), choices = brood_space_choices(space);
    brood_batch_t       *out = proposals->out;
    for (int64_t i = 0; i < proposals->count; i++)
        draw(space, &out->key[i], out->tokens + i * positions, out->log_p + i * positions, &out->entropy[i],
             out->probability + i * positions * choices);
    return BROOD_OK;
}

static brood_err_t learn(void *self, const brood_history_t *history, int64_t first_episode, const bool learns[],
                         double *advantage, brood_update_t *update) {
    (void)self, (void)history, (void)first_episode, (void)learns, (void)advantage, (void)update;
    return BROOD_OK;
}

static void fields(void *self, brood_fields_t *fields) {
    (void)self, (void)fields;
}

static void destroy(void **self) {
    free(*self);
    *self = NULL;
}

const brood_strategy_t brood_strategy_random = {.name = "random",
                                                .doc = "every architecture equally likely; learns nothing",
                                                .create = create,
                                                .propose = propose,
                                                .learn = learn,
                                                .fields = fields,
                                                .destroy = destroy};
