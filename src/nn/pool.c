/* Max-pooling. With stride 1 the two axes are pooled one after the other, each at a cost that does not grow with the
   window; otherwise window by window. Backward follows the positions that forward kept. */
#include "pool.h"

#include <string.h>

static bool slides(const brood_layer_t *layer) {
    return layer->args.stride_height == 1 && layer->args.stride_width == 1;
}

static bool both_slide(const brood_layer_t *layer) {
    return slides(layer) && layer->args.height > 1 && layer->args.width > 1;
}

static bool is_narrow(const brood_layer_t *layer) {
    return (int64_t)layer->args.height * layer->args.width <= BROOD_NARROW;
}

static size_t index_size(const brood_layer_t *layer) {
    return is_narrow(layer) ? sizeof(int8_t) : sizeof(brood_index_t);
}

static brood_axis_t height_of(const brood_layer_t *layer) {
    return brood_axis_same(layer->in[0], layer->args.height, layer->args.stride_height);
}
static brood_axis_t width_of(const brood_layer_t *layer) {
    return brood_axis_same(layer->in[1], layer->args.width, layer->args.stride_width);
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    (void)math;
    layer->as.pool.height = height_of(layer);
    layer->as.pool.width = width_of(layer);
    size_t bytes = (size_t)(net->minibatch * layer->out_size) * index_size(layer);
    layer->as.pool.index[0] = brood_arena_take(arena, bytes);
    if (!both_slide(layer)) return (brood_needs_t){0};
    layer->as.pool.index[1] = brood_arena_take(arena, bytes);
    return (brood_needs_t){.workspace = layer->out_size}; /* what lies between the two axes */
}

/* ---- by lines ---- */

brood_axis_t brood_pool_across(const brood_layer_t *layer) {
    return brood_axis_of_lines(layer->in) == 1 ? width_of(layer) : height_of(layer);
}

bool brood_pool_by_lines(const brood_layer_t *layer) {
    return !slides(layer) || (layer->in[0] == 1 && layer->args.height == 1);
}

int64_t brood_pool_complete(const brood_layer_t *layer, int64_t lines) {
    const brood_axis_t axis = brood_pool_across(layer);
    const int64_t      spare = lines + axis.before - axis.kernel; /* lines behind the first window */
    if (lines >= axis.in) return axis.out;
    return spare < 0 ? 0 : brood_smaller(axis.out, spare / axis.stride + 1);
}

int64_t brood_pool_reads_from(const brood_layer_t *layer, int64_t begin) {
    const brood_axis_t axis = brood_pool_across(layer);
    return brood_larger(0, begin * axis.stride - axis.before);
}

/* ---- with stride 1 ---- */

/* The positions of a row, of which some outputs are made, and the rows of an image, all columns side by side. */
static brood_line_t along_width(const brood_layer_t *layer, int64_t begin, int64_t end) {
    const brood_axis_t *axis = &layer->as.pool.width;
    return (brood_line_t){.positions = axis->in,
                          .step = layer->in[2],
                          .lanes = layer->in[2],
                          .window = axis->kernel,
                          .before = axis->before,
                          .begin = begin,
                          .end = end,
                          .narrow = is_narrow(layer),
                          .rectifies = layer->as.pool.rectifies && layer->args.height == 1}; /* the last pass does it */
}
static brood_line_t along_height(const brood_layer_t *layer) {
    const brood_axis_t *axis = &layer->as.pool.height;
    int64_t             row = layer->in[1] * layer->in[2];
    return (brood_line_t){.positions = axis->in,
                          .step = row,
                          .lanes = row,
                          .window = axis->kernel,
                          .before = axis->before,
                          .end = axis->in,
                          .narrow = is_narrow(layer),
                          .rectifies = layer->as.pool.rectifies};
}

