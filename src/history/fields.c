/* What of the history a run file holds: one table of columns a group, and the few data sets of more than one dimension.
 */
#include <stdio.h>
#include <string.h>

#include "rows.h"

#define EPISODE         "/episodes/episode"
#define UPDATE          "/updates/update"
#define CURVE_EPISODE   "/curves/episode"
#define CURVE_VALUE     "/curves/value"
#define ASKED_ROUND     "/strategy/asked_round"
#define POSITION        "/position"
#define CHOICE          "/choice"
#define COUNT(array)    (int64_t)(sizeof(array) / sizeof(array)[0])
#define COLUMN(s, m, t) .type = BROOD_TYPE_##t, .offset = offsetof(s, m)

/* A column: a member of an array of structs. */
typedef struct {
    const char  *name, *label, *unit, *doc;
    brood_type_t type;
    size_t       offset;
} column_t;

static const column_t episode_columns[] = {
    {"episode", "Episode", "1",
     "Number of the episode, equal to its row: one architecture sampled, one child network trained, one reward.",
     COLUMN(brood_episode_t, episode, I64)},
    {"round", "Round", "1",
     "Round of the episode: episodes sampled from one policy version and answered by one update.",
     COLUMN(brood_episode_t, round, I64)},
    {"policy_version", "Policy version", "1",
     "How many updates the policy had had when the architecture was sampled: the round less the lag, at first 0. "
     "Always 0 where nothing is learned (strategy list).",
     COLUMN(brood_episode_t, policy_version, I64)},
    {"original", "Original", "1",
     "The episode whose result this one has (status reused, or open and waiting for it); else its own number.",
     COLUMN(brood_episode_t, original, I64)},
    {"status", "Status", NULL,
     "open: sampled, no result yet; done: trained to the end; stopped: trained and stopped early by a rule; reused: "
     "the result of an earlier episode with the same architecture; invalid: no such network; refused: above a limit; "
     "diverged: NaN or infinity in its loss; skipped: by the user. The last four have the failure reward.",
     COLUMN(brood_episode_t, status, ENUM)},
    {"architecture", "Architecture", NULL,
     "The architecture as its layers, `;` between layers and `,` between values, as `brood train --arch` takes it.",
     COLUMN(brood_episode_t, architecture, TEXT)},
    {"reward", "Reward", "1", "What the strategy learned from, made of the validation accuracy as reward.kind says.",
     COLUMN(brood_episode_t, reward, F64)},
    {"validation_accuracy", "Validation accuracy", "1",
     "Fraction of the validation images that the trained child classified correctly.",
     COLUMN(brood_episode_t, validation_accuracy, F64)},
    {"validation_loss", "Validation loss", "nat", "Mean cross-entropy over the validation images.",
     COLUMN(brood_episode_t, validation_loss, F64)},
    {"training_loss", "Training loss", "nat", "Mean cross-entropy over the training images of the last epoch.",
     COLUMN(brood_episode_t, training_loss, F64)},
    {"test_accuracy", "Test accuracy", "1",
     "Fraction of the test images classified correctly; NaN in a search, which never looks at them.",
     COLUMN(brood_episode_t, test_accuracy, F64)},
    {"log_probability", "Log-probability", "nat",
     "Natural logarithm of the probability with which the policy sampled the architecture; NaN where it was given.",
     COLUMN(brood_episode_t, log_probability, F64)},
    {"entropy", "Policy entropy", "nat",
     "Sum over positions of the entropy of the policy's distribution there, given the tokens before; NaN where the "
     "architecture was given.",
     COLUMN(brood_episode_t, entropy, F64)},
    {"advantage", "Advantage", "1",
     "Reward less baseline, scaled: the factor of this episode in the policy gradient. NaN until its round is told, "
     "and where nothing is learned from it.",
     COLUMN(brood_episode_t, advantage, F64)},
    {"parameters", "Parameters", "1", "Trained numbers of the child; 0 where there is no such network.",
     COLUMN(brood_episode_t, parameters, I64)},
    {"flops", "Operations", "1",
     "Floating-point operations of one training step of one image: direct convolution, forward and both gradients, "
     "multiplication and addition counted as two.",
     COLUMN(brood_episode_t, flops, I64)},
    {"bytes", "Bytes of activations", "bytes", "Size of all float32 activations of a mini-batch, each once.",
     COLUMN(brood_episode_t, bytes, I64)},
    {"steps", "Steps", "1",
     "Mini-batches worked for this episode's child, evaluation included; 0 where it was not trained.",
     COLUMN(brood_episode_t, steps, I64)},
    {"epochs", "Epochs", "1", "Length of the episode's learning curve.", COLUMN(brood_episode_t, epochs, I64)}};

