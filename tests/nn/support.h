/* What the tests of the networks share: drawn numbers, small networks built in a line, comparison with a reference. */
#ifndef TESTS_NN_SUPPORT_H
#define TESTS_NN_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "brood/nn/loss.h"
#include "brood/nn/net.h"
#include "brood/nn/optimizer.h"

/* What computes. */
typedef struct {
    brood_isa_t      isa;
    brood_numerics_t numerics;
    int64_t          threads;
} path_t;
#define AVX2   ((path_t){BROOD_ISA_AVX2, BROOD_NUMERICS_PORTABLE, 1})
#define AVX512 ((path_t){BROOD_ISA_AVX512, BROOD_NUMERICS_PORTABLE, 1})
#define NATIVE ((path_t){BROOD_ISA_AVX2, BROOD_NUMERICS_NATIVE, 1})

/* A network with everything it needs, ready to run; the parameters are drawn. */
typedef struct {
    brood_net_spec_t spec;
    brood_math_t    *math;
    brood_arena_t    arena;
    brood_net_t     *net;
    int64_t          minibatch, image_size, classes;
    brood_real_t    *x /* [minibatch, image_size] */, *logits, *dlogits /* [minibatch, classes] */;
} fixture_t;

#define ARGS(...) (&(brood_layer_args_t){__VA_ARGS__})
/* Height and width of a window, its strides, and what follows by name. */
#define WINDOW(h, w, sh, sw, ...)                                                                                      \
    ARGS(.height = (h), .width = (w), .stride_height = (sh), .stride_width = (sw), __VA_ARGS__)

/* An empty specification; layers are added with brood_net_spec_add, then fixture_create takes it (spec.classes 0: as
   many as the last layer makes). */
brood_net_spec_t spec_of(int64_t height, int64_t width, int64_t channels);
void             add(brood_net_spec_t *spec, brood_layer_kind_t kind, const brood_layer_args_t *args);

void fixture_create(fixture_t *f, const brood_net_spec_t *spec, int64_t minibatch, path_t path, uint64_t seed);
/* Without a number: all of them are NaN. */
void fixture_create_bare(fixture_t *f, const brood_net_spec_t *spec, int64_t minibatch, path_t path);
void fixture_destroy(fixture_t *f);

/* Whether this CPU can take a path. */
bool has_path(path_t path);

/* Logits and gradients for the first `images` of x. */
void fixture_step(fixture_t *f, int64_t images, int64_t step);

/* Numbers uniform in −1 … 1, or multiples of 1/steps there. */
void draw(uint64_t seed, int64_t n, brood_real_t *x);
void draw_steps(uint64_t seed, int64_t n, int64_t steps, brood_real_t *x);

double *widen(int64_t n, const brood_real_t *x); /* the caller frees */
double *zeros(int64_t n);
/* [columns, rows] of x[rows, columns]: dense weights as the naive layer has them. The caller frees. */
double *transposed(int64_t rows, int64_t columns, const double *x);

/* Fails where |found − expected| is above the real's tolerance times the largest |expected|, naming `what`. */
void assert_close(const char *what, int64_t n, const brood_real_t *found, const double *expected);
/* The same, times the given scale of the terms that were summed. */
void assert_within(const char *what, int64_t n, const brood_real_t *found, const double *expected, double scale);

/* Fails where the norm of found − expected is above `bound` times that of expected (in double: as much smaller as its
   rounding errors are). */
void assert_norm(const char *what, int64_t n, const brood_real_t *found, const double *expected, double bound);

/* The norm of found − expected. */
double norm_of_error(int64_t n, const brood_real_t *found, const double *expected);

/* The mask that the documentation describes, from the generator itself. */
bool dropout_keeps(brood_key4_t key, int64_t layer, int64_t image, int64_t unit, int64_t units, int32_t percent);

brood_real_t *value_of(fixture_t *f, const char *name);
brood_real_t *gradient_of(fixture_t *f, const char *name);

/* Of everything that a training step leaves: logits, gradients, parameters. */
uint64_t fixture_hash(const fixture_t *f, int64_t images);

#endif