/* Outputs begin … end − 1 of a row. */
static void slide_forward(const brood_nn_kernels_t *kernels, const brood_layer_t *layer, int64_t begin, int64_t end,
                          const brood_real_t *x, brood_real_t *between, brood_real_t *y, char *across, char *down) {
    if (layer->args.height == 1) between = y;
    if (layer->args.width > 1 || layer->args.height == 1) {
        brood_line_t line = along_width(layer, begin, end);
        int64_t      row = layer->in[1] * layer->in[2];
        for (int64_t h = 0; h < layer->in[0]; h++)
            kernels->pool_line_forward(&line, x + h * row, between + h * row,
                                       across + (size_t)(h * row) * index_size(layer));
        x = between;
    }
    if (layer->args.height > 1) {
        brood_line_t line = along_height(layer);
        kernels->pool_line_forward(&line, x, y, down);
    }
}

static void slide_backward(const brood_nn_kernels_t *kernels, const brood_layer_t *layer, const brood_real_t *dy,
                           const char *across, const char *down, brood_real_t *between, brood_real_t *dx) {
    bool only_height = layer->args.width == 1 && layer->args.height > 1;
    if (layer->args.height > 1) {
        brood_line_t line = along_height(layer);
        kernels->pool_line_backward(&line, dy, down, only_height ? dx : between);
        dy = between;
    }
    if (only_height) return;
    brood_line_t line = along_width(layer, 0, layer->in[1]);
    int64_t      row = layer->in[1] * layer->in[2];
    for (int64_t h = 0; h < layer->in[0]; h++)
        kernels->pool_line_backward(&line, dy + h * row, across + (size_t)(h * row) * index_size(layer), dx + h * row);
}

/* ---- window by window ---- */

/* The part of a window that lies inside the image. */
static void clip(const brood_axis_t *axis, int64_t out, int64_t *first, int64_t *count) {
    int64_t begin = out * axis->stride - axis->before, end = begin + axis->kernel;
    *first = begin < 0 ? 0 : begin;
    *count = (end > axis->in ? axis->in : end) - *first;
}

/* Whether nothing is clipped from both windows. */
static bool is_like(const brood_axis_t *axis, int64_t out, int64_t other) {
    int64_t first, count, others;
    clip(axis, out, &first, &count);
    clip(axis, other, &first, &others);
    return count == axis->kernel && others == axis->kernel;
}

/* Whether each position is in one window. */
static bool apart(const brood_layer_t *layer) {
    return layer->args.height == layer->args.stride_height && layer->args.width == layer->args.stride_width;
}

/* Lines begin … end − 1 of outputs; dx == NULL: forward. Taps are counted in whole windows' pitch, though clipped ones
   begin at 0: backward clips alike. */
static void windows(const brood_nn_kernels_t *kernels, const brood_layer_t *layer, int64_t begin, int64_t end,
                    const brood_real_t *x, brood_real_t *y, char *index, const brood_real_t *dy, brood_real_t *dx) {
    const brood_axis_t *height = &layer->as.pool.height, *width = &layer->as.pool.width;
    const bool          single = brood_axis_of_lines(layer->in) == 1; /* row */
    int64_t             channels = layer->in[2], row = layer->in[1] * channels;
    brood_window_t      window = {.channels = channels, .row = row, .pitch = width->kernel, .apart = apart(layer)};
    window.narrow = is_narrow(layer);
    window.rectifies = layer->as.pool.rectifies;
    window.advance = width->stride * channels;
    const int64_t first = single ? begin : 0, last = single ? end : width->out;
    for (int64_t h = single ? 0 : begin; h < (single ? 1 : end); h++) {
        int64_t top;
        clip(height, h, &top, &window.height);
        for (int64_t w = first; w < last; w += window.count) {
            int64_t left;
            clip(width, w, &left, &window.width);
            window.count = 1;
            while (w + window.count < last && is_like(width, w, w + window.count)) window.count++;
            int64_t from = top * row + left * channels, at = (h * width->out + w) * channels;
            char   *chosen = index + (size_t)at * index_size(layer);
            if (!dx)
                kernels->pool_window_forward(&window, x + from, y + at, chosen);
            else
                kernels->pool_window_backward(&window, dy + at, chosen, dx + from);
        }
    }
}

