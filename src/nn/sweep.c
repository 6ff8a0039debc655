#include "sweep.h"

#include <string.h>

#include "brood/util/bound.h"

/* A gathered panel has at most so many elements (unless one row has more): 256 KiB of float, so that it stays in L2. */
#define PANEL 65536

brood_sweep_t brood_sweep_plan(const brood_axis_t *height, const brood_axis_t *width, int64_t channels,
                               int64_t filters) {
    brood_sweep_t sweep = {.height = *height, .width = *width, .channels = channels, .filters = filters};
    sweep.depth = height->kernel * width->kernel * channels;
    sweep.positions = height->out * width->out;
    sweep.padded = brood_axis_padded(height) * brood_axis_padded(width) * channels;
    bool single = height->kernel == 1 && width->kernel == 1 && height->stride == 1 && width->stride == 1;
    if (single)
        sweep.kind = BROOD_SWEEP_POINTWISE;
    else if (height->kernel == 1 && height->out == 1)
        sweep.kind = BROOD_SWEEP_SLIDING;
    else if (channels == 1 && width->stride == 1)
        sweep.kind = BROOD_SWEEP_PLANES;
    else
        sweep.kind = BROOD_SWEEP_PATCHES;
    sweep.panel_rows = PANEL / (width->out * sweep.depth);
    if (sweep.panel_rows < 1) sweep.panel_rows = 1;
    return sweep;
}

static int64_t panel_elements(const brood_sweep_t *sweep, int64_t images) {
    return brood_smaller(sweep->panel_rows, images * sweep->height.out) * sweep->width.out * sweep->depth;
}

int64_t brood_sweep_workspace(const brood_sweep_t *sweep, int64_t images) {
    switch (sweep->kind) {
    case BROOD_SWEEP_POINTWISE:
        return 0;
    case BROOD_SWEEP_SLIDING:
        return sweep->padded;
    case BROOD_SWEEP_PLANES:
    case BROOD_SWEEP_PATCHES:
        break;
    }
    return images * sweep->padded + panel_elements(sweep, images);
}

int64_t brood_sweep_scatter_workspace(const brood_sweep_t *sweep) {
    return sweep->padded + panel_elements(sweep, 1);
}

/* How many of an axis' inputs any window covers: with strides the last ones may be beyond. */
static int64_t covered(const brood_axis_t *axis) {
    return brood_smaller(axis->in, brood_axis_padded(axis) - axis->before);
}

static void pad(const brood_sweep_t *sweep, const brood_real_t *x, brood_real_t *padded) {
    int64_t row = brood_axis_padded(&sweep->width) * sweep->channels, left = sweep->width.before * sweep->channels;
    int64_t length = covered(&sweep->width) * sweep->channels, rows = covered(&sweep->height);
    memset(padded, 0, (size_t)(sweep->height.before * row) * sizeof *padded);
    padded += sweep->height.before * row;
    for (int64_t h = 0; h < rows; h++, padded += row, x += sweep->width.in * sweep->channels) {
        memset(padded, 0, (size_t)left * sizeof *padded);
        memcpy(padded + left, x, (size_t)length * sizeof *padded);
        memset(padded + left + length, 0, (size_t)(row - left - length) * sizeof *padded);
    }
    int64_t below = brood_axis_padded(&sweep->height) - sweep->height.before - rows;
    memset(padded, 0, (size_t)(below * row) * sizeof *padded);
}

/* What dx keeps of a padded gradient. */
static void crop(const brood_sweep_t *sweep, const brood_real_t *padded, brood_real_t *x) {
    int64_t row = brood_axis_padded(&sweep->width) * sweep->channels, to_row = sweep->width.in * sweep->channels;
    int64_t length = covered(&sweep->width) * sweep->channels, rows = covered(&sweep->height);
    padded += sweep->height.before * row + sweep->width.before * sweep->channels;
    for (int64_t h = 0; h < rows; h++, padded += row, x += to_row) {
        memcpy(x, padded, (size_t)length * sizeof *x);
        memset(x + length, 0, (size_t)(to_row - length) * sizeof *x);
    }
    memset(x, 0, (size_t)((sweep->height.in - rows) * to_row) * sizeof *x);
}

