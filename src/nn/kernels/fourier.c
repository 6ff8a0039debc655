/* Fast Fourier transforms of planes and of lines, by passes from one plane of the workspace to the other
   (fourier_passes.h): along the columns first, of which only those that the window touches are transformed, then along
   the rows. The inverse goes along the rows first. */
#include <string.h>

#include "brood/util/bound.h"
#include "fourier_passes.h"
#include "path.h"

/* A pass from one plane to the other. */
static void cross(along_t *along, const brood_fourier_pass_t *pass, brood_real_t *plane[2]) {
    brood_real_t *from = plane[0], *to = plane[1];
    along->pass = pass;
    along->from = from;
    along->to = to;
    passes[pass->radix].plane(along);
    plane[0] = to;
    plane[1] = from;
}

/* The columns of the plane, two places of a row each, that a window touches. */
static int64_t first_column(const brood_fourier_window_t *window) {
    return window->begin[1] / 2;
}
static int64_t end_column(const brood_fourier_window_t *window) {
    return (window->begin[1] + window->count[1] + 1) / 2;
}

/* Zeros in all others. */
static void clear_columns(const brood_fourier_t *fourier, const brood_fourier_window_t *window, brood_real_t *plane) {
    const int64_t width = fourier->width.points, first = first_column(window), end = end_column(window);
    for (int64_t row = 0; row < fourier->height.points; row++, plane += width * ELEMENT) {
        memset(plane, 0, (size_t)(first * ELEMENT) * sizeof *plane);
        memset(plane + end * ELEMENT, 0, (size_t)((width - end) * ELEMENT) * sizeof *plane);
    }
}

/* Only the columns of the window, which then lie in a plane of whole rows. */
static void forward_columns(const brood_fourier_t *fourier, const image_t *image, brood_real_t *plane[2]) {
    const brood_fourier_axis_t *height = &fourier->height;
    const int64_t               first = first_column(image->window), columns = end_column(image->window) - first;
    along_t                     along = {.rows = 1, .columns = columns, .from_step = columns};
    for (int64_t i = 0; i < height->passes; i++) {
        bool          last = i == height->passes - 1;
        brood_real_t *target = plane[i > 0];
        if (last) clear_columns(fourier, image->window, target);
        along.pass = &height->forward[i];
        along.from = plane[0];
        along.to = last ? target + first * ELEMENT : target;
        along.to_step = last ? fourier->width.points : columns;
        if (i == 0) {
            passes[along.pass->radix].read(&along, image);
            continue;
        }
        passes[along.pass->radix].plane(&along);
        plane[1] = plane[0];
        plane[0] = target;
    }
}

static along_t along_rows(const brood_fourier_t *fourier) {
    return (along_t){.rows = fourier->height.points,
                     .columns = 1,
                     .from_row = fourier->width.points,
                     .from_step = 1,
                     .to_row = fourier->width.points,
                     .to_step = 1};
}

static void forward_lanes(const brood_fourier_t *fourier, const image_t *image, const spectrum_t *spectrum,
                          brood_real_t *workspace) {
    const brood_fourier_axis_t *width = &fourier->width;
    brood_real_t               *plane[2] = {workspace, workspace + fourier->height.points * width->points * ELEMENT};
    along_t                     along = along_rows(fourier);
    if (image->line) {
        along.pass = &width->forward[0];
        along.to = plane[0];
        passes[along.pass->radix].read(&along, image);
    } else {
        forward_columns(fourier, image, plane);
    }
    for (int64_t i = image->line; i < width->passes - 1; i++) cross(&along, &width->forward[i], plane);
    along.pass = &width->forward[width->passes - 1];
    along.from = plane[0];
    passes[along.pass->radix].take(&along, spectrum);
}

