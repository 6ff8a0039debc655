/* Cells: published numbers, plain formulas, central differences, the same bits on every path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/policy/cell.h"
#include "fixture.h"

static const brood_cell_t *const cells[] = {&brood_cell_nascell, &brood_cell_lstm};
#define CELLS 2

/* A step of a cell with room for everything. */
typedef struct {
    const brood_cell_t *cell;
    int64_t             rows, inputs, units, parameter_count;
    double             *parameters, *x, *c, *m, *c_next, *m_next, *tape, *scratch;
    double             *dc_next, *dm_next, *dx, *dc, *dm, *d_parameters;
} step_t;

static step_t step_create(const brood_cell_t *cell, int64_t rows, int64_t inputs, int64_t units) {
    int64_t count = brood_cell_parameters(cell, inputs, units), state = rows * units;
    return (step_t){.cell = cell,
                    .rows = rows,
                    .inputs = inputs,
                    .units = units,
                    .parameter_count = count,
                    .parameters = fixture_numbers(10, count, 0.9),
                    .x = fixture_numbers(11, rows * inputs, 1.5),
                    .c = fixture_numbers(12, state, 1),
                    .m = fixture_numbers(13, state, 1),
                    .c_next = fixture_numbers(0, state, 0),
                    .m_next = fixture_numbers(0, state, 0),
                    .tape = fixture_numbers(0, state * cell->tape_width, 0),
                    .scratch = fixture_numbers(0, 2 * state * cell->gates, 0),
                    .dc_next = fixture_numbers(14, state, 1),
                    .dm_next = fixture_numbers(15, state, 1),
                    .dx = fixture_numbers(0, rows * inputs, 0),
                    .dc = fixture_numbers(0, state, 0),
                    .dm = fixture_numbers(0, state, 0),
                    .d_parameters = fixture_numbers(0, count, 0)};
}

