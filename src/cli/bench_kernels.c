/* What the time of training steps is made of: matrix products as children's layers call them, and single layers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_net.h"
#include "brood/util/json.h"
#include "command.h"

#define BATCH        100
#define PART         13 /* images of a part of it */
#define REPEATS      7
#define MOST_REPEATS 1000
#define BLOCK        0.01 /* seconds that a timed block of calls takes at least */

/* ---- the cases ---- */

/* How a layer calls a product. Operands that are apart are others at each call, as a layer has them at each frequency
   or at each point of its tiles: they come from where the layer finds them, which may be no cache at all. */
enum { A = 1, B = 2, C = 4 };
typedef struct {
    const char *text;
    brood_op_t  a_op, b_op;
    bool        packed, accumulates;
    int         apart;
} form_t;

static const form_t fourier_y = {"A B", .apart = A | C};
static const form_t fourier_dw = {"A' B", .a_op = BROOD_TRANSPOSED, .apart = A | B};
static const form_t fourier_dx = {"A B'", .b_op = BROOD_TRANSPOSED, .apart = A | C};
static const form_t toom_y = {"A packed B", .packed = true, .apart = A | B | C};
static const form_t toom_dw = {"A' B added", .a_op = BROOD_TRANSPOSED, .accumulates = true, .apart = A | B | C};
static const form_t panel_y = {"A packed B", .packed = true};
static const form_t panel_dw = {"A' B added", .a_op = BROOD_TRANSPOSED, .accumulates = true};
static const form_t planes_y = {"A' packed B", .a_op = BROOD_TRANSPOSED, .packed = true};
static const form_t planes_dw = {"A B added", .accumulates = true};
static const form_t dense_y = {"A packed B", .packed = true};
static const form_t dense_dw = {"A' B", .a_op = BROOD_TRANSPOSED};
static const form_t dense_dx = {.text = "A B"};

typedef struct {
    const char   *name;
    const form_t *form;
    int64_t       calls, m, n, k; /* calls: one behind the other, for a mini-batch or a part of it */
    int64_t       lda;            /* 0: rows of A lie one behind the other */
} product_t;

