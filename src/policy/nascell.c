#include "brood/math/function.h"
#include "cell_private.h"

/* Order on the tape: what one function makes stands together. Names as in brood/policy/cell.h; of g3 its factors are
 * kept. */
enum {
    TAPE_G0,
    TAPE_G2,
    TAPE_G5,
    TAPE_G7, /* σ */
    TAPE_G4,
    TAPE_G6, /* tanh */
    TAPE_G1, /* relu */
    TAPE_A3,
    TAPE_H3,
    TAPE_P0,
    TAPE_P1,
    TAPE_P2, /* tanh */
    TAPE_P3, /* σ */
    TAPE_S,
    TAPE_Q, /* tanh: s = tanh(p0 + c), q = tanh(p2 + p3) */
    TAPE_M, /* m' */
    TAPE_WIDTH
};
enum { GATES = 8 };

static double relu(double x) {
    return x > 0 ? x : 0;
}

static void gates_of_row(int64_t units, const double *a, const double *h, double *tape) {
    for (int64_t u = 0; u < units; u++) {
        tape[TAPE_G0 * units + u] = a[u] + h[u];
        tape[TAPE_G1 * units + u] = relu(a[units + u] + h[units + u]);
        tape[TAPE_G2 * units + u] = a[2 * units + u] + h[2 * units + u];
        tape[TAPE_A3 * units + u] = a[3 * units + u];
        tape[TAPE_H3 * units + u] = h[3 * units + u];
        tape[TAPE_G4 * units + u] = a[4 * units + u] + h[4 * units + u];
        tape[TAPE_G5 * units + u] = a[5 * units + u] + h[5 * units + u];
        tape[TAPE_G6 * units + u] = a[6 * units + u] + h[6 * units + u];
        tape[TAPE_G7 * units + u] = a[7 * units + u] + h[7 * units + u];
    }
    brood_sigmoid_n(4 * units, tape + TAPE_G0 * units, tape + TAPE_G0 * units);
    brood_tanh_n(2 * units, tape + TAPE_G4 * units, tape + TAPE_G4 * units);
}

static void forward_row(int64_t units, const double *a, const double *h, const double *c, double *c_next,
                        double *m_next, double *tape) {
    gates_of_row(units, a, h, tape);
    for (int64_t u = 0; u < units; u++) {
        double g3 = relu(tape[TAPE_A3 * units + u] * tape[TAPE_H3 * units + u]);
        tape[TAPE_P0 * units + u] = tape[TAPE_G0 * units + u] * tape[TAPE_G1 * units + u];
        tape[TAPE_P1 * units + u] = tape[TAPE_G2 * units + u] + g3;
        tape[TAPE_P2 * units + u] = tape[TAPE_G4 * units + u] * tape[TAPE_G5 * units + u];
        tape[TAPE_P3 * units + u] = tape[TAPE_G6 * units + u] + tape[TAPE_G7 * units + u];
    }
    brood_tanh_n(3 * units, tape + TAPE_P0 * units, tape + TAPE_P0 * units);
    brood_sigmoid_n(units, tape + TAPE_P3 * units, tape + TAPE_P3 * units);
    for (int64_t u = 0; u < units; u++) {
        tape[TAPE_S * units + u] = tape[TAPE_P0 * units + u] + c[u];
        tape[TAPE_Q * units + u] = tape[TAPE_P2 * units + u] + tape[TAPE_P3 * units + u];
    }
    brood_tanh_n(2 * units, tape + TAPE_S * units, tape + TAPE_S * units);
    for (int64_t u = 0; u < units; u++) {
        c_next[u] = tape[TAPE_S * units + u] * tape[TAPE_P1 * units + u];
        m_next[u] = c_next[u] * tape[TAPE_Q * units + u];
    }
    brood_tanh_n(units, m_next, m_next);
    for (int64_t u = 0; u < units; u++) tape[TAPE_M * units + u] = m_next[u];
}

