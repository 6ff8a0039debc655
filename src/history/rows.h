/* The arrays behind brood_history_t, shared by the files of this room alone. */
#ifndef BROOD_HISTORY_ROWS_H
#define BROOD_HISTORY_ROWS_H

#include "brood/history/history.h"

/* Growing arrays: `capacity` rows are allocated in each of the arrays of a kind. T positions, K choices. */
struct brood_history {
    int64_t positions, choices, epochs; /* T, K, the longest learning curve */
    bool    loading;                    /* between reserve and restore: fields point at what a file will fill */

    int64_t          episodes, episode_capacity;
    brood_episode_t *row;         /* [episodes] */
    int32_t         *tokens;      /* [episodes, T] */
    double          *token_log_p; /* [episodes, T] */
    brood_epoch_t   *curve;       /* [episodes, epochs]: every episode has its place, whatever the order of arrival */
    uint64_t        *hash;        /* [episodes] of the architecture's text */

    int64_t rounds, round_capacity;
    float  *probability; /* [rounds, T, K] */

    int64_t         updates, update_capacity;
    brood_update_t *update; /* [updates] */

    /* What a file holds of the curves: end to end in episode order. Made by brood_history_fields, taken apart by
       brood_history_restore. */
    int64_t        values, value_capacity;
    brood_epoch_t *value;           /* [values] */
    int64_t       *value_index;     /* [values] 0, 1, … */
    int64_t       *offset, *length; /* [episode_capacity] */

    /* Dimension scales. */
    int32_t *position, *choice; /* [T], [K] 0, 1, … */
    int64_t *asked_round;       /* [round_capacity] numbers of the rounds that wait for their update */
};

/* Room for so many rows; what is there stays. BROOD_E_MEMORY: nothing visible has changed. */
brood_err_t brood_history_room_for_episodes(brood_history_t *history, int64_t episodes) BROOD_WARN_UNUSED;
brood_err_t brood_history_room_for_rounds(brood_history_t *history, int64_t rounds) BROOD_WARN_UNUSED;
brood_err_t brood_history_room_for_updates(brood_history_t *history, int64_t updates) BROOD_WARN_UNUSED;
brood_err_t brood_history_room_for_values(brood_history_t *history, int64_t values) BROOD_WARN_UNUSED;

#endif
