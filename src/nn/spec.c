#include "brood/nn/spec.h"

#include <string.h>

#include "convolution.h"
#include "fuse.h"

/* The most elements of one image's activations and of one parameter array: what 32 bits can index. */
#define LIMIT (INT64_C(1) << 31)

bool brood_net_spec_add(brood_net_spec_t *spec, brood_layer_kind_t kind, const brood_layer_args_t *args) {
    if (spec->count == BROOD_MAX_LAYERS) return false;
    spec->layer[spec->count] = (brood_layer_spec_t){.kind = kind,
                                                    .inputs = {(int32_t)spec->count - 1}, /* BROOD_INPUT_IMAGE is −1 */
                                                    .input_count = 1,
                                                    .args = args ? *args : (brood_layer_args_t){0}};
    spec->count++;
    return true;
}

/* a · b · c, or LIMIT + 1 where it is more than LIMIT. */
static int64_t product(int64_t a, int64_t b, int64_t c) {
    int64_t ab, abc;
    if (__builtin_mul_overflow(a, b, &ab) || __builtin_mul_overflow(ab, c, &abc) || abc > LIMIT) return LIMIT + 1;
    return abc;
}

#define REFUSE(layer, format, ...)                                                                                     \
    brood_fail(BROOD_E_DATA, "layer %d (%s): " format, (layer)->index, (layer)->ops->name, __VA_ARGS__)

static brood_err_t check_windows(const brood_layer_t *layer) {
    const brood_layer_args_t *args = &layer->args;
    if (args->height < 1 || args->width < 1)
        return REFUSE(layer, "a window of %dx%d: both must be at least 1", args->height, args->width);
    if (args->stride_height < 1 || args->stride_width < 1)
        return REFUSE(layer, "a stride of %dx%d: both must be at least 1", args->stride_height, args->stride_width);
    const int32_t stride[2] = {args->stride_height, args->stride_width}, window[2] = {args->height, args->width};
    for (int axis = 0; axis < 2; axis++) {
        bool pool = layer->kind == BROOD_LAYER_MAX_POOL;
        bool wide = pool && window[axis] > layer->in[axis];
        if (stride[axis] > 1 && (wide || stride[axis] > layer->in[axis]))
            return REFUSE(layer, "a %s of %d does not fit %s %lld; expected at most that", wide ? "window" : "stride",
                          wide ? window[axis] : stride[axis], axis == 0 ? "height" : "width",
                          (long long)layer->in[axis]);
    }
    return BROOD_OK;
}

/* layer->out of layer->in and layer->args. */
static brood_err_t shape_output(brood_layer_t *layer) {
    const brood_layer_args_t *args = &layer->args;
    int64_t                  *out = layer->out;
    memcpy(out, layer->in, sizeof layer->in);
    bool makes_outputs = layer->kind == BROOD_LAYER_CONVOLUTION || layer->kind == BROOD_LAYER_DENSE;
    if (makes_outputs && args->outputs < 1) return REFUSE(layer, "%d outputs: expected at least 1", args->outputs);
    if (layer->kind == BROOD_LAYER_CONVOLUTION || layer->kind == BROOD_LAYER_MAX_POOL) {
        brood_err_t err = check_windows(layer);
        if (err != BROOD_OK) return err;
        out[0] = brood_axis_same(layer->in[0], args->height, args->stride_height).out;
        out[1] = brood_axis_same(layer->in[1], args->width, args->stride_width).out;
    }
    if (layer->kind == BROOD_LAYER_AVERAGE || layer->kind == BROOD_LAYER_DENSE) out[0] = out[1] = 1;
    if (makes_outputs) out[2] = args->outputs;
    if (layer->kind == BROOD_LAYER_DROPOUT && (args->percent < 0 || args->percent > 90))
        return REFUSE(layer, "%d per cent dropped: expected 0 to 90", args->percent);

    layer->in_size = product(layer->in[0], layer->in[1], layer->in[2]);
    layer->out_size = product(out[0], out[1], out[2]);
    if (layer->out_size > LIMIT)
        return REFUSE(layer, "an output of %lldx%lldx%lld elements: expected at most 2^31", (long long)out[0],
                      (long long)out[1], (long long)out[2]);
    return BROOD_OK;
}

static brood_err_t check_arrays(const brood_layer_t *layer) {
    brood_array_t array[BROOD_MAX_ARRAYS];
    int64_t       count = layer->ops->arrays ? layer->ops->arrays(layer, array) : 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t *shape = array[i].shape;
        if (product(shape[0], array[i].ndim > 1 ? shape[1] : 1, array[i].ndim > 2 ? shape[2] : 1) > LIMIT)
            return REFUSE(layer, "%s of more than 2^31 elements", array[i].name);
    }
    /* The operations of all layers, 6 · outputs · depth each, are counted in 64 bits. */
    bool    multiplies = layer->kind == BROOD_LAYER_CONVOLUTION || layer->kind == BROOD_LAYER_DENSE;
    int64_t products;
    if (multiplies && (__builtin_mul_overflow(layer->out_size, array[0].fan_in, &products) ||
                       products > INT64_MAX / 6 / BROOD_MAX_LAYERS))
        return REFUSE(layer, "%lld outputs of %lld products each: too many to count", (long long)layer->out_size,
                      (long long)array[0].fan_in);
    return BROOD_OK;
}