static void inverse_lanes(const brood_fourier_t *fourier, const image_t *image, const spectrum_t *spectrum,
                          brood_real_t *workspace) {
    const brood_fourier_axis_t *width = &fourier->width, *height = &fourier->height;
    brood_real_t               *plane[2] = {workspace, workspace + height->points * width->points * ELEMENT};
    along_t                     along = along_rows(fourier);
    along.pass = &width->inverse[0];
    along.to = plane[0];
    passes[along.pass->radix].put(&along, spectrum);
    for (int64_t i = 1; i < width->passes - image->line; i++) cross(&along, &width->inverse[i], plane);
    along.pass = &width->inverse[width->passes - 1];
    if (!image->line) {
        const int64_t first = first_column(image->window);
        along = (along_t){.rows = 1, .columns = end_column(image->window) - first, .from_step = width->points};
        along.to_step = along.columns;
        for (int64_t i = 0; i < height->passes - 1; i++) {
            brood_real_t *aside[2] = {i == 0 ? plane[0] + first * ELEMENT : plane[0], plane[1]}, *free = plane[0];
            cross(&along, &height->inverse[i], aside);
            plane[0] = plane[1];
            plane[1] = free;
            along.from_step = along.columns;
        }
        along.pass = &height->inverse[height->passes - 1];
        if (height->passes == 1) plane[0] += first * ELEMENT;
    }
    along.from = plane[0];
    passes[along.pass->radix].write(&along, image);
}

void KERNEL(fourier_forward_group)(const brood_fourier_t *fourier, const brood_fourier_window_t *window, int64_t lanes,
                                   const brood_real_t *x, brood_real_t *spectrum, int64_t slot_pitch,
                                   brood_real_t *workspace) {
    const image_t    image = {.window = window, .line = fourier->height.points == 1, .lanes = lanes, .read = x};
    const spectrum_t to = {.written = spectrum,
                           .turns = fourier->turns,
                           .slot_pitch = slot_pitch,
                           .channels = window->channels,
                           .lanes = lanes};
    forward_lanes(fourier, &image, &to, workspace);
}

void KERNEL(fourier_inverse_group)(const brood_fourier_t *fourier, const brood_fourier_window_t *window, int64_t lanes,
                                   const brood_real_t *spectrum, int64_t slot_pitch, const brood_real_t *bias,
                                   brood_real_t *x, brood_real_t *workspace) {
    const image_t    image = {.window = window,
                              .line = fourier->height.points == 1,
                              .lanes = lanes,
                              .written = x,
                              .scale = NUMBER(1.0 / (8.0 * (double)(fourier->height.points * fourier->width.points))),
                              .bias = bias ? lanes_load_n(bias, lanes) : NUMBER(0)};
    const spectrum_t from = {.read = spectrum,
                             .turns = fourier->turns,
                             .slot_pitch = slot_pitch,
                             .channels = window->channels,
                             .lanes = lanes};
    inverse_lanes(fourier, &image, &from, workspace);
}

/* Where a narrower path's vectors hold what is left of the channels, its loops take it: the bits are the same. */
#ifdef BROOD_PATH_avx512
#define NARROW_LANES         (LANES / 2)
#define narrow_forward_group brood_nn_fourier_forward_group_avx2
#define narrow_inverse_group brood_nn_fourier_inverse_group_avx2
#else
#define NARROW_LANES         0
#define narrow_forward_group KERNEL(fourier_forward_group)
#define narrow_inverse_group KERNEL(fourier_inverse_group)
#endif

void KERNEL(fourier_forward)(const brood_fourier_t *fourier, const brood_fourier_window_t *window,
                             const brood_real_t *x, brood_real_t *spectrum, int64_t slot_pitch,
                             brood_real_t *workspace) {
    for (int64_t c = 0; c < window->channels; c += LANES) {
        const int64_t lanes = brood_smaller(LANES, window->channels - c);
        if (lanes <= NARROW_LANES)
            narrow_forward_group(fourier, window, lanes, x + c, spectrum + c, slot_pitch, workspace);
        else
            KERNEL(fourier_forward_group)(fourier, window, lanes, x + c, spectrum + c, slot_pitch, workspace);
    }
}

void KERNEL(fourier_inverse)(const brood_fourier_t *fourier, const brood_fourier_window_t *window,
                             const brood_real_t *spectrum, int64_t slot_pitch, const brood_real_t *bias,
                             brood_real_t *x, brood_real_t *workspace) {
    for (int64_t c = 0; c < window->channels; c += LANES) {
        const int64_t       lanes = brood_smaller(LANES, window->channels - c);
        const brood_real_t *plus = bias ? bias + c : NULL;
        if (lanes <= NARROW_LANES)
            narrow_inverse_group(fourier, window, lanes, spectrum + c, slot_pitch, plus, x + c, workspace);
        else
            KERNEL(fourier_inverse_group)(fourier, window, lanes, spectrum + c, slot_pitch, plus, x + c, workspace);
    }
}
