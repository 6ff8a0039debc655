/* The one owner of all that is known of episodes and updates. Plain arrays; no clock, no MPI, no HDF5. Row = episode.
 */
#ifndef BROOD_HISTORY_HISTORY_H
#define BROOD_HISTORY_HISTORY_H

#include <stdbool.h>

#include "brood/util/field.h"
#include "brood/util/limits.h"

typedef enum {
    BROOD_STATUS_OPEN,     /* asked, without a result */
    BROOD_STATUS_DONE,     /* trained to the end */
    BROOD_STATUS_STOPPED,  /* trained, and stopped early by a rule */
    BROOD_STATUS_REUSED,   /* the result of an earlier episode with the same architecture */
    BROOD_STATUS_INVALID,  /* no such network: failure reward */
    BROOD_STATUS_REFUSED,  /* above a limit: failure reward */
    BROOD_STATUS_DIVERGED, /* NaN or infinity in its loss: failure reward */
    BROOD_STATUS_SKIPPED,  /* by the user's --skip: failure reward */
    BROOD_STATUS_COUNT
} brood_status_t;
extern const brood_enum_t brood_status_names;

typedef struct {
    float accuracy, loss, training_loss; /* validation accuracy (fraction) and loss, mean training loss of that epoch */
} brood_epoch_t;

/* What training a child gave. Numbers that are not known are the canonical NaN. */
typedef struct {
    brood_status_t       status;
    int64_t              steps;
    double               accuracy, loss, training_loss, test_accuracy;
    int64_t              epochs; /* of the curve */
    const brood_epoch_t *curve;  /* [epochs], the giver's */
} brood_result_t;

/* What a rank is asked to do. */
typedef struct {
    int64_t     episode;
    const char *architecture;
    const double
        *threshold; /* [epochs], validation accuracy below which the child is stopped after that epoch; NULL: never */
    bool begun;     /* an earlier job has begun it */
} brood_task_t;

/* A row of /episodes. */
typedef struct {
    int64_t        episode, round, policy_version;
    int64_t        original; /* the episode whose result this one has, else its own number */
    brood_status_t status;
    char           architecture[BROOD_MAX_TEXT];
    double         reward, validation_accuracy, validation_loss, training_loss, test_accuracy;
    double         log_probability, entropy, advantage;
    int64_t        parameters, flops, bytes, steps, epochs;
} brood_episode_t;

/* A row of /updates. */
typedef struct {
    int64_t update;
    double  mean_reward, baseline, policy_loss, entropy, gradient_norm, learning_rate;
} brood_update_t;

typedef struct brood_history brood_history_t;

/* positions: T; choices: K; epochs: the longest learning curve. BROOD_E_MEMORY. */
brood_err_t brood_history_create(int64_t positions, int64_t choices, int64_t epochs,
                                 brood_history_t **history) BROOD_WARN_UNUSED;
void        brood_history_destroy(brood_history_t **history);

/* Pointers into the history are valid until it next grows. */
int64_t                brood_history_episodes(const brood_history_t *history);
int64_t                brood_history_rounds(const brood_history_t *history); /* asked */
int64_t                brood_history_updates(const brood_history_t *history);
const brood_episode_t *brood_history_episode(const brood_history_t *history, int64_t episode);
const brood_epoch_t   *brood_history_curve(const brood_history_t *history, int64_t episode);  /* [epochs of its row] */
const int32_t         *brood_history_tokens(const brood_history_t *history, int64_t episode); /* [T] */
const double          *brood_history_token_log_p(const brood_history_t *history, int64_t episode); /* [T] */
const float           *brood_history_probability(const brood_history_t *history, int64_t round);   /* [T, K] */
const brood_update_t  *brood_history_update(const brood_history_t *history, int64_t update);

/* Appends an open row: its number must be the count of rows so far. What is unknown yet is set to NaN and 0 here: of
   `row` are read round, policy_version, original, architecture, log_probability, entropy, parameters, flops, bytes.
   tokens[T], log_p[T]. Every NaN becomes the canonical one, here and below. BROOD_E_MEMORY: nothing has changed. */
brood_err_t brood_history_append(brood_history_t *history, const brood_episode_t *row, const int32_t tokens[],
                                 const double log_p[]) BROOD_WARN_UNUSED;

/* Fills an open row with its result and reward; the curve may be another row's. BROOD_E_BUG: not open, a result that is
   none, or a curve longer than the shape allows. */
brood_err_t brood_history_finish(brood_history_t *history, int64_t episode, const brood_result_t *result,
                                 double reward) BROOD_WARN_UNUSED;
void        brood_history_set_advantage(brood_history_t *history, int64_t episode, double advantage);

/* Mean sampled probabilities [T, K] of a round, appended when it is asked, NaN beyond a position's choices; there are
 * lag + 1 more of them than updates. */
brood_err_t brood_history_append_round(brood_history_t *history, const float probability[]) BROOD_WARN_UNUSED;
brood_err_t brood_history_append_update(brood_history_t *history, const brood_update_t *update) BROOD_WARN_UNUSED;

/* The earliest episode below `before` with this architecture, or −1. */
int64_t brood_history_find(const brood_history_t *history, const char *architecture, int64_t before);

/* Loading: makes room for exactly these numbers of rows, rounds, updates and values of all curves together; then
   brood_history_fields points at them, then brood_history_restore rebuilds what is derived. In a file, these numbers
   are the rows of /episodes/episode, of /updates/update and /strategy/asked_round together, of /updates/update, and of
   /curves/accuracy. BROOD_E_FORMAT: numbers that no history has; the loaded rows contradict each other (order of
   episodes and rounds, a status, length or token out of range, results where none can be). */
brood_err_t brood_history_reserve(brood_history_t *history, int64_t episodes, int64_t rounds, int64_t updates,
                                  int64_t epochs) BROOD_WARN_UNUSED;
brood_err_t brood_history_restore(brood_history_t *history) BROOD_WARN_UNUSED;

/* /episodes, /curves, /updates, what is known of the rounds that wait for their update (/strategy/asked_probability),
   and the scales /position and /choice. Curves are laid out in episode order here. BROOD_E_MEMORY. */
brood_err_t brood_history_fields(brood_history_t *history, brood_fields_t *fields) BROOD_WARN_UNUSED;

/* The columns of /episodes, for rows that are no history's: what analysis reads of a file without making one. */
void brood_history_row_fields(brood_episode_t rows[], int64_t count, brood_fields_t *fields);

#endif
