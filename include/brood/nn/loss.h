/* Softmax cross-entropy. */
#ifndef BROOD_NN_LOSS_H
#define BROOD_NN_LOSS_H

#include "brood/nn/real.h"

/* loss[images] (double; natural logarithm) of logits[images, classes] and labels[images]; the number of images whose
   largest logit (the first of equals) is the label's. dlogits[images, classes], or NULL: (softmax − one-hot) / images.
   A NaN among the logits gives a NaN loss and counts as wrong. */
int64_t brood_loss_softmax(int64_t images, int64_t classes, const brood_real_t *logits, const uint8_t *labels,
                           double *loss, brood_real_t *dlogits);

#endif