static brood_err_t describe_layer(const brood_net_spec_t *spec, int32_t index, brood_layer_t layer[]) {
    const brood_layer_spec_t *from = &spec->layer[index];
    brood_layer_t            *to = &layer[index];
    *to = (brood_layer_t){.kind = from->kind, .index = index, .makes = index, .args = from->args};
    if ((int)from->kind < 0 || from->kind >= BROOD_LAYER_KINDS)
        return brood_fail(BROOD_E_DATA, "layer %d: unknown kind %d", index, (int)from->kind);
    to->ops = brood_layer_ops(from->kind);
    if (from->input_count != 1) return REFUSE(to, "%d inputs: expected 1", from->input_count);
    to->input = from->inputs[0];
    if (to->input < BROOD_INPUT_IMAGE || to->input >= index)
        return REFUSE(to, "input %d: expected an earlier layer, or %d for the image", to->input, BROOD_INPUT_IMAGE);
    for (int32_t i = 0; i < index; i++)
        if (to->input != BROOD_INPUT_IMAGE && layer[i].input == to->input)
            return REFUSE(to, "the output of layer %d has two readers: expected 1", to->input);
    memcpy(to->in, to->input == BROOD_INPUT_IMAGE ? spec->image : layer[to->input].out, sizeof to->in);
    brood_err_t err;
    BROOD_TRY(shape_output(to));
    BROOD_TRY(check_arrays(to));
    to->propagates = to->input != BROOD_INPUT_IMAGE && layer[to->input].trains;
    to->trains = to->propagates || to->ops->arrays;
    if (to->kind == BROOD_LAYER_CONVOLUTION) {
        const brood_layer_ops_t *ops = brood_convolution_choose(to);
        if (!ops) return REFUSE(to, "method %d cannot make it", to->args.method);
        to->ops = ops;
    }
done:
    return err;
}

/* A ReLU and a max-pooling may change places: the pooling then does both, and keeps which maxima were above 0. Not
   where the ReLU reads the image: the pooling reads the ReLU's output, which must be another's. */
static void absorb(int64_t count, brood_layer_t layers[]) {
    for (int64_t i = 0; i < count; i++) {
        brood_layer_t *layer = &layers[i];
        if (layer->kind != BROOD_LAYER_MAX_POOL || layer->input == BROOD_INPUT_IMAGE) continue;
        brood_layer_t *before = &layers[layer->input];
        before->absorbed = before->kind == BROOD_LAYER_RELU && before->input != BROOD_INPUT_IMAGE;
        layer->as.pool.rectifies = before->absorbed;
    }
}

brood_err_t brood_layers_describe(const brood_net_spec_t *spec, brood_layer_t layer[]) {
    if (spec->count < 1 || spec->count > BROOD_MAX_LAYERS)
        return brood_fail(BROOD_E_DATA, "a network of %lld layers: expected 1 to %d", (long long)spec->count,
                          BROOD_MAX_LAYERS);
    for (int i = 0; i < 3; i++)
        if (spec->image[i] < 1)
            return brood_fail(BROOD_E_DATA, "images of %lldx%lldx%lld: expected at least 1 each",
                              (long long)spec->image[0], (long long)spec->image[1], (long long)spec->image[2]);
    if (product(spec->image[0], spec->image[1], spec->image[2]) > LIMIT)
        return brood_fail(BROOD_E_DATA, "images of %lldx%lldx%lld: expected at most 2^31 elements",
                          (long long)spec->image[0], (long long)spec->image[1], (long long)spec->image[2]);
    brood_err_t err = BROOD_OK;
    for (int32_t i = 0; i < spec->count; i++) BROOD_TRY(describe_layer(spec, i, layer));

    const brood_layer_t *last = &layer[spec->count - 1];
    if (last->out_size != spec->classes)
        return REFUSE(last, "the last layer makes %lld outputs: expected %lld, one a class", (long long)last->out_size,
                      (long long)spec->classes);
    int64_t readers = 0; /* no output has two: so all have one when there are as many readers as outputs to be read */
    for (int64_t i = 0; i < spec->count; i++) readers += layer[i].input != BROOD_INPUT_IMAGE;
    if (readers != spec->count - 1)
        return brood_fail(BROOD_E_DATA, "the outputs of %lld layers are read by none: expected only the last one's",
                          (long long)(spec->count - readers));
    absorb(spec->count, layer);
    if (!spec->keeps_all) brood_layers_fuse(spec->count, layer);
done:
    return err;
}

brood_err_t brood_net_shapes(const brood_net_spec_t *spec, int64_t shape[BROOD_MAX_LAYERS][3]) {
    brood_layer_t layer[BROOD_MAX_LAYERS];
    brood_err_t   err = brood_layers_describe(spec, layer);
    if (err != BROOD_OK) return err;
    for (int64_t i = 0; i < spec->count; i++) memcpy(shape[i], layer[i].out, sizeof shape[i]);
    return BROOD_OK;
}
