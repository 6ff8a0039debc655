/* The element-wise loops, each one source compiled once a path; products are math's. Lanes run along channels, or along
   everything where channels do not matter; never along a sum. Of NaN neither sign nor payload is promised. */
#ifndef BROOD_NN_KERNELS_H
#define BROOD_NN_KERNELS_H

#include "brood/nn/real.h"
#include "brood/rng/philox.h"

/* Which position of its window is the largest: as wide as a real, so that one mask selects both. Kept in memory as
   int8_t where the window has up to BROOD_NARROW positions. */
#ifdef BROOD_NN_DOUBLE
typedef int64_t brood_index_t;
#else
typedef int32_t brood_index_t;
#endif

#define BROOD_NARROW  128
#define BROOD_NOWHERE (-1) /* none of them: it has no gradient */

/* Numbers of a channel are repeated for so many positions, so that vectors run over rows of any number of channels. */
#define BROOD_TILE 16

/* Up to this window every output looks at every position of its window; from there on the work of van Herk and of Gil
   and Werman, three comparisons an output, is less. */
#define BROOD_POOL_DIRECT_FORWARD 3
/* Up to this one every position asks all outputs whose windows cover it; from there on gradients are summed while a
   maximum rests. The same bits, as maxima only move forwards along a line; beside NaN they may come back, so every path
   has the same bound. */
#define BROOD_POOL_DIRECT_BACKWARD 8

/* A line of positions that a pooling window of stride 1 slides along: position p begins at x + p · step, and `lanes`
   elements from there on are pooled side by side. Window o covers o − before … o − before + window − 1. Forward makes
   the outputs begin … end − 1, and reads their windows alone. */
typedef struct {
    int64_t positions, step, lanes, window, before, begin, end;
    bool    narrow;    /* what is kept */
    bool    rectifies; /* y is 0 where the largest is not above it: then BROOD_NOWHERE is kept */
} brood_line_t;

/* `count` pooling windows side by side, `advance` elements apart, each of rows that lie `row` elements apart. */
typedef struct {
    int64_t channels, height, width, row, pitch, count, advance;
    bool    narrow, rectifies; /* as of a line */
    bool    apart;             /* each position is in one window: its gradient is written, not added to */
} brood_window_t;

/* One pass of a fast Fourier transform along an axis of radix · blocks · span points (fourier.h). */
typedef struct {
    int64_t             radix, blocks, span;
    const brood_real_t *twiddles; /* [blocks, radix − 1, 2]: of block and k = 1 …, cosine and sine of
                                     −2π block k / (radix · blocks); NULL where blocks = 1 */
} brood_fourier_pass_t;

#define BROOD_FOURIER_PASSES 8 /* of an axis, at most */

typedef struct {
    int64_t              points, passes;
    brood_fourier_pass_t forward[BROOD_FOURIER_PASSES], inverse[BROOD_FOURIER_PASSES]; /* the radices in reverse */
} brood_fourier_axis_t;

/* A transform of planes of height x width · 2 real points, or of lines: height 1, without a pass. Of the frequencies
   those that are not another's conjugate are kept, `slots` of them, in an order of the transform's own. */
typedef struct {
    brood_fourier_axis_t height, width;
    const brood_real_t  *turns; /* [width, 2]: cosine and sine of −2π k / (2 · width) */
    int64_t              slots;
} brood_fourier_t;

/* The part of the plane that is not zero (or that is asked for), and where it lies in memory: rows of positions without
   gaps between them. */
typedef struct {
    int64_t begin[2], count[2]; /* height, width */
    int64_t stride;             /* elements from one position to the next */
    int64_t channels;
} brood_fourier_window_t;

/* Toom-Cook (Winograd's minimal filtering) along one axis: `outputs` outputs of `taps` taps at a time from as many
   inputs as there are points: 0, ±a for each pair, and, where the number of points is even, infinity, in this order. */
#define BROOD_TOOM_PAIRS  5
#define BROOD_TOOM_POINTS (2 * BROOD_TOOM_PAIRS + 2)

