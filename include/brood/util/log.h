/* What the program says while it works: to stderr, a line at a time, from rank 0 unless said otherwise. Results go to
 * stdout and are not the log's. */
#ifndef BROOD_UTIL_LOG_H
#define BROOD_UTIL_LOG_H

#include <stdbool.h>

#include "brood/util/error.h"

typedef enum { BROOD_LOG_ERROR, BROOD_LOG_WARNING, BROOD_LOG_INFO, BROOD_LOG_DEBUG } brood_log_level_t;

/* Lines above `level` are dropped (at first: above BROOD_LOG_INFO). `speaks` false silences everything but errors:
 * ranks other than 0. */
void brood_log_setup(brood_log_level_t level, bool speaks);
void brood_log_write(brood_log_level_t level, const char *format, ...) BROOD_PRINTF(2, 3);

/* What a silent rank warns of is not lost: `carry` takes it (to rank 0). NULL: it is dropped again. */
void brood_log_carry(void (*carry)(void *self, const char *text), void *self);

/* Whether someone watches: stderr is a terminal, or the launcher in between says that its own is (BROOD_TERMINAL). */
bool brood_log_watched(void);
/* A line at the foot of the terminal, of level BROOD_LOG_INFO, in place of the last such one; lines of the log make it
 * go. */
void brood_log_status(const char *format, ...) BROOD_PRINTF(1, 2);

#endif
