#include "brood/nn/loss.h"

#include "brood/math/function.h"

static int64_t largest(int64_t n, const brood_real_t *x) {
    int64_t at = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

/* Σ exp(x − shift), in order. */
static double sum_exp(int64_t n, const brood_real_t *x, double shift) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += brood_exp((double)x[i] - shift);
    return sum;
}

int64_t brood_loss_softmax(int64_t images, int64_t classes, const brood_real_t *logits, const uint8_t *labels,
                           double *loss, brood_real_t *dlogits) {
    int64_t correct = 0;
    for (int64_t i = 0; i < images; i++, logits += classes) {
        int64_t best = largest(classes, logits), label = labels[i];
        double  shift = (double)logits[best], sum = sum_exp(classes, logits, shift);
        loss[i] = brood_log(sum) - ((double)logits[label] - shift);
        if (loss[i] != loss[i])
            loss[i] = brood_nan(); /* a NaN, or only infinities */
        else
            correct += best == label;
        if (!dlogits) continue;
        for (int64_t c = 0; c < classes; c++) {
            double probability = brood_exp((double)logits[c] - shift) / sum;
            dlogits[i * classes + c] = (brood_real_t)((probability - (c == label)) / (double)images);
        }
    }
    return correct;
}
