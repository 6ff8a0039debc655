#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "brood/run/check.h"
#include "command.h"

static const char *const state_text[] = {"whole", "damaged", "cannot be read", "left half-written by a killed job",
                                         "lock"};

static void print_file(void *self, const brood_checked_t *file) {
    (void)self;
    printf("%-24s ", file->name);
    if (file->state == BROOD_CHECKED_WHOLE)
        printf("whole, %s %llu%s%s\n", file->child ? "step" : "generation", (unsigned long long)file->generation,
               *file->what ? ", " : "", file->what);
    else
        printf("%s%s%s\n", state_text[file->state], *file->what ? ": " : "", file->what);
}

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    const char    *dir[1] = {NULL};
    const option_t options[] = {{0}};
    struct stat    status;
    brood_err_t    err = parse_options(argc, argv, options, dir, 1);
    if (err == BROOD_OK && !dir[0]) err = brood_fail(BROOD_E_USAGE, "which run? brood check DIR");
    if (err == BROOD_OK && stat(dir[0], &status) == 0 && !S_ISDIR(status.st_mode))
        err = brood_fail(BROOD_E_USAGE, "%s: found a file, expected a run directory: its files are checked together",
                         dir[0]);
    if (err == BROOD_OK) err = brood_run_check(&brood_fs_posix, dir[0], print_file, NULL);
    *exit_code = 0;
    return err;
}

const command_t command_check = {
    .name = "check",
    .summary = "are the files of a run whole?",
    .help =
        "  brood check runs/first\n"
        "  brood check runs/first && scripts/brood-run search --run runs/first\n\n"
        "Usage: brood check DIR\n\n"
        "Names each file of the run directory, its generation (an in-flight child: its step), and whether it is whole "
        "or what\n"
        "is wrong with it. Changes nothing. Exit code 0: a start would go on from run.h5 and lose nothing; "
        "otherwise something\n"
        "is damaged, and the last line says what a start would do.\n",
    .run = run,
};
