/* Recurrent cells behind one interface, forward and backward over a batch of rows. */
#ifndef BROOD_POLICY_CELL_H
#define BROOD_POLICY_CELL_H

#include <stdint.h>

#include "brood/math/math.h"

/* One const struct a cell. I inputs, U units, B rows, G gates. A row's results do not depend on the other rows. */
typedef struct {
    const char *name;
    int64_t     gates;       /* G: columns of the weights, in units */
    int64_t     tape_width;  /* what forward keeps of a row for backward, in units */
    int64_t     forget_gate; /* the gate whose bias starts at 1, so that a new cell remembers; −1: all start at 0 */
    /* c_next[B, U], m_next[B, U] from x[B, I], c[B, U], m[B, U]; tape[B, tape_width × U] is filled. parameters: Wx[I, G
       U], Wm[U, G U], bias[G U], one behind the other (brood_cell_parameters). Outputs alias nothing. scratch[B, 2 × G
       × U]. */
    void (*forward)(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                    const double *x, const double *c, const double *m, double *c_next, double *m_next, double *tape,
                    double *scratch);
    /* From dc_next[B, U], dm_next[B, U] and what forward was given: dx[B, I], dc[B, U], dm[B, U] are set, d_parameters
       is added to. Outputs alias nothing. scratch as in forward. */
    void (*backward)(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                     const double *x, const double *c, const double *m, const double *tape, const double *dc_next,
                     const double *dm_next, double *dx, double *dc, double *dm, double *d_parameters, double *scratch);
} brood_cell_t;

/* (I + U) G U + G U. */
int64_t brood_cell_parameters(const brood_cell_t *cell, int64_t inputs, int64_t units);

/* NASCell as in TensorFlow 1.x contrib.rnn (found by Zoph and Le, arXiv 1611.01578, appendix A), its bias on the
   recurrent product: a = x Wx, h = m Wm + b, in eight gates;
   g0 = σ(a0 + h0), g1 = relu(a1 + h1), g2 = σ(a2 + h2), g3 = relu(a3 h3), g4 = tanh(a4 + h4), g5 = σ(a5 + h5),
   g6 = tanh(a6 + h6), g7 = σ(a7 + h7); p0 = tanh(g0 g1), p1 = tanh(g2 + g3), p2 = tanh(g4 g5), p3 = σ(g6 + g7);
   c' = tanh(p0 + c) p1, m' = tanh(c' tanh(p2 + p3)). */
extern const brood_cell_t brood_cell_nascell;

/* LSTM (Hochreiter and Schmidhuber 1997) with the forget gate of Gers, Schmidhuber and Cummins 2000: z = x Wx + m Wm +
   b, in the gates i, f, g, o; c' = σ(f) c + σ(i) tanh(g), m' = σ(o) tanh(c'). */
extern const brood_cell_t brood_cell_lstm;

#endif
