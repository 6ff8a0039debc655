/* What a rank is doing, told at the entry of each phase to whoever listens: the crash tests kill there. Nobody listens
   in a user's run, where this costs a comparison. */
#ifndef BROOD_UTIL_PHASE_H
#define BROOD_UTIL_PHASE_H

typedef enum {
    BROOD_PHASE_TRAINING,
    BROOD_PHASE_EVALUATING,
    BROOD_PHASE_UPDATING, /* rank 0 tells a round, or asks one */
    BROOD_PHASE_WRITING,  /* a run file or an in-flight child */
    BROOD_PHASE_IDLE,
    BROOD_PHASE_COUNT
} brood_phase_t;

extern void (*brood_phase_listener)(brood_phase_t phase);

static inline void brood_phase(brood_phase_t phase) {
    if (brood_phase_listener) brood_phase_listener(phase);
}

#endif
