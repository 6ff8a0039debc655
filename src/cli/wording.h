/* Words that several commands say. */
#ifndef BROOD_SRC_CLI_WORDING_H
#define BROOD_SRC_CLI_WORDING_H

#include "brood/history/history.h"

const char *plural(int64_t count); /* "" or "s" */

/* ", 3 of them failed (1 diverged, 2 refused)", from the number of episodes of each status; "" where none did. */
#define WORDING_FAILURES_SIZE 160
void wording_failures(const int64_t count[BROOD_STATUS_COUNT], char text[WORDING_FAILURES_SIZE]);

/* The text as a shell takes it for one word: as it is, or in single quotes. Cut where `size` ends. Returns `word`. */
const char *wording_shell(const char *text, char *word, size_t size);

/* How the user starts Brood, for commands to be pasted: the script that started it, or the program as it was called. */
const char *wording_program(void);
/* By a script in a batch job, which says itself how it goes on (BROOD_STARTED_BY=job). */
bool wording_is_job(void);

#endif
