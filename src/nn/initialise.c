#include <math.h>
#include <stdio.h>
#include <string.h>

#include "layer.h"

/* Uniform in ±bound: He, Zhang, Ren and Sun, arXiv 1502.01852 (bound √(6 / fan-in)); Glorot and Bengio, AISTATS 2010
   (√(6 / (fan-in + fan-out))). */
static void draw(brood_init_t init, const brood_array_t *array, const brood_key4_t *key, int64_t count,
                 brood_real_t *value) {
    int64_t fans = array->fan_in + (init == BROOD_INIT_XAVIER ? array->fan_out : 0);
    double  bound = sqrt(6.0 / (double)fans);
    for (int64_t i = 0; i < count; i++)
        value[i] = (brood_real_t)((2 * brood_random_uniform(key, (uint32_t)i) - 1) * bound);
}

static void fill(int64_t count, brood_real_t number, brood_real_t *value) {
    for (int64_t i = 0; i < count; i++) value[i] = number;
}

void brood_net_initialise(brood_net_t *net, brood_key4_t key) {
    for (int64_t i = 0; i < net->parameter_count; i++) {
        brood_parameter_t *parameter = &net->parameter[i];
        brood_key4_t       own = brood_key4_part(&key, i);
        switch (net->array[i].start) {
        case BROOD_START_DRAWN:
            draw(net->init, &net->array[i], &own, parameter->count, parameter->value);
            break;
        case BROOD_START_ZERO:
            fill(parameter->count, 0, parameter->value);
            break;
        case BROOD_START_ONE:
            fill(parameter->count, 1, parameter->value);
            break;
        }
    }
    for (int64_t i = 0; i < net->count; i++) {
        brood_layer_t *layer = &net->layer[i];
        if (layer->kind != BROOD_LAYER_NORM) continue;
        fill(layer->out[2], 0, layer->as.norm.running_mean);
        fill(layer->out[2], 1, layer->as.norm.running_variance);
    }
}

static void add_running(const brood_layer_t *layer, const char *group, brood_fields_t *fields) {
    brood_field_t field = {.label = "running mean",
                           .unit = "1",
                           .doc = "Running mean of a batch normalisation, by channel.",
                           .type = BROOD_TYPE_REAL,
                           .ndim = 1,
                           .shape = {layer->out[2]},
                           .base = layer->as.norm.running_mean};
    snprintf(field.group, sizeof field.group, "%s/layer%d", group, layer->index);
    snprintf(field.name, sizeof field.name, "running_mean");
    brood_fields_add(fields, &field);
    field.label = "running variance";
    field.doc = "Running variance of a batch normalisation, by channel (unbiased).";
    field.base = layer->as.norm.running_variance;
    snprintf(field.name, sizeof field.name, "running_variance");
    brood_fields_add(fields, &field);
}

void brood_net_fields(brood_net_t *net, const char *group, brood_fields_t *fields) {
    for (int64_t i = 0; i < net->parameter_count; i++) {
        const brood_array_t *array = &net->array[i];
        brood_field_t        field = {.label = array->name,
                                      .unit = "1",
                                      .doc = array->doc,
                                      .type = BROOD_TYPE_REAL,
                                      .ndim = array->ndim,
                                      .base = net->parameter[i].value};
        memcpy(field.shape, array->shape, sizeof field.shape);
        const char *name = strchr(net->name[i], '/') + 1;
        snprintf(field.group, sizeof field.group, "%s/%.*s", group, (int)(name - 1 - net->name[i]), net->name[i]);
        snprintf(field.name, sizeof field.name, "%s", name);
        brood_fields_add(fields, &field);
    }
    for (int64_t i = 0; i < net->count; i++)
        if (net->layer[i].kind == BROOD_LAYER_NORM) add_running(&net->layer[i], group, fields);
}
