#include "bench.h"

#include <string.h>

#include "command.h"

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    static const struct {
        const char *name;
        brood_err_t (*run)(int argc, char *argv[]);
    } known[] = {{"run-file", bench_run_file}};
    *exit_code = 0;
    for (size_t i = 0; argc > 1 && i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(argv[1], known[i].name)) return known[i].run(argc - 1, argv + 1);
    return brood_fail(BROOD_E_USAGE, "which bench? brood bench run-file");
}

const command_t command_bench = {
    .name = "bench",
    .summary = "measure what writing a run costs here",
    .help =
        "  brood bench run-file --dir runs                 on the file system of the runs\n"
        "  brood bench run-file --episodes 1000000 --json\n\n"
        "Usage: brood bench run-file [CONFIG] [--episodes N] [--dir DIR] [--set KEY=VALUE]... [--json]\n\n"
        "  CONFIG           whose space the episodes are drawn from (else the default one); rounds of 64\n"
        "  --episodes N     how long the history is (100000); a tenth of it is measured, too\n"
        "  --dir DIR        where the files are written, and removed again ($TMPDIR, or /tmp)\n"
        "  --set KEY=VALUE  sets one key, as if CONFIG said so\n"
        "  --json           one JSON object\n\n"
        "Makes a history of episodes with results, and writes it as a run file: making the image, writing it with and "
        "without\n"
        "fsync, beside the time of writing as many raw bytes. Medians of 7.\n",
    .run = run,
};
