#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_private.h"

#define NEARLY_UNIFORM 0.08 /* embeddings and softmax weights, as Zoph and Le: the first policy prefers nothing */

static double glorot(int64_t inputs, int64_t outputs) {
    return sqrt(6.0 / (double)(inputs + outputs));
}

/* What an optimiser keeps, in the order of moment[]. */
typedef struct {
    const char *group, *label, *doc;
    double      start;
} moment_kind_t;

static const moment_kind_t adam_moments[] = {
    {"/policy/first_moment", "first moment", "Adam's moving mean of the gradient.", 0},
    {"/policy/second_moment", "second moment", "Adam's moving mean of the squared gradient.", 0}};
static const moment_kind_t sgd_moments[] = {
    {"/policy/velocity", "velocity", "The gradients' sum with momentum, of stochastic gradient ascent.", 0}};
static const moment_kind_t rmsprop_moments[] = {
    {"/policy/mean_square", "mean square", "RMSProp's moving mean of the squared gradient.", 1}};

static int moments_of(int32_t optimizer, const moment_kind_t **moments) {
    switch ((brood_policy_optimizer_t)optimizer) {
    case BROOD_POLICY_ADAM:
        *moments = adam_moments;
        return 2;
    case BROOD_POLICY_SGD:
        *moments = sgd_moments;
        return 1;
    case BROOD_POLICY_RMSPROP:
        *moments = rmsprop_moments;
        return 1;
    }
    *moments = NULL;
    return 0;
}

/* Choices of each kind: of its widest decision along the architecture whose tokens are all 0. */
static void survey_space(brood_policy_t *policy) {
    int32_t          tokens[BROOD_MAX_POSITIONS] = {0};
    brood_decision_t decision;
    for (int64_t t = 0; t < policy->length; t++) {
        brood_space_decision(policy->space, tokens, t, &decision);
        if (decision.choices == 0) break;
        kind_t *kind = &policy->kind[decision.kind];
        if (decision.choices > kind->choices) kind->choices = decision.choices;
    }
}

/* Appends an array; columns 0: a vector. Returns its offset. */
static int64_t add_array(brood_policy_t *policy, double limit, int64_t rows, int64_t columns, const char *name,
                         const char *of, const char *doc) {
    weights_t *array = &policy->array[policy->array_count++];
    *array = (weights_t){
        .doc = doc, .offset = policy->parameters, .ndim = columns ? 2 : 1, .shape = {rows, columns}, .limit = limit};
    snprintf(array->label, sizeof array->label, "%s%s%s", name, *of ? " of " : "", of);
    snprintf(array->name, sizeof array->name, "%s%s%s", name, *of ? "_" : "", of);
    for (char *at = array->name; *at; at++)
        if (*at == ' ') *at = '_';
    policy->parameters += rows * (columns ? columns : 1);
    return array->offset;
}

static void lay_out_kinds(brood_policy_t *policy) {
    int64_t units = policy->config.units;
    policy->start = add_array(policy, NEARLY_UNIFORM, units, 0, "start", "", "Fed to the cells at the first step.");
    for (int64_t k = 0; k < policy->kind_count; k++) {
        kind_t     *kind = &policy->kind[k];
        const char *name = brood_space_kind_name(policy->space, k);
        if (kind->choices == 0) continue; /* nothing is decided by it */
        kind->embedding = add_array(policy, NEARLY_UNIFORM, kind->choices, units, "embedding", name,
                                    "Fed to the cells when the token before was this choice: a row per choice.");
        kind->softmax = add_array(policy, NEARLY_UNIFORM, units, kind->choices, "softmax", name,
                                  "Logits from the cells' output: a column per choice.");
        kind->bias = add_array(policy, 0, kind->choices, 0, "softmax bias", name, "Added to the logits.");
    }
}

static void lay_out_layers(brood_policy_t *policy) {
    int64_t units = policy->config.units, width = policy->cell->gates * units;
    policy->layer = policy->parameters;
    policy->layer_stride = brood_cell_parameters(policy->cell, units, units);
    for (int64_t l = 0; l < policy->config.layers; l++) {
        char of[32];
        snprintf(of, sizeof of, "layer %lld", (long long)l);
        add_array(policy, glorot(units, width), units, width, "input weights", of,
                  "From the layer's input to its gates, gate after gate.");
        add_array(policy, glorot(units, width), units, width, "recurrent weights", of,
                  "From the layer's output a step before to its gates, gate after gate.");
        add_array(policy, 0, width, 0, "bias", of, "Added to the recurrent product, gate after gate.");
    }
}