static inline int brood_toom_pairs(int64_t points) {
    return (int)(points - 1) / 2;
}
static inline bool brood_toom_infinite(int64_t points) {
    return points % 2 == 0;
}

/* Values of a polynomial of `count` coefficients at the points, power[pair][k] its k-th power at +a; and the transposed
   of that. */
typedef struct {
    int64_t      count;
    brood_real_t power[BROOD_TOOM_PAIRS][BROOD_TOOM_POINTS], zero, infinity;
} brood_toom_powers_t;

typedef struct {
    int64_t points; /* 1: this axis is not transformed */
    /* Of a tile of inputs d: at 0 Σ zero[k] d[2k]; at ∞ Σ infinity[k] d[2k + 1]; at ±a Σ even[k] d[2k + 2]
       ± Σ odd[k] d[2k + 1]. */
    brood_real_t        zero[BROOD_TOOM_PAIRS + 1], infinity[BROOD_TOOM_PAIRS + 1];
    brood_real_t        even[BROOD_TOOM_PAIRS][BROOD_TOOM_PAIRS], odd[BROOD_TOOM_PAIRS][BROOD_TOOM_PAIRS];
    brood_toom_powers_t outputs, taps;
} brood_toom_axis_t;

/* An image in tiles. Axis 0 is the height and axis 1 the width, or the other way round where axis 0 has one point. */
typedef struct {
    const brood_toom_axis_t   *axis[2];
    const brood_toom_powers_t *powers[2]; /* outputs or taps of the axis */
    int64_t                    tiles[2], size[2];
    int64_t                    before[2]; /* padding */
    int64_t                    step[2];   /* elements from one position to the next */
    int64_t                    channels;
    int64_t                    rows; /* between the axes' transforms that the workspace holds, at least a tile's */
} brood_toom_t;

typedef struct {
    double rate, beta1, beta2, epsilon, correction1, correction2, decay;
} brood_adam_t;

