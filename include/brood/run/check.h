/* Are the files of a run directory whole? Looks at each by itself and changes nothing. */
#ifndef BROOD_RUN_CHECK_H
#define BROOD_RUN_CHECK_H

#include "brood/run/store.h"

typedef enum {
    BROOD_CHECKED_WHOLE,
    BROOD_CHECKED_DAMAGED,
    BROOD_CHECKED_UNREADABLE,
    BROOD_CHECKED_LEFTOVER, /* *.TOKEN.tmp */
    BROOD_CHECKED_LOCK
} brood_checked_state_t;

typedef struct {
    const char           *name; /* within the directory: "inflight/17.h5" */
    brood_checked_state_t state;
    bool                  child;      /* an in-flight file */
    uint64_t              generation; /* of whole ones; of a child: its step */
    const char           *what;       /* what is wrong with it, whose lock it is; "" */
} brood_checked_t;

/* Tells `visit` of each file that Brood owns: run.h5, run.prev.h5, inflight children by rising episode, leftovers, the
   lock. BROOD_OK: a start would go on from run.h5. BROOD_E_FORMAT: a file is damaged; the message says what a start
   would do. BROOD_E_IO: there is no run here, or it can't be read. */
brood_err_t brood_run_check(const brood_fs_t *fs, const char                             *dir,
                            void (*visit)(void *self, const brood_checked_t *file), void *self) BROOD_WARN_UNUSED;

#endif