/* Of mini-batches of 100, in the ways that counted cost chooses for children like those of bench/peer_pytorch.py. */
static const product_t products[] = {
    /* Fourier, a call a frequency: rows images (images · rows of positions), 2 · filters, 2 · channels. The first
       layer has one channel, and nobody asks for its dx. */
    {"1-D 61 taps 1 to 24, Fourier y", &fourier_y, 433, BATCH, 48, 2, 0},
    {"1-D 61 taps 1 to 24, Fourier dW", &fourier_dw, 433, 2, 48, BATCH, 0},
    {"1-D 57 taps 24 to 55, Fourier y", &fourier_y, 421, BATCH, 110, 48, 0},
    {"1-D 57 taps 24 to 55, Fourier dW", &fourier_dw, 421, 48, 110, BATCH, 0},
    {"1-D 57 taps 24 to 55, Fourier dx", &fourier_dx, 421, BATCH, 48, 110, 0},
    {"2-D 5x5 32 to 64, Fourier y", &fourier_y, 130, BATCH, 128, 64, 0},
    {"2-D 5x5 32 to 64, Fourier dW", &fourier_dw, 130, 64, 128, BATCH, 0},
    {"2-D 5x5 32 to 64, Fourier dx", &fourier_dx, 130, BATCH, 64, 128, 0},
    /* Toom-Cook, a call a point: the tiles of a block of images, filters, channels. Of a layer alone a block is one
       signal of length 784, in 98 tiles, six images of 14x14, each in 6 tiles, or thirteen of 7x7, in 2. */
    {"1-D 5 taps 32 to 64, Toom-Cook y", &toom_y, 12, 98, 64, 32, 0},
    {"1-D 5 taps 32 to 64, Toom-Cook dW", &toom_dw, 12, 32, 64, 98, 0},
    {"1-D 5 taps 32 to 64, Toom-Cook dx", &toom_y, 12, 98, 32, 64, 0},
    {"2-D 3x3 24 to 48, Toom-Cook y", &toom_y, 63, 36, 48, 24, 0},
    {"2-D 3x3 24 to 48, Toom-Cook dW", &toom_dw, 63, 24, 48, 36, 0},
    {"2-D 3x3 24 to 48, Toom-Cook dx", &toom_y, 63, 36, 24, 48, 0},
    {"2-D 3x3 48 to 64, Toom-Cook y", &toom_y, 54, 26, 64, 48, 0},
    {"2-D 3x3 48 to 64, Toom-Cook dW", &toom_dw, 54, 48, 64, 26, 0},
    {"2-D 3x3 48 to 64, Toom-Cook dx", &toom_y, 54, 26, 48, 64, 0},
    /* Direct, first layers: windows of two or three images 28x28, gathered a row a tap. */
    {"2-D 5x5 1 to 32, direct y", &planes_y, 1, 1568, 32, 25, 0},
    {"2-D 5x5 1 to 32, direct dW", &planes_dw, 1, 25, 32, 1568, 0},
    {"2-D 3x3 1 to 24, direct y", &planes_y, 1, 2352, 24, 9, 0},
    {"2-D 3x3 1 to 24, direct dW", &planes_dw, 1, 9, 24, 2352, 0},
    /* Direct, strides of 2 from 28x28 on: gathered windows; the gradients of whole windows are scattered to dx. */
    {"2-D 3x3 24 to 48 strided, direct y", &panel_y, 1, 294, 48, 216, 0},
    {"2-D 3x3 24 to 48 strided, direct dW", &panel_dw, 1, 216, 48, 294, 0},
    {"2-D 3x3 24 to 48 strided, direct dx", &panel_y, 1, 196, 216, 48, 0},
    /* Direct, one row of positions: the windows are runs of the image, and overlap. */
    {"1-D 5 taps 1 to 32, direct y", &panel_y, 1, 784, 32, 5, 1},
    {"1-D 5 taps 1 to 32, direct dW", &panel_dw, 1, 5, 32, 784, 1},
    {"1-D 5 taps 32 to 64, direct y", &panel_y, 1, 784, 64, 160, 32},
    {"1-D 5 taps 32 to 64, direct dW", &panel_dw, 1, 160, 64, 784, 32},
    /* Direct, one tap: the images, three of 14x14 a block. */
    {"2-D 1x1 48 to 48, direct y", &panel_y, 1, 588, 48, 48, 0},
    {"2-D 1x1 48 to 48, direct dW", &panel_dw, 1, 48, 48, 588, 0},
    /* The classes of 7x7 positions of 64 channels. */
    {"dense 3136 to 10, y", &dense_y, 1, PART, 10, 3136, 0},
    {"dense 3136 to 10, dW", &dense_dw, 1, 10, 3136, BATCH, 0},
    {"dense 3136 to 10, dx", &dense_dx, 1, PART, 3136, 10, 0},
};
enum { PRODUCTS = sizeof products / sizeof *products };

typedef struct {
    const char        *name;
    brood_layer_kind_t kind;
    int64_t            in[3]; /* height, width, channels */
    brood_layer_args_t args;
} layer_t;

