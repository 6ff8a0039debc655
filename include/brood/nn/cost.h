/* The predicted time of a training step: work is counted by kind, and each kind has a time of its own. Counts are of
   one image; what is done once a mini-batch is shared by BROOD_COST_MINIBATCH of them. A vector is of BROOD_COST_LANES
   numbers, the last one of a row as good as full. Times are of one core of the reference CPU (cost.c). */
#ifndef BROOD_NN_COST_H
#define BROOD_NN_COST_H

#include <stdint.h>

typedef enum {
    BROOD_WORK_FMA,     /* vectors of fused multiply-adds of products */
    BROOD_WORK_TILE,    /* vectors of outputs that products write */
    BROOD_WORK_CALL,    /* products */
    BROOD_WORK_TOOM,    /* vector instructions of Toom-Cook transforms */
    BROOD_WORK_FOURIER, /* of Fourier transforms */
    BROOD_WORK_POOL,    /* of poolings */
    BROOD_WORK_SUM,     /* vectors added up as doubles */
    BROOD_WORK_COPY,    /* vectors read, or written, in the cache */
    BROOD_WORK_NEAR,    /* of what all images of a mini-batch keep, where that is little: third-level cache */
    BROOD_WORK_MEMORY,  /* where it is more */
    BROOD_WORK_DRAW,    /* vectors of random numbers */
    BROOD_WORKS
} brood_work_kind_t;

typedef struct {
    double of[BROOD_WORKS];
} brood_work_t;

#define BROOD_COST_CPU       "Zen 5" /* the reference CPU, whose times cost.c has */
#define BROOD_COST_MINIBATCH 100
#define BROOD_COST_LANES     16
#define BROOD_COST_NEAR      4000000 /* numbers that a core's share of a third-level cache holds */

extern const char *const brood_work_names[BROOD_WORKS]; /* "fma" … */

double brood_work_cost(const brood_work_t *work); /* ns */

static inline double brood_work_vectors(int64_t numbers) {
    return (double)((numbers + BROOD_COST_LANES - 1) / BROOD_COST_LANES);
}

static inline void brood_work_add(brood_work_t *work, brood_work_kind_t kind, double count) {
    work->of[kind] += count;
}

/* C[m, n] = A[m, k] B[k, n], made by so many products; m, k and calls may be shares of one. Where the last of several
   vectors of columns is at most half full, two rows share it. */
static inline void brood_work_product(brood_work_t *work, double m, int64_t n, double k, double calls) {
    double vectors = brood_work_vectors(n);
    if (vectors > 1 && (n - 1) % BROOD_COST_LANES < BROOD_COST_LANES / 2) vectors -= 0.5;
    brood_work_add(work, BROOD_WORK_FMA, m * vectors * k);
    brood_work_add(work, BROOD_WORK_CALL, calls);
}

/* So many numbers an image, which all images of a mini-batch keep, read or written so many times. */
static inline void brood_work_keep(brood_work_t *work, double times, int64_t numbers) {
    brood_work_kind_t kind = numbers > BROOD_COST_NEAR / BROOD_COST_MINIBATCH ? BROOD_WORK_MEMORY : BROOD_WORK_NEAR;
    brood_work_add(work, kind, times * brood_work_vectors(numbers));
}

/* The outputs of a product that are written in all: m rows so many times. */
static inline void brood_work_tiles(brood_work_t *work, double m, int64_t n) {
    brood_work_add(work, BROOD_WORK_TILE, m * brood_work_vectors(n));
}

#endif
