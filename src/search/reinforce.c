/* REINFORCE (Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement
   learning") over whole rounds:

       gradient = mean over the round of rho A sum_t gamma^(T - t) grad log p(a_t) + beta grad entropy,  A = (R - b) / s

   Rewards that differ by 0.02 must move the policy as much as rewards that differ by 0.2, hence the scale s. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"
#include "brood/search/strategy.h"

#define MOST_RATIO 2.0 /* of the importance ratio under lag: a bound on what one old episode can do */

/* NaN: nothing has been told yet. */
typedef struct {
    double baseline; /* moving average of the rounds' mean rewards */
    double variance; /* moving average of (R - b)^2; of rounds of 1 only */
} moving_t;

typedef struct {
    brood_reinforce_config_t config;
    brood_policy_t          *policy;
    int64_t                  round, positions, parameters;
    moving_t                 moving;
    /* Room: of the M ≤ round episodes that are learned from, the gradient over all of them. */
    int32_t *tokens;  /* [M, T] */
    double  *log_p;   /* [M, T] by the policy as it is now */
    double  *entropy; /* [M] */
    double  *weight;  /* [M, T] */
    int64_t *episode; /* [M] */
    double  *reward;  /* [M] */
    double  *scaled;  /* [M] A */
    double  *gradient;
} reinforce_t;

static void destroy(void **self) {
    reinforce_t *reinforce = *self;
    if (!reinforce) return;
    brood_policy_destroy(&reinforce->policy);
    free(reinforce->tokens);
    free(reinforce->log_p);
    free(reinforce->entropy);
    free(reinforce->weight);
    free(reinforce->episode);
    free(reinforce->reward);
    free(reinforce->scaled);
    free(reinforce->gradient);
    free(reinforce);
    *self = NULL;
}

static brood_err_t create(const brood_strategy_setup_t *setup, void **self) {
    const brood_reinforce_config_t *config = setup->config;
    brood_err_t                     err = BROOD_OK;
    if (config->baseline == BROOD_BASELINE_ROUND && setup->round == 1)
        return brood_fail(BROOD_E_CONFIG, "policy.baseline: `round` compares an episode with the others of its round, "
                                          "and run.round is 1; take `moving`, or longer rounds");
    reinforce_t *reinforce = calloc(1, sizeof *reinforce);
    *self = reinforce;
    if (!reinforce) return brood_fail(BROOD_E_MEMORY, "out of memory for strategy reinforce");
    reinforce->config = *config;
    reinforce->round = setup->round;
    reinforce->positions = brood_space_length(setup->space);
    reinforce->moving = (moving_t){.baseline = brood_nan(), .variance = brood_nan()};
    BROOD_TRY(brood_policy_create(&config->policy, setup->space, setup->seed, setup->math, &reinforce->policy));
    reinforce->parameters = brood_policy_parameters(reinforce->policy);

    size_t rows = (size_t)setup->round, cells = rows * (size_t)reinforce->positions;
    reinforce->tokens = calloc(cells, sizeof *reinforce->tokens);
    reinforce->log_p = calloc(cells, sizeof *reinforce->log_p);
    reinforce->weight = calloc(cells, sizeof *reinforce->weight);
    reinforce->entropy = calloc(rows, sizeof *reinforce->entropy);
    reinforce->episode = calloc(rows, sizeof *reinforce->episode);
    reinforce->reward = calloc(rows, sizeof *reinforce->reward);
    reinforce->scaled = calloc(rows, sizeof *reinforce->scaled);
    reinforce->gradient = calloc((size_t)reinforce->parameters, sizeof *reinforce->gradient);
    if (!reinforce->tokens || !reinforce->log_p || !reinforce->weight || !reinforce->entropy || !reinforce->episode ||
        !reinforce->reward || !reinforce->scaled || !reinforce->gradient)
        BROOD_TRY(brood_fail(BROOD_E_MEMORY, "out of memory for strategy reinforce with rounds of %lld",
                             (long long)setup->round));
done:
    if (err != BROOD_OK) destroy(self);
    return err;
}

static brood_err_t propose(void *self, const brood_history_t *history, brood_proposals_t *proposals) {
    (void)history;
    return brood_policy_sample(((reinforce_t *)self)->policy, proposals->out);
}

/* Relative to the first, so that equal rewards have exactly their own value as mean: a difference of one rounding, once
   scaled, would be an advantage like any other. */
static double mean_of(const double value[], int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += value[i] - value[0];
    return value[0] + sum / (double)count;
}

/* The mean of the others; of an episode alone, its own: it has nothing to be compared with. */
static double mean_without(const double value[], int64_t count, int64_t without) {
    int64_t first = without == 0 && count > 1 ? 1 : 0;
    double  sum = 0;
    if (count == 1) return value[0];
    for (int64_t i = 0; i < count; i++)
        if (i != without) sum += value[i] - value[first];
    return value[first] + sum / (double)(count - 1);
}

static double move(double average, double value, double decay) {
    return isnan(average) ? value : average + (1 - decay) * (value - average);
}

/* scaled[i] = A of M episodes, by the round's baseline b, which is returned; *moved: what the round leaves of the
   moving averages. The moving baseline of a round is that of the rounds before it. */
