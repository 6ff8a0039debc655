/* Recurrent cells behind one interface, forward and backward over a batch of rows. */
#ifndef BROOD_POLICY_CELL_H
#define BROOD_POLICY_CELL_H

#include <stdint.h>

#include "brood/math/math.h"

/* One const struct a cell. I inputs, U units, B rows. Gates and products of one step are kept in `tape`[B, tape_width ×
 * U] by forward, for backward. */
typedef struct {
    const char *name;
    int64_t     gates;      /* columns of the weights, in units */
    int64_t     tape_width; /* in units */
    /* parameters[(I + U) × gates × U + gates × U]: Wx[I, gates U], Wm[U, gates U], bias[gates U].
       c_next[B, U], m_next[B, U] from x[B, I], c[B, U], m[B, U]; outputs alias nothing. scratch[B, 2 × gates × U]. */
    void (*forward)(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                    const double *x, const double *c, const double *m, double *c_next, double *m_next, double *tape,
                    double *scratch);
    /* From dc_next, dm_next: dx, dc, dm are set; d_parameters is added to. */
    void (*backward)(brood_math_t *math, int64_t rows, int64_t inputs, int64_t units, const double *parameters,
                     const double *x, const double *c, const double *m, const double *tape, const double *dc_next,
                     const double *dm_next, double *dx, double *dc, double *dm, double *d_parameters, double *scratch);
} brood_cell_t;

/* NASCell as in TensorFlow 1.x contrib.rnn (found by Zoph and Le, arXiv 1611.01578, appendix), its bias on the
 * recurrent product. */
extern const brood_cell_t brood_cell_nascell;
/* Hochreiter and Schmidhuber 1997, with forget gate (bias 1 at first), gates in the order i, f, g, o. */
extern const brood_cell_t brood_cell_lstm;

#endif