#define WINDOW(high, wide, by) .height = (high), .width = (wide), .stride_height = (by), .stride_width = (by)
#define FILTERS(high, wide, filters, way)                                                                              \
    { WINDOW(high, wide, 1), .outputs = (filters), .bias = true, .method = BROOD_CONVOLUTION_##way }

/* Toom-Cook has no 57 taps. */
static const layer_t layers[] = {
    {"1-D 5 taps 32 to 64, direct", BROOD_LAYER_CONVOLUTION, {1, 784, 32}, FILTERS(1, 5, 64, DIRECT)},
    {"1-D 5 taps 32 to 64, Toom-Cook", BROOD_LAYER_CONVOLUTION, {1, 784, 32}, FILTERS(1, 5, 64, TOOM)},
    {"1-D 5 taps 32 to 64, Fourier", BROOD_LAYER_CONVOLUTION, {1, 784, 32}, FILTERS(1, 5, 64, FOURIER)},
    {"1-D 57 taps 24 to 55, direct", BROOD_LAYER_CONVOLUTION, {1, 784, 24}, FILTERS(1, 57, 55, DIRECT)},
    {"1-D 57 taps 24 to 55, Fourier", BROOD_LAYER_CONVOLUTION, {1, 784, 24}, FILTERS(1, 57, 55, FOURIER)},
    {"2-D 3x3 24 to 48, direct", BROOD_LAYER_CONVOLUTION, {14, 14, 24}, FILTERS(3, 3, 48, DIRECT)},
    {"2-D 3x3 24 to 48, Toom-Cook", BROOD_LAYER_CONVOLUTION, {14, 14, 24}, FILTERS(3, 3, 48, TOOM)},
    {"2-D 3x3 24 to 48, Fourier", BROOD_LAYER_CONVOLUTION, {14, 14, 24}, FILTERS(3, 3, 48, FOURIER)},
    {"2-D 5x5 32 to 64, direct", BROOD_LAYER_CONVOLUTION, {14, 14, 32}, FILTERS(5, 5, 64, DIRECT)},
    {"2-D 5x5 32 to 64, Toom-Cook", BROOD_LAYER_CONVOLUTION, {14, 14, 32}, FILTERS(5, 5, 64, TOOM)},
    {"2-D 5x5 32 to 64, Fourier", BROOD_LAYER_CONVOLUTION, {14, 14, 32}, FILTERS(5, 5, 64, FOURIER)},
    {"pooling 2x2 by 2 of 32", BROOD_LAYER_MAX_POOL, {28, 28, 32}, {WINDOW(2, 2, 2)}},
    {"pooling 1x60 by 1 of 24", BROOD_LAYER_MAX_POOL, {1, 784, 24}, {WINDOW(1, 60, 1)}},
    {"batch normalisation of 24", BROOD_LAYER_NORM, {28, 28, 24}, {0}},
    {"dense 3136 to 10", BROOD_LAYER_DENSE, {7, 7, 64}, {.outputs = 10, .bias = true}},
};
enum { LAYERS = sizeof layers / sizeof *layers };

/* ---- measuring them ---- */

typedef enum { FORWARD, BACKWARD, PASSES } pass_t; /* a product is a forward pass alone */

/* Medians. */
typedef struct {
    double      seconds[PASSES], gigaflops; /* 0: no operations to count */
    const char *way;                        /* of a layer */
} measured_t;

typedef struct {
    brood_math_t *math;
    const char   *only; /* those whose names contain this; NULL: all */
    int64_t       repeats;
    double        core_rate; /* the largest that was seen beside any of them */
    measured_t    product[PRODUCTS], layer[LAYERS];
} bench_t;

static bool chosen(const bench_t *bench, const char *name) {
    return !bench->only || strstr(name, bench->only);
}

/* So many rounds, each of all calls or of a step; and the seconds of each pass. */
typedef void work_t(void *self, int64_t rounds, double seconds[PASSES]);

static void measure(bench_t *bench, double flops, work_t *work, void *self, measured_t *measured) {
    double block[PASSES], seconds[PASSES][MOST_REPEATS], once = 0;
    for (int warm = 0; warm < 2 && once < BLOCK; warm++) {
        work(self, 1, block);
        once = block[FORWARD] + block[BACKWARD];
    }
    int64_t rounds = 1 + (int64_t)(BLOCK / fmax(once, 1e-9));
    for (int64_t i = 0; i < bench->repeats; i++) {
        work(self, rounds, block);
        for (int pass = 0; pass < PASSES; pass++) seconds[pass][i] = block[pass] / (double)rounds;
    }
    for (int pass = 0; pass < PASSES; pass++) measured->seconds[pass] = bench_median(bench->repeats, seconds[pass]);
    measured->gigaflops = 1e-9 * flops / (measured->seconds[FORWARD] + measured->seconds[BACKWARD]);
    bench->core_rate = fmax(bench->core_rate, bench_core_rate(bench->math));
}

/* Elements; a step leads from the operand of one call to that of the next. */
typedef struct {
    const product_t *product;
    brood_math_t    *math;
    int64_t          lda, ldb, a_step, b_step, packed_step, c_step;
    float           *a, *b, *packed, *c;
} operands_t;

/* Rooms for an operand: one a call if they are apart, with a line between them as layers have it, so that they do not
   meet in the same places of a cache. */
static float *take(brood_arena_t *arena, int64_t elements, int64_t calls, int apart, int64_t *step) {
    *step = apart ? elements + BROOD_ARENA_ALIGN / (int64_t)sizeof(float) : 0;
    return brood_arena_take(arena, (size_t)(elements + (calls - 1) * *step) * sizeof(float));
}

static operands_t lay_out(const product_t *product, brood_math_t *math, brood_arena_t *arena) {
    const form_t *form = product->form;
    int64_t       m = product->m, n = product->n, k = product->k, calls = product->calls;
    int64_t       rows = form->a_op == BROOD_PLAIN ? m : k, columns = form->a_op == BROOD_PLAIN ? k : m;
    operands_t    x = {.product = product, .math = math, .lda = product->lda ? product->lda : columns};
    x.ldb = form->b_op == BROOD_PLAIN ? n : k;
    x.a = take(arena, (rows - 1) * x.lda + columns, calls, form->apart & A, &x.a_step);
    x.b = take(arena, k * n, calls, form->apart & B, &x.b_step);
    x.packed = take(arena, brood_packed_count_f32(math, k, n), calls, form->apart & B, &x.packed_step);
    x.c = take(arena, m * n, calls, form->apart & C, &x.c_step);
    return x;
}

static void multiply(void *self, int64_t rounds, double seconds[PASSES]) {
    const operands_t *x = self;
    const product_t  *product = x->product;
    const form_t     *form = product->form;
    double            before = bench_seconds();
    for (int64_t round = 0; round < rounds; round++)
        for (int64_t i = 0; i < product->calls; i++)
            if (form->packed)
                brood_product_packed_f32(x->math, form->a_op, product->m, product->n, product->k, x->a + i * x->a_step,
                                         x->lda, x->packed + i * x->packed_step, NULL, form->accumulates,
                                         x->c + i * x->c_step, product->n);
            else
                brood_product_f32(x->math, form->a_op, form->b_op, product->m, product->n, product->k,
                                  x->a + i * x->a_step, x->lda, x->b + i * x->b_step, x->ldb, form->accumulates,
                                  x->c + i * x->c_step, product->n);
    seconds[FORWARD] = bench_seconds() - before;
    seconds[BACKWARD] = 0;
}

static brood_err_t measure_product(bench_t *bench, const product_t *product, measured_t *measured) {
    brood_arena_t counting = {0}, arena;
    lay_out(product, bench->math, &counting);
    brood_err_t err = brood_arena_init(&arena, counting.used);
    if (err != BROOD_OK) return err;
    bench_draw((int64_t)(counting.used / sizeof(float)), (float *)(void *)arena.base);
    operands_t x = lay_out(product, bench->math, &arena);
    for (int64_t i = 0; product->form->packed && i < product->calls; i++)
        brood_pack_f32(bench->math, product->form->b_op, product->k, product->n, x.b + i * x.b_step, x.ldb,
                       x.packed + i * x.packed_step);
    double calls = (double)product->calls;
    measure(bench, 2 * calls * (double)(product->m * product->n * product->k), multiply, &x, measured);
    measured->seconds[FORWARD] /= calls;
    brood_arena_fini(&arena);
    return BROOD_OK;
}

typedef struct {
    bench_net_t net;
    int64_t     index; /* of the layer */
} single_t;

/* What the layer needs to be as it is in children: in front of it one that is trained, so that the gradient of its
   input is made, and before a pooling a ReLU for it to do; behind it one that makes a few logits of its output. */
static void surround(const layer_t *layer, single_t *single) {
    brood_net_spec_t *spec = &single->net.spec;
    *spec = (brood_net_spec_t){.image = {layer->in[0], layer->in[1], layer->in[2]}};
    bool room = brood_net_spec_add(spec, BROOD_LAYER_NORM, NULL);
    if (layer->kind == BROOD_LAYER_MAX_POOL) room &= brood_net_spec_add(spec, BROOD_LAYER_RELU, NULL);
    single->index = spec->count;
    room &= brood_net_spec_add(spec, layer->kind, &layer->args);
    room &= brood_net_spec_add(spec, BROOD_LAYER_AVERAGE, NULL);
    if (!room) abort();
    spec->classes = layer->args.outputs > 0 ? layer->args.outputs : layer->in[2];
    single->net.batch = BATCH;
}

static void train(void *self, int64_t rounds, double seconds[PASSES]) {
    single_t           *single = self;
    brood_layer_time_t *time = &single->net.times[single->index];
    *time = (brood_layer_time_t){0};
    for (int64_t round = 0; round < rounds; round++) bench_net_step(&single->net, round);
    seconds[FORWARD] = time->forward;
    seconds[BACKWARD] = time->backward;
}

static brood_err_t measure_layer(bench_t *bench, const layer_t *layer, measured_t *measured) {
    brood_err_t err = BROOD_OK;
    single_t   *single = calloc(1, sizeof *single);
    if (!single) return brood_fail(BROOD_E_MEMORY, "no memory for the bench");
    surround(layer, single);
    BROOD_TRY(bench_net_init(&single->net, bench->math));
    brood_net_time(single->net.net, single->net.times, bench_seconds);
    measure(bench, (double)(single->net.measure.flops * BATCH), train, single, measured);
    measured->way = brood_net_way(single->net.net, single->index);
done:
    bench_net_fini(&single->net);
    free(single);
    return err;
}

static brood_err_t measure_all(bench_t *bench) {
    brood_isa_t isa;
    brood_err_t err = BROOD_OK;
    BROOD_TRY(brood_isa_choose(&isa));
    BROOD_TRY(brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &bench->math));
    for (int i = 0; i < PRODUCTS; i++)
        if (chosen(bench, products[i].name)) BROOD_TRY(measure_product(bench, &products[i], &bench->product[i]));
    for (int i = 0; i < LAYERS; i++)
        if (chosen(bench, layers[i].name)) BROOD_TRY(measure_layer(bench, &layers[i], &bench->layer[i]));
    if (bench->core_rate == 0) err = brood_fail(BROOD_E_USAGE, "--only: no kernel's name contains \"%s\"", bench->only);
done:
    return err;
}

