#include "form.h"

static const brood_hyperparameter_t kernel_size = {.name = "kernel size",
                                                   .key = "space.kernel_size",
                                                   .choices = offsetof(brood_space_config_t, kernel_size),
                                                   .least = 1,
                                                   .most = BROOD_SPACE_MOST_SIZE,
                                                   .neutral = 1,
                                                   .two_sided = true,
                                                   .extremes = true};
static const brood_hyperparameter_t filters = {.name = "filters",
                                               .key = "space.filters",
                                               .choices = offsetof(brood_space_config_t, filters),
                                               .least = 1,
                                               .most = BROOD_SPACE_MOST_FILTERS,
                                               .neutral = 1};
static const brood_hyperparameter_t stride = {.name = "stride",
                                              .key = "space.stride",
                                              .choices = offsetof(brood_space_config_t, stride),
                                              .least = 1,
                                              .most = BROOD_SPACE_MOST_SIZE,
                                              .neutral = 1};
static const brood_hyperparameter_t pool_size = {.name = "pool size",
                                                 .key = "space.pool_size",
                                                 .choices = offsetof(brood_space_config_t, pool_size),
                                                 .least = 1,
                                                 .most = BROOD_SPACE_MOST_SIZE,
                                                 .neutral = 1};
static const brood_hyperparameter_t dropout = {.name = "dropout",
                                               .key = "space.dropout",
                                               .choices = offsetof(brood_space_config_t, dropout),
                                               .least = 0,
                                               .most = BROOD_SPACE_MOST_DROPOUT,
                                               .neutral = 0};

const brood_hyperparameter_t *const brood_hyperparameters[BROOD_SPACE_HYPERPARAMETERS] = {
    &kernel_size, &filters, &stride, &pool_size, &dropout};

/* A bias before batch normalisation would be subtracted again with the mean. */
static bool add_convolution(brood_net_spec_t *spec, brood_layer_args_t args, bool batch_norm) {
    const brood_layer_args_t none = {0};
    args.bias = !batch_norm;
    return brood_net_spec_add(spec, BROOD_LAYER_CONVOLUTION, &args) &&
           (!batch_norm || brood_net_spec_add(spec, BROOD_LAYER_NORM, &none)) &&
           brood_net_spec_add(spec, BROOD_LAYER_RELU, &none);
}

/* kernel size, filters */
static bool add_conv1d(brood_net_spec_t *spec, const brood_setting_t setting[], bool batch_norm) {
    return add_convolution(
        spec,
        (brood_layer_args_t){
            .height = 1, .width = setting[0].value, .stride_height = 1, .stride_width = 1, .outputs = setting[1].value},
        batch_norm);
}

/* kernel size, filters, stride */
static bool add_conv2d(brood_net_spec_t *spec, const brood_setting_t setting[], bool batch_norm) {
    return add_convolution(spec,
                           (brood_layer_args_t){.height = setting[0].value,
                                                .width = setting[0].width,
                                                .stride_height = setting[2].value,
                                                .stride_width = setting[2].value,
                                                .outputs = setting[1].value},
                           batch_norm);
}

/* pool size; every position keeps its window (stride 1) */
static bool add_pool1d(brood_net_spec_t *spec, const brood_setting_t setting[], bool batch_norm) {
    (void)batch_norm;
    const brood_layer_args_t args = {.height = 1, .width = setting[0].value, .stride_height = 1, .stride_width = 1};
    return setting[0].value == 1 || brood_net_spec_add(spec, BROOD_LAYER_MAX_POOL, &args);
}

/* pool size; windows side by side (stride = window) */
static bool add_pool2d(brood_net_spec_t *spec, const brood_setting_t setting[], bool batch_norm) {
    (void)batch_norm;
    int32_t                  size = setting[0].value;
    const brood_layer_args_t args = {.height = size, .width = size, .stride_height = size, .stride_width = size};
    return size == 1 || brood_net_spec_add(spec, BROOD_LAYER_MAX_POOL, &args);
}

/* dropout */
static bool add_dropout(brood_net_spec_t *spec, const brood_setting_t setting[], bool batch_norm) {
    (void)batch_norm;
    const brood_layer_args_t args = {.percent = setting[0].value};
    return setting[0].value == 0 || brood_net_spec_add(spec, BROOD_LAYER_DROPOUT, &args);
}

/* The article's space: layers over the flattened image. */
static const brood_space_form_t conv1d = {.name = "conv1d",
                                          .planar = false,
                                          .hyperparameters = 4,
                                          .hyperparameter = {&kernel_size, &filters, &pool_size, &dropout},
                                          .step = {{2, add_conv1d}, {1, add_pool1d}, {1, add_dropout}},
                                          .example = "5,32,2,0"};

/* Zoph and Le's (arXiv 1611.01578, section 4.1), a kernel's height and width being one decision. */
static const brood_space_form_t conv2d = {.name = "conv2d",
                                          .planar = true,
                                          .hyperparameters = 5,
                                          .hyperparameter = {&kernel_size, &filters, &stride, &pool_size, &dropout},
                                          .step = {{3, add_conv2d}, {1, add_pool2d}, {1, add_dropout}},
                                          .example = "5,32,1,2,0"};

const brood_space_form_t *brood_space_form(brood_space_kind_t kind) {
    return kind == BROOD_SPACE_CONV1D ? &conv1d : &conv2d;
}

bool brood_space_add_tail(brood_net_spec_t *spec, brood_tail_t tail) {
    const brood_layer_args_t none = {0}, dense = {.outputs = (int32_t)spec->classes, .bias = true};
    return (tail == BROOD_TAIL_FLATTEN || brood_net_spec_add(spec, BROOD_LAYER_AVERAGE, &none)) &&
           brood_net_spec_add(spec, BROOD_LAYER_DENSE, &dense);
}
