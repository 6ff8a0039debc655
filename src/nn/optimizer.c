#include "brood/nn/optimizer.h"

#include <stdio.h>
#include <string.h>

#include "layer.h"

#define BETA1   0.9
#define BETA2   0.999
#define EPSILON 1e-8

struct brood_optimizer {
    brood_optimizer_args_t args;
    brood_net_t           *net;
    int64_t                step;       /* how many have been made */
    int64_t                parameters; /* numbers, all arrays together */
    brood_real_t          *moment[2];  /* [parameters]: first and second (Adam), velocity (SGD); arrays one by one */
};

static int moments(const brood_optimizer_args_t *args) {
    return args->kind == BROOD_OPTIMIZER_ADAM ? 2 : 1;
}

static void lay_out(const brood_optimizer_args_t *args, int64_t parameters, brood_arena_t *arena,
                    brood_real_t *moment[2]) {
    for (int i = 0; i < moments(args); i++)
        moment[i] = brood_arena_take(arena, (size_t)parameters * sizeof(brood_real_t));
}

size_t brood_optimizer_size(const brood_optimizer_args_t *args, int64_t parameters) {
    brood_arena_t counting = {0};
    brood_real_t *moment[2];
    brood_arena_take(&counting, sizeof(brood_optimizer_t));
    lay_out(args, parameters, &counting, moment);
    return counting.used;
}

brood_optimizer_t *brood_optimizer_create(const brood_optimizer_args_t *args, brood_net_t *net, brood_arena_t *arena) {
    brood_optimizer_t *optimizer = brood_arena_take(arena, sizeof *optimizer);
    *optimizer = (brood_optimizer_t){.args = *args, .net = net};
    for (int64_t i = 0; i < brood_net_parameter_count(net); i++)
        optimizer->parameters += brood_net_parameter(net, i)->count;
    lay_out(args, optimizer->parameters, arena, optimizer->moment);
    brood_optimizer_reset(optimizer);
    return optimizer;
}

void brood_optimizer_reset(brood_optimizer_t *optimizer) {
    optimizer->step = 0;
    for (int i = 0; i < moments(&optimizer->args); i++)
        memset(optimizer->moment[i], 0, (size_t)optimizer->parameters * sizeof(brood_real_t));
}

/* By squaring, so that it follows from the step's number alone: the number is all that is saved. */
static double power(double base, int64_t exponent) {
    double result = 1;
    for (; exponent; exponent /= 2, base *= base)
        if (exponent % 2) result *= base;
    return result;
}

/* One step, of which each thread makes a share of every array. */
typedef struct {
    const brood_optimizer_t *optimizer;
    double                   rate;
} step_t;

static void work(void *self, int64_t thread) {
    const step_t             *step = self;
    const brood_optimizer_t  *optimizer = step->optimizer;
    const brood_net_t        *net = optimizer->net;
    const brood_nn_kernels_t *kernels = net->kernels;
    int64_t                   threads = brood_team_threads(brood_math_team(net->math)), at = 0;
    brood_adam_t              adam = {.rate = step->rate,
                                      .beta1 = BETA1,
                                      .beta2 = BETA2,
                                      .epsilon = EPSILON,
                                      .correction1 = 1 - power(BETA1, optimizer->step),
                                      .correction2 = 1 - power(BETA2, optimizer->step)};
    for (int64_t i = 0; i < brood_net_parameter_count(net); i++) {
        const brood_parameter_t *array = brood_net_parameter(net, i);
        double                   decay = adam.decay = array->decays ? optimizer->args.weight_decay : 0;
        int64_t                  first, count = brood_team_share(array->count, threads, thread, &first);
        switch (optimizer->args.kind) {
        case BROOD_OPTIMIZER_ADAM:
            kernels->adam(count, &adam, array->gradient + first, optimizer->moment[0] + at + first,
                          optimizer->moment[1] + at + first, array->value + first);
            break;
        case BROOD_OPTIMIZER_SGD:
            kernels->sgd(count, step->rate, optimizer->args.momentum, decay, array->gradient + first,
                         optimizer->moment[0] + at + first, array->value + first);
            break;
        }
        at += array->count;
    }
}

void brood_optimizer_step(brood_optimizer_t *optimizer, double learning_rate) {
    step_t step = {optimizer, learning_rate};
    optimizer->step++;
    brood_team_run(brood_math_team(optimizer->net->math), work, &step);
}

static void add_moment(const brood_parameter_t *array, const char *group, const char *name, const char *doc,
                       brood_real_t *base, brood_fields_t *fields) {
    brood_field_t field = {.label = name,
                           .unit = "1",
                           .doc = doc,
                           .type = BROOD_TYPE_REAL,
                           .ndim = 1,
                           .shape = {array->count},
                           .base = base};
    const char   *slash = strchr(array->name, '/');
    snprintf(field.group, sizeof field.group, "%s/%.*s", group, (int)(slash - array->name), array->name);
    snprintf(field.name, sizeof field.name, "%s_%s", slash + 1, name);
    brood_fields_add(fields, &field);
}

void brood_optimizer_fields(brood_optimizer_t *optimizer, const char *group, brood_fields_t *fields) {
    bool          adam = optimizer->args.kind == BROOD_OPTIMIZER_ADAM;
    brood_field_t step = {.name = "step",
                          .label = "step",
                          .doc = "Steps that the optimiser has made.",
                          .unit = "1",
                          .type = BROOD_TYPE_I64,
                          .base = &optimizer->step};
    snprintf(step.group, sizeof step.group, "%s", group);
    brood_fields_add(fields, &step);
    int64_t at = 0;
    for (int64_t i = 0; i < brood_net_parameter_count(optimizer->net); i++) {
        const brood_parameter_t *array = brood_net_parameter(optimizer->net, i);
        if (adam) {
            add_moment(array, group, "first_moment", "Adam's running mean of the gradient.", optimizer->moment[0] + at,
                       fields);
            add_moment(array, group, "second_moment", "Adam's running mean of the squared gradient.",
                       optimizer->moment[1] + at, fields);
        } else {
            add_moment(array, group, "velocity", "Velocity of gradient descent with momentum.",
                       optimizer->moment[0] + at, fields);
        }
        at += array->count;
    }
}
