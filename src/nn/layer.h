/* What the kinds of layers have in common: the one struct a kind (brood_layer_ops_t) that the network walks over. */
#ifndef BROOD_NN_LAYER_H
#define BROOD_NN_LAYER_H

#include "axis.h"
#include "brood/nn/net.h"
#include "fourier.h"
#include "kernels/kernels.h"
#include "sweep.h"
#include "toom.h"

typedef struct brood_layer brood_layer_t;

/* What a parameter array starts as. */
typedef enum { BROOD_START_DRAWN, BROOD_START_ZERO, BROOD_START_ONE } brood_start_t;

#define BROOD_MAX_ARRAYS 2 /* parameter arrays of one layer */

typedef struct {
    const char   *name, *doc;
    int           ndim;
    int64_t       shape[BROOD_MAX_DIMENSIONS];
    brood_start_t start;
    int64_t       fan_in, fan_out; /* of drawn ones */
} brood_array_t;

/* One step of a pass over the mini-batch. Steps that follow each other and need not see the whole mini-batch are run
   block by block, a few images at a time, so that what one step writes the next one finds in the cache. */
typedef void brood_step_run_t(brood_net_t *net, brood_layer_t *layer, int64_t first, int64_t images);
typedef enum {
    BROOD_AT_INPUT = 1,  /* reads x; in the backward pass writes dx */
    BROOD_AT_OUTPUT = 2, /* writes y; in the backward pass reads dy */
    BROOD_AT_BOTH = 3
} brood_place_t;
typedef struct {
    brood_step_run_t *run;
    bool              whole; /* called once, with all images: a barrier */
    brood_place_t     at;
} brood_step_t;

#define BROOD_MAX_STEPS 3

/* Elements that layers use one after the other: of a step while it runs; of all steps of a layer in one pass. */
typedef struct {
    int64_t workspace, exchange;
} brood_needs_t;

typedef struct {
    const char *name, *way; /* NULL: there is but one */
    bool        in_place;   /* writes its output over its input, and its input's gradient over its output's */
    bool        keeps_input, keeps_output; /* its backward pass reads x, y */
    /* The parameter arrays; returns their number. */
    int64_t (*arrays)(const brood_layer_t *layer, brood_array_t array[BROOD_MAX_ARRAYS]);
    /* Takes what the layer keeps from the arena, and tells what it needs besides. */
    brood_needs_t (*lay_out)(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena);
    /* Before all steps of a forward pass, before and after all of a backward pass. */
    void (*prepare_forward)(brood_net_t *net, brood_layer_t *layer);
    void (*prepare_backward)(brood_net_t *net, brood_layer_t *layer);
    void (*finish_backward)(brood_net_t *net, brood_layer_t *layer);
    brood_step_t forward[BROOD_MAX_STEPS], backward[BROOD_MAX_STEPS]; /* in order; a NULL ends them */
    /* Predicted nanoseconds of one training step of one image (cost.h); negative: it can't be made so. */
    double (*cost)(const brood_layer_t *layer);
} brood_layer_ops_t;

