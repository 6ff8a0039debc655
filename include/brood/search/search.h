/* The pure core: which episodes there are, what is next, when a round may be asked and an update told. No MPI, no
   clock, no I/O: a scheduler and a simulator drive it alike.

   ask(r) samples round r whole; tell(r) is its update. With lag L, round r is sampled from the policy after tell(r − L
   − 1), the first L + 1 rounds from version 0: ask(r + L + 1) follows tell(r) at once. So L + 1 rounds beyond the goal
   have been asked once it is reached; their rows stay open, whatever their tokens, and are not handed out until the run
   is extended. Content never depends on the goal. */
#ifndef BROOD_SEARCH_SEARCH_H
#define BROOD_SEARCH_SEARCH_H

#include "brood/search/strategy.h"

typedef enum { BROOD_DUPLICATES_RESAMPLE, BROOD_DUPLICATES_REUSE, BROOD_DUPLICATES_RETRAIN } brood_duplicates_t;
typedef enum { BROOD_REWARD_ACCURACY, BROOD_REWARD_CUBE, BROOD_REWARD_BEST, BROOD_REWARD_FLOPS } brood_reward_kind_t;
typedef enum { BROOD_STRATEGY_REINFORCE, BROOD_STRATEGY_RANDOM, BROOD_STRATEGY_LIST } brood_strategy_name_t;

typedef struct {
    int64_t episodes;         /* the goal; free */
    int64_t round, lag, seed; /* run.* */
    struct {
        int32_t kind; /* brood_reward_kind_t */
        double  failure, target, exponent;
        int64_t last; /* epochs */
    } reward;
    struct {
        int64_t parameters, flops, bytes; /* 0: none */
    } limits;
    int32_t       strategy;   /* brood_strategy_name_t */
    int32_t       duplicates; /* brood_duplicates_t */
    brood_texts_t start;      /* strategy.start */
    brood_texts_t list;       /* strategy.list: of strategy list */
} brood_search_config_t;
extern const brood_key_t brood_search_keys[];
extern const int64_t     brood_search_key_count;

/* The goal in rounds: run.episodes rounded up to whole ones. */
int64_t brood_search_goal(const brood_search_config_t *config);

typedef struct {
    const brood_search_config_t    *config;    /* copied */
    const brood_reinforce_config_t *reinforce; /* copied by the strategy */
    const brood_space_t            *space;     /* outlives the search */
    int64_t                         minibatch; /* for the measures */
    int64_t                         epochs;    /* the longest learning curve */
} brood_search_setup_t;

typedef struct brood_search brood_search_t;

/* Nothing is asked yet: load and brood_search_restore, or brood_search_advance. BROOD_E_CONFIG: a given architecture
   outside the space or no network, limits that nothing meets, baseline `round` with rounds of 1. BROOD_E_MEMORY. */
brood_err_t brood_search_create(const brood_search_setup_t *setup, brood_search_t **search) BROOD_WARN_UNUSED;
void        brood_search_destroy(brood_search_t **search);

/* The next task: oldest round first, within a round the child predicted to cost most. False: nothing to hand out now
   (rounds wait for results, or all is handed out). task->architecture stays valid until the next advance. */
bool brood_search_next(brood_search_t *search, brood_task_t *task);
/* A task handed out and not finished goes back to be handed out again. */
void brood_search_return(brood_search_t *search, int64_t episode);
/* Keeps a result (done, stopped, diverged) of an episode handed out, and with it the result of those that wait to reuse
   it; looks at each episode of the rounds asked and not told. BROOD_E_BUG: that episode is not handed out, another
   status, an accuracy that is not finite where a strategy would learn from it. */
brood_err_t brood_search_record(brood_search_t *search, int64_t episode,
                                const brood_result_t *result) BROOD_WARN_UNUSED;
/* The user's wish that an episode asked be finished without training, as a failure. One that is skipped already stays
   so. BROOD_E_USAGE: it has not been asked, or has another result. BROOD_E_BUG: it is handed out. */
brood_err_t brood_search_skip(brood_search_t *search, int64_t episode) BROOD_WARN_UNUSED;
/* Tells the oldest round if all of it has results, and asks the round that may then be asked (the first time: the first
   lag + 1). May take time, so it is bounded to one update: *more says that another is due already. Call it first of
   all, and after records. After an error the search contradicts itself and is fit for nothing but destruction. */
brood_err_t brood_search_advance(brood_search_t *search, bool *more) BROOD_WARN_UNUSED;
/* Every round up to the goal is told. */
bool brood_search_complete(const brood_search_t *search);

/* As far as it is known: results beyond the goal (which the user may have lowered) do not count. */
typedef struct {
    int64_t goal, finished; /* episodes: run.episodes rounded up to whole rounds; of these, those with a result */
    int64_t rounds, told;   /* rounds to the goal, told */
    int64_t best;           /* trained episode of the highest reward (ties: the earliest), or −1 */
} brood_search_progress_t;
void brood_search_progress(const brood_search_t *search, brood_search_progress_t *progress);

const brood_history_t *brood_search_history(const brood_search_t *search);

/* All of the content: history, strategy, /rng. */
brood_err_t brood_search_fields(brood_search_t *search, brood_fields_t *fields) BROOD_WARN_UNUSED;
/* Before loading: room for what the file holds. */
brood_err_t brood_search_reserve(brood_search_t *search, int64_t episodes, int64_t rounds, int64_t updates,
                                 int64_t epochs) BROOD_WARN_UNUSED;
/* After loading: derives what is not saved. BROOD_E_FORMAT: what was loaded contradicts itself or the configuration. */
brood_err_t brood_search_restore(brood_search_t *search) BROOD_WARN_UNUSED;

#endif