static void initialise(brood_policy_t *policy, uint64_t seed) {
    for (int64_t i = 0; i < policy->array_count; i++) {
        const weights_t *array = &policy->array[i];
        double          *weights = policy->weights + array->offset;
        int64_t          count = array->shape[0] * (array->ndim == 2 ? array->shape[1] : 1);
        brood_key4_t     key = brood_key4(seed, BROOD_PURPOSE_POLICY_INIT, 0, 0, i);
        for (int64_t j = 0; j < count; j++)
            weights[j] = array->limit > 0 ? array->limit * (2 * brood_random_uniform(&key, (uint32_t)j) - 1) : 0;
    }
    int64_t units = policy->config.units, gate = policy->cell->forget_gate;
    for (int64_t l = 0; l < policy->config.layers && gate >= 0; l++) {
        double *bias =
            policy->weights + policy->layer + l * policy->layer_stride + 2 * units * policy->cell->gates * units;
        for (int64_t u = 0; u < units; u++) bias[gate * units + u] = 1;
    }

    const moment_kind_t *moments;
    int                  count = moments_of(policy->config.optimizer, &moments);
    for (int i = 0; i < count; i++)
        for (int64_t j = 0; j < policy->parameters; j++) policy->moment[i][j] = moments[i].start;
}

static brood_err_t vector(int64_t count, double **out) {
    *out = calloc((size_t)count, sizeof **out);
    if (*out) return BROOD_OK;
    return brood_fail(BROOD_E_MEMORY, "out of memory for a policy of %lld weights: lower policy.units",
                      (long long)count);
}

brood_err_t brood_policy_create(const brood_policy_config_t *config, const brood_space_t *space, uint64_t seed,
                                brood_math_t *math, brood_policy_t **out) {
    brood_err_t     err = BROOD_OK;
    brood_policy_t *policy = calloc(1, sizeof *policy);
    *out = NULL;
    if (!policy) return brood_fail(BROOD_E_MEMORY, "out of memory for the policy");
    policy->config = *config;
    policy->space = space;
    policy->math = math;
    policy->cell = config->cell == BROOD_CELL_LSTM ? &brood_cell_lstm : &brood_cell_nascell;
    policy->length = brood_space_length(space);
    policy->choices = brood_space_choices(space);
    policy->kind_count = brood_space_kinds(space);
    policy->kind = calloc((size_t)policy->kind_count, sizeof *policy->kind);
    policy->array = calloc((size_t)(1 + 3 * policy->kind_count + 3 * config->layers), sizeof *policy->array);
    if (!policy->kind || !policy->array) BROOD_TRY(brood_fail(BROOD_E_MEMORY, "out of memory for the policy"));

    survey_space(policy);
    lay_out_kinds(policy);
    lay_out_layers(policy);

    const moment_kind_t *moments;
    int                  moment_count = moments_of(config->optimizer, &moments);
    BROOD_TRY(vector(policy->parameters, &policy->weights));
    for (int i = 0; i < moment_count; i++) BROOD_TRY(vector(policy->parameters, &policy->moment[i]));
    initialise(policy, seed);
    *out = policy;
    policy = NULL;
done:
    brood_policy_destroy(&policy);
    return err;
}

void brood_policy_destroy(brood_policy_t **policy) {
    if (!*policy) return;
    for (int i = 0; i < POLICY_MOMENTS; i++) free((*policy)->moment[i]);
    free((*policy)->weights);
    free((*policy)->array);
    free((*policy)->kind);
    free(*policy);
    *policy = NULL;
}

int64_t brood_policy_parameters(const brood_policy_t *policy) {
    return policy->parameters;
}

double *brood_policy_weights(brood_policy_t *policy) {
    return policy->weights;
}

/* A field of each array, in one vector of their layout. */
static void add_fields(const brood_policy_t *policy, const char *group, const char *prefix, const char *doc,
                       double *base, brood_fields_t *fields) {
    for (int64_t i = 0; i < policy->array_count; i++) {
        const weights_t *array = &policy->array[i];
        brood_field_t    field = {.label = prefix ? prefix : array->label,
                                  .doc = doc ? doc : array->doc,
                                  .type = BROOD_TYPE_F64,
                                  .ndim = array->ndim,
                                  .shape = {array->shape[0], array->shape[1]},
                                  .base = base + array->offset};
        snprintf(field.group, sizeof field.group, "%s", group);
        snprintf(field.name, sizeof field.name, "%s", array->name);
        brood_fields_add(fields, &field);
    }
}

void brood_policy_fields(brood_policy_t *policy, brood_fields_t *fields) {
    brood_field_t steps = {.group = "/policy",
                           .name = "steps",
                           .label = "steps of the policy's optimiser",
                           .unit = "1",
                           .doc = "How many steps these weights have taken: one an update, none for a round from which "
                                  "nothing could be learned (all of it given architectures).",
                           .type = BROOD_TYPE_I64,
                           .base = &policy->steps};
    brood_fields_add(fields, &steps);
    add_fields(policy, "/policy/weights", NULL, NULL, policy->weights, fields);

    const moment_kind_t *moments;
    int                  count = moments_of(policy->config.optimizer, &moments);
    for (int i = 0; i < count; i++)
        add_fields(policy, moments[i].group, moments[i].label, moments[i].doc, policy->moment[i], fields);
}