typedef struct {
    /* y = max(x, 0), NaN staying NaN; y may be x. dx = dy where y > 0, else 0; dx may be dy. */
    void (*relu_forward)(int64_t n, const brood_real_t *x, brood_real_t *y);
    void (*relu_backward)(int64_t n, const brood_real_t *y, const brood_real_t *dy, brood_real_t *dx);

    /* [rows, channels] by tiled[BROOD_TILE, channels]. y = a x + b; dx = a dy + (b x + c),
       each product and sum fused. y may be x, dx may be dy. */
    void (*affine_rows)(int64_t rows, int64_t channels, const brood_real_t *a, const brood_real_t *b,
                        const brood_real_t *x, brood_real_t *y);
    void (*affine2_rows)(int64_t rows, int64_t channels, const brood_real_t *a, const brood_real_t *b,
                         const brood_real_t *c, const brood_real_t *dy, const brood_real_t *x, brood_real_t *dx);

    /* y[n] = Σ x[arrays, n], array by array, `pitch` elements apart; y may be the first of them. */
    void (*add_up)(int64_t n, int64_t arrays, int64_t pitch, const brood_real_t *x, brood_real_t *y);

    /* sum[channels] = Σ x over rows, in order, eight at a time added up as reals and their sums as doubles; with v:
       dot[channels] = Σ x v and Σ x, all in double. v may be x. */
    void (*sum_rows)(int64_t rows, int64_t channels, const brood_real_t *x, double *sum);
    void (*dot_rows)(int64_t rows, int64_t channels, const brood_real_t *x, const brood_real_t *v, double *sum,
                     double *dot);

    /* Bits of kept[⌈n / 8⌉], the lowest first: unit i is kept where the 16-bit word i mod 8 (low halves first) of block
       first + ⌊i / 8⌋ is at least `threshold`. */
    void (*dropout_draw)(int64_t n, const brood_key4_t *key, uint32_t first, uint32_t threshold, uint8_t *kept);
    /* y = kept ? scale x : 0; y may be x. */
    void (*dropout_apply)(int64_t n, const uint8_t *kept, brood_real_t scale, const brood_real_t *x, brood_real_t *y);

    /* y and where in its window the largest stands, the first of equals (int8_t or brood_index_t); x and y do not
       overlap. Backward: dx of every position. */
    void (*pool_line_forward)(const brood_line_t *line, const brood_real_t *x, brood_real_t *y, void *index);
    void (*pool_line_backward)(const brood_line_t *line, const brood_real_t *dy, const void *index, brood_real_t *dx);

    /* Windows of height x width positions from x on: y[count, channels] and the tap row · pitch + column of each one's
       largest, the first of equals. Backward: adds dy there. */
    void (*pool_window_forward)(const brood_window_t *window, const brood_real_t *x, brood_real_t *y, void *index);
    void (*pool_window_backward)(const brood_window_t *window, const brood_real_t *dy, const void *index,
                                 brood_real_t *dx);

    /* The windows of one row of `positions` outputs, `step` elements apart, each of `height` runs of `run` elements,
       `row` elements apart: panel[positions, height, run]. Backward: the panel added onto x, position by position. */
    void (*gather_patches)(int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run,
                           const brood_real_t *x, brood_real_t *panel);
    void (*scatter_patches)(int64_t positions, int64_t step, int64_t height, int64_t row, int64_t run,
                            const brood_real_t *panel, brood_real_t *x);

    /* Twice the spectrum of an image of real numbers: spectrum[slot][real | imaginary, channels], its slots slot_pitch
       elements apart. The inverse is divided by 4 more than the points, so that it undoes a product of two such
       spectra; bias[channels], or NULL, is added at each position. Workspace: brood_fourier_workspace. */
    void (*fourier_forward)(const brood_fourier_t *fourier, const brood_fourier_window_t *window, const brood_real_t *x,
                            brood_real_t *spectrum, int64_t slot_pitch, brood_real_t *workspace);
    void (*fourier_inverse)(const brood_fourier_t *fourier, const brood_fourier_window_t *window,
                            const brood_real_t *spectrum, int64_t slot_pitch, const brood_real_t *bias, brood_real_t *x,
                            brood_real_t *workspace);
    /* The filters' spectrum w[channels, real | imaginary, filters] of a slot as the real matrix
       ((Wr −Wi) (Wi Wr))[2 channels, 2 filters] that a correlation multiplies [real | imaginary] with; and the gradient
       of w from that of the matrix. */
    void (*fourier_matrix)(int64_t channels, int64_t filters, const brood_real_t *w, brood_real_t *matrix);
    void (*fourier_fold)(int64_t channels, int64_t filters, const brood_real_t *matrix, brood_real_t *w);

    /* Between an image [positions, channels] and t[points of axis 0][points of axis 1][tiles, channels], its points
       `pitch` elements apart: the inputs of all tiles, transformed; the values at the points of what tiles of the
       powers' count hold; and the transposed of either, of the latter with bias[channels], or NULL, added at each
       position. Workspace: brood_toom_workspace. */
    void (*toom_input)(const brood_toom_t *toom, const brood_real_t *x, brood_real_t *t, int64_t pitch,
                       brood_real_t *workspace);
    void (*toom_evaluate)(const brood_toom_t *toom, const brood_real_t *y, brood_real_t *t, int64_t pitch,
                          brood_real_t *workspace);
    void (*toom_scatter)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, brood_real_t *x,
                         brood_real_t *workspace);
    void (*toom_collect)(const brood_toom_t *toom, const brood_real_t *t, int64_t pitch, const brood_real_t *bias,
                         brood_real_t *y, brood_real_t *workspace);

    /* One step of Adam (corrections 1 − β^t) and of SGD with momentum over n parameters. */
    void (*adam)(int64_t n, const brood_adam_t *adam, const brood_real_t *gradient, brood_real_t *first,
                 brood_real_t *second, brood_real_t *value);
    void (*sgd)(int64_t n, double rate, double momentum, double decay, const brood_real_t *gradient,
                brood_real_t *velocity, brood_real_t *value);
} brood_nn_kernels_t;

#define BROOD_MAX_LANES 16 /* of any path */

/* The one point where the path is chosen. */
const brood_nn_kernels_t *brood_nn_kernels(const brood_math_t *math);

#endif
