/* What the kinds of layers have in common: the one struct a kind (brood_layer_ops_t) that the network walks over. */
#ifndef BROOD_NN_LAYER_H
#define BROOD_NN_LAYER_H

#include "axis.h"
#include "brood/nn/cost.h"
#include "brood/nn/net.h"
#include "brood/util/bound.h"
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

int64_t brood_array_count(const brood_array_t *array); /* its elements */

/* What a thread makes steps with. */
typedef struct {
    brood_math_t *math;
    brood_real_t *workspace; /* of the step that is running */
    double       *sums;      /* [most channels or units of a layer], likewise */
    brood_real_t *strip;     /* of a convolution's outputs, before the pooling that is fused behind it (fuse.h) */
    int64_t       thread;
    int64_t       part, begin; /* the part of the mini-batch that it works on, and its first image */
} brood_worker_t;

/* One step of a pass over the mini-batch, run for `count` images from `first` on: a few at a time, so that what one
   step writes the next one finds in the cache; or, where steps must see the whole mini-batch, for pieces of another
   kind. Threads share images, or pieces, and know nothing of each other until the next step that is cut otherwise. */
typedef void    brood_step_run_t(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                                 int64_t count);
typedef int64_t brood_pieces_t(const brood_net_t *net, const brood_layer_t *layer);
typedef enum {
    BROOD_AT_INPUT = 1,  /* reads x; in the backward pass writes dx */
    BROOD_AT_OUTPUT = 2, /* writes y; in the backward pass reads dy */
    BROOD_AT_BOTH = 3
} brood_place_t;
typedef struct {
    brood_step_run_t *run;
    brood_pieces_t   *pieces; /* their number; NULL: images */
    brood_place_t     at;
} brood_step_t;

#define BROOD_MAX_STEPS 3 /* of a layer, in order; a NULL ends them */

/* Elements that layers use one after the other: of a step while it runs, a thread; of all steps of a layer in one pass.
 */
typedef struct {
    int64_t workspace, exchange;
} brood_needs_t;

/* The axis that lines of an image [height, width, channels] follow each other along: lines are its rows, or, where it
   has a single one, its positions. */
static inline int brood_axis_of_lines(const int64_t image[3]) {
    return image[0] == 1 ? 1 : 0;
}

/* Lines of an image of a block. */
typedef struct {
    int64_t block, image; /* the first image of the block; the image */
    int64_t begin, count;
} brood_lines_t;

typedef struct {
    const char *name, *way; /* NULL: there is but one */
    bool        in_place;   /* writes its output over its input, and its input's gradient over its output's */
    bool        keeps_input, keeps_output; /* its backward pass reads x, y */
    bool        of_part;                   /* images are best taken all of a part at once */
    /* The parameter arrays; returns their number. */
    int64_t (*arrays)(const brood_layer_t *layer, brood_array_t array[BROOD_MAX_ARRAYS]);
    /* Elements of what each part of the mini-batch adds to the gradient of the layer's weights (partials). */
    int64_t (*partial)(const brood_layer_t *layer);
    /* Takes what the layer keeps from the arena, and tells what it needs besides. */
    brood_needs_t (*lay_out)(const brood_net_t *net, brood_layer_t *layer, const brood_math_t *math,
                             brood_arena_t *arena);
    brood_step_t forward[BROOD_MAX_STEPS], backward[BROOD_MAX_STEPS];
    /* In pieces: before all layers' steps of a forward pass, before and behind all of a backward pass. */
    brood_step_t prepare_forward[BROOD_MAX_STEPS], prepare_backward[BROOD_MAX_STEPS], finish_backward[BROOD_MAX_STEPS];
    /* Of a convolution: plans it in layer->as, which the others below and lay_out go by; false: it can't be made so. */
    bool (*plan)(brood_layer_t *layer);
    /* Of a convolution behind which a layer can be fused (fuse.h): to[count, …, filters], lines begin … begin + count −
       1 of an image of the block that its forward step has got ready; those of an image are asked for in order. */
    void (*outputs)(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, const brood_lines_t *lines,
                    brood_real_t *to);
    /* `begin` is a multiple of so many; 0: all lines of an image are made at once. */
    int64_t (*lines_at_once)(const brood_layer_t *layer);
    brood_work_t (*work)(const brood_layer_t *layer); /* of a training step of one image */
} brood_layer_ops_t;

