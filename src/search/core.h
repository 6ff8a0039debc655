/* What the files of the core share. How far the search is stands in the history alone: rounds asked are its rounds,
   rounds told its updates. Everything else here is configuration, room to work in, or gone at the end of a job. */
#ifndef BROOD_SEARCH_CORE_H
#define BROOD_SEARCH_CORE_H

#include "brood/search/search.h"

/* A row's part in this job. */
typedef struct {
    int64_t        cost;    /* predicted: orders what is handed out, and nothing else */
    brood_status_t verdict; /* open: to be trained; else what it is finished as without training */
    bool           handed;  /* out for its result */
} place_t;

/* Room for the proposals of up to `capacity` episodes. */
typedef struct {
    brood_proposals_t proposals;
    brood_batch_t     batch;
    int64_t          *episode;
    int32_t          *attempt;
    brood_key4_t     *key;
} draws_t;

struct brood_search {
    brood_search_config_t   config; /* given architectures in their canonical texts */
    const brood_space_t    *space;
    int64_t                 minibatch;
    int64_t                 positions, choices; /* T, K */
    brood_math_t           *math;
    const brood_strategy_t *strategy;
    void                   *self; /* the strategy's */
    brood_history_t        *history;

    place_t *place; /* [capacity], a row each */
    int64_t  capacity;

    draws_t           round, again; /* of a whole round; of one episode drawn again */
    int32_t          *given_tokens; /* [T] */
    double           *given_log_p;  /* [T] NaN: nobody drew them */
    float            *mean;         /* [T, K] */
    bool             *learns;       /* [round] */
    double           *advantage;    /* [round] */
    brood_net_spec_t *spec;

    struct { /* /rng */
        char    algorithm[24];
        int64_t seed, episode;
    } rng;
};

/* Updates that the policy has had when a round is asked; where nothing is learned, 0. */
int64_t search_version(const brood_search_t *search, int64_t round);

/* The first row beyond the rounds that are asked and within the goal. */
int64_t search_end(const brood_search_t *search);

/* Asks the next round whole. */
brood_err_t search_ask(brood_search_t *search) BROOD_WARN_UNUSED;

/* The network of a text, measured; *exists is false where there is none. */
brood_err_t search_measure(brood_search_t *search, const char *architecture, brood_measure_t *measure,
                           bool *exists) BROOD_WARN_UNUSED;

/* Room for the places of so many rows. */
brood_err_t search_room(brood_search_t *search, int64_t episodes) BROOD_WARN_UNUSED;

/* Measures a row that is open, and judges whether it is to be trained. */
brood_err_t search_place(brood_search_t *search, int64_t episode) BROOD_WARN_UNUSED;

/* Finishes the open rows within the goal that need no training: no networks, those above a limit, those whose original
   has a result. */
brood_err_t search_settle(brood_search_t *search) BROOD_WARN_UNUSED;

/* What was loaded of /rng against the configuration and the history. */
brood_err_t search_check_rng(const brood_search_t *search) BROOD_WARN_UNUSED;

/* reward.*: of a result, or of a failure. */
double search_reward(const brood_search_config_t *config, int64_t flops, const brood_result_t *result);

#endif
