/* Which tiles a convolution without strides is cut into, and their transforms' tables (Toom-Cook; Winograd, CBMS-NSF
   33, 1980; Lavin and Gray, arXiv 1509.09308). Along an axis of r taps, m outputs at a time are A' (G w ⊙ B' d): G and
   A give a polynomial's values at m + r − 1 points: 0, pairs ±a, and infinity where one is left. */
#ifndef BROOD_NN_TOOM_H
#define BROOD_NN_TOOM_H

#include <stdbool.h>

#include "axis.h"
#include "brood/nn/cost.h"
#include "kernels/kernels.h"

/* The transforms of an axis of `taps` taps, outputs m ≥ 2 or 1 where there is one tap: then it is not transformed. */
void brood_toom_plan(int64_t outputs, int64_t taps, brood_toom_axis_t *axis);

typedef struct {
    int64_t      outputs[2], points; /* of a tile: height, width; of both axes together */
    brood_work_t work;
} brood_toom_shape_t;

/* The cheapest tiles whose rounding errors are within bounds; outputs 0: there are none. */
brood_toom_shape_t brood_toom_choose(const brood_axis_t *height, const brood_axis_t *width, int64_t channels,
                                     int64_t filters, bool propagates);

/* An image of [size[0], size[1], channels] in tiles of plan[0], plan[1]. */
brood_toom_t brood_toom_image(const brood_toom_axis_t plan[2], const int64_t size[2], const int64_t before[2],
                              int64_t channels);
/* The taps of a filter as one tile: [taps, taps, channels]. */
brood_toom_t brood_toom_taps(const brood_toom_axis_t plan[2], int64_t channels);

int64_t brood_toom_workspace(const brood_toom_t *toom); /* elements */

#endif