/* Of which images an activation, or a gradient, is held at a time, and of how many. */
typedef enum { BROOD_OF_BLOCK, BROOD_OF_PART, BROOD_OF_ALL } brood_extent_t;
typedef struct {
    brood_extent_t extent;
    int64_t        room; /* in images; of each thread, unless of all */
} brood_held_t;

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
    brood_held_t             held_x, held_y, held_dx, held_dy;
    int64_t                  grain;    /* images that its steps are best run for at a time */
    bool                     absorbed; /* the pooling behind it does what this one would */
    bool                     fused;    /* the convolution in front of it makes its outputs */
    int32_t                  makes;    /* whose outputs its forward pass makes: its own, or a fused one's */
    brood_parameter_t       *array[BROOD_MAX_ARRAYS]; /* as ops->arrays lists them */
    brood_real_t            *partials;                /* [parts, partial_size = ops->partial] */
    int64_t                  partial_size;
    double                  *bias_partials; /* [parts, filters] of a convolution */
    union {
        struct {
            brood_sweep_t forward, backward; /* backward: over dy, with the filter flipped (stride 1) */
            brood_real_t *packed, *packed_back;
        } direct;
        struct {
            brood_fourier_shape_t shape;
            brood_fourier_t       fourier;
            /* Of x, then of dx; of the filters, then of their gradient: [slot][row, real | imaginary, channels], its
               slots `pitch` elements apart. The spectra of y and of dy are the network's exchange. */
            brood_real_t *spectrum, *filters;
            int64_t       pitch, filters_pitch, y_pitch;
        } fourier;
        struct {
            brood_toom_shape_t shape;
            brood_toom_axis_t *axes; /* [2] */
            brood_toom_t       x, y;
            brood_toom_t       filters;              /* channels · filters numbers a tap */
            int64_t            block;                /* images, at most */
            brood_real_t      *packed, *packed_back; /* transformed filters, plain and transposed: point by point */
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
            brood_real_t *packed; /* the weights, transposed */
        } dense;
        struct {
            uint8_t *kept; /* [minibatch, ⌈out_size / 8⌉]: a bit a unit */
        } dropout;
    } as;
};

/* The steps of a pass in order, each with the numbers of its group and its run. Between groups threads wait for each
   other. Steps of a group that go over images are made run by run for each part of the mini-batch, and the steps of a
   run together for a block of images after the other. */
typedef struct {
    brood_layer_t      *layer;
    const brood_step_t *step;
    int64_t             group, run;
    int64_t             grain; /* images of a block: the same for all steps of a run */
} brood_planned_t;
typedef struct {
    bool            backward;
    int64_t         count, groups;
    brood_planned_t planned[3 * BROOD_MAX_LAYERS * BROOD_MAX_STEPS];
} brood_pass_t;

struct brood_net {
    brood_math_t             *math;
    const brood_nn_kernels_t *kernels;
    int64_t                   count, minibatch, classes;
    int64_t                   parts; /* of a mini-batch, whatever the threads: what they add to gradients is added up */
    brood_init_t              init;
    bool                      keeps_all;
    brood_layer_t             layer[BROOD_MAX_LAYERS];
    int64_t                   parameter_count;
    brood_parameter_t         parameter[BROOD_MAX_LAYERS * BROOD_MAX_ARRAYS];
    brood_array_t             array[BROOD_MAX_LAYERS * BROOD_MAX_ARRAYS];
    char                      name[BROOD_MAX_LAYERS * BROOD_MAX_ARRAYS][32];
    brood_worker_t            worker[BROOD_MOST_THREADS];
    brood_real_t             *exchange; /* of the layer whose steps are running */
    brood_pass_t              forward, backward;
    const brood_real_t       *x; /* what follows is of the pass that is running */
    int64_t                   images;
    bool                      training;
    brood_layer_time_t       *times; /* NULL: nobody asks; of thread 0 */
    double (*now)(void);
    brood_key4_t key;
};