/* Where the index of an image's first output stands: [0] for windows and across, [1] for down where both slide. */
static char *across(const brood_layer_t *layer, int64_t image) {
    return layer->as.pool.index[0] + (size_t)(image * layer->out_size) * index_size(layer);
}
static char *down(const brood_layer_t *layer, int64_t image) {
    return layer->as.pool.index[both_slide(layer)] + (size_t)(image * layer->out_size) * index_size(layer);
}

void brood_pool_lines(const brood_nn_kernels_t *kernels, const brood_layer_t *layer, int64_t image, int64_t begin,
                      int64_t end, const brood_real_t *x, brood_real_t *y) {
    if (slides(layer))
        slide_forward(kernels, layer, begin, end, x, NULL, y, across(layer, image), NULL);
    else
        windows(kernels, layer, begin, end, x, y, across(layer, image), NULL, NULL);
}

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    const brood_real_t *x = brood_layer_x(net, layer, worker, first);
    brood_real_t       *y = brood_layer_y(layer, worker, first);
    for (int64_t i = first; i < first + images; i++, x += layer->in_size, y += layer->out_size) {
        if (brood_pool_by_lines(layer))
            brood_pool_lines(net->kernels, layer, i, 0, brood_pool_across(layer).out, x, y);
        else
            slide_forward(net->kernels, layer, 0, layer->in[1], x, worker->workspace, y, across(layer, i),
                          down(layer, i));
    }
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    const brood_real_t *dy = brood_layer_dy(layer, worker, first);
    brood_real_t       *dx = brood_layer_dx(layer, worker, first);
    if (!slides(layer) && !apart(layer)) memset(dx, 0, (size_t)(images * layer->in_size) * sizeof *dx);
    for (int64_t i = first; i < first + images; i++, dy += layer->out_size, dx += layer->in_size) {
        if (slides(layer))
            slide_backward(net->kernels, layer, dy, across(layer, i), down(layer, i), worker->workspace, dx);
        else
            windows(net->kernels, layer, 0, brood_pool_across(layer).out, NULL, NULL, across(layer, i), dy, dx);
    }
}

/* Vector instructions an output, of both passes: of each position of a window; of a line, whose kernels are others for
   long windows, by what they were seen to take. */
static double instructions(const brood_layer_t *layer) {
    if (!slides(layer)) return 6.0 * layer->args.height * layer->args.width;
    double sum = 0;
    for (int axis = 0; axis < 2; axis++) {
        int32_t window = axis == 0 ? layer->args.height : layer->args.width;
        if (window == 1) continue;
        sum += window <= BROOD_POOL_DIRECT_FORWARD ? 2 * window : 14;
        sum += window <= BROOD_POOL_DIRECT_BACKWARD ? 1 + 1.2 * window : 16;
    }
    return sum;
}

static brood_work_t work(const brood_layer_t *layer) {
    brood_work_t work = {0};
    double       outputs = (double)(layer->out[0] * layer->out[1]) * brood_work_vectors(layer->out[2]);
    double       inputs = brood_work_vectors(layer->in_size);
    brood_work_add(&work, BROOD_WORK_POOL, outputs * instructions(layer));
    brood_work_add(&work, BROOD_WORK_COPY, (layer->propagates ? 2 : 1) * (inputs + outputs));
    brood_work_keep(&work, 2 * (double)index_size(layer) / sizeof(brood_real_t), layer->out_size);
    return work;
}

const brood_layer_ops_t brood_layer_max_pool = {
    .name = "max-pooling",
    .lay_out = lay_out,
    .forward = {{forward, NULL, BROOD_AT_BOTH}},
    .backward = {{backward, NULL, BROOD_AT_BOTH}},
    .work = work,
};
