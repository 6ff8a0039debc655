#include "path.h"

const brood_nn_kernels_t KERNEL(kernels) = {
    .relu_forward = KERNEL(relu_forward),
    .relu_backward = KERNEL(relu_backward),
    .add_rows = KERNEL(add_rows),
    .affine_rows = KERNEL(affine_rows),
    .affine2_rows = KERNEL(affine2_rows),
    .sum_rows = KERNEL(sum_rows),
    .dot_rows = KERNEL(dot_rows),
    .dropout_draw = KERNEL(dropout_draw),
    .dropout_apply = KERNEL(dropout_apply),
    .pool_line_forward = KERNEL(pool_line_forward),
    .pool_line_backward = KERNEL(pool_line_backward),
    .pool_window_forward = KERNEL(pool_window_forward),
    .pool_window_backward = KERNEL(pool_window_backward),
    .gather_patches = KERNEL(gather_patches),
    .scatter_patches = KERNEL(scatter_patches),
    .adam = KERNEL(adam),
    .sgd = KERNEL(sgd),
};
