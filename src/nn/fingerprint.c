#include "brood/nn/fingerprint.h"

#include <float.h>
#include <math.h>

#include "brood/math/function.h"
#include "brood/nn/loss.h"
#include "brood/nn/optimizer.h"
#include "brood/util/hash.h"
#include "layer.h"

const char *const brood_fingerprint_parts[BROOD_FINGERPRINT_PARTS] = {
    [BROOD_FINGERPRINT_PRODUCTS] = "products",
    [BROOD_FINGERPRINT_KERNELS] = "kernels",
    [BROOD_FINGERPRINT_FUNCTIONS] = "functions",
    [BROOD_FINGERPRINT_TRAINING] = "training",
};

static brood_key4_t key_of(int64_t part, int64_t number, int64_t array) {
    return brood_key4(0, BROOD_PURPOSE_FINGERPRINT, part, number, array);
}

/* ---- products ---- */

typedef struct {
    brood_op_t a_op, b_op;
    int64_t    m, n, k;
    int64_t    step; /* of overlapping rows of A; 0: they do not */
    bool       accumulate, tiny;
} product_t;

#define REAL    float
#define TYPE(x) x##_f32
#define TINY    0x1p-66f
#include "fingerprint_products.h"
#undef REAL
#undef TYPE
#undef TINY

#define REAL    double
#define TYPE(x) x##_f64
#define TINY    0x1p-520
#include "fingerprint_products.h"

static const product_t products[] = {
    /* odd sizes around vectors and panels; sums as long as a chain, longer, and cut twice */
    {BROOD_PLAIN, BROOD_PLAIN, 1, 1, 1, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 5, 7, 9, 0, false, true},
    {BROOD_PLAIN, BROOD_PLAIN, 13, 17, 256, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 37, 33, 257, 0, true, false},
    {BROOD_PLAIN, BROOD_TRANSPOSED, 33, 65, 31, 0, false, false},
    {BROOD_TRANSPOSED, BROOD_TRANSPOSED, 7, 23, 520, 0, true, false},
    /* a convolution: over one channel, over many, a signal's windows; its weights' gradient */
    {BROOD_TRANSPOSED, BROOD_PLAIN, 77, 24, 25, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 21, 36, 288, 0, false, false},
    {BROOD_PLAIN, BROOD_PLAIN, 61, 20, 75, 3, false, false},
    {BROOD_TRANSPOSED, BROOD_PLAIN, 27, 19, 300, 0, true, false},
    /* a dense layer: forward, and both gradients */
    {BROOD_PLAIN, BROOD_PLAIN, 11, 10, 600, 0, false, false},
    {BROOD_TRANSPOSED, BROOD_PLAIN, 600, 10, 11, 0, false, false},
    {BROOD_PLAIN, BROOD_TRANSPOSED, 11, 600, 10, 0, false, false},
    /* a policy's cell of 32 units and 8 gates, a round of 8 */
    {BROOD_PLAIN, BROOD_PLAIN, 8, 256, 32, 0, true, false},
    {BROOD_PLAIN, BROOD_TRANSPOSED, 8, 32, 256, 0, false, false},
    {BROOD_TRANSPOSED, BROOD_PLAIN, 32, 256, 8, 0, true, false},
};

static brood_err_t hash_products(brood_math_t *math, uint64_t *hash) {
    brood_err_t err = BROOD_OK;
    for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
        BROOD_TRY(hash_product_f32(math, (int64_t)i, &products[i], hash));
        BROOD_TRY(hash_product_f64(math, (int64_t)i, &products[i], hash));
    }
done:
    return err;
}

/* ---- networks ---- */

typedef struct {
    int64_t                image[3], minibatch;
    brood_init_t           init;
    bool                   large; /* of what it makes only gradients and parameters are looked at */
    brood_optimizer_args_t optimizer;
    int64_t                count;
    struct {
        brood_layer_kind_t kind;
        brood_layer_args_t args; /* height, width, strides, outputs, per cent, bias, method */
    } layer[16];                 /* the last one makes the classes */
} network_t;

/* Between them every kernel, every way to make a convolution forward and backward, every way to pool. Where sums are
   cut is part of the bits: the last one's mini-batch is cut into fewer parts than others', its parts into blocks of
   images, and these into panels. */
