/* Products of spectra, frequency by frequency (Mathieu, Henaff and LeCun, arXiv 1312.5851): each a real product of all
   images' [real | imaginary] with the filters' matrix. What fourier.h says of X, V and D is here, as real matrices,
   Y = X M(V), DX = D M(V)ᵀ, and the gradient of V is Xᵀ D folded as M is made. */
#include "convolution.h"

static bool plan(brood_layer_t *layer) {
    brood_axis_t           height = brood_convolution_height(layer), width = brood_convolution_width(layer);
    brood_fourier_shape_t *shape = &layer->as.fourier.shape;
    if (brood_convolution_strided(layer) || (layer->args.height == 1 && layer->args.width == 1)) return false;
    *shape = brood_fourier_choose(&height, &width, layer->in[2], layer->out[2], layer->propagates);
    return shape->points[0] > 0;
}

static brood_real_t *take_spectra(brood_arena_t *arena, int64_t slots, int64_t pitch) {
    return brood_arena_take(arena, (size_t)(slots * pitch) * sizeof(brood_real_t));
}

static brood_needs_t lay_out(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena) {
    (void)math;
    const brood_fourier_shape_t *shape = &layer->as.fourier.shape;
    brood_fourier_t             *fourier = &layer->as.fourier.fourier;
    int64_t rows = net->minibatch * shape->signals, channels = shape->channels, filters = shape->filters;
    brood_fourier_plan(shape->points, arena, fourier);
    layer->as.fourier.pitch = brood_convolution_pitch(2 * rows, channels);
    layer->as.fourier.y_pitch = brood_convolution_pitch(2 * rows, filters);
    layer->as.fourier.filters_pitch = brood_convolution_pitch(2 * channels, filters);
    layer->as.fourier.spectrum = take_spectra(arena, fourier->slots, layer->as.fourier.pitch);
    layer->as.fourier.filters = take_spectra(arena, fourier->slots, layer->as.fourier.filters_pitch);
    brood_bias_lay_out(net, layer, arena);
    return (brood_needs_t){.workspace = brood_larger(brood_fourier_workspace(fourier), 2 * 4 * channels * filters),
                           .exchange = fourier->slots * layer->as.fourier.y_pitch};
}

/* The windows of x and dx (behind the padding), of y and dy, of the filter's taps. */
static brood_fourier_window_t window_of_x(const brood_layer_t *layer) {
    brood_axis_t height = brood_convolution_height(layer), width = brood_convolution_width(layer);
    int64_t      rows = layer->as.fourier.shape.signals > 1 ? 1 : height.in;
    return (brood_fourier_window_t){.begin = {height.before, width.before},
                                    .count = {rows, width.in},
                                    .stride = layer->in[2],
                                    .channels = layer->in[2]};
}
static brood_fourier_window_t window_of_y(const brood_layer_t *layer) {
    int64_t rows = layer->as.fourier.shape.signals > 1 ? 1 : layer->out[0];
    return (brood_fourier_window_t){.count = {rows, layer->out[1]}, .stride = layer->out[2], .channels = layer->out[2]};
}
static brood_fourier_window_t window_of_taps(const brood_layer_t *layer) {
    return (brood_fourier_window_t){.count = {layer->args.height, layer->args.width},
                                    .stride = layer->in[2] * layer->out[2],
                                    .channels = layer->out[2]};
}

static int64_t channels_of(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net;
    return layer->in[2];
}

/* The filters of each input channel are an image whose channels are the filters. */
static void prepare_forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t count) {
    brood_fourier_window_t window = window_of_taps(layer);
    int64_t                filters = layer->out[2];
    for (int64_t c = first; c < first + count; c++)
        net->kernels->fourier_forward(&layer->as.fourier.fourier, &window, layer->array[0]->value + c * filters,
                                      layer->as.fourier.filters + c * 2 * filters, layer->as.fourier.filters_pitch,
                                      worker->workspace);
}

/* Spectra of the signals of `images` images from `first` on. */
static void transform(brood_net_t *net, brood_layer_t *layer, const brood_worker_t *worker,
                      const brood_fourier_window_t *window, int64_t first, int64_t images, const brood_real_t *x,
                      brood_real_t *spectrum, int64_t pitch) {
    int64_t signals = layer->as.fourier.shape.signals, size = window->count[0] * window->count[1] * window->stride;
    spectrum += first * signals * 2 * window->channels;
    for (int64_t i = 0; i < images * signals; i++)
        net->kernels->fourier_forward(&layer->as.fourier.fourier, window, x + i * size,
                                      spectrum + i * 2 * window->channels, pitch, worker->workspace);
}

static void transform_back(brood_net_t *net, brood_layer_t *layer, const brood_worker_t *worker,
                           const brood_fourier_window_t *window, int64_t first, int64_t images,
                           const brood_real_t *spectrum, int64_t pitch, const brood_real_t *bias, brood_real_t *x) {
    int64_t signals = layer->as.fourier.shape.signals, size = window->count[0] * window->count[1] * window->stride;
    spectrum += first * signals * 2 * window->channels;
    for (int64_t i = 0; i < images * signals; i++)
        net->kernels->fourier_inverse(&layer->as.fourier.fourier, window, spectrum + i * 2 * window->channels, pitch,
                                      bias, x + i * size, worker->workspace);
}

