/* Given architectures, one after the other and again: how `brood train` is a run like any other. */
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"
#include "brood/search/strategy.h"

typedef struct {
    int64_t  count, positions, choices;
    int32_t *tokens;              /* [count, T] */
    char (*text)[BROOD_MAX_TEXT]; /* [count] canonical */
} list_t;

static void destroy(void **self) {
    list_t *list = *self;
    if (!list) return;
    free(list->tokens);
    free(list->text);
    free(list);
    *self = NULL;
}

/* An architecture of the list need not lie in the space, but must be a network. */
static brood_err_t read_text(const list_t *list, const brood_space_t *space, int64_t i, const char *text,
                             brood_net_spec_t *spec) {
    brood_err_t err = brood_space_parse(space, text, list->tokens + i * list->positions, list->text[i]);
    if (err == BROOD_OK) err = brood_space_network(space, list->text[i], spec);
    return err == BROOD_E_DATA ? BROOD_E_CONFIG : err; /* the message names the architecture */
}

static brood_err_t create(const brood_strategy_setup_t *setup, void **self) {
    const brood_texts_t *texts = setup->config;
    brood_err_t          err = BROOD_OK;
    brood_net_spec_t    *spec = NULL;
    if (texts->count == 0)
        return brood_fail(BROOD_E_CONFIG, "strategy.list is empty, expected at least one architecture; `brood train` "
                                          "fills it");
    list_t *list = calloc(1, sizeof *list);
    *self = list;
    if (!list) return brood_fail(BROOD_E_MEMORY, "out of memory for strategy list");
    list->count = texts->count;
    list->positions = brood_space_length(setup->space);
    list->choices = brood_space_choices(setup->space);
    list->tokens = calloc((size_t)list->count * (size_t)list->positions, sizeof *list->tokens);
    list->text = calloc((size_t)list->count, sizeof *list->text);
    spec = malloc(sizeof *spec);
    if (!list->tokens || !list->text || !spec) BROOD_TRY(brood_fail(BROOD_E_MEMORY, "out of memory for strategy list"));
    for (int64_t i = 0; i < list->count; i++) BROOD_TRY(read_text(list, setup->space, i, texts->text[i], spec));
done:
    free(spec);
    if (err != BROOD_OK) destroy(self);
    return err;
}

static brood_err_t propose(void *self, const brood_history_t *history, brood_proposals_t *proposals) {
    (void)history;
    const list_t  *list = self;
    brood_batch_t *out = proposals->out;
    int64_t        positions = list->positions, cells = positions * list->choices;
    for (int64_t i = 0; i < proposals->count; i++) {
        int64_t at = proposals->episode[i] % list->count;
        proposals->text[i] = list->text[at];
        memcpy(out->tokens + i * positions, list->tokens + at * positions, (size_t)positions * sizeof *out->tokens);
        /* Nobody drew it: there is no probability. */
        out->entropy[i] = brood_nan();
        for (int64_t t = 0; t < positions; t++) out->log_p[i * positions + t] = brood_nan();
        for (int64_t c = 0; c < cells; c++) out->probability[i * cells + c] = brood_nan();
    }
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

const brood_strategy_t brood_strategy_list = {.name = "list",
                                              .doc = "given architectures, one after the other and again",
                                              .foreknown = true,
                                              .create = create,
                                              .propose = propose,
                                              .learn = learn,
                                              .fields = fields,
                                              .destroy = destroy};