/* ---- telling them ---- */

static double share_of(const bench_t *bench, const measured_t *measured) {
    return 1e9 * measured->gigaflops / bench->core_rate;
}

static void print_product(const bench_t *bench, int i) {
    const product_t  *x = &products[i];
    const measured_t *at = &bench->product[i];
    printf("%-36s %5lld %5lld %5lld %5lld  %-11s %9.2f %8.1f %6.2f\n", x->name, (long long)x->calls, (long long)x->m,
           (long long)x->n, (long long)x->k, x->form->text, 1e6 * at->seconds[FORWARD], at->gigaflops,
           share_of(bench, at));
}

static void print_layer(const bench_t *bench, int i) {
    const measured_t *at = &bench->layer[i];
    double            forward = 1e3 * at->seconds[FORWARD], backward = 1e3 * at->seconds[BACKWARD];
    printf("%-36s %10.3f %11.3f %9.3f", layers[i].name, forward, backward, forward + backward);
    if (at->gigaflops > 0) printf(" %9.1f %6.2f", at->gigaflops, share_of(bench, at));
    printf("\n");
}

static void print_text(const bench_t *bench) {
    char cpu[64];
    brood_isa_cpu(cpu, sizeof cpu);
    printf("CPU           %s, %s\n", cpu, brood_math_describe(bench->math));
    printf("Core          %.1f GFLOP/s of a loop of fused multiply-adds: the share is of that\n",
           1e-9 * bench->core_rate);
    printf("Timed         medians of %lld, CPU time of one thread\n\n", (long long)bench->repeats);
    printf("%-36s %5s %5s %5s %5s  %-11s %9s %8s %6s\n", "product", "calls", "m", "n", "k", "form", "us a call",
           "GFLOP/s", "share");
    for (int i = 0; i < PRODUCTS; i++)
        if (chosen(bench, products[i].name)) print_product(bench, i);
    printf("\n%-36s %10s %11s %9s %9s %6s   (as direct convolution)\n", "layer, a mini-batch of 100", "forward ms",
           "backward ms", "ms a step", "GFLOP/s", "share");
    for (int i = 0; i < LAYERS; i++)
        if (chosen(bench, layers[i].name)) print_layer(bench, i);
}

