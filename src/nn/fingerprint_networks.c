/* Networks in training: small odd ones for the kernels, and one like a search's children. */
#include "brood/nn/loss.h"
#include "brood/nn/optimizer.h"
#include "fingerprint_parts.h"
#include "layer.h"

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
               {BROOD_LAYER_CONVOLUTION, {3, 3, 1, 1, 120, 0, true, BROOD_CONVOLUTION_TOOM}},
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

brood_err_t brood_fingerprint_kernels(brood_math_t *math, uint64_t *hash) {
    brood_err_t err = BROOD_OK;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        BROOD_TRY(hash_network(math, BROOD_FINGERPRINT_KERNELS, (int64_t)i, &networks[i], hash));
done:
    return err;
}

brood_err_t brood_fingerprint_training(brood_math_t *math, uint64_t *hash) {
    return hash_network(math, BROOD_FINGERPRINT_TRAINING, 0, &child, hash);
}
