/* For readers beside a running job. */
#ifndef BROOD_SRC_RUN_AWAIT_H
#define BROOD_SRC_RUN_AWAIT_H

#include "brood/run/store.h"

/* Where link is refused, a rotation leaves for an instant no run.h5: waits for it while there is a previous one, a
   tenth of a second at most. `dir` has less than BROOD_MAX_PATH bytes. */
void brood_run_await_rotation(const brood_fs_t *fs, const char *dir);

#endif
