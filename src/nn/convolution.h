/* What the ways to make a convolution have in common. */
#ifndef BROOD_NN_CONVOLUTION_H
#define BROOD_NN_CONVOLUTION_H

#include "layer.h"

/* The cheapest way to make this layer, or the one that its specification names, planned in layer->as; NULL where it
   can't be made so. */
const brood_layer_ops_t *brood_convolution_choose(brood_layer_t *layer);

int64_t brood_convolution_arrays(const brood_layer_t *layer, brood_array_t array[BROOD_MAX_ARRAYS]);

static inline brood_axis_t brood_convolution_height(const brood_layer_t *layer) {
    return brood_axis_same(layer->in[0], layer->args.height, layer->args.stride_height);
}
static inline brood_axis_t brood_convolution_width(const brood_layer_t *layer) {
    return brood_axis_same(layer->in[1], layer->args.width, layer->args.stride_width);
}
static inline bool brood_convolution_strided(const brood_layer_t *layer) {
    return layer->args.stride_height > 1 || layer->args.stride_width > 1;
}

/* Elements from one point of a transform to the next, of so many rows: a line more than they take, so that points do
   not meet in the same places of a cache. */
static inline int64_t brood_convolution_pitch(int64_t rows, int64_t numbers) {
    return rows * numbers + BROOD_ARENA_ALIGN / (int64_t)sizeof(brood_real_t);
}

/* The gradient of the biases: of each part's rows in order, then the parts in order. */
void brood_bias_lay_out(const brood_net_t *net, brood_layer_t *layer, brood_arena_t *arena);
/* Adds rows[n, filters] to the part's; `fresh`: they are its first. */
void brood_bias_add(const brood_net_t *net, const brood_layer_t *layer, const brood_worker_t *worker, bool fresh,
                    int64_t n, const brood_real_t *rows);
void brood_bias_finish(const brood_net_t *net, const brood_layer_t *layer);

/* to[ops->partial]: the parts' partials, added up in order, as pieces of BROOD_PARTIAL_PIECE elements. `to` may be the
   first part's. */
#define BROOD_PARTIAL_PIECE 1024
int64_t brood_partial_pieces(const brood_net_t *net, const brood_layer_t *layer);
void    brood_partials_add_up(const brood_net_t *net, const brood_layer_t *layer, int64_t first, int64_t pieces,
                              brood_real_t *to);

#endif
