/* Milliseconds of whole training steps (forward, loss, backward, Adam) of fixed networks on one thread, mini-batches of
   100: bench_steps [NAME …]. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "brood/nn/loss.h"
#include "brood/nn/optimizer.h"

enum { MINIBATCH = 100, CLASSES = 10 };

static void add(brood_net_spec_t *spec, brood_layer_kind_t kind, brood_layer_args_t args) {
    if (!brood_net_spec_add(spec, kind, &args)) abort();
}

static void convolve(brood_net_spec_t *spec, int32_t height, int32_t width, int32_t filters) {
    add(spec, BROOD_LAYER_CONVOLUTION,
        (brood_layer_args_t){
            .height = height, .width = width, .stride_height = 1, .stride_width = 1, .outputs = filters, .bias = true});
    add(spec, BROOD_LAYER_RELU, (brood_layer_args_t){0});
}

static void pool(brood_net_spec_t *spec, int32_t height, int32_t width, int32_t stride) {
    add(spec, BROOD_LAYER_MAX_POOL,
        (brood_layer_args_t){.height = height, .width = width, .stride_height = stride, .stride_width = stride});
}

static brood_net_spec_t image(int64_t height, int64_t width) {
    return (brood_net_spec_t){.image = {height, width, 1}, .classes = CLASSES};
}

static brood_net_spec_t finish(brood_net_spec_t spec) {
    add(&spec, BROOD_LAYER_DENSE, (brood_layer_args_t){.outputs = CLASSES, .bias = true});
    return spec;
}

static brood_net_spec_t nas1d(void) {
    brood_net_spec_t spec = image(1, 784);
    convolve(&spec, 1, 61, 24);
    pool(&spec, 1, 60, 1);
    convolve(&spec, 1, 57, 55);
    pool(&spec, 1, 59, 1);
    return finish(spec);
}

static brood_net_spec_t hand1d(void) {
    brood_net_spec_t spec = image(1, 784);
    convolve(&spec, 1, 5, 32);
    pool(&spec, 1, 2, 1);
    convolve(&spec, 1, 5, 64);
    pool(&spec, 1, 2, 1);
    return finish(spec);
}

static brood_net_spec_t hand2d(void) {
    brood_net_spec_t spec = image(28, 28);
    convolve(&spec, 5, 5, 32);
    pool(&spec, 2, 2, 2);
    convolve(&spec, 5, 5, 64);
    pool(&spec, 2, 2, 2);
    return finish(spec);
}

static brood_net_spec_t conv3(void) {
    brood_net_spec_t     spec = image(28, 28);
    static const int32_t filters[3] = {24, 48, 64};
    for (int i = 0; i < 3; i++) {
        convolve(&spec, 3, 3, filters[i]);
        pool(&spec, 2, 2, 2);
    }
    return finish(spec);
}

/* conv3 as the search makes it: batch normalisation before the ReLU, dropout behind the pooling. */
static brood_net_spec_t norm3(void) {
    brood_net_spec_t     spec = image(28, 28);
    static const int32_t filters[3] = {24, 48, 64};
    for (int i = 0; i < 3; i++) {
        add(&spec, BROOD_LAYER_CONVOLUTION,
            (brood_layer_args_t){
                .height = 3, .width = 3, .stride_height = 1, .stride_width = 1, .outputs = filters[i]});
        add(&spec, BROOD_LAYER_NORM, (brood_layer_args_t){0});
        add(&spec, BROOD_LAYER_RELU, (brood_layer_args_t){0});
        pool(&spec, 2, 2, 2);
        add(&spec, BROOD_LAYER_DROPOUT, (brood_layer_args_t){.percent = 30});
    }
    add(&spec, BROOD_LAYER_AVERAGE, (brood_layer_args_t){0});
    return finish(spec);
}

