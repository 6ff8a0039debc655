/* A network as a list of layers, each naming its inputs: what an architecture means, before a byte is allocated. */
#ifndef BROOD_NN_SPEC_H
#define BROOD_NN_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "brood/util/error.h"
#include "brood/util/limits.h"

typedef enum {
    BROOD_LAYER_CONVOLUTION, /* SAME, with or without bias */
    BROOD_LAYER_NORM,        /* batch normalisation over images and positions, by channel */
    BROOD_LAYER_RELU,
    BROOD_LAYER_MAX_POOL, /* SAME */
    BROOD_LAYER_DROPOUT,  /* inverted: kept units are divided by the share kept */
    BROOD_LAYER_AVERAGE,  /* global average over positions */
    BROOD_LAYER_DENSE,    /* over all of its input, flattened */
    BROOD_LAYER_KINDS
} brood_layer_kind_t;

/* How a convolution is made: the results differ by rounding alone. */
typedef enum {
    BROOD_CONVOLUTION_CHEAPEST, /* by counted cost */
    BROOD_CONVOLUTION_DIRECT,
    BROOD_CONVOLUTION_TOOM,    /* Toom-Cook (Winograd): without strides, not 1x1, up to 10 taps along an axis */
    BROOD_CONVOLUTION_FOURIER, /* without strides, and not 1x1 */
} brood_convolution_t;

typedef struct {
    int32_t height, width;               /* of the kernel or the pooling window */
    int32_t stride_height, stride_width; /* convolution and pooling */
    int32_t outputs;                     /* filters of a convolution, units of a dense layer */
    int32_t percent;                     /* dropout: per cent of the units dropped, 0 … 90 */
    bool    bias;                        /* convolution and dense */
    int32_t method;                      /* brood_convolution_t; other than the cheapest: for tests and measurements */
} brood_layer_args_t;

#define BROOD_INPUT_IMAGE (-1)

typedef struct {
    brood_layer_kind_t kind;
    int32_t            inputs[BROOD_MAX_INPUTS]; /* indices of earlier layers, or BROOD_INPUT_IMAGE */
    int32_t            input_count;              /* 1 for every kind there is yet */
    brood_layer_args_t args;
} brood_layer_spec_t;

typedef enum { BROOD_INIT_HE, BROOD_INIT_XAVIER } brood_init_t; /* both uniform; fans are taps × channels */

typedef struct {
    brood_layer_spec_t layer[BROOD_MAX_LAYERS]; /* the last one makes the logits */
    int64_t            count;
    int64_t            image[3]; /* height, width, channels; a signal has height 1 */
    int64_t            classes;
    brood_init_t       init;
    bool               keeps_all; /* activations and gradients of all images, though nobody reads them again */
} brood_net_spec_t;

/* Counted by formulas that know nothing of kernels, threads or the node, except `cost`. */
typedef struct {
    int64_t parameters; /* trained numbers */
    int64_t flops;      /* one training step of one image: convolutions (direct) and dense layers, multiply and add = 2,
                           forward + both gradients, the first layer's too */
    int64_t bytes;      /* float32 activations of a mini-batch, every layer's output once */
    int64_t cost; /* predicted nanoseconds of one training step of one image on one core of a reference CPU, by the
                     kernels really chosen; content never uses it */
} brood_measure_t;

/* Appends a layer with one input (the layer before, or the image); returns false when the network is full. */
bool brood_net_spec_add(brood_net_spec_t *spec, brood_layer_kind_t kind, const brood_layer_args_t *args);

/* Shape of the output of each layer: shape[i] = height, width, channels. BROOD_E_DATA with the layer and the reason
   when there is no such network: a stride above 1 or a window of stride above 1 that is larger than its input, a layer
   without inputs, an output that is read by no layer or by two, a last layer that does not make `classes` outputs,
   sizes beyond 2^31 elements an image or a parameter array. */
brood_err_t brood_net_shapes(const brood_net_spec_t *spec, int64_t shape[BROOD_MAX_LAYERS][3]) BROOD_WARN_UNUSED;

/* BROOD_E_DATA as brood_net_shapes. */
brood_err_t brood_net_measure(const brood_net_spec_t *spec, int64_t minibatch,
                              brood_measure_t *measure) BROOD_WARN_UNUSED;

#endif
