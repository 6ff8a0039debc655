#include "brood/util/flush.h"

#include <errno.h>

brood_err_t brood_flush(FILE *file, const char *what) {
    errno = 0; /* an earlier write may be what failed, and its reason is gone */
    if (fflush(file) == 0 && !ferror(file)) return BROOD_OK;
    if (errno == 0) return brood_fail(BROOD_E_IO, "%s cannot be written", what);
    return brood_fail_errno(errno, "%s cannot be written", what);
}
