/* Prints what cells and policies compute, with all that it follows from, for reference.py: a line an array, "NAME SHAPE
   … : NUMBER …", after a line "case NAME". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/policy/cell.h"
#include "fixture.h"
#include "toy_space.h"

static void print(const char *name, int64_t rows, int64_t columns, const double *values) {
    printf("%s %lld %lld :", name, (long long)rows, (long long)columns);
    for (int64_t i = 0; i < rows * columns; i++) printf(" %.17g", values[i]);
    printf("\n");
}

static void print_integers(const char *name, int64_t rows, int64_t columns, const int32_t *values) {
    printf("%s %lld %lld :", name, (long long)rows, (long long)columns);
    for (int64_t i = 0; i < rows * columns; i++) printf(" %d", (int)values[i]);
    printf("\n");
}

static void print_number(const char *name, double value) {
    print(name, 1, 1, &value);
}

static void dump_cell(brood_math_t *math, const brood_cell_t *cell, int64_t rows, int64_t inputs, int64_t units) {
    int64_t count = brood_cell_parameters(cell, inputs, units), state = rows * units;
    double *parameters = fixture_numbers(1, count, 0.9), *x = fixture_numbers(2, rows * inputs, 1.5);
    double *c = fixture_numbers(3, state, 1), *m = fixture_numbers(4, state, 1);
    double *dc_next = fixture_numbers(5, state, 1), *dm_next = fixture_numbers(6, state, 1);
    double *c_next = fixture_numbers(0, state, 0), *m_next = fixture_numbers(0, state, 0);
    double *tape = fixture_numbers(0, state * cell->tape_width, 0);
    double *scratch = fixture_numbers(0, 2 * state * cell->gates, 0);
    double *dx = fixture_numbers(0, rows * inputs, 0), *dc = fixture_numbers(0, state, 0);
    double *dm = fixture_numbers(0, state, 0), *d_parameters = fixture_numbers(0, count, 0);
    cell->forward(math, rows, inputs, units, parameters, x, c, m, c_next, m_next, tape, scratch);
    cell->backward(math, rows, inputs, units, parameters, x, c, m, tape, dc_next, dm_next, dx, dc, dm, d_parameters,
                   scratch);

    printf("case cell %s\n", cell->name);
    int64_t width = cell->gates * units;
    print("wx", inputs, width, parameters);
    print("wm", units, width, parameters + inputs * width);
    print("bias", 1, width, parameters + (inputs + units) * width);
    print("x", rows, inputs, x);
    print("c", rows, units, c);
    print("m", rows, units, m);
    print("dc_next", rows, units, dc_next);
    print("dm_next", rows, units, dm_next);
    print("c_next", rows, units, c_next);
    print("m_next", rows, units, m_next);
    print("d_wx", inputs, width, d_parameters);
    print("d_wm", units, width, d_parameters + inputs * width);
    print("d_bias", 1, width, d_parameters + (inputs + units) * width);
    print("d_x", rows, inputs, dx);
    print("d_c", rows, units, dc);
    print("d_m", rows, units, dm);

    double *all[] = {parameters, x, c, m, dc_next, dm_next, c_next, m_next, tape, scratch, dx, dc, dm, d_parameters};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* kind and choices [B, T] of the decisions that a batch met; choices 0 beyond the end. */
static void print_decisions(const brood_space_t *space, const brood_batch_t *batch) {
    int64_t  length = brood_space_length(space), count = batch->count * length;
    int32_t *kind = calloc((size_t)count, sizeof *kind), *choices = calloc((size_t)count, sizeof *choices);
    if (!kind || !choices) abort();
    for (int64_t i = 0; i < count; i++) {
        if (batch->tokens[i] < 0) continue;
        brood_decision_t decision;
        brood_space_decision(space, batch->tokens + i / length * length, i % length, &decision);
        kind[i] = decision.kind;
        choices[i] = decision.choices;
    }
    print_integers("kind", batch->count, length, kind);
    print_integers("choices", batch->count, length, choices);
    free(kind);
    free(choices);
}

/* Each array of the weights, and the gradient by it. */
static void print_weights(brood_policy_t *policy, const double *gradient) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_policy_fields(policy, &fields);
    for (int64_t i = 0; i < fields.count; i++) {
        const brood_field_t *field = &fields.field[i];
        if (strcmp(field->group, "/policy/weights")) continue;
        char    name[2 * BROOD_MAX_NAME];
        int64_t offset = (const double *)field->base - brood_policy_weights(policy);
        int64_t columns = brood_field_row(field);
        snprintf(name, sizeof name, "w_%s", field->name);
        print(name, field->shape[0], columns, field->base);
        snprintf(name, sizeof name, "g_%s", field->name);
        print(name, field->shape[0], columns, gradient + offset);
    }
    brood_fields_fini(&fields);
}

static void dump_policy(brood_math_t *math, brood_cell_kind_t cell, int64_t layers, const brood_space_t *space,
                        double exploration) {
    const int64_t         rows = 7;
    int64_t               length = brood_space_length(space), choices = brood_space_choices(space);
    brood_policy_config_t config = fixture_config(cell, layers);
    config.exploration = exploration;
    brood_policy_t *policy = fixture_policy(&config, space, math);
    brood_batch_t   batch = fixture_batch(space, rows);
    double         *weight = fixture_numbers(7, rows * length, 1);
    double         *gradient = fixture_numbers(0, brood_policy_parameters(policy), 0);
    const double    entropy_weight = 0.6;
    if (brood_policy_sample(policy, &batch) != BROOD_OK ||
        brood_policy_gradient(policy, &batch, weight, entropy_weight, gradient) != BROOD_OK) {
        fprintf(stderr, "%s\n", brood_message());
        exit(1);
    }
    printf("case policy %s\n", cell == BROOD_CELL_LSTM ? "lstm" : "nascell");
    print_number("layers", (double)layers);
    print_number("kinds", (double)brood_space_kinds(space));
    for (int32_t kind = 0; kind < brood_space_kinds(space); kind++)
        printf("name_of_kind %d %s\n", (int)kind, brood_space_kind_name(space, kind));
    print_number("exploration", exploration);
    print_number("entropy_weight", entropy_weight);
    print_integers("tokens", rows, length, batch.tokens);
    print_decisions(space, &batch);
    print("weight", rows, length, weight);
    print("log_p", rows, length, batch.log_p);
    print("entropy", rows, 1, batch.entropy);
    print("probability", rows, length * choices, batch.probability);
    print_weights(policy, gradient);
    free(weight);
    free(gradient);
    fixture_batch_free(&batch);
    brood_policy_destroy(&policy);
}

int main(void) {
    brood_math_t *math = fixture_math(fixture_isa());
    dump_cell(math, &brood_cell_nascell, 5, 3, 7);
    dump_cell(math, &brood_cell_lstm, 5, 3, 7);
    for (int cell = BROOD_CELL_NASCELL; cell <= BROOD_CELL_LSTM; cell++)
        for (int64_t layers = 1; layers <= 2; layers++) {
            dump_policy(math, (brood_cell_kind_t)cell, layers, &toy_ragged, 0.15);
            dump_policy(math, (brood_cell_kind_t)cell, layers, &toy_alike, 0);
        }
    brood_math_destroy(&math);
    return 0;
}
