/* Max-pooling of some lines of an image (brood_axis_of_lines). */
#ifndef BROOD_NN_POOL_H
#define BROOD_NN_POOL_H

#include "layer.h"

/* Whether a few lines of outputs can be made at a time: else all of an image's are. */
bool brood_pool_by_lines(const brood_layer_t *layer);

/* The axis that lines follow each other along. */
brood_axis_t brood_pool_across(const brood_layer_t *layer);

/* How many lines of outputs can be made of the first `lines` of the input; the first line of these that the lines of
   outputs from `begin` on read. */
int64_t brood_pool_complete(const brood_layer_t *layer, int64_t lines);
int64_t brood_pool_reads_from(const brood_layer_t *layer, int64_t begin);

/* Lines begin … end − 1 of outputs of the image: to y, where the image's first output stands, of x, where its first
   input would: what is not read need not be there. */
void brood_pool_lines(const brood_nn_kernels_t *kernels, const brood_layer_t *layer, int64_t image, int64_t begin,
                      int64_t end, const brood_real_t *x, brood_real_t *y);

#endif
