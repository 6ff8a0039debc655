/* Which Fourier transform a convolution without strides is made with, and its tables.

   x[H, W] is laid into a plane (of height 1: a line) behind as many zeros as SAME padding puts before it, the filter's
   taps at its origin: then y is the correlation of the two, as far as it is kept, where the plane has room for the
   padding of one side. With X, V, D the spectra of x, the filter and dy: Y = X V̄, the gradients are D V of x and X D̄ of
   the filter. Nothing is asked of the sizes but factors 2, 3, 5 and 7, and that rows are even. */
#ifndef BROOD_NN_FOURIER_H
#define BROOD_NN_FOURIER_H

#include <stdbool.h>

#include "axis.h"
#include "brood/nn/cost.h"
#include "brood/util/arena.h"
#include "kernels/kernels.h"

/* What is transformed, of a filter that sweeps without strides over images. */
typedef struct {
    brood_axis_t height, width; /* of one signal: */
    int64_t      signals;       /* an image; all its rows where the filter is one row high, else 1 */
    int64_t      channels, filters;
    int64_t      points[2]; /* height (1: a line), width */
    brood_work_t work;
} brood_fourier_shape_t;

/* The cheapest plane for this filter; points 0: it would be too large. */
brood_fourier_shape_t brood_fourier_choose(const brood_axis_t *height, const brood_axis_t *width, int64_t channels,
                                           int64_t filters, bool propagates);

/* The transform's tables, in the arena. */
void brood_fourier_plan(const int64_t points[2], brood_arena_t *arena, brood_fourier_t *fourier);

/* Elements of workspace of a transform. */
int64_t brood_fourier_workspace(const brood_fourier_t *fourier);

#endif