/* A run of rows of the matrix of windows: op(a)[rows, depth], of the output positions first … first + rows − 1. */
typedef struct {
    const brood_real_t *a;
    brood_op_t          op;
    int64_t             lda, first, rows;
} panel_t;

static void gather(const brood_sweep_t *sweep, const brood_nn_kernels_t *kernels, const brood_real_t *padded,
                   int64_t first_row, int64_t rows, brood_real_t *panel) {
    int64_t row = brood_axis_padded(&sweep->width) * sweep->channels, columns = rows * sweep->width.out;
    int64_t run = sweep->width.kernel * sweep->channels, step = sweep->width.stride * sweep->channels;
    for (int64_t r = 0; r < rows; r++) {
        int64_t             image = (first_row + r) / sweep->height.out, at = (first_row + r) % sweep->height.out;
        const brood_real_t *from = padded + image * sweep->padded + at * sweep->height.stride * row;
        if (sweep->kind == BROOD_SWEEP_PATCHES) {
            kernels->gather_patches(sweep->width.out, step, sweep->height.kernel, row, run, from,
                                    panel + r * sweep->width.out * sweep->depth);
            continue;
        }
        brood_real_t *to = panel + r * sweep->width.out;
        for (int64_t i = 0; i < sweep->height.kernel; i++)
            for (int64_t j = 0; j < sweep->width.kernel; j++, to += columns)
                memcpy(to, from + i * row + j, (size_t)sweep->width.out * sizeof *to);
    }
}

/* Makes the panel that begins at *cursor (0 at first) and moves on; false at the end. */
static bool next_panel(const brood_sweep_t *sweep, const brood_nn_kernels_t *kernels, int64_t images,
                       const brood_real_t *x, brood_real_t *workspace, int64_t *cursor, panel_t *panel) {
    int64_t image_size = sweep->height.in * sweep->width.in * sweep->channels;
    switch (sweep->kind) {
    case BROOD_SWEEP_POINTWISE:
        *panel = (panel_t){x, BROOD_PLAIN, sweep->channels, 0, images * sweep->positions};
        return (*cursor)++ == 0;
    case BROOD_SWEEP_SLIDING:
        if (*cursor == images) return false;
        pad(sweep, x + *cursor * image_size, workspace);
        *panel = (panel_t){workspace, BROOD_PLAIN, sweep->width.stride * sweep->channels, *cursor * sweep->positions,
                           sweep->positions};
        ++*cursor;
        return true;
    case BROOD_SWEEP_PLANES:
    case BROOD_SWEEP_PATCHES:
        break;
    }
    if (*cursor == 0)
        for (int64_t i = 0; i < images; i++) pad(sweep, x + i * image_size, workspace + i * sweep->padded);
    int64_t rows = brood_smaller(sweep->panel_rows, images * sweep->height.out - *cursor);
    if (rows == 0) return false;
    brood_real_t *gathered = workspace + images * sweep->padded;
    gather(sweep, kernels, workspace, *cursor, rows, gathered);
    bool patches = sweep->kind == BROOD_SWEEP_PATCHES;
    *panel =
        (panel_t){gathered, patches ? BROOD_PLAIN : BROOD_TRANSPOSED, patches ? sweep->depth : rows * sweep->width.out,
                  *cursor * sweep->width.out, rows * sweep->width.out};
    *cursor += rows;
    return true;
}

static void multiply(const brood_sweep_t *sweep, brood_math_t *math, const panel_t *panel, const brood_real_t *packed,
                     const brood_real_t *bias, brood_real_t *y) {
    brood_product_packed_real(math, panel->op, panel->rows, sweep->filters, sweep->depth, panel->a, panel->lda, packed,
                              bias, false, y, sweep->filters);
}