static void step_free(step_t *s) {
    double *all[] = {s->parameters, s->x,       s->c,       s->m,  s->c_next, s->m_next, s->tape,
                     s->scratch,    s->dc_next, s->dm_next, s->dx, s->dc,     s->dm,     s->d_parameters};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void run_forward(step_t *s, brood_math_t *math) {
    s->cell->forward(math, s->rows, s->inputs, s->units, s->parameters, s->x, s->c, s->m, s->c_next, s->m_next, s->tape,
                     s->scratch);
}

static void run_backward(step_t *s, brood_math_t *math) {
    s->cell->backward(math, s->rows, s->inputs, s->units, s->parameters, s->x, s->c, s->m, s->tape, s->dc_next,
                      s->dm_next, s->dx, s->dc, s->dm, s->d_parameters, s->scratch);
}

static void assert_close(double found, double expected, double tolerance) {
    if (!(fabs(found - expected) <= tolerance)) fail_msg("found %.17g, expected %.17g", found, expected);
}

static void nascell_gives_the_vector_that_tensorflow_published(void **state) {
    (void)state;
    static const double c_next[] = {0.715798, 0.780416, 0.794576}, m_next[] = {0.576751, 0.618936, 0.627393};
    brood_math_t       *math = fixture_math(fixture_isa());
    step_t              s = step_create(&brood_cell_nascell, 3, 4, 6);
    int64_t             weights = (s.inputs + s.units) * 8 * s.units;
    for (int64_t i = 0; i < s.parameter_count; i++) s.parameters[i] = i < weights ? 0.5 : 0;
    for (int64_t i = 0; i < 3 * 6; i++) s.c[i] = s.m[i] = 0.1;
    for (int64_t i = 0; i < 3 * 4; i++) s.x[i] = (double)(1 + i / 4);
    run_forward(&s, math);
    for (int64_t i = 0; i < 3 * 6; i++) {
        assert_close(s.c_next[i], c_next[i / 6], 1e-6);
        assert_close(s.m_next[i], m_next[i / 6], 1e-6);
    }
    step_free(&s);
    brood_math_destroy(&math);
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* x Wx + m Wm + b of one gate of one unit. */
static double preactivation(const step_t *s, int64_t row, int64_t gate, int64_t unit) {
    int64_t width = s->cell->gates * s->units, column = gate * s->units + unit;
    double  sum = s->parameters[(s->inputs + s->units) * width + column];
    for (int64_t i = 0; i < s->inputs; i++) sum += s->x[row * s->inputs + i] * s->parameters[i * width + column];
    for (int64_t i = 0; i < s->units; i++)
        sum += s->m[row * s->units + i] * s->parameters[(s->inputs + i) * width + column];
    return sum;
}

static void lstm_follows_its_formulas_on_odd_shapes(void **state) {
    (void)state;
    brood_math_t *math = fixture_math(fixture_isa());
    step_t        s = step_create(&brood_cell_lstm, 5, 3, 7);
    run_forward(&s, math);
    for (int64_t row = 0; row < s.rows; row++)
        for (int64_t u = 0; u < s.units; u++) {
            double i = sigmoid(preactivation(&s, row, 0, u)), f = sigmoid(preactivation(&s, row, 1, u));
            double g = tanh(preactivation(&s, row, 2, u)), o = sigmoid(preactivation(&s, row, 3, u));
            double c = f * s.c[row * s.units + u] + i * g;
            assert_close(s.c_next[row * s.units + u], c, 1e-14);
            assert_close(s.m_next[row * s.units + u], o * tanh(c), 1e-14);
        }
    step_free(&s);
    brood_math_destroy(&math);
}

static double loss(step_t *s, brood_math_t *math) {
    double sum = 0;
    run_forward(s, math);
    for (int64_t i = 0; i < s->rows * s->units; i++) sum += s->dc_next[i] * s->c_next[i] + s->dm_next[i] * s->m_next[i];
    return sum;
}

static void assert_derivative(step_t *s, brood_math_t *math, int64_t count, double *of, const double *found) {
    const double h = 1e-5;
    for (int64_t i = 0; i < count; i++) {
        double kept = of[i];
        of[i] = kept + h;
        double above = loss(s, math);
        of[i] = kept - h;
        double below = loss(s, math);
        of[i] = kept;
        assert_close(found[i], (above - below) / (2 * h), 1e-8);
    }
}

static void backward_agrees_with_central_differences_in_every_argument(void **state) {
    (void)state;
    brood_math_t *math = fixture_math(fixture_isa());
    for (int k = 0; k < CELLS; k++) {
        step_t s = step_create(cells[k], 3, 5, 7);
        run_forward(&s, math);
        run_backward(&s, math);
        assert_derivative(&s, math, s.rows * s.inputs, s.x, s.dx);
        assert_derivative(&s, math, s.rows * s.units, s.c, s.dc);
        assert_derivative(&s, math, s.rows * s.units, s.m, s.dm);
        assert_derivative(&s, math, s.parameter_count, s.parameters, s.d_parameters);
        step_free(&s);
    }
    brood_math_destroy(&math);
}

static void backward_adds_to_the_gradient_of_the_parameters(void **state) {
    (void)state;
    brood_math_t *math = fixture_math(fixture_isa());
    for (int k = 0; k < CELLS; k++) {
        step_t s = step_create(cells[k], 2, 3, 5);
        run_forward(&s, math);
        run_backward(&s, math);
        double *once = malloc((size_t)s.parameter_count * sizeof *once);
        assert_non_null(once);
        memcpy(once, s.d_parameters, (size_t)s.parameter_count * sizeof *once);
        run_backward(&s, math);
        for (int64_t i = 0; i < s.parameter_count; i++) assert_close(s.d_parameters[i], 2 * once[i], 1e-14);
        free(once);
        step_free(&s);
    }
    brood_math_destroy(&math);
}

static void paths_give_the_same_bits(void **state) {
    (void)state;
    if (fixture_isa() != BROOD_ISA_AVX512) skip();
    brood_math_t *narrow = fixture_math(BROOD_ISA_AVX2), *wide = fixture_math(BROOD_ISA_AVX512);
    for (int k = 0; k < CELLS; k++) {
        step_t a = step_create(cells[k], 13, 21, 19), b = step_create(cells[k], 13, 21, 19);
        run_forward(&a, narrow);
        run_forward(&b, wide);
        run_backward(&a, narrow);
        run_backward(&b, wide);
        size_t state_size = (size_t)(a.rows * a.units) * sizeof(double);
        assert_memory_equal(a.c_next, b.c_next, state_size);
        assert_memory_equal(a.m_next, b.m_next, state_size);
        assert_memory_equal(a.dc, b.dc, state_size);
        assert_memory_equal(a.dm, b.dm, state_size);
        assert_memory_equal(a.dx, b.dx, (size_t)(a.rows * a.inputs) * sizeof(double));
        assert_memory_equal(a.d_parameters, b.d_parameters, (size_t)a.parameter_count * sizeof(double));
        step_free(&a);
        step_free(&b);
    }
    brood_math_destroy(&narrow);
    brood_math_destroy(&wide);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nascell_gives_the_vector_that_tensorflow_published),
                                       cmocka_unit_test(lstm_follows_its_formulas_on_odd_shapes),
                                       cmocka_unit_test(backward_agrees_with_central_differences_in_every_argument),
                                       cmocka_unit_test(backward_adds_to_the_gradient_of_the_parameters),
                                       cmocka_unit_test(paths_give_the_same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
