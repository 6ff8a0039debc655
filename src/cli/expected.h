/* What --dry-run tells of times: of a child, of the whole search, and on how many ranks. */
#ifndef BROOD_SRC_CLI_EXPECTED_H
#define BROOD_SRC_CLI_EXPECTED_H

#include "config.h"

/* `ranks`: a number to be told of beside the usual ones; 0: none. BROOD_E_MEMORY. */
brood_err_t expected_print(const config_t *config, const brood_space_t *space, const brood_data_shape_t *shape,
                           int64_t ranks) BROOD_WARN_UNUSED;

#endif