static const column_t update_columns[] = {
    {"update", "Update", "1", "Number of the policy update, equal to its row and to the round that it learned from.",
     COLUMN(brood_update_t, update, I64)},
    {"mean_reward", "Mean reward", "1", "Mean reward of the round's episodes.",
     COLUMN(brood_update_t, mean_reward, F64)},
    {"baseline", "Baseline", "1", "What the rewards of the round were compared with; NaN where nothing is learned.",
     COLUMN(brood_update_t, baseline, F64)},
    {"policy_loss", "Policy loss", "1",
     "Minus the mean over the round of advantage times log-probability, importance ratio and discount included.",
     COLUMN(brood_update_t, policy_loss, F64)},
    {"entropy", "Policy entropy", "nat", "Mean over the round's sampled episodes of their entropy, as sampled.",
     COLUMN(brood_update_t, entropy, F64)},
    {"gradient_norm", "Gradient norm", "1", "Euclidean norm of the policy gradient, before clipping.",
     COLUMN(brood_update_t, gradient_norm, F64)},
    {"learning_rate", "Learning rate", "1", "Learning rate of the policy's optimiser at this update.",
     COLUMN(brood_update_t, learning_rate, F64)}};

static const column_t value_columns[] = {
    {"accuracy", "Validation accuracy", "1", "Validation accuracy after each epoch, curve after curve.",
     COLUMN(brood_epoch_t, accuracy, F32)},
    {"loss", "Validation loss", "nat", "Mean validation cross-entropy after each epoch, curve after curve.",
     COLUMN(brood_epoch_t, loss, F32)},
    {"training_loss", "Training loss", "nat", "Mean training cross-entropy of each epoch, curve after curve.",
     COLUMN(brood_epoch_t, training_loss, F32)}};

static void add(brood_fields_t *fields, const char *group, const char *name, brood_field_t field) {
    snprintf(field.group, sizeof field.group, "%s", group);
    snprintf(field.name, sizeof field.name, "%s", name);
    brood_fields_add(fields, &field);
}

static void add_columns(brood_fields_t *fields, const char *group, const char *scale, const column_t column[],
                        int64_t columns, void *rows, size_t stride, int64_t count) {
    for (int64_t i = 0; i < columns; i++)
        add(fields, group, column[i].name,
            (brood_field_t){.label = column[i].label,
                            .unit = column[i].unit,
                            .doc = column[i].doc,
                            .type = column[i].type,
                            .members = column[i].type == BROOD_TYPE_ENUM ? &brood_status_names : NULL,
                            .ndim = 1,
                            .shape = {count},
                            .dimension = {scale},
                            .base = (char *)rows + column[i].offset,
                            .stride = stride,
                            .text_size = column[i].type == BROOD_TYPE_TEXT ? BROOD_MAX_TEXT : 0});
}

static void add_vector(brood_fields_t *fields, const char *group, const char *name, const char *scale,
                       brood_type_t type, void *base, int64_t count, const char *label, const char *unit,
                       const char *doc) {
    const column_t column = {name, label, unit, doc, type, 0};
    add_columns(fields, group, scale, &column, 1, base, 0, count);
}

static void add_scales(brood_history_t *history, brood_fields_t *fields) {
    add_vector(fields, "", "position", POSITION, BROOD_TYPE_I32, history->position, history->positions, "Position", "1",
               "Number of a decision in the sequence that makes an architecture.");
    add_vector(fields, "", "choice", CHOICE, BROOD_TYPE_I32, history->choice, history->choices, "Choice", "1",
               "Index into the choices of one decision's hyperparameter.");
}

void brood_history_row_fields(brood_episode_t rows[], int64_t count, brood_fields_t *fields) {
    add_columns(fields, "/episodes", EPISODE, episode_columns, COUNT(episode_columns), rows, sizeof *rows, count);
}