static void forward(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                    const double *x, const double *c, const double *m, double *c_next, double *m_next, double *tape,
                    double *scratch) {
    int64_t width = GATES * units;
    double *a = scratch, *h = scratch + rows * width;
    brood_cell_products(math, &brood_cell_nascell, rows, inputs, units, parameters, x, m, a, h);
    for (int64_t row = 0; row < rows; row++)
        forward_row(units, a + row * width, h + row * width, c + row * units, c_next + row * units,
                    m_next + row * units, tape + row * TAPE_WIDTH * units);
}

/* Of one unit: tape, da and dh point at it, `units` apart from gate to gate. Returns dc. */
static double backward_unit(int64_t units, const double *tape, double dc_next, double dm_next, double *da, double *dh) {
    double g0 = tape[TAPE_G0 * units], g1 = tape[TAPE_G1 * units], g2 = tape[TAPE_G2 * units];
    double a3 = tape[TAPE_A3 * units], h3 = tape[TAPE_H3 * units], g4 = tape[TAPE_G4 * units];
    double g5 = tape[TAPE_G5 * units], g6 = tape[TAPE_G6 * units], g7 = tape[TAPE_G7 * units];
    double p0 = tape[TAPE_P0 * units], p1 = tape[TAPE_P1 * units], p2 = tape[TAPE_P2 * units];
    double p3 = tape[TAPE_P3 * units], s = tape[TAPE_S * units], q = tape[TAPE_Q * units];

    double d_product = dm_next * brood_cell_tanh_slope(tape[TAPE_M * units]); /* of c' q */
    double d_cell = dc_next + d_product * q;
    double d_sum = d_cell * p1 * brood_cell_tanh_slope(s);        /* of p0 + c */
    double d_out = d_product * s * p1 * brood_cell_tanh_slope(q); /* of p2 + p3 */
    double d0 = d_sum * brood_cell_tanh_slope(p0);                /* of g0 g1 */
    double d1 = d_cell * s * brood_cell_tanh_slope(p1);           /* of g2 + g3 */
    double d2 = d_out * brood_cell_tanh_slope(p2);                /* of g4 g5 */
    double d3 = d_out * brood_cell_sigmoid_slope(p3);             /* of g6 + g7 */
    double d_relu = a3 * h3 > 0 ? d1 : 0;                         /* of a3 h3 */

    da[0] = dh[0] = d0 * g1 * brood_cell_sigmoid_slope(g0);
    da[units] = dh[units] = g1 > 0 ? d0 * g0 : 0;
    da[2 * units] = dh[2 * units] = d1 * brood_cell_sigmoid_slope(g2);
    da[3 * units] = d_relu * h3;
    dh[3 * units] = d_relu * a3;
    da[4 * units] = dh[4 * units] = d2 * g5 * brood_cell_tanh_slope(g4);
    da[5 * units] = dh[5 * units] = d2 * g4 * brood_cell_sigmoid_slope(g5);
    da[6 * units] = dh[6 * units] = d3 * brood_cell_tanh_slope(g6);
    da[7 * units] = dh[7 * units] = d3 * brood_cell_sigmoid_slope(g7);
    return d_sum;
}

static void backward(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                     const double *x, const double *c, const double *m, const double *tape, const double *dc_next,
                     const double *dm_next, double *dx, double *dc, double *dm, double *d_parameters, double *scratch) {
    (void)c; /* known through tanh(p0 + c) */
    int64_t width = GATES * units;
    double *da = scratch, *dh = scratch + rows * width;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t u = 0; u < units; u++)
            dc[row * units + u] = backward_unit(units, tape + row * TAPE_WIDTH * units + u, dc_next[row * units + u],
                                                dm_next[row * units + u], da + row * width + u, dh + row * width + u);
    brood_cell_products_backward(math, &brood_cell_nascell, rows, inputs, units, parameters, x, m, da, dh, dx, dm,
                                 d_parameters);
}

const brood_cell_t brood_cell_nascell = {.name = "nascell",
                                         .gates = GATES,
                                         .tape_width = TAPE_WIDTH,
                                         .forget_gate = -1,
                                         .forward = forward,
                                         .backward = backward};