static void forward_transform(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                              int64_t images) {
    brood_fourier_window_t window = window_of_x(layer);
    transform(net, layer, worker, &window, first, images, brood_layer_x(net, layer, worker, first),
              layer->as.fourier.spectrum, layer->as.fourier.pitch);
}

static int64_t slots_of(const brood_net_t *net, const brood_layer_t *layer) {
    (void)net;
    return layer->as.fourier.fourier.slots;
}

static void forward_products(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                             int64_t count) {
    int64_t rows = net->images * layer->as.fourier.shape.signals, channels = layer->in[2], filters = layer->out[2];
    brood_real_t *matrix = worker->workspace;
    for (int64_t slot = first; slot < first + count; slot++) {
        net->kernels->fourier_matrix(channels, filters,
                                     layer->as.fourier.filters + slot * layer->as.fourier.filters_pitch, matrix);
        brood_product_real(worker->math, BROOD_PLAIN, BROOD_PLAIN, rows, 2 * filters, 2 * channels,
                           layer->as.fourier.spectrum + slot * layer->as.fourier.pitch, 2 * channels, matrix,
                           2 * filters, false, net->exchange + slot * layer->as.fourier.y_pitch, 2 * filters);
    }
}

static void forward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    brood_fourier_window_t window = window_of_y(layer);
    transform_back(net, layer, worker, &window, first, images, net->exchange, layer->as.fourier.y_pitch,
                   layer->args.bias ? layer->array[1]->value : NULL, brood_layer_y(layer, worker, first));
}

static void backward_transform(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                               int64_t images) {
    brood_fourier_window_t window = window_of_y(layer);
    const brood_real_t    *dy = brood_layer_dy(layer, worker, first);
    brood_bias_add(net, layer, worker, first == worker->begin, images * layer->out[0] * layer->out[1], dy);
    transform(net, layer, worker, &window, first, images, dy, net->exchange, layer->as.fourier.y_pitch);
}

/* The gradients take the places of what they are the gradients of. */
static void backward_products(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                              int64_t count) {
    int64_t rows = net->images * layer->as.fourier.shape.signals, channels = layer->in[2], filters = layer->out[2];
    brood_real_t *matrix = worker->workspace, *gradient = matrix + 4 * channels * filters;
    for (int64_t slot = first; slot < first + count; slot++) {
        brood_real_t       *x = layer->as.fourier.spectrum + slot * layer->as.fourier.pitch;
        brood_real_t       *w = layer->as.fourier.filters + slot * layer->as.fourier.filters_pitch;
        const brood_real_t *dy = net->exchange + slot * layer->as.fourier.y_pitch;
        if (layer->propagates) net->kernels->fourier_matrix(channels, filters, w, matrix);
        brood_product_real(worker->math, BROOD_TRANSPOSED, BROOD_PLAIN, 2 * channels, 2 * filters, rows, x,
                           2 * channels, dy, 2 * filters, false, gradient, 2 * filters);
        net->kernels->fourier_fold(channels, filters, gradient, w);
        if (layer->propagates)
            brood_product_real(worker->math, BROOD_PLAIN, BROOD_TRANSPOSED, rows, 2 * channels, 2 * filters, dy,
                               2 * filters, matrix, 2 * filters, false, x, 2 * channels);
    }
}

static void backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first, int64_t images) {
    if (!layer->propagates) return;
    brood_fourier_window_t window = window_of_x(layer);
    transform_back(net, layer, worker, &window, first, images, layer->as.fourier.spectrum, layer->as.fourier.pitch,
                   NULL, brood_layer_dx(layer, worker, first));
}

static void finish_backward(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                            int64_t count) {
    brood_fourier_window_t window = window_of_taps(layer);
    int64_t                filters = layer->out[2];
    if (first == 0) brood_bias_finish(net, layer);
    for (int64_t c = first; c < first + count; c++)
        net->kernels->fourier_inverse(&layer->as.fourier.fourier, &window, layer->as.fourier.filters + c * 2 * filters,
                                      layer->as.fourier.filters_pitch, NULL, layer->array[0]->gradient + c * filters,
                                      worker->workspace);
}

static brood_work_t work(const brood_layer_t *layer) {
    brood_work_t work = layer->as.fourier.shape.work;
    brood_work_keep(&work, (layer->propagates ? 3 : 2), layer->in_size);
    return work;
}

const brood_layer_ops_t brood_convolution_fourier = {
    .name = "convolution",
    .way = "convolution, Fourier",
    .arrays = brood_convolution_arrays,
    .lay_out = lay_out,
    .prepare_forward = {{prepare_forward, channels_of, 0}},
    .finish_backward = {{finish_backward, channels_of, 0}},
    .forward = {{forward_transform, NULL, BROOD_AT_INPUT},
                {forward_products, slots_of, 0},
                {forward, NULL, BROOD_AT_OUTPUT}},
    .backward = {{backward_transform, NULL, BROOD_AT_OUTPUT},
                 {backward_products, slots_of, 0},
                 {backward, NULL, BROOD_AT_INPUT}},
    .plan = plan,
    .work = work,
};
