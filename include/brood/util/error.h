/* Errors, outcomes and exit codes: one list each makes enum, text, exit code and what --help prints. */
#ifndef BROOD_UTIL_ERROR_H
#define BROOD_UTIL_ERROR_H

#define BROOD_WARN_UNUSED           __attribute__((warn_unused_result))
#define BROOD_MESSAGE_SIZE          4096 /* bytes of a message, its end included; longer ones are cut */
#define BROOD_PRINTF(string, first) __attribute__((__format__(__printf__, string, first)))

/* X(symbol, exit code, what it means to a user) */
#define BROOD_ERRORS(X)                                                                                                \
    X(OK, 0, "success")                                                                                                \
    X(E_DIFFERENT, 1, "the two runs compared have different content")                                                  \
    X(E_USAGE, 2, "the command line is wrong, or the ranks were started apart from each other")                        \
    X(E_CONFIG, 3, "the configuration is wrong, or does not fit the run")                                              \
    X(E_DATA, 4, "the data set is missing or wrong, or a run holds nothing to train")                                  \
    X(E_FORMAT, 5, "a file is damaged, or not one of Brood's")                                                         \
    X(E_IO, 6, "a file cannot be read or written")                                                                     \
    X(E_FULL, 7, "no space left, or a quota is exceeded")                                                              \
    X(E_MEMORY, 8, "out of memory")                                                                                    \
    X(E_LOCKED, 9, "another job holds the run, or has taken it over")                                                  \
    X(E_NUMERICS, 10, "this node cannot compute, or computes other bits than the run")                                 \
    X(E_RANKS, 11, "a rank was lost, or hangs")                                                                        \
    X(E_BUG, 12, "an internal contradiction: please report it")

/* How a job that met no error ended. */
#define BROOD_ENDS(X)                                                                                                  \
    X(COMPLETE, 0, "complete")                                                                                         \
    X(STOPPED, 75, "stopped by a signal or its time limit: submit it again")                                           \
    X(HALTED, 76, "stopped on request (halt or SIGINT): do not submit it again")

#define BROOD_ERROR_ENUM(symbol, code, text) BROOD_##symbol,
typedef enum { BROOD_ERRORS(BROOD_ERROR_ENUM) BROOD_ERROR_COUNT } brood_err_t;
#undef BROOD_ERROR_ENUM

#define BROOD_END_ENUM(symbol, code, text) BROOD_END_##symbol,
typedef enum { BROOD_ENDS(BROOD_END_ENUM) BROOD_END_COUNT } brood_end_t;
#undef BROOD_END_ENUM

/* The exit code of an error or an end, and its line of help. */
int         brood_exit_code(brood_err_t code);
const char *brood_error_text(brood_err_t code);
int         brood_end_exit_code(brood_end_t end);
const char *brood_end_text(brood_end_t end);

/* Keeps the message as this thread's, replacing any earlier one, and returns `code`: `return brood_fail(BROOD_E_IO,
   "%s: …", path);`. A message names place, found, expected and what to do; it ends without a full stop or newline. */
brood_err_t brood_fail(brood_err_t code, const char *format, ...) BROOD_PRINTF(2, 3);

/* Puts what was being done, and ": ", before this thread's message and returns `code`. */
brood_err_t brood_because(brood_err_t code, const char *format, ...) BROOD_PRINTF(2, 3);

/* This thread's message ("" when none was kept). Valid until the next brood_fail or brood_because of this thread. */
const char *brood_message(void);

/* BROOD_E_FULL for ENOSPC and EDQUOT, BROOD_E_MEMORY for ENOMEM, else BROOD_E_IO; the message is "WHAT: strerror". */
brood_err_t brood_fail_errno(int errnum, const char *format, ...) BROOD_PRINTF(2, 3);

/* Runs an expression that returns a brood_err_t; when it is not BROOD_OK, keeps it in `err` and goes to `done`. */
#define BROOD_TRY(expression)                                                                                          \
    do {                                                                                                               \
        err = (expression);                                                                                            \
        if (err != BROOD_OK) goto done;                                                                                \
    } while (0)

#endif