/* Where there are no operations to count, null. */
static void write_rate(brood_json_t *json, const bench_t *bench, const measured_t *measured) {
    bool counted = measured->gigaflops > 0;
    brood_json_real(json, "gflops", counted ? measured->gigaflops : NAN);
    brood_json_real(json, "share_of_fma_rate", counted ? share_of(bench, measured) : NAN);
    brood_json_end_object(json);
}

static void write_product(brood_json_t *json, const bench_t *bench, int i) {
    const product_t  *product = &products[i];
    const measured_t *measured = &bench->product[i];
    brood_json_begin_object(json, NULL);
    brood_json_text(json, "name", product->name);
    brood_json_text(json, "form", product->form->text);
    brood_json_integer(json, "calls", product->calls);
    brood_json_integer(json, "m", product->m);
    brood_json_integer(json, "n", product->n);
    brood_json_integer(json, "k", product->k);
    brood_json_real(json, "microseconds", 1e6 * measured->seconds[FORWARD]);
    write_rate(json, bench, measured);
}

static void write_layer(brood_json_t *json, const bench_t *bench, int i) {
    const measured_t *measured = &bench->layer[i];
    double            forward = 1e3 * measured->seconds[FORWARD], backward = 1e3 * measured->seconds[BACKWARD];
    brood_json_begin_object(json, NULL);
    brood_json_text(json, "name", layers[i].name);
    brood_json_text(json, "way", measured->way);
    brood_json_real(json, "forward_ms", forward);
    brood_json_real(json, "backward_ms", backward);
    brood_json_real(json, "ms_per_step", forward + backward);
    write_rate(json, bench, measured);
}

