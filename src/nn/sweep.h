/* A filter sweeping over images, as products of panels: the matrix of windows (output positions x taps · channels) is
   made a few rows at a time, or never, where a window's row is a run of the padded image itself. */
#ifndef BROOD_NN_SWEEP_H
#define BROOD_NN_SWEEP_H

#include "axis.h"
#include "brood/nn/real.h"
#include "kernels/kernels.h"

typedef enum {
    BROOD_SWEEP_POINTWISE, /* 1x1, stride 1: the images are the matrix */
    BROOD_SWEEP_SLIDING,   /* one row of positions: the padded image is the matrix, its rows overlapping */
    BROOD_SWEEP_PLANES,    /* one channel: gathered transposed, a row a tap, since whole rows of the image are copied */
    BROOD_SWEEP_PATCHES    /* gathered, a row a position */
} brood_sweep_kind_t;

typedef struct {
    brood_sweep_kind_t kind;
    brood_axis_t       height, width;
    int64_t            channels, filters;
    int64_t            depth;      /* taps · channels: the length of the sums */
    int64_t            positions;  /* outputs an image and filter */
    int64_t            padded;     /* elements of a padded image */
    int64_t            panel_rows; /* rows of output positions that are gathered at a time */
} brood_sweep_t;

/* Everything follows from the shapes, so that the bits of brood_sweep_weights do. */
brood_sweep_t brood_sweep_plan(const brood_axis_t *height, const brood_axis_t *width, int64_t channels,
                               int64_t filters);

/* Elements of workspace for `images` images at a time. */
int64_t brood_sweep_workspace(const brood_sweep_t *sweep, int64_t images);

/* y[images, positions, filters] of x[images, H, W, channels]; packed: weights[depth, filters] by brood_pack_real;
   bias[filters], or NULL. */
void brood_sweep_forward(const brood_sweep_t *sweep, brood_math_t *math, const brood_nn_kernels_t *kernels,
                         int64_t images, const brood_real_t *x, const brood_real_t *packed, const brood_real_t *bias,
                         brood_real_t *y, brood_real_t *workspace);

/* Whether a few lines of an image's outputs (rows, or, where there is a single one, its positions, as layer.h counts
   them) can be made at a time without gathering windows. */
bool brood_sweep_has_lines(const brood_sweep_t *sweep);

/* y[lines, …, filters], lines from the first on. What it pads it leaves in the workspace: those of an image are asked
   for in order. */
void brood_sweep_lines(const brood_sweep_t *sweep, brood_math_t *math, int64_t first, int64_t lines,
                       const brood_real_t *x, const brood_real_t *packed, const brood_real_t *bias, brood_real_t *y,
                       brood_real_t *workspace);

/* dw[depth, filters] (+)= what dy[images, positions, filters] and x say of it, images and positions in order. */
void brood_sweep_weights(const brood_sweep_t *sweep, brood_math_t *math, const brood_nn_kernels_t *kernels,
                         int64_t images, const brood_real_t *x, const brood_real_t *dy, bool accumulate,
                         brood_real_t *dw, brood_real_t *workspace);

/* Elements of workspace for brood_sweep_scatter. */
int64_t brood_sweep_scatter_workspace(const brood_sweep_t *sweep);

/* dx[images, H, W, channels] of dy, by adding up the windows' gradients position by position; packed: the transposed
   weights[filters, depth]. For strides: without one, dx is itself a sweep. */
void brood_sweep_scatter(const brood_sweep_t *sweep, brood_math_t *math, const brood_nn_kernels_t *kernels,
                         int64_t images, const brood_real_t *dy, const brood_real_t *packed, brood_real_t *dx,
                         brood_real_t *workspace);

#endif
