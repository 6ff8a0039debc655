#include "brood/run/compare.h"

#include <stdio.h>

#include "command.h"

static void tell_damaged(const char *path, bool whole) {
    if (!whole)
        printf(
            "%s: the trailer is missing or wrong: the file is damaged, or not sealed by Brood; compared all the same\n",
            path);
}

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    const char        *path[2] = {NULL, NULL};
    const option_t     options[] = {{0}};
    brood_difference_t difference;
    brood_err_t        err = parse_options(argc, argv, options, path, 2);
    if (err == BROOD_OK && !path[1]) err = brood_fail(BROOD_E_USAGE, "two runs are needed: brood compare A B");
    if (err == BROOD_OK) err = brood_run_compare(&brood_fs_posix, path[0], path[1], &difference);
    if (err != BROOD_OK) return err;
    tell_damaged(path[0], difference.a_whole);
    tell_damaged(path[1], difference.b_whole);
    if (difference.equal)
        printf("same content: %lld objects outside /clock are equal\n", (long long)difference.objects);
    else
        printf("different content: %s: %s\n", difference.where, difference.what);
    *exit_code = difference.equal ? 0 : brood_exit_code(BROOD_E_DIFFERENT);
    return BROOD_OK;
}

const command_t command_compare = {
    .name = "compare",
    .summary = "have two runs the same content?",
    .help =
        "  brood compare runs/a runs/b\n"
        "  brood compare runs/a/run.h5 runs/a/run.prev.h5\n\n"
        "Usage: brood compare A B\n\n"
        "A and B are run directories or run files. Names, types, shapes, attributes and bytes of everything outside "
        "/clock\n"
        "are compared; the first difference is named. Exit code 0: same content; 1: different; others: not readable.\n",
    .run = run,
};
