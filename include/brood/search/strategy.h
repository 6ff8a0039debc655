/* Strategies behind one interface: they propose and learn, and nothing else. Rows, redrawing duplicates, limits, given
 * architectures and rewards are search's. */
#ifndef BROOD_SEARCH_STRATEGY_H
#define BROOD_SEARCH_STRATEGY_H

#include "brood/history/history.h"
#include "brood/policy/policy.h"

/* What search asks of a strategy: architectures for these episodes.

   Of the history a strategy may look at the rounds told, brood_history_updates() of them (and, while learning, at the
   one that is being told). With lag, rows beyond them may have results, too: which ones depends on who was faster. */
typedef struct {
    int64_t        count;
    const int64_t *episode; /* [count] */
    const int32_t *attempt; /* [count] how often this episode has been drawn already: part of its random numbers */
    brood_batch_t *out;     /* tokens, log_p, entropy, probability (never NULL) to be filled, NaN where nobody drew;
                               key[count] is set: purpose SAMPLE, the episode, step: attempt */
    const char **text;      /* [count]; an entry left NULL is printed by search from the tokens */
} brood_proposals_t;

/* What a strategy is made from. All of it outlives the strategy. */
typedef struct {
    const void          *config; /* the struct of its keys, or NULL where it has none */
    const brood_space_t *space;
    brood_math_t        *math; /* portable */
    uint64_t             seed;
    int64_t              round; /* episodes of a round */
} brood_strategy_setup_t;

typedef struct {
    const char *name, *doc;
    bool        foreknown; /* its proposals depend on no result: all rounds up to the goal are asked at once */
    brood_err_t (*create)(const brood_strategy_setup_t *setup, void **self);
    brood_err_t (*propose)(void *self, const brood_history_t *history, brood_proposals_t *proposals);
    /* All of a round has results; rounds are told once, in their order. Fills of advantage[round] (NaN before) and of
       `update` (mean_reward and entropy known, the rest NaN before) what it knows. learns[i] false: a given
       architecture, which enters neither gradient nor baseline. */
    brood_err_t (*learn)(void *self, const brood_history_t *history, int64_t first_episode, const bool learns[],
                         double *advantage, brood_update_t *update);
    /* All of its state: /policy, /strategy. What is not there must not influence what it proposes or learns. */
    void (*fields)(void *self, brood_fields_t *fields);
    void (*destroy)(void **self);
} brood_strategy_t;

extern const brood_strategy_t brood_strategy_random; /* every architecture equally likely; learns nothing */
extern const brood_strategy_t
    brood_strategy_reinforce; /* Williams 1992: batched, with baseline, scale and importance ratio */
extern const brood_strategy_t brood_strategy_list; /* given texts, again and again: episode e is text e mod A */

typedef enum { BROOD_BASELINE_MOVING, BROOD_BASELINE_ROUND } brood_baseline_t;

typedef struct {
    brood_policy_config_t policy;
    double                entropy;        /* β */
    double                discount;       /* γ */
    int32_t               baseline;       /* brood_baseline_t */
    double                baseline_decay; /* of the moving baseline, and of the moving variance of rounds of 1 */
} brood_reinforce_config_t;
extern const brood_key_t brood_reinforce_keys[]; /* policy.entropy, policy.discount, policy.baseline,
                                                    policy.baseline_decay; offsets within this struct */
extern const int64_t brood_reinforce_key_count;

#endif