struct brood_layer {
    brood_layer_kind_t       kind;
    const brood_layer_ops_t *ops;
    brood_layer_args_t       args;
    int32_t                  index, input;
    int64_t                  in[3], out[3];     /* height, width, channels */
    int64_t                  in_size, out_size; /* elements an image */
    bool                     propagates;        /* somebody needs the gradient of its input */
    bool                     trains;            /* has parameters, or propagates: backward is run */
    brood_real_t            *x, *y;             /* of all images, or of a block of them (x NULL: the image): */
    brood_real_t            *dx, *dy;
    bool               x_whole, y_whole, dx_whole, dy_whole; /* whether image 0 or the block's first comes first */
    bool               absorbed;                             /* the layer behind it does what this one would */
    brood_parameter_t *array[BROOD_MAX_ARRAYS];              /* as ops->arrays lists them */
    double            *bias_gradient;                        /* [2, filters] of a convolution */
    union {
        struct {
            brood_sweep_t forward, backward; /* backward: over dy, with the filter flipped (stride 1) */
            brood_real_t *packed, *packed_back;
            brood_real_t *tiled_bias; /* [filters · BROOD_TILE] */
        } direct;
        struct {
            brood_fourier_t fourier;
            int64_t         signals; /* an image */
            /* Of x, then of dx; of the filters, then of their gradient: [slot][row, real | imaginary, channels], its
               slots `pitch` elements apart. The spectra of y and of dy are the network's exchange. */
            brood_real_t *spectrum, *filters;
            int64_t       pitch, filters_pitch, y_pitch;
        } fourier;
        struct {
            brood_toom_axis_t *plan;                 /* [2] */
            brood_toom_t       x, y, dy, dx;         /* dy as the input of the convolution that makes dx */
            brood_toom_t       filters;              /* channels · filters numbers a tap */
            int64_t            group;                /* images at a time */
            brood_real_t      *gradient;             /* of the transformed filters: [points, channels, filters] */
            brood_real_t      *packed, *packed_back; /* transformed filters, plain and flipped: point by point */
            int64_t            packed_count, packed_back_count;
        } toom;
        struct {
            brood_real_t *running_mean, *running_variance; /* [C] */
            double       *sums;                            /* [minibatch, 2, C]: one partial an image */
            double       *mean, *invstd;                   /* [C], of the batch */
            brood_real_t *tiled; /* [3, C · BROOD_TILE]: coefficients of the element-wise pass */
        } norm;
        struct {
            brood_axis_t height, width;
            bool         rectifies; /* does the ReLU in front of it, too */
            char *index[2]; /* [minibatch, out_size] where the largest stands; the second only where both axes slide */
        } pool;
        struct {
            uint8_t *kept; /* [minibatch, ⌈out_size / 8⌉]: a bit a unit */
        } dropout;
        struct {
            double *sums; /* [C] */
        } average, dense;
    } as;
};

struct brood_net {
    brood_math_t             *math;
    const brood_nn_kernels_t *kernels;
    int64_t                   count, minibatch, block, classes;
    brood_init_t              init;
    brood_layer_t             layer[BROOD_MAX_LAYERS];
    int64_t                   parameter_count;
    brood_parameter_t         parameter[BROOD_MAX_LAYERS * BROOD_MAX_ARRAYS];
    brood_array_t             array[BROOD_MAX_LAYERS * BROOD_MAX_ARRAYS];
    char                      name[BROOD_MAX_LAYERS * BROOD_MAX_ARRAYS][32];
    brood_real_t             *workspace; /* of the step that is running */
    brood_real_t             *exchange;  /* of the layer whose steps are running */
    const brood_real_t       *x;         /* what follows is of the pass that is running */
    int64_t                   images;
    bool                      training;
    brood_layer_time_t       *times; /* NULL: nobody asks */
    double (*now)(void);
    brood_key4_t key;
};

/* Of a convolution the direct ones, until the layer's sizes are known (brood_convolution_choose). */
const brood_layer_ops_t *brood_layer_ops(brood_layer_kind_t kind);

/* Fills in what the specification says of each layer; layer[count]. BROOD_E_DATA as brood_net_shapes. */
brood_err_t brood_layers_describe(const brood_net_spec_t *spec, brood_layer_t layer[]) BROOD_WARN_UNUSED;

/* The same question asked for another part (a layer, a parameter array). */
static inline brood_key4_t brood_key4_part(const brood_key4_t *key, int64_t part) {
    brood_key4_t other = *key;
    other.counter[2] = (key->counter[2] & 0xff000000u) | (uint32_t)part;
    return other;
}

/* From the image `first` on. */
static inline const brood_real_t *brood_layer_x(const brood_net_t *net, const brood_layer_t *layer, int64_t first) {
    if (layer->input == BROOD_INPUT_IMAGE) return net->x + first * layer->in_size;
    return layer->x + (layer->x_whole ? first * layer->in_size : 0);
}
static inline brood_real_t *brood_layer_y(const brood_layer_t *layer, int64_t first) {
    return layer->y + (layer->y_whole ? first * layer->out_size : 0);
}
static inline brood_real_t *brood_layer_dx(const brood_layer_t *layer, int64_t first) {
    return layer->dx + (layer->dx_whole ? first * layer->in_size : 0);
}
static inline brood_real_t *brood_layer_dy(const brood_layer_t *layer, int64_t first) {
    return layer->dy + (layer->dy_whole ? first * layer->out_size : 0);
}

extern const brood_layer_ops_t brood_convolution_direct, brood_convolution_toom, brood_convolution_fourier,
    brood_layer_norm, brood_layer_relu, brood_layer_max_pool, brood_layer_dropout, brood_layer_average,
    brood_layer_dense;

#endif
