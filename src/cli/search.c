#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "dry_run.h"
#include "job.h"

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    const char  *file[1] = {NULL}, *dir = NULL, *max_time = NULL, *ranks = NULL;
    const char **lists = calloc(2 * ((size_t)argc + 1), sizeof *lists);
    bool         dry = false, inexact = false;
    if (!lists) return brood_fail(BROOD_E_MEMORY, "no memory for the options");
    const char   **set = lists, **skip = lists + argc + 1;
    const option_t options[] = {{.name = "--run", .value = &dir},
                                {.name = "--set", .list = set},
                                {.name = "--max-time", .value = &max_time},
                                {.name = "--skip", .list = skip},
                                {.name = "--dry-run", .given = &dry},
                                {.name = "--ranks", .value = &ranks},
                                {.name = "--allow-inexact", .given = &inexact},
                                {0}};
    brood_err_t    err = parse_options(argc, argv, options, file, 1);
    if (err == BROOD_OK && !dry && !dir)
        err = brood_fail(BROOD_E_USAGE, "--run DIR is missing: the directory that keeps the search");
    if (err == BROOD_OK && dry && !file[0] && !dir)
        err = brood_fail(BROOD_E_USAGE, "--dry-run needs a CONFIG, or --run DIR");
    if (err == BROOD_OK) err = dry_run_alone(dry, ranks);
    job_request_t request = {.argc = argc,
                             .argv = argv,
                             .err = err,
                             .file = file[0],
                             .dir = dir,
                             .set = set,
                             .skip = skip,
                             .max_time = max_time,
                             .ranks = ranks,
                             .allow_inexact = inexact};
    *exit_code = 0;
    if (!dry)
        err = job_run(&request, exit_code);
    else if (err == BROOD_OK)
        err = dry_run(&request);
    free(lists);
    return err;
}

const command_t command_search = {
    .name = "search",
    .summary = "begin a search, or go on with one",
    .help =
        "  brood search configs/quickstart.yaml --run runs/first         begin, or go on\n"
        "  brood search --run runs/first --set run.episodes=400          go on with the run's own configuration, "
        "further\n\n"
        "Usage: brood search [CONFIG] --run DIR [--set KEY=VALUE]... [--max-time TIME] [--skip E]...\n"
        "       brood search [CONFIG] --dry-run [--ranks N] [--run DIR] [--set KEY=VALUE]...\n\n"
        "  CONFIG           a YAML file; without it the run's own configuration is used\n"
        "  --run DIR        the run directory; made when the first checkpoint is written\n"
        "  --set KEY=VALUE  sets one key, as if CONFIG said so (`brood help keys`); may be repeated\n"
        "  --max-time TIME  stops early enough to have saved by then: 3h50m, 3:50:00, or what `squeue -o %L` prints\n"
        "  --skip E         episode E is not trained and has the failure reward; may be repeated\n"
        "  --allow-inexact  goes on on nodes that compute other bits than the run; recorded in the run file\n"
        "  --dry-run        checks the configuration, with --run also against that run's, and prints it completed, "
        "with the\n"
        "                   size of the space, what its networks cost, and the time that the search is expected to "
        "take;\n"
        "                   starts nothing\n"
        "  --ranks N        with --dry-run: of which number of ranks to tell the time, too\n\n"
        "The same command begins a run and goes on with it, on any number of ranks: put mpirun -n N or srun before "
        "it.\n"
        "Signals USR1 and TERM, and a file named `halt` in DIR, stop it: every child is saved where it stands.\n",
    .run = run,
};
