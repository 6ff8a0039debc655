/* Subcommands of `brood bench`: what this machine does with what Brood does all day. */
#ifndef BROOD_SRC_CLI_BENCH_H
#define BROOD_SRC_CLI_BENCH_H

#include <stdint.h>

#include "brood/math/math.h"
#include "brood/util/error.h"

/* argv[0] is the subcommand's name. Prints a table, or with --json one JSON object on stdout and nothing else. */
brood_err_t bench_child(int argc, char *argv[]) BROOD_WARN_UNUSED;
brood_err_t bench_kernels(int argc, char *argv[]) BROOD_WARN_UNUSED;
brood_err_t bench_run_file(int argc, char *argv[]) BROOD_WARN_UNUSED;

/* The middle one of so many numbers, which are put in order. */
double bench_median(int64_t count, double value[]);

/* CPU seconds of this thread, for differences: other programs may share the core. */
double bench_seconds(void);

/* Operations a second that one core makes of nothing but fused multiply-adds (rate.h): the best of a few tries. */
double bench_core_rate(const brood_math_t *math);

/* Uniform in [0, 1), the same at every call. */
void bench_draw(int64_t count, float x[]);

#endif
