/* A network in training on images that are drawn once. */
#ifndef BROOD_SRC_CLI_BENCH_NET_H
#define BROOD_SRC_CLI_BENCH_NET_H

#include "brood/nn/net.h"

typedef struct {
    brood_net_spec_t   spec;
    int64_t            batch; /* images of a step */
    brood_measure_t    measure;
    brood_arena_t      arena;
    brood_net_t       *net;
    float             *x, *logits, *dlogits;
    double            *losses;
    uint8_t           *labels;
    brood_layer_time_t times[BROOD_MAX_LAYERS]; /* for brood_net_time */
} bench_net_t;

/* With spec (up to 256 classes) and batch set, and all else 0. BROOD_E_DATA: no such network; BROOD_E_MEMORY. Either
   way bench_net_fini. */
brood_err_t bench_net_init(bench_net_t *net, brood_math_t *math) BROOD_WARN_UNUSED;
void        bench_net_fini(bench_net_t *net);

/* Forward, loss and backward of one mini-batch; the step's number decides which units are dropped. */
void bench_net_step(bench_net_t *net, int64_t number);

#endif
