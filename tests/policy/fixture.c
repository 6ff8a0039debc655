#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void insist(brood_err_t err) {
    if (err == BROOD_OK) return;
    fprintf(stderr, "%s\n", brood_message());
    abort();
}

static void *allocated(int64_t count, size_t size) {
    void *memory = calloc((size_t)count + 1, size);
    if (!memory) abort();
    return memory;
}

brood_isa_t fixture_isa(void) {
    brood_isa_t isa;
    insist(brood_isa_choose(&isa));
    return isa;
}

brood_math_t *fixture_math(brood_isa_t isa) {
    brood_math_t *math;
    insist(brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &math));
    return math;
}

void fixture_fill(int64_t series, int64_t count, double limit, double *numbers) {
    brood_key4_t key = brood_key4(7, BROOD_PURPOSE_BENCH, series, 0, 0);
    for (int64_t i = 0; i < count; i++) numbers[i] = limit * (2 * brood_random_uniform(&key, (uint32_t)i) - 1);
}

double *fixture_numbers(int64_t series, int64_t count, double limit) {
    double *numbers = allocated(count, sizeof *numbers);
    if (limit > 0) fixture_fill(series, count, limit, numbers);
    return numbers;
}

brood_policy_config_t fixture_config(brood_cell_kind_t cell, int64_t layers) {
    return (brood_policy_config_t){.cell = cell,
                                   .units = 4,
                                   .layers = layers,
                                   .exploration = 0.1,
                                   .optimizer = BROOD_POLICY_ADAM,
                                   .learning_rate = 0.01};
}

brood_policy_t *fixture_policy(const brood_policy_config_t *config, const brood_space_t *space, brood_math_t *math) {
    brood_policy_t *policy;
    insist(brood_policy_create(config, space, 1, math, &policy));
    fixture_fill(1, brood_policy_parameters(policy), 0.8, brood_policy_weights(policy));
    return policy;
}

brood_batch_t fixture_batch(const brood_space_t *space, int64_t count) {
    int64_t       tokens = count * brood_space_length(space);
    brood_key4_t *key = allocated(count, sizeof *key);
    for (int64_t row = 0; row < count; row++) key[row] = brood_key4(3, BROOD_PURPOSE_SAMPLE, row, 0, 0);
    brood_batch_t batch = {.count = count,
                           .key = key,
                           .tokens = allocated(tokens, sizeof *batch.tokens),
                           .log_p = allocated(tokens, sizeof *batch.log_p),
                           .entropy = allocated(count, sizeof *batch.entropy),
                           .probability = allocated(tokens * brood_space_choices(space), sizeof *batch.probability)};
    for (int64_t i = 0; i < tokens; i++) batch.tokens[i] = -1;
    return batch;
}

void fixture_batch_free(brood_batch_t *batch) {
    free((void *)(uintptr_t)batch->key);
    free(batch->tokens);
    free(batch->log_p);
    free(batch->entropy);
    free(batch->probability);
}

double fixture_objective(const brood_space_t *space, const brood_batch_t *batch, const double *weight,
                         double entropy_weight) {
    double sum = 0;
    for (int64_t i = 0; i < batch->count * brood_space_length(space); i++) sum += weight[i] * batch->log_p[i];
    for (int64_t row = 0; row < batch->count; row++) sum += entropy_weight * batch->entropy[row];
    return sum;
}