static double advantages(reinforce_t *reinforce, int64_t count, moving_t *moved) {
    const double *reward = reinforce->reward;
    double       *scaled = reinforce->scaled, square = 0, decay = reinforce->config.baseline_decay;
    double        mean = mean_of(reward, count), baseline = mean;
    *moved = reinforce->moving;
    if (reinforce->config.baseline == BROOD_BASELINE_MOVING && !isnan(moved->baseline)) baseline = moved->baseline;
    for (int64_t i = 0; i < count; i++) {
        bool   leave_out = reinforce->config.baseline == BROOD_BASELINE_ROUND;
        double difference = reward[i] - (leave_out ? mean_without(reward, count, i) : baseline);
        scaled[i] = difference;
        square += difference * difference;
    }
    square /= (double)count;
    if (reinforce->round == 1) {
        if (square > 0 || !isnan(moved->variance)) moved->variance = move(moved->variance, square, decay);
        square = isnan(moved->variance) ? 0 : moved->variance;
    }
    double scale = sqrt(square);
    for (int64_t i = 0; i < count; i++) scaled[i] = scale > 0 ? scaled[i] / scale : 0;
    moved->baseline = move(moved->baseline, mean, decay);
    return baseline;
}

/* Takes in what is learned from: rewards and tokens of M episodes. */
static int64_t gather(reinforce_t *reinforce, const brood_history_t *history, int64_t first_episode,
                      const bool learns[]) {
    int64_t count = 0, positions = reinforce->positions;
    for (int64_t i = 0; i < reinforce->round; i++) {
        int64_t episode = first_episode + i;
        if (!learns[i]) continue;
        reinforce->episode[count] = episode;
        reinforce->reward[count] = brood_history_episode(history, episode)->reward;
        memcpy(reinforce->tokens + count * positions, brood_history_tokens(history, episode),
               (size_t)positions * sizeof *reinforce->tokens);
        count++;
    }
    return count;
}

static double sum_of(const double value[], int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += value[i];
    return sum;
}

/* How much likelier the policy is now to draw what it drew then. Without lag it is the same policy, whose bits do not
   depend on who else is in the batch: exp(0). */
static double importance(const double now[], const double then[], int64_t positions) {
    double ratio = brood_exp(sum_of(now, positions) - sum_of(then, positions));
    return ratio < MOST_RATIO ? ratio : MOST_RATIO;
}

/* weight[t] = factor gamma^(T - t) up to the sequence's own end; returns sum_t weight[t] log p_t. */
static double weigh(double factor, double discount, const int32_t tokens[], const double log_p[], int64_t positions,
                    double weight[]) {
    int64_t length = 0;
    double  objective = 0;
    while (length < positions && tokens[length] >= 0) length++;
    for (int64_t t = length; t < positions; t++) weight[t] = 0;
    for (int64_t t = length - 1; t >= 0; t--) {
        weight[t] = factor;
        factor *= discount;
    }
    for (int64_t t = 0; t < length; t++) objective += weight[t] * log_p[t];
    return objective;
}

static brood_err_t learn(void *self, const brood_history_t *history, int64_t first_episode, const bool learns[],
                         double *advantage, brood_update_t *update) {
    reinforce_t *reinforce = self;
    int64_t      positions = reinforce->positions;
    int64_t      count = gather(reinforce, history, first_episode, learns);
    if (count == 0) return BROOD_OK;
    brood_err_t   err = BROOD_OK;
    brood_batch_t batch = {
        .count = count, .tokens = reinforce->tokens, .log_p = reinforce->log_p, .entropy = reinforce->entropy};
    moving_t moved;
    update->baseline = advantages(reinforce, count, &moved);
    BROOD_TRY(brood_policy_score(reinforce->policy, &batch));
    double objective = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t       episode = reinforce->episode[i], at = i * positions;
        const double *now = batch.log_p + at, *then = brood_history_token_log_p(history, episode);
        double        factor = importance(now, then, positions) * reinforce->scaled[i] / (double)count;
        objective +=
            weigh(factor, reinforce->config.discount, batch.tokens + at, now, positions, reinforce->weight + at);
        advantage[episode - first_episode] = reinforce->scaled[i];
    }
    update->policy_loss = -objective;
    BROOD_TRY(brood_policy_gradient(reinforce->policy, &batch, reinforce->weight,
                                    reinforce->config.entropy / (double)count, reinforce->gradient));
    /* Nothing can fail any more. */
    brood_policy_stepped_t stepped = brood_policy_step(reinforce->policy, reinforce->gradient);
    update->gradient_norm = stepped.gradient_norm;
    update->learning_rate = stepped.learning_rate;
    reinforce->moving = moved;
done:
    return err;
}

static void fields(void *self, brood_fields_t *fields) {
    reinforce_t        *reinforce = self;
    const brood_field_t state[] = {
        {.group = "/strategy",
         .name = "baseline",
         .label = "Moving baseline",
         .unit = "1",
         .doc = "Moving average of the mean rewards of the rounds told, with which the next round is compared; NaN "
                "before the first. policy.baseline: round keeps it and does not use it.",
         .type = BROOD_TYPE_F64,
         .base = &reinforce->moving.baseline},
        {.group = "/strategy",
         .name = "moving_variance",
         .label = "Moving variance",
         .unit = "1",
         .doc = "Moving average of (reward - baseline)^2 from the first that is not 0, which scales the advantages of "
                "rounds of one episode; NaN before, and with longer rounds, which are scaled by their own.",
         .type = BROOD_TYPE_F64,
         .base = &reinforce->moving.variance}};
    brood_policy_fields(reinforce->policy, fields);
    for (size_t i = 0; i < sizeof state / sizeof state[0]; i++) brood_fields_add(fields, &state[i]);
}

const brood_strategy_t brood_strategy_reinforce = {
    .name = "reinforce",
    .doc = "a recurrent policy, moved towards what was rewarded above the baseline",
    .create = create,
    .propose = propose,
    .learn = learn,
    .fields = fields,
    .destroy = destroy};
