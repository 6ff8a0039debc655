/* Optimisers of the policy: gradient ascent. */
#include <math.h>

#include "brood/math/function.h"
#include "policy_private.h"

/* Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1). */
#define ADAM_FIRST   0.9
#define ADAM_SECOND  0.999
#define ADAM_EPSILON 1e-8
/* RMSProp as in TensorFlow 1: ε inside the root, the mean square starts at 1. */
#define RMSPROP_DECAY   0.9
#define RMSPROP_EPSILON 1e-10

static double norm(int64_t count, const double g[]) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += g[i] * g[i];
    return sqrt(sum);
}

static void step_adam(brood_policy_t *policy, const double g[]) {
    double  steps = (double)(policy->steps + 1), rate = policy->config.learning_rate;
    double *first = policy->moment[0], *second = policy->moment[1];
    double  first_part = 1 - brood_pow(ADAM_FIRST, steps), second_part = 1 - brood_pow(ADAM_SECOND, steps);
    for (int64_t i = 0; i < policy->parameters; i++) {
        first[i] = ADAM_FIRST * first[i] + (1 - ADAM_FIRST) * g[i];
        second[i] = ADAM_SECOND * second[i] + (1 - ADAM_SECOND) * (g[i] * g[i]);
        policy->weights[i] += rate * (first[i] / first_part) / (sqrt(second[i] / second_part) + ADAM_EPSILON);
    }
}

static void step_sgd(brood_policy_t *policy, const double g[]) {
    double *velocity = policy->moment[0], momentum = policy->config.momentum, rate = policy->config.learning_rate;
    for (int64_t i = 0; i < policy->parameters; i++) {
        velocity[i] = momentum * velocity[i] + g[i];
        policy->weights[i] += rate * velocity[i];
    }
}

static void step_rmsprop(brood_policy_t *policy, const double g[]) {
    double *square = policy->moment[0], rate = policy->config.learning_rate;
    for (int64_t i = 0; i < policy->parameters; i++) {
        square[i] = RMSPROP_DECAY * square[i] + (1 - RMSPROP_DECAY) * (g[i] * g[i]);
        policy->weights[i] += rate * g[i] / sqrt(square[i] + RMSPROP_EPSILON);
    }
}

brood_policy_stepped_t brood_policy_step(brood_policy_t *policy, double *gradient) {
    const brood_policy_config_t *config = &policy->config;
    int64_t                      count = policy->parameters;
    if (config->l2 > 0)
        for (int64_t i = 0; i < count; i++) gradient[i] -= 2 * config->l2 * policy->weights[i];
    const brood_policy_stepped_t stepped = {norm(count, gradient), config->learning_rate};
    if (config->clip > 0 && stepped.gradient_norm > config->clip) {
        double scale = config->clip / stepped.gradient_norm;
        for (int64_t i = 0; i < count; i++) gradient[i] *= scale;
    }
    switch ((brood_policy_optimizer_t)config->optimizer) {
    case BROOD_POLICY_ADAM:
        step_adam(policy, gradient);
        break;
    case BROOD_POLICY_SGD:
        step_sgd(policy, gradient);
        break;
    case BROOD_POLICY_RMSPROP:
        step_rmsprop(policy, gradient);
        break;
    }
    policy->steps++;
    return stepped;
}
