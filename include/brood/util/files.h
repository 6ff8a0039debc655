/* Small files, read whole. (The run file's reading and writing is run/store's.) */
#ifndef BROOD_UTIL_FILES_H
#define BROOD_UTIL_FILES_H

#include "brood/util/bytes.h"

/* Appends what `path` holds to `bytes`. BROOD_E_IO: it cannot be opened or read, or is a directory. BROOD_E_FORMAT: it
   is longer than `max_bytes`; a regular file is then refused by its size, unread, and of a pipe no more than max_bytes
   + 1 are read. BROOD_E_MEMORY. The message begins with the path; on an error `bytes` is as it was. */
brood_err_t brood_file_read_all(const char *path, size_t max_bytes, brood_bytes_t *bytes) BROOD_WARN_UNUSED;

#endif
