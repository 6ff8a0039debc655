/* `brood search CONFIG --dry-run`: everything checked, nothing started. */
#ifndef BROOD_SRC_CLI_DRY_RUN_H
#define BROOD_SRC_CLI_DRY_RUN_H

#include "brood/util/error.h"

brood_err_t dry_run(const char *file, const char *const set[]) BROOD_WARN_UNUSED;

#endif
