/* What is done with a convolution's outputs while they are near, a strip of an image's lines after the other: the ReLU
   behind it, or the max-pooling, which does the ReLU in front of itself. What the pooling reads is then never held. */
#ifndef BROOD_NN_FUSE_H
#define BROOD_NN_FUSE_H

#include "layer.h"

/* Finds what convolutions do besides: sets `fused` of those layers, and the convolutions' `makes`. */
void brood_layers_fuse(int64_t count, brood_layer_t layers[]);

int64_t brood_fuse_lines(const brood_layer_t *layer); /* of a strip of a convolution that can be fused */

/* Elements of what a thread keeps of unpooled outputs; 0: no pooling is fused behind the layer. */
int64_t brood_fuse_room(const brood_net_t *net, const brood_layer_t *layer);

/* Makes the outputs of a block of images by ops->outputs, and of what is fused behind them. */
void brood_convolution_outputs(brood_net_t *net, brood_layer_t *layer, brood_worker_t *worker, int64_t first,
                               int64_t images);

#endif
