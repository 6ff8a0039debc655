/* A layer that is drawn, with numbers for it, and what the naive reference expects of them. */
#ifndef TESTS_NN_DRAWN_H
#define TESTS_NN_DRAWN_H

#include "../../src/nn/ref/ref.h"
#include "brood/util/bound.h"
#include "support.h"

enum { DIRECT, TOOM, FOURIER, POOL, RECTIFIED, RELU, NORM, DENSE, AVERAGE, DROPOUT, SUBJECTS }; /* what is tested */
enum { Y, DX, DWEIGHTS, DBIAS, OUTSIDE, ARRAYS }; /* of a norm: scale, shift; OUTSIDE training: y again */

typedef struct {
    double *numbers; /* NULL: there is no such array; of OUTSIDE: it is y */
    int64_t n;
    double  norm; /* what errors are shares of */
} expected_t;

typedef struct {
    brood_ref_window_t w; /* filters: or units of a dense layer, else 1 */
    int64_t            subject, minibatch;
    int32_t            percent;                             /* dropped */
    bool               bias, ties, fixed;                   /* ties: x takes few values; fixed: see check.h */
    int64_t            inputs, outputs, count[2];           /* elements of all images; of the parameters */
    brood_real_t      *x, *dy, *parameter[2] /* or NULL */; /* x NULL: not drawn yet */
    expected_t         expected[ARRAYS];
} drawn_t;

extern uint64_t drawing; /* where it is: what is drawn next follows from it */

int64_t below(int64_t count); /* 0 … count − 1 */
int64_t up_to(int64_t most);  /* 1 … most, small ones more often */

/* Products of a convolution or a dense layer, and elements that a pooling looks at: those in the padding are none. */
int64_t work_of(const brood_ref_window_t *w);

/* For this network, the first layer of which is not c's; the others' parameters are. */
void draw_numbers(drawn_t *c, const fixture_t *f);

/* `key`: of the training step that is expected. */
void ask_reference(drawn_t *c, brood_key4_t key);

void release(drawn_t *c);

#endif
