#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "brood/math/rate.h"
#include "brood/rng/philox.h"
#include "command.h"

#define ROUNDS 2000000 /* of the loop that shows what the core can do: a few milliseconds */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(int64_t count, double value[]) {
    qsort(value, (size_t)count, sizeof *value, by_size);
    return value[count / 2];
}

double bench_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_core_rate(const brood_math_t *math) {
    double best = 0;
    for (int i = 0; i < 5; i++) {
        double before = bench_seconds(), operations = brood_math_work(math, ROUNDS);
        best = fmax(best, operations / (bench_seconds() - before));
    }
    return best;
}

void bench_draw(int64_t count, float x[]) {
    brood_key4_t key = brood_key4(1, BROOD_PURPOSE_BENCH, 0, 0, 0);
    for (int64_t i = 0; i < count; i++) x[i] = (float)brood_random_uniform(&key, (uint32_t)i);
}

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    static const struct {
        const char *name;
        brood_err_t (*run)(int argc, char *argv[]);
    } known[] = {{"child", bench_child}, {"kernels", bench_kernels}, {"run-file", bench_run_file}};
    *exit_code = 0;
    for (size_t i = 0; argc > 1 && i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(argv[1], known[i].name)) return known[i].run(argc - 1, argv + 1);
    return brood_fail(BROOD_E_USAGE, "which bench? brood bench child | kernels | run-file");
}

const command_t command_bench = {
    .name = "bench",
    .summary = "measure how fast children train here, and what writing a run costs",
    .help =
        "  brood bench child configs/quickstart.yaml --arch \"3,16,1,2,0; 5,32,1,2,0; 3,64,1,1,0\"\n"
        "  brood bench kernels                             what children's layers are made of\n"
        "  brood bench run-file --dir runs                 on the file system of the runs\n\n"
        "Usage: brood bench child [CONFIG] --arch TEXT [--threads N] [--set KEY=VALUE]... [--steps N] [--json]\n"
        "       brood bench kernels [--only TEXT] [--repeats N] [--json]\n"
        "       brood bench run-file [CONFIG] [--episodes N] [--dir DIR] [--set KEY=VALUE]... [--json]\n\n"
        "  CONFIG           child: whose kind of space the architecture is in, mini-batch, optimiser, downscale;\n"
        "                   run-file: whose space the episodes are drawn from (else the default one); rounds of 64\n"
        "  --arch TEXT      the network, as `brood train` takes it\n"
        "  --threads N      that train it, 1 to 8 (sched.threads, which is 1)\n"
        "  --steps N        training steps that are timed (30)\n"
        "  --only TEXT      kernels whose names contain it: \"Toom-Cook\", \"5 taps\"\n"
        "  --repeats N      blocks of calls that are timed of each kernel (7)\n"
        "  --episodes N     how long the history is (100000); a tenth of it is measured, too\n"
        "  --dir DIR        where the files are written, and removed again ($TMPDIR, or /tmp)\n"
        "  --set KEY=VALUE  sets one key, as if CONFIG said so\n"
        "  --json           one JSON object\n\n"
        "child: training steps on drawn images, no data set needed: medians, where the time goes, what of the core is\n"
        "used. kernels: matrix products as children's layers call them, and single layers, on one core, by the path\n"
        "that is taken here (BROOD_ISA chooses another). run-file: makes a history of episodes with results, and\n"
        "writes it as a run file: making the image, writing it with and without fsync, beside the time of writing as\n"
        "many raw bytes. Medians of 7.\n",
    .run = run,
};