static const network_t networks[] = {
    {.image = {7, 8, 3},
     .minibatch = 4,
     .optimizer = {.kind = BROOD_OPTIMIZER_SGD, .momentum = 0.9},
     .count = 7,
     .layer = {{BROOD_LAYER_CONVOLUTION, {3, 3, 1, 1, 33, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_CONVOLUTION, {3, 2, 1, 1, 9, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_MAX_POOL, {4, 1, 1, 1, 0, 0, false, 0}},
               {BROOD_LAYER_CONVOLUTION, {2, 2, 1, 1, 1, 0, true, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_MAX_POOL, {2, 2, 2, 2, 0, 0, false, 0}},
               {BROOD_LAYER_DENSE, {.outputs = 4, .bias = true}}}},
    {.image = {13, 11, 1},
     .minibatch = 5,
     .optimizer = {.kind = BROOD_OPTIMIZER_ADAM, .weight_decay = 0.01},
     .count = 13,
     .layer = {{BROOD_LAYER_CONVOLUTION, {3, 3, 1, 1, 5, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_NORM, {0}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_MAX_POOL, {2, 3, 1, 1, 0, 0, false, 0}},
               {BROOD_LAYER_DROPOUT, {.percent = 40}},
               {BROOD_LAYER_CONVOLUTION, {5, 3, 2, 1, 19, 0, true, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_MAX_POOL, {3, 3, 2, 2, 0, 0, false, 0}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_CONVOLUTION, {1, 1, 1, 1, 17, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_NORM, {0}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_AVERAGE, {0}},
               {BROOD_LAYER_DENSE, {.outputs = 7, .bias = true}}}},
    {.image = {1, 37, 1},
     .minibatch = 34,
     .init = BROOD_INIT_XAVIER,
     .optimizer = {.kind = BROOD_OPTIMIZER_SGD, .momentum = 0.9, .weight_decay = 0.01},
     .count = 9,
     .layer = {{BROOD_LAYER_CONVOLUTION, {1, 11, 1, 1, 6, 0, true, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_MAX_POOL, {1, 14, 1, 1, 0, 0, false, 0}},
               {BROOD_LAYER_DROPOUT, {.percent = 25}},
               {BROOD_LAYER_CONVOLUTION, {1, 43, 1, 1, 17, 0, true, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_MAX_POOL, {1, 2, 1, 1, 0, 0, false, 0}},
               {BROOD_LAYER_CONVOLUTION, {1, 5, 1, 3, 4, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_DENSE, {.outputs = 10, .bias = true}}}},
    {.image = {10, 9, 3},
     .minibatch = 3,
     .optimizer = {.kind = BROOD_OPTIMIZER_SGD, .momentum = 0.9},
     .count = 5,
     .layer = {{BROOD_LAYER_CONVOLUTION, {3, 2, 1, 1, 17, 0, true, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_CONVOLUTION, {5, 1, 1, 1, 5, 0, false, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_CONVOLUTION, {1, 4, 1, 1, 2, 0, false, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_DENSE, {.outputs = 5, .bias = true}}}},
    {.image = {1, 30, 3}, /* tiles of any number of points */
     .minibatch = 3,
     .optimizer = {.kind = BROOD_OPTIMIZER_SGD, .momentum = 0.9},
     .count = 10,
     .layer = {{BROOD_LAYER_CONVOLUTION, {1, 5, 1, 1, 5, 0, false, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_CONVOLUTION, {1, 5, 1, 1, 4, 0, false, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_CONVOLUTION, {1, 7, 1, 1, 5, 0, true, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_MAX_POOL, {1, 2, 1, 2, 0, 0, false, 0}},
               {BROOD_LAYER_CONVOLUTION, {1, 5, 1, 1, 4, 0, false, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_CONVOLUTION, {1, 7, 1, 1, 5, 0, true, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_MAX_POOL, {1, 3, 1, 3, 0, 0, false, 0}},
               {BROOD_LAYER_CONVOLUTION, {1, 4, 1, 1, 4, 0, false, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_CONVOLUTION, {1, 2, 1, 1, 5, 0, false, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_DENSE, {.outputs = 5, .bias = true}}}},
    {.image = {9, 10, 2},
     .minibatch = 3,
     .optimizer = {.kind = BROOD_OPTIMIZER_SGD, .momentum = 0.9},
     .count = 4,
     .layer = {{BROOD_LAYER_CONVOLUTION, {3, 5, 1, 1, 19, 0, true, BROOD_CONVOLUTION_FOURIER}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_CONVOLUTION, {1, 3, 1, 1, 3, 0, false, BROOD_CONVOLUTION_FOURIER}},
               {BROOD_LAYER_DENSE, {.outputs = 5, .bias = true}}}},
    {.image = {1, 600, 1}, /* windows of more positions than a byte counts */
     .minibatch = 2,
     .optimizer = {.kind = BROOD_OPTIMIZER_SGD, .momentum = 0.9},
     .count = 4,
     .layer = {{BROOD_LAYER_CONVOLUTION, {1, 2, 1, 1, 9, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_MAX_POOL, {1, 530, 1, 1, 0, 0, false, 0}},
               {BROOD_LAYER_AVERAGE, {0}},
               {BROOD_LAYER_DENSE, {.outputs = 3, .bias = true}}}},
    {.image = {28, 28, 1},
     .minibatch = 9,
     .large = true,
     .optimizer = {.kind = BROOD_OPTIMIZER_SGD},
     .count = 8,
     .layer = {{BROOD_LAYER_CONVOLUTION, {3, 3, 1, 1, 28, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_CONVOLUTION, {5, 5, 2, 2, 4, 0, true, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_RELU, {0}},
               {BROOD_LAYER_CONVOLUTION, {3, 3, 1, 1, 80, 0, true, BROOD_CONVOLUTION_TOOM}},
               {BROOD_LAYER_MAX_POOL, {2, 2, 2, 2, 0, 0, false, 0}},
               {BROOD_LAYER_CONVOLUTION, {7, 7, 7, 7, 70, 0, false, BROOD_CONVOLUTION_DIRECT}},
               {BROOD_LAYER_DENSE, {.outputs = 10, .bias = true}}}},
};

static const network_t child = {.image = {14, 14, 1},
                                .minibatch = 10,
                                .optimizer = {.kind = BROOD_OPTIMIZER_ADAM},
                                .count = 11,
                                .layer = {{BROOD_LAYER_CONVOLUTION, {3, 3, 1, 1, 8, 0, false}},
                                          {BROOD_LAYER_NORM, {0}},
                                          {BROOD_LAYER_RELU, {0}},
                                          {BROOD_LAYER_MAX_POOL, {2, 2, 2, 2, 0, 0, false, 0}},
                                          {BROOD_LAYER_DROPOUT, {.percent = 20}},
                                          {BROOD_LAYER_CONVOLUTION, {5, 5, 1, 1, 12, 0, false}},
                                          {BROOD_LAYER_NORM, {0}},
                                          {BROOD_LAYER_RELU, {0}},
                                          {BROOD_LAYER_DROPOUT, {.percent = 20}},
                                          {BROOD_LAYER_AVERAGE, {0}},
                                          {BROOD_LAYER_DENSE, {.outputs = 10, .bias = true}}}};

/* A network in training. */
typedef struct {
    const network_t   *network;
    brood_net_spec_t   spec;
    int64_t            image_size;
    brood_arena_t      arena;
    brood_net_t       *net;
    brood_optimizer_t *optimizer;
    brood_real_t      *x /* [minibatch, image_size] */, *logits, *dlogits /* [minibatch, classes] */;
    double            *loss;   /* [minibatch] */
    uint8_t           *labels; /* [minibatch] */
} trainee_t;

static void specify(trainee_t *t) {
    const network_t *from = t->network;
    t->spec = (brood_net_spec_t){
        .image = {from->image[0], from->image[1], from->image[2]}, .init = from->init, .keeps_all = !from->large};
    for (int64_t i = 0; i < from->count; i++)
        (void)brood_net_spec_add(&t->spec, from->layer[i].kind, &from->layer[i].args); /* they fit */
    t->spec.classes = from->layer[from->count - 1].args.outputs;
    t->image_size = from->image[0] * from->image[1] * from->image[2];
}

static void take_batch(trainee_t *t, brood_arena_t *arena) {
    size_t images = (size_t)t->network->minibatch, reals = images * sizeof(brood_real_t);
    t->x = brood_arena_take(arena, reals * (size_t)t->image_size);
    t->logits = brood_arena_take(arena, reals * (size_t)t->spec.classes);
    t->dlogits = brood_arena_take(arena, reals * (size_t)t->spec.classes);
    t->loss = brood_arena_take(arena, images * sizeof *t->loss);
    t->labels = brood_arena_take(arena, images);
}

static brood_err_t create(brood_math_t *math, const network_t *network, trainee_t *t) {
    brood_err_t     err;
    brood_arena_t   counting = {0};
    brood_measure_t measure;
    size_t          net_size;
    *t = (trainee_t){.network = network};
    specify(t);
    BROOD_TRY(brood_net_size(&t->spec, network->minibatch, math, &net_size));
    BROOD_TRY(brood_net_measure(&t->spec, network->minibatch, &measure));
    brood_arena_take(&counting, net_size);
    brood_arena_take(&counting, brood_optimizer_size(&network->optimizer, measure.parameters));
    take_batch(t, &counting);
    BROOD_TRY(brood_arena_init(&t->arena, counting.used));
    BROOD_TRY(brood_net_create(&t->spec, network->minibatch, math, &t->arena, &t->net));
    t->optimizer = brood_optimizer_create(&network->optimizer, t->net, &t->arena);
    take_batch(t, &t->arena);
done:
    return err;
}

/* Keys of a network's arrays: its weights have the parts from 0 on, masks the steps after that. */
enum { WEIGHTS, PIXELS, LABELS, MASKS };

static brood_key4_t network_key(int64_t part, int64_t number, int64_t what) {
    return key_of(part, 16 * number + what, 0);
}

static void initialise(trainee_t *t, int64_t part, int64_t number) {
    brood_key4_t labels = network_key(part, number, LABELS);
    brood_net_initialise(t->net, network_key(part, number, WEIGHTS));
    draw_f32(network_key(part, number, PIXELS), 1, t->network->minibatch * t->image_size, t->x);
    for (int64_t i = 0; i < t->network->minibatch; i++)
        t->labels[i] = (uint8_t)brood_random_below(&labels, (uint32_t)i, t->spec.classes);
}

/* What a pass leaves of each layer, once where layers share it. */
static uint64_t hash_outputs(const trainee_t *t, int64_t images, bool gradients, uint64_t hash) {
    if (t->network->large) return hash;
    for (const brood_layer_t *layer = t->net->layer; layer < t->net->layer + t->net->count; layer++) {
        const brood_real_t *output = gradients ? layer->dy : layer->y, *input = gradients ? layer->dx : layer->x;
        if (output != input) hash = hash_f32(hash, images * layer->out_size, output);
    }
    return hash;
}

static uint64_t hash_gradients(const trainee_t *t, int64_t images, uint64_t hash) {
    hash = hash_outputs(t, images, true, hash);
    for (int64_t i = 0; i < brood_net_parameter_count(t->net); i++)
        hash = hash_f32(hash, brood_net_parameter(t->net, i)->count, brood_net_parameter(t->net, i)->gradient);
    return hash;
}

static uint64_t hash_step(trainee_t *t, int64_t images, brood_key4_t key, uint64_t hash) {
    brood_net_forward(t->net, images, t->x, true, key, t->logits);
    hash = hash_outputs(t, images, false, hash);
    int64_t correct = brood_loss_softmax(images, t->spec.classes, t->logits, t->labels, t->loss, t->dlogits);
    hash = brood_hash(hash, &correct, sizeof correct);
    hash = hash_f64(hash, images, t->loss);
    hash = hash_f32(hash, images * t->spec.classes, t->dlogits);
    brood_net_backward(t->net, t->dlogits);
    hash = hash_gradients(t, images, hash);
    brood_optimizer_step(t->optimizer, 0.01);
    return hash;
}

/* All that a checkpoint would keep. */
static brood_err_t hash_state(const trainee_t *t, uint64_t *hash) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_net_fields(t->net, "", &fields);
    brood_optimizer_fields(t->optimizer, "", &fields);
    brood_err_t err = brood_fields_error(&fields);
    for (int64_t i = 0; err == BROOD_OK && i < fields.count; i++) {
        const brood_field_t *field = &fields.field[i];
        if (field->type == BROOD_TYPE_F32)
            *hash = hash_f32(*hash, brood_field_count(field), field->base);
        else
            *hash = brood_hash(*hash, field->base, (size_t)brood_field_count(field) * brood_field_size(field));
    }
    brood_fields_fini(&fields);
    return err;
}

/* Two steps of training, the second of one image less, and an evaluation. */
static brood_err_t hash_network(brood_math_t *math, int64_t part, int64_t number, const network_t *network,
                                uint64_t *hash) {
    trainee_t   t;
    brood_err_t err;
    BROOD_TRY(create(math, network, &t));
    initialise(&t, part, number);
    for (int64_t step = 0; step < 2; step++)
        *hash = hash_step(&t, network->minibatch - step, network_key(part, number, MASKS + step), *hash);
    BROOD_TRY(hash_state(&t, hash));
    brood_net_forward(t.net, network->minibatch, t.x, false, network_key(part, number, MASKS), t.logits);
    *hash = hash_outputs(&t, network->minibatch, false, *hash);
done:
    brood_arena_fini(&t.arena);
    return err;
}

static brood_err_t hash_kernels(brood_math_t *math, uint64_t *hash) {
    brood_err_t err = BROOD_OK;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        BROOD_TRY(hash_network(math, BROOD_FINGERPRINT_KERNELS, (int64_t)i, &networks[i], hash));
done:
    return err;
}

static brood_err_t hash_training(brood_math_t *math, uint64_t *hash) {
    return hash_network(math, BROOD_FINGERPRINT_TRAINING, 0, &child, hash);
}

/* ---- functions ---- */

static double (*const functions[])(double) = {brood_exp, brood_log, brood_tanh, brood_sigmoid, brood_sin, brood_cos};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static const double edges[] = {
    /* the ends of the numbers */
    0.0, INFINITY, NAN, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, FLT_MAX, FLT_MIN, FLT_TRUE_MIN,
    /* where exp becomes denormal, 0 or infinite: in double, in float */
    708.4, 709.78, 709.79, 745.13, 745.14, 87.34, 88.72, 88.73, 103.97, 104.0,
    /* where tanh and sigmoid become 1 or their argument */
    18.75, 19.25, 36.75, 0x1p-28, 0x1p-54,
    /* around √½, where the exponent of a logarithm changes; of pow */
    0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bcdp-1, 0.5, 1.0, 2.0,
    /* quarter turns, and the last argument of sin and cos */
    0x1.921fb54442d18p-1, 0x1.921fb54442d18p0, 0x1.921fb54442d18p1, 0x1p20, 0x1.0000000000001p20};
enum { EDGES = sizeof edges / sizeof *edges, ARGUMENTS = 2 * EDGES + 300 };

/* The edges with either sign, and numbers drawn in ±1, ±30 and ±800. */
static void draw_arguments(double x[ARGUMENTS]) {
    static const double bounds[] = {1, 30, 800};
    for (int64_t i = 0; i < EDGES; i++) {
        x[2 * i] = edges[i];
        x[2 * i + 1] = -edges[i];
    }
    draw_f64(key_of(BROOD_FINGERPRINT_FUNCTIONS, 0, 0), 1, ARGUMENTS - 2 * EDGES, x + 2 * EDGES);
    for (int64_t i = 2 * EDGES; i < ARGUMENTS; i++) x[i] *= bounds[i % 3];
}

/* Of doubles; and, as children take it, of a float rounded to one. */
static uint64_t hash_function(double (*function)(double), const double x[ARGUMENTS], uint64_t hash) {
    for (int64_t i = 0; i < ARGUMENTS; i++) {
        double y = function(x[i]);
        float  of_float = (float)function((double)(float)x[i]);
        hash = hash_f64(hash, 1, &y);
        hash = hash_f32(hash, 1, &of_float);
    }
    return hash;
}

static brood_err_t hash_functions(brood_math_t *math, uint64_t *hash) {
    (void)math;
    double       x[ARGUMENTS], y[ARGUMENTS];
    brood_key4_t normals = key_of(BROOD_FINGERPRINT_FUNCTIONS, 1, 0);
    draw_arguments(x);
    for (int i = 0; i < FUNCTIONS; i++) *hash = hash_function(functions[i], x, *hash);
    for (int64_t i = 0; i < ARGUMENTS; i++) y[i] = brood_pow(i % 3 ? fabs(x[i]) : x[i], x[(7 * i + 3) % ARGUMENTS]);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    brood_tanh_n(ARGUMENTS, x, y);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    brood_sigmoid_n(ARGUMENTS, x, y);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    for (int64_t i = 0; i < ARGUMENTS; i++) y[i] = brood_random_normal(&normals, (uint32_t)i);
    *hash = hash_f64(*hash, ARGUMENTS, y);
    return BROOD_OK;
}

/* ---- all ---- */

brood_err_t brood_fingerprint(brood_math_t *math, brood_fingerprint_t *fingerprint) {
    static brood_err_t (*const hash_part[BROOD_FINGERPRINT_PARTS])(brood_math_t *, uint64_t *) = {
        [BROOD_FINGERPRINT_PRODUCTS] = hash_products,
        [BROOD_FINGERPRINT_KERNELS] = hash_kernels,
        [BROOD_FINGERPRINT_FUNCTIONS] = hash_functions,
        [BROOD_FINGERPRINT_TRAINING] = hash_training,
    };
    brood_fingerprint_t made = {.all = BROOD_HASH_START};
    for (int i = 0; i < BROOD_FINGERPRINT_PARTS; i++) {
        made.part[i] = BROOD_HASH_START;
        brood_err_t err = hash_part[i](math, &made.part[i]);
        if (err != BROOD_OK) return brood_because(err, "the numerics fingerprint");
        made.all = brood_hash(made.all, &made.part[i], sizeof made.part[i]);
    }
    *fingerprint = made;
    return BROOD_OK;
}