/* Of a convolution the direct ones, until the layer's sizes are known (brood_convolution_choose). */
const brood_layer_ops_t *brood_layer_ops(brood_layer_kind_t kind);

/* Fills in what the specification says of each layer; layer[count]. BROOD_E_DATA as brood_net_shapes. */
brood_err_t brood_layers_describe(const brood_net_spec_t *spec, brood_layer_t layer[]) BROOD_WARN_UNUSED;

/* Of what a layer does itself, and the optimiser with its parameters: of a training step of one image; ns of the first.
 */
brood_work_t brood_layer_work(const brood_layer_t *layer);
double       brood_layer_cost(const brood_layer_t *layer);
brood_work_t brood_optimizer_work(int64_t parameters);

/* The same question asked for another part (a layer, a parameter array). */
static inline brood_key4_t brood_key4_part(const brood_key4_t *key, int64_t part) {
    brood_key4_t other = *key;
    other.counter[2] = (key->counter[2] & 0xff000000u) | (uint32_t)part;
    return other;
}

/* From the image `first` on, which is the first of the thread's block. */
static inline int64_t brood_held_at(const brood_held_t *held, const brood_worker_t *worker, int64_t first) {
    switch (held->extent) {
    case BROOD_OF_ALL:
        return first;
    case BROOD_OF_PART:
        return worker->thread * held->room + first - worker->begin;
    case BROOD_OF_BLOCK:
        break;
    }
    return worker->thread * held->room;
}
static inline const brood_real_t *brood_layer_x(const brood_net_t *net, const brood_layer_t *layer,
                                                const brood_worker_t *worker, int64_t first) {
    if (layer->input == BROOD_INPUT_IMAGE) return net->x + first * layer->in_size;
    return layer->x + brood_held_at(&layer->held_x, worker, first) * layer->in_size;
}
static inline brood_real_t *brood_layer_y(const brood_layer_t *layer, const brood_worker_t *worker, int64_t first) {
    return layer->y + brood_held_at(&layer->held_y, worker, first) * layer->out_size;
}
static inline brood_real_t *brood_layer_dx(const brood_layer_t *layer, const brood_worker_t *worker, int64_t first) {
    return layer->dx + brood_held_at(&layer->held_dx, worker, first) * layer->in_size;
}
static inline brood_real_t *brood_layer_dy(const brood_layer_t *layer, const brood_worker_t *worker, int64_t first) {
    return layer->dy + brood_held_at(&layer->held_dy, worker, first) * layer->out_size;
}

/* What the part of the mini-batch that is worked on adds to the gradient: to be set where nothing has been added yet.
 */
static inline brood_real_t *brood_layer_partial(const brood_layer_t *layer, const brood_worker_t *worker) {
    return layer->partials + worker->part * layer->partial_size;
}

/* Parts of the mini-batch that is passing. */
static inline int64_t brood_net_parts(const brood_net_t *net) {
    return brood_smaller(net->images, net->parts);
}

/* Images of a part, at most; of a block of a layer. */
static inline int64_t brood_net_part_room(const brood_net_t *net) {
    return (net->minibatch + net->parts - 1) / net->parts;
}
static inline int64_t brood_layer_room(const brood_net_t *net, const brood_layer_t *layer) {
    return brood_smaller(layer->grain, brood_net_part_room(net));
}

/* Takes activations and gradients from the arena. */
void brood_net_hold(brood_net_t *net, int64_t threads, brood_arena_t *arena);

/* Pieces of steps that are not cut. */
brood_pieces_t brood_one_piece;

/* The steps of a training step, as the layers tell them. */
void brood_pass_plan(brood_net_t *net, bool backward, brood_pass_t *pass);
/* On all threads of the network's math. */
void brood_pass_run(brood_net_t *net, const brood_pass_t *pass);

extern const brood_layer_ops_t brood_convolution_direct, brood_convolution_toom, brood_convolution_fourier,
    brood_layer_norm, brood_layer_relu, brood_layer_max_pool, brood_layer_dropout, brood_layer_average,
    brood_layer_dense;

#endif