static brood_err_t print_json(const bench_t *bench) {
    char         cpu[64];
    brood_json_t json;
    brood_isa_cpu(cpu, sizeof cpu);
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    brood_json_text(&json, "cpu", cpu);
    brood_json_text(&json, "path", brood_math_describe(bench->math));
    brood_json_real(&json, "fma_gflops", 1e-9 * bench->core_rate);
    brood_json_integer(&json, "repeats", bench->repeats);
    brood_json_integer(&json, "batch", BATCH);
    brood_json_begin_array(&json, "products");
    for (int i = 0; i < PRODUCTS; i++)
        if (chosen(bench, products[i].name)) write_product(&json, bench, i);
    brood_json_end_array(&json);
    brood_json_begin_array(&json, "layers");
    for (int i = 0; i < LAYERS; i++)
        if (chosen(bench, layers[i].name)) write_layer(&json, bench, i);
    brood_json_end_array(&json);
    brood_json_end_object(&json);
    return brood_json_finish(&json);
}

brood_err_t bench_kernels(int argc, char *argv[]) {
    const char    *repeats = NULL;
    bool           json = false;
    bench_t        bench = {.repeats = REPEATS};
    const option_t options[] = {{.name = "--only", .value = &bench.only},
                                {.name = "--repeats", .value = &repeats},
                                {.name = "--json", .given = &json},
                                {0}};
    brood_err_t    err = BROOD_OK;
    BROOD_TRY(parse_options(argc, argv, options, NULL, 0));
    BROOD_TRY(count_option("--repeats", repeats, 1, MOST_REPEATS, &bench.repeats));
    BROOD_TRY(measure_all(&bench));
    if (json)
        BROOD_TRY(print_json(&bench));
    else
        print_text(&bench);
done:
    brood_math_destroy(&bench.math);
    return err;
}