void brood_sweep_forward(const brood_sweep_t *sweep, brood_math_t *math, const brood_nn_kernels_t *kernels,
                         int64_t images, const brood_real_t *x, const brood_real_t *packed, const brood_real_t *bias,
                         brood_real_t *y, brood_real_t *workspace) {
    panel_t panel;
    for (int64_t cursor = 0; next_panel(sweep, kernels, images, x, workspace, &cursor, &panel);)
        multiply(sweep, math, &panel, packed, bias, y + panel.first * sweep->filters);
}

bool brood_sweep_has_lines(const brood_sweep_t *sweep) {
    return sweep->kind == BROOD_SWEEP_POINTWISE || sweep->kind == BROOD_SWEEP_SLIDING;
}

void brood_sweep_lines(const brood_sweep_t *sweep, brood_math_t *math, int64_t first, int64_t lines,
                       const brood_real_t *x, const brood_real_t *packed, const brood_real_t *bias, brood_real_t *y,
                       brood_real_t *workspace) {
    const bool    pads = sweep->kind == BROOD_SWEEP_SLIDING;
    const int64_t line = sweep->height.out == 1 ? 1 : sweep->width.out; /* positions of it */
    panel_t       panel = {.op = BROOD_PLAIN, .first = first * line, .rows = lines * line};
    if (pads && first == 0) pad(sweep, x, workspace);
    panel.lda = sweep->width.stride * sweep->channels;
    panel.a = (pads ? workspace : x) + panel.first * panel.lda;
    multiply(sweep, math, &panel, packed, bias, y);
}

void brood_sweep_weights(const brood_sweep_t *sweep, brood_math_t *math, const brood_nn_kernels_t *kernels,
                         int64_t images, const brood_real_t *x, const brood_real_t *dy, bool accumulate,
                         brood_real_t *dw, brood_real_t *workspace) {
    panel_t panel;
    for (int64_t cursor = 0; next_panel(sweep, kernels, images, x, workspace, &cursor, &panel); accumulate = true)
        brood_product_real(math, panel.op == BROOD_PLAIN ? BROOD_TRANSPOSED : BROOD_PLAIN, BROOD_PLAIN, sweep->depth,
                           sweep->filters, panel.rows, panel.a, panel.lda, dy + panel.first * sweep->filters,
                           sweep->filters, accumulate, dw, sweep->filters);
}

void brood_sweep_scatter(const brood_sweep_t *sweep, brood_math_t *math, const brood_nn_kernels_t *kernels,
                         int64_t images, const brood_real_t *dy, const brood_real_t *packed, brood_real_t *dx,
                         brood_real_t *workspace) {
    int64_t       row = brood_axis_padded(&sweep->width) * sweep->channels;
    int64_t       run = sweep->width.kernel * sweep->channels, step = sweep->width.stride * sweep->channels;
    int64_t       image_size = sweep->height.in * sweep->width.in * sweep->channels;
    brood_real_t *padded = workspace, *panel = workspace + sweep->padded;
    for (int64_t image = 0; image < images; image++, dx += image_size) {
        memset(padded, 0, (size_t)sweep->padded * sizeof *padded);
        for (int64_t first = 0; first < sweep->height.out; first += sweep->panel_rows) {
            int64_t rows = brood_smaller(sweep->panel_rows, sweep->height.out - first);
            int64_t columns = rows * sweep->width.out;
            brood_product_packed_real(math, BROOD_PLAIN, columns, sweep->depth, sweep->filters, dy, sweep->filters,
                                      packed, NULL, false, panel, sweep->depth);
            dy += columns * sweep->filters;
            for (int64_t r = 0; r < rows; r++)
                kernels->scatter_patches(sweep->width.out, step, sweep->height.kernel, row, run,
                                         panel + r * sweep->width.out * sweep->depth,
                                         padded + (first + r) * sweep->height.stride * row);
        }
        crop(sweep, padded, dx);
    }
}
