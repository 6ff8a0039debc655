#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(int64_t count, double value[]) {
    qsort(value, (size_t)count, sizeof *value, by_size);
    return value[count / 2];
}

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    static const struct {
        const char *name;
        brood_err_t (*run)(int argc, char *argv[]);
    } known[] = {{"child", bench_child}, {"run-file", bench_run_file}};
    *exit_code = 0;
    for (size_t i = 0; argc > 1 && i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(argv[1], known[i].name)) return known[i].run(argc - 1, argv + 1);
    return brood_fail(BROOD_E_USAGE, "which bench? brood bench child | run-file");
}

const command_t command_bench = {
    .name = "bench",
    .summary = "measure how fast children train here, and what writing a run costs",
    .help =
        "  brood bench child configs/quickstart.yaml --arch \"3,16,1,2,0; 5,32,1,2,0; 3,64,1,1,0\"\n"
        "  brood bench run-file --dir runs                 on the file system of the runs\n\n"
        "Usage: brood bench child [CONFIG] --arch TEXT [--threads N] [--set KEY=VALUE]... [--steps N] [--json]\n"
        "       brood bench run-file [CONFIG] [--episodes N] [--dir DIR] [--set KEY=VALUE]... [--json]\n\n"
        "  CONFIG           child: whose kind of space the architecture is in, mini-batch, optimiser, downscale;\n"
        "                   run-file: whose space the episodes are drawn from (else the default one); rounds of 64\n"
        "  --arch TEXT      the network, as `brood train` takes it\n"
        "  --threads N      that train it, 1 to 8 (sched.threads, which is 1)\n"
        "  --steps N        training steps that are timed (30)\n"
        "  --episodes N     how long the history is (100000); a tenth of it is measured, too\n"
        "  --dir DIR        where the files are written, and removed again ($TMPDIR, or /tmp)\n"
        "  --set KEY=VALUE  sets one key, as if CONFIG said so\n"
        "  --json           one JSON object\n\n"
        "child: training steps on drawn images, no data set needed: medians, where the time goes, and what of the "
        "core\n"
        "is used. run-file: makes a history of episodes with results, and writes it as a run file: making the image,\n"
        "writing it with and without fsync, beside the time of writing as many raw bytes. Medians of 7.\n",
    .run = run,
};