static void add_episodes(brood_history_t *history, brood_fields_t *fields) {
    int64_t count = history->episodes, positions = history->positions;
    brood_history_row_fields(history->row, count, fields);
    add(fields, "/episodes", "tokens",
        (brood_field_t){.label = "Tokens",
                        .unit = "1",
                        .doc = "The decisions of each episode, as indices into the choices of the hyperparameter at "
                               "that position; -1 beyond the end, and for values outside the choices.",
                        .type = BROOD_TYPE_I32,
                        .ndim = 2,
                        .shape = {count, positions},
                        .dimension = {EPISODE, POSITION},
                        .base = history->tokens});
    add(fields, "/episodes", "token_log_probability",
        (brood_field_t){.label = "Log-probability of each token",
                        .unit = "nat",
                        .doc = "Natural logarithm of the probability with which the policy drew each token, "
                               "exploration included; 0 beyond the end, NaN where the architecture was given.",
                        .type = BROOD_TYPE_F64,
                        .ndim = 2,
                        .shape = {count, positions},
                        .dimension = {EPISODE, POSITION},
                        .base = history->token_log_p});
}

static void add_curves(brood_history_t *history, brood_fields_t *fields) {
    add_columns(fields, "/curves", CURVE_EPISODE, episode_columns, 1, history->row, sizeof *history->row,
                history->episodes);
    add_vector(fields, "/curves", "offset", CURVE_EPISODE, BROOD_TYPE_I64, history->offset, history->episodes, "Offset",
               "1", "Where the episode's learning curve begins among the values.");
    add_vector(fields, "/curves", "length", CURVE_EPISODE, BROOD_TYPE_I64, history->length, history->episodes, "Length",
               "1", "Epochs of the episode's learning curve; 0 where there is none.");
    add_vector(fields, "/curves", "value", CURVE_VALUE, BROOD_TYPE_I64, history->value_index, history->values, "Value",
               "1", "Number of a value: the curve of episode e is values offset[e] up to offset[e] + length[e].");
    add_columns(fields, "/curves", CURVE_VALUE, value_columns, COUNT(value_columns), history->value,
                sizeof *history->value, history->values);
}

/* The mean probabilities of a round are known when it is asked, its update follows later: those of told rounds stand
   beside their updates, the others under /strategy, so that all that /updates holds has one length. */
static void add_updates(brood_history_t *history, brood_fields_t *fields) {
    int64_t positions = history->positions, choices = history->choices;
    int64_t waiting = history->rounds - history->updates;
    add_columns(fields, "/updates", UPDATE, update_columns, COUNT(update_columns), history->update,
                sizeof *history->update, history->updates);
    brood_field_t told = {.label = "Probability of each choice",
                          .unit = "1",
                          .doc = "Mean over the sampled episodes of the update's round of the probability of each "
                                 "choice, as sampled; NaN beyond a position's choices.",
                          .type = BROOD_TYPE_F32,
                          .ndim = 3,
                          .shape = {history->updates, positions, choices},
                          .dimension = {UPDATE, POSITION, CHOICE},
                          .base = history->probability};
    brood_field_t asked = told;
    asked.doc = "The same as /updates/choice_probability, of the rounds asked whose update is still to come.";
    asked.shape[0] = waiting;
    asked.dimension[0] = ASKED_ROUND;
    asked.base = history->probability + history->updates * positions * choices;
    add(fields, "/updates", "choice_probability", told);
    add(fields, "/strategy", "asked_probability", asked);
    add_vector(fields, "/strategy", "asked_round", ASKED_ROUND, BROOD_TYPE_I64, history->asked_round, waiting,
               "Round asked", "1", "Numbers of the rounds that were asked and wait for their update.");
}

/* Lays the curves end to end, in episode order whatever the order in which they came. */
static brood_err_t gather_curves(brood_history_t *history) {
    int64_t values = 0;
    for (int64_t e = 0; e < history->episodes; e++) values += history->row[e].epochs;
    brood_err_t err = brood_history_room_for_values(history, values);
    if (err != BROOD_OK) return err;
    history->values = 0;
    for (int64_t e = 0; e < history->episodes; e++) {
        int64_t length = history->row[e].epochs;
        history->offset[e] = history->values;
        history->length[e] = length;
        for (int64_t i = 0; i < length; i++) {
            history->value[history->values] = brood_history_curve(history, e)[i];
            history->value_index[history->values] = history->values;
            history->values++;
        }
    }
    return BROOD_OK;
}

brood_err_t brood_history_fields(brood_history_t *history, brood_fields_t *fields) {
    if (!history->loading) {
        brood_err_t err = gather_curves(history);
        if (err != BROOD_OK) return err;
        for (int64_t i = 0; i < history->rounds - history->updates; i++) history->asked_round[i] = history->updates + i;
    }
    add_scales(history, fields);
    add_episodes(history, fields);
    add_curves(history, fields);
    add_updates(history, fields);
    return brood_fields_error(fields);
}
