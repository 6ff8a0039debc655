/* Subcommands: one const struct each. */
#ifndef BROOD_SRC_CLI_COMMAND_H
#define BROOD_SRC_CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "brood/util/error.h"

typedef struct {
    const char *name, *summary;
    const char *help; /* begins with two examples, fits one screen */
    /* argv[0] is the subcommand. Keeps its message and returns an error, or sets *exit_code. */
    brood_err_t (*run)(int argc, char *argv[], int *exit_code);
} command_t;

extern const command_t command_search, command_train, command_status, command_compare, command_check,
    command_fingerprint, command_bench, command_help;

/* All of them, NULL at the end. */
extern const command_t *const commands[];

/* What `brood --help` says. */
void print_help(void);
/* The exit codes and what they mean, a line each. */
void print_exit_codes(void);

/* An option that takes a value, or none. */
typedef struct {
    const char  *name;  /* "--run" */
    const char **value; /* where its value goes; NULL: it takes none */
    bool        *given; /* set when the option is there; may be NULL where value is not */
    const char **list;  /* for an option that may be repeated: NULL-terminated values, of which there is room for one an
                           argument */
} option_t;

/* Options anywhere, `--name value` or `--name=value`; up to `most` other arguments go to positional. BROOD_E_USAGE:
   unknown option (with the nearest known one), missing value, an option twice, too many arguments. */
brood_err_t parse_options(int argc, char *argv[], const option_t options[], const char *positional[],
                          int most) BROOD_WARN_UNUSED;

/* The whole number that the option `name` was given, least … most; *value stays where text is NULL. BROOD_E_USAGE. */
brood_err_t count_option(const char *name, const char *text, int64_t least, int64_t most,
                         int64_t *value) BROOD_WARN_UNUSED;

/* True when one of the arguments is --help or -h. */
bool wants_help(int argc, char *argv[]);

#endif
