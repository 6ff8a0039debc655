/* Subcommands of `brood bench`: what this machine does with what Brood does all day. */
#ifndef BROOD_SRC_CLI_BENCH_H
#define BROOD_SRC_CLI_BENCH_H

#include <stdint.h>

#include "brood/util/error.h"

/* argv[0] is the subcommand's name. Prints a table, or with --json one JSON object on stdout and nothing else. */
brood_err_t bench_child(int argc, char *argv[]) BROOD_WARN_UNUSED;
brood_err_t bench_run_file(int argc, char *argv[]) BROOD_WARN_UNUSED;

/* The middle one of so many numbers, which are put in order. */
double bench_median(int64_t count, double value[]);

#endif
