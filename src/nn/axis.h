/* One axis of a window that sweeps over its input: where SAME padding puts it. */
#ifndef BROOD_NN_AXIS_H
#define BROOD_NN_AXIS_H

#include <stdint.h>

/* Output o covers the inputs o · stride − before … o · stride − before + kernel − 1; those outside 0 … in − 1 are
   padding. */
typedef struct {
    int64_t in, out, kernel, stride, before;
} brood_axis_t;

/* SAME as TensorFlow has it: out = ⌈in / stride⌉, as little padding as that takes, the odd element behind. */
static inline brood_axis_t brood_axis_same(int64_t in, int64_t kernel, int64_t stride) {
    int64_t out = (in + stride - 1) / stride;
    int64_t total = (out - 1) * stride + kernel - in;
    return (brood_axis_t){
        .in = in, .out = out, .kernel = kernel, .stride = stride, .before = total > 0 ? total / 2 : 0};
}

/* The input with its padding, as far as any window reaches. */
static inline int64_t brood_axis_padded(const brood_axis_t *axis) {
    return (axis->out - 1) * axis->stride + axis->kernel;
}

#endif
