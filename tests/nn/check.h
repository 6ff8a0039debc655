/* A layer against the naive reference, on every path.

   Each network is a convolution 1x1 that changes nothing (so that somebody asks for the gradient of what is behind it)
   and the layer under test. It is compared with the reference while activations and gradients of all images are kept,
   and must then leave the same bits as children are trained: a block of images at a time, on either path, on one thread
   and on three. */
#ifndef TESTS_NN_CHECK_H
#define TESTS_NN_CHECK_H

#include "drawn.h"

/* Bounds on the norm of an array's error, as shares of the array's (drawn.h); 0: it is exact. */
typedef struct {
    const char        *name; /* of a convolution: the way that it is made */
    brood_layer_kind_t kind;
    int32_t            method;
    double             bound[ARRAYS];
} subject_t;

extern const subject_t   subjects[SUBJECTS];
extern const char *const array_names[ARRAYS];
extern double            largest[SUBJECTS][ARRAYS]; /* errors until now, as the bounds */

extern int64_t number; /* of the case */

/* Until `running` is false again, tell_case says that it was this one. */
void        tell_if_it_fails(const drawn_t *c);
extern bool running;
/* A test's teardown: which case has failed. */
int tell_case(void **state);

brood_net_spec_t network(const drawn_t *c);

/* Draws the numbers where they are not drawn yet, and shows `look` (or NULL) the network. Where the shape is fixed,
   native numerics are never left out, and each element is compared, too, by the largest one: of drawn shapes all of an
   array may be small by chance. */
void check(drawn_t *c, void (*look)(const drawn_t *c, const brood_net_t *net));

#endif