/* Strides in place of pooling, and pointwise convolutions. */
static brood_net_spec_t strided(void) {
    brood_net_spec_t     spec = image(28, 28);
    static const int32_t filters[3] = {24, 48, 64};
    for (int i = 0; i < 3; i++) {
        int32_t stride = i == 0 ? 1 : 2;
        add(&spec, BROOD_LAYER_CONVOLUTION,
            (brood_layer_args_t){.height = 3,
                                 .width = 3,
                                 .stride_height = stride,
                                 .stride_width = stride,
                                 .outputs = filters[i],
                                 .bias = true});
        add(&spec, BROOD_LAYER_RELU, (brood_layer_args_t){0});
        convolve(&spec, 1, 1, filters[i]);
    }
    return finish(spec);
}

static const struct {
    const char *name;
    brood_net_spec_t (*make)(void);
} networks[] = {{"nas1d", nas1d}, {"hand1d", hand1d}, {"hand2d", hand2d},
                {"conv3", conv3}, {"norm3", norm3},   {"strided", strided}};

static void check(brood_err_t err) {
    if (err == BROOD_OK) return;
    fprintf(stderr, "bench_steps: %s\n", brood_message());
    exit(brood_exit_code(err));
}

/* Of this thread alone, so that whatever else runs on the machine counts as little as it can. */
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, const brood_net_spec_t *spec, brood_math_t *math) {
    brood_optimizer_args_t args = {.kind = BROOD_OPTIMIZER_ADAM};
    brood_measure_t        counted;
    size_t                 bytes, pixels = (size_t)(MINIBATCH * spec->image[0] * spec->image[1]);
    check(brood_net_measure(spec, MINIBATCH, &counted));
    check(brood_net_size(spec, MINIBATCH, math, &bytes));
    bytes += brood_optimizer_size(&args, counted.parameters) + 4 * (pixels + 2 * MINIBATCH * CLASSES) + 192;
    brood_arena_t arena;
    check(brood_arena_init(&arena, bytes));
    brood_net_t *net;
    check(brood_net_create(spec, MINIBATCH, math, &arena, &net));
    brood_optimizer_t *optimizer = brood_optimizer_create(&args, net, &arena);
    float             *x = brood_arena_take(&arena, 4 * pixels);
    float             *logits = brood_arena_take(&arena, 4 * MINIBATCH * CLASSES);
    float             *dlogits = brood_arena_take(&arena, 4 * MINIBATCH * CLASSES);
    uint8_t            labels[MINIBATCH];
    double             loss[MINIBATCH];
    brood_key4_t       key = brood_key4(1, BROOD_PURPOSE_BENCH, 0, 0, 0);
    brood_net_initialise(net, key);
    for (size_t i = 0; i < pixels; i++) x[i] = (float)brood_random_uniform(&key, (uint32_t)i);
    for (int i = 0; i < MINIBATCH; i++) labels[i] = (uint8_t)brood_random_below(&key, (uint32_t)i, CLASSES);

    enum { STEPS = 9, WARM = 2 };
    double time[STEPS];
    for (int64_t step = -WARM; step < STEPS; step++) {
        double begin = now();
        brood_net_forward(net, MINIBATCH, x, true, brood_key4(1, BROOD_PURPOSE_BENCH, 1, step + WARM, 0), logits);
        brood_loss_softmax(MINIBATCH, CLASSES, logits, labels, loss, dlogits);
        brood_net_backward(net, dlogits);
        brood_optimizer_step(optimizer, 1e-3);
        if (step >= 0) time[step] = now() - begin;
    }
    qsort(time, STEPS, sizeof *time, ascending);
    printf("%-8s median %7.2f ms, least %7.2f; predicted %7.2f; %5.1f GFLOP/s\n", name, time[STEPS / 2], time[0],
           1e-6 * MINIBATCH * (double)counted.cost, 1e-6 * MINIBATCH * (double)counted.flops / time[STEPS / 2]);
    brood_arena_fini(&arena);
}

int main(int argc, char **argv) {
    brood_isa_t   isa;
    brood_math_t *math;
    check(brood_isa_choose(&isa));
    check(brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &math));
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        bool wanted = argc == 1;
        for (int j = 1; j < argc; j++) wanted |= !strcmp(argv[j], networks[i].name);
        brood_net_spec_t spec = networks[i].make();
        if (wanted) measure(networks[i].name, &spec, math);
    }
    brood_math_destroy(&math);
    return 0;
}
