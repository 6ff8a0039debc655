#include "brood/math/function.h"
#include "cell_private.h"

/* Order on the tape: what one function makes stands together. The weights' order is i, f, g, o. */
enum { TAPE_I, TAPE_F, TAPE_O, TAPE_G, TAPE_TANH_C, TAPE_WIDTH };
enum { GATE_I, GATE_F, GATE_G, GATE_O, GATES };

static void forward_row(int64_t units, const double *a, const double *h, const double *c, double *c_next,
                        double *m_next, double *tape) {
    double *i = tape + TAPE_I * units, *f = tape + TAPE_F * units, *o = tape + TAPE_O * units;
    double *g = tape + TAPE_G * units, *tanh_c = tape + TAPE_TANH_C * units;
    for (int64_t u = 0; u < units; u++) {
        i[u] = a[GATE_I * units + u] + h[GATE_I * units + u];
        f[u] = a[GATE_F * units + u] + h[GATE_F * units + u];
        g[u] = a[GATE_G * units + u] + h[GATE_G * units + u];
        o[u] = a[GATE_O * units + u] + h[GATE_O * units + u];
    }
    brood_sigmoid_n(3 * units, i, i);
    brood_tanh_n(units, g, g);
    for (int64_t u = 0; u < units; u++) c_next[u] = f[u] * c[u] + i[u] * g[u];
    brood_tanh_n(units, c_next, tanh_c);
    for (int64_t u = 0; u < units; u++) m_next[u] = o[u] * tanh_c[u];
}

static void forward(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                    const double *x, const double *c, const double *m, double *c_next, double *m_next, double *tape,
                    double *scratch) {
    int64_t width = GATES * units;
    double *a = scratch, *h = scratch + rows * width;
    brood_cell_products(math, &brood_cell_lstm, rows, inputs, units, parameters, x, m, a, h);
    for (int64_t row = 0; row < rows; row++)
        forward_row(units, a + row * width, h + row * width, c + row * units, c_next + row * units,
                    m_next + row * units, tape + row * TAPE_WIDTH * units);
}

static void backward_row(int64_t units, const double *c, const double *tape, const double *dc_next,
                         const double *dm_next, double *dc, double *dz) {
    const double *i = tape + TAPE_I * units, *f = tape + TAPE_F * units, *o = tape + TAPE_O * units;
    const double *g = tape + TAPE_G * units, *tanh_c = tape + TAPE_TANH_C * units;
    for (int64_t u = 0; u < units; u++) {
        double d_cell = dc_next[u] + dm_next[u] * o[u] * brood_cell_tanh_slope(tanh_c[u]);
        dc[u] = d_cell * f[u];
        dz[GATE_I * units + u] = d_cell * g[u] * brood_cell_sigmoid_slope(i[u]);
        dz[GATE_F * units + u] = d_cell * c[u] * brood_cell_sigmoid_slope(f[u]);
        dz[GATE_G * units + u] = d_cell * i[u] * brood_cell_tanh_slope(g[u]);
        dz[GATE_O * units + u] = dm_next[u] * tanh_c[u] * brood_cell_sigmoid_slope(o[u]);
    }
}

static void backward(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                     const double *x, const double *c, const double *m, const double *tape, const double *dc_next,
                     const double *dm_next, double *dx, double *dc, double *dm, double *d_parameters, double *scratch) {
    double *dz = scratch; /* [B, 4 U]: both products are summed, so that they share their derivative */
    for (int64_t row = 0; row < rows; row++)
        backward_row(units, c + row * units, tape + row * TAPE_WIDTH * units, dc_next + row * units,
                     dm_next + row * units, dc + row * units, dz + row * GATES * units);
    brood_cell_products_backward(math, &brood_cell_lstm, rows, inputs, units, parameters, x, m, dz, dz, dx, dm,
                                 d_parameters);
}

const brood_cell_t brood_cell_lstm = {.name = "lstm",
                                      .gates = GATES,
                                      .tape_width = TAPE_WIDTH,
                                      .forget_gate = GATE_F,
                                      .forward = forward,
                                      .backward = backward};
