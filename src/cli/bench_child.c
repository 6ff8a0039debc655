/* Training steps of one network. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_net.h"
#include "brood/nn/optimizer.h"
#include "brood/util/json.h"
#include "command.h"
#include "config.h"
#include "cores.h"

#define STEPS 30
#define WARM  3 /* steps before the first that counts */

typedef struct {
    const char        *architecture;
    int64_t            steps;
    config_t           config;
    brood_data_shape_t shape;
    brood_space_t     *space;
    brood_math_t      *math;
    bench_net_t        net;
    brood_arena_t      arena; /* of the optimiser */
    brood_optimizer_t *optimizer;
} bench_t;

/* Of one training step. */
typedef struct {
    double milliseconds, images_per_second, gigaflops, share; /* flops as of direct convolution; share of the cores' */
    double forward[BROOD_MAX_LAYERS], backward[BROOD_MAX_LAYERS]; /* milliseconds of the first thread */
    double optimizer, rest;
} measured_t;

static brood_err_t read_config(bench_t *bench, const char *file, const char *const set[]) {
    brood_section_t sections[CONFIG_SECTIONS];
    config_sections(&bench->config, sections);
    brood_err_t err = brood_config_read(file, set, sections, CONFIG_SECTIONS);
    if (err != BROOD_OK) return err;
    bench->net.batch = bench->config.child.batch;
    bench->shape = config_nominal_shape;
    for (int axis = 0; axis < 2; axis++) {
        if (bench->shape.image[axis] % bench->config.data.downscale != 0)
            return brood_fail(BROOD_E_CONFIG,
                              "data.downscale: found %lld, expected a number that divides %lld, which the drawn images "
                              "have on each side",
                              (long long)bench->config.data.downscale, (long long)bench->shape.image[axis]);
        bench->shape.image[axis] /= bench->config.data.downscale;
    }
    return BROOD_OK;
}

static brood_err_t prepare(bench_t *bench) {
    const brood_child_config_t  *child = &bench->config.child;
    const brood_optimizer_args_t args = {.kind = (brood_optimizer_kind_t)child->optimizer,
                                         .momentum = child->momentum,
                                         .weight_decay = child->weight_decay};
    brood_isa_t                  isa;
    brood_err_t                  err = BROOD_OK;
    BROOD_TRY(brood_isa_choose(&isa));
    BROOD_TRY(brood_math_create((brood_numerics_t)bench->config.math.numerics, isa, bench->config.sched.threads,
                                &bench->math));
    BROOD_TRY(brood_space_create(&bench->config.space, bench->shape.image, bench->shape.classes, &bench->space));
    err = brood_space_network(bench->space, bench->architecture, &bench->net.spec);
    if (err == BROOD_E_DATA) err = brood_because(BROOD_E_USAGE, "--arch");
    BROOD_TRY(err);
    BROOD_TRY(bench_net_init(&bench->net, bench->math));
    BROOD_TRY(brood_arena_init(&bench->arena, brood_optimizer_size(&args, bench->net.measure.parameters)));
    bench->optimizer = brood_optimizer_create(&args, bench->net.net, &bench->arena);
done:
    return err;
}

/* One training step; returns the seconds of the optimiser. */
static double step(bench_t *bench, int64_t number) {
    bench_net_step(&bench->net, number);
    double before = brood_clock_monotonic();
    brood_optimizer_step(bench->optimizer, bench->config.child.learning_rate);
    return brood_clock_monotonic() - before;
}

static brood_err_t measure(bench_t *bench, measured_t *measured) {
    double *seconds = calloc((size_t)bench->steps, sizeof *seconds);
    if (!seconds) return brood_fail(BROOD_E_MEMORY, "no memory for %lld timings", (long long)bench->steps);
    for (int64_t i = 0; i < WARM; i++) step(bench, i);
    for (int64_t i = 0; i < bench->steps; i++) {
        double before = brood_clock_monotonic();
        step(bench, WARM + i);
        seconds[i] = brood_clock_monotonic() - before;
    }
    double median = bench_median(bench->steps, seconds), images = (double)bench->net.batch;
    free(seconds);
    *measured = (measured_t){.milliseconds = 1e3 * median, .images_per_second = images / median};
    measured->gigaflops = 1e-9 * (double)bench->net.measure.flops * images / median;
    measured->share = 1e9 * measured->gigaflops / (bench_core_rate(bench->math) * (double)bench->config.sched.threads);

    /* Where the time goes: steps of their own, since asking takes time. */
    double optimizer = 0, each = 1e3 / (double)bench->steps;
    brood_net_time(bench->net.net, bench->net.times, brood_clock_monotonic);
    double before = brood_clock_monotonic();
    for (int64_t i = 0; i < bench->steps; i++) optimizer += step(bench, WARM + bench->steps + i);
    measured->rest = each * (brood_clock_monotonic() - before - optimizer);
    brood_net_time(bench->net.net, NULL, NULL);
    for (int64_t layer = 0; layer < bench->net.spec.count; layer++) {
        measured->forward[layer] = each * bench->net.times[layer].forward;
        measured->backward[layer] = each * bench->net.times[layer].backward;
        measured->rest -= measured->forward[layer] + measured->backward[layer];
    }
    measured->optimizer = each * optimizer;
    return BROOD_OK;
}

/* Of a layer, milliseconds a step. */
static double predicted(const bench_t *bench, int64_t layer) {
    brood_work_t work = brood_net_work(bench->net.net, layer);
    return 1e-6 * brood_work_cost(&work) * (double)bench->net.batch;
}

static int64_t bytes_of(const bench_t *bench) {
    return (int64_t)(bench->net.arena.used + bench->arena.used);
}

static void print_text(const bench_t *bench, const measured_t *measured) {
    const bool many = bench->config.sched.threads > 1;
    char       cpu[64];
    brood_isa_cpu(cpu, sizeof cpu);
    printf("Step          %.3f ms, mini-batch of %lld (median of %lld), %s\n", measured->milliseconds,
           (long long)bench->net.batch, (long long)bench->steps, bench->architecture);
    printf("Images        %.0f a second\n", measured->images_per_second);
    printf("Flops         %.1f GFLOP/s, counted as direct convolution: %.2f of a loop of fused multiply-adds\n",
           measured->gigaflops, measured->share);
    printf("Predicted     %.3f ms by the cost model, for one core of its reference CPU (" BROOD_COST_CPU ")\n",
           1e-6 * (double)(bench->net.measure.cost * bench->net.batch));
    printf("Memory        %.1f MB\n", 1e-6 * (double)bytes_of(bench));
    printf("Threads       %lld\n", (long long)bench->config.sched.threads);
    printf("CPU           %s, %s\n\n", cpu, brood_math_describe(bench->math));
    printf("%-36s %10s %11s %10s%s\n", "layer", "forward ms", "backward ms", "predicted",
           many ? " (forward, backward: of the first thread)" : "");
    for (int64_t i = 0; i < bench->net.spec.count; i++)
        printf("%2lld %-33s %10.3f %11.3f %10.3f\n", (long long)i, brood_net_way(bench->net.net, i),
               measured->forward[i], measured->backward[i], predicted(bench, i));
    printf("%-36s %10s %11.3f\n", "optimiser", "", measured->optimizer);
    printf("%-36s %10s %11.3f\n", many ? "loss; waiting for other threads" : "loss", "", measured->rest);
}

static void print_work(const bench_t *bench, int64_t layer, brood_json_t *json) {
    brood_work_t work = brood_net_work(bench->net.net, layer);
    brood_json_begin_object(json, "work");
    for (int kind = 0; kind < BROOD_WORKS; kind++) brood_json_real(json, brood_work_names[kind], work.of[kind]);
    brood_json_end_object(json);
}

static brood_err_t print_json(const bench_t *bench, const measured_t *measured) {
    char         cpu[64];
    brood_json_t json;
    brood_isa_cpu(cpu, sizeof cpu);
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    brood_json_text(&json, "architecture", bench->architecture);
    brood_json_integer(&json, "batch", bench->net.batch);
    brood_json_real(&json, "ms_per_step", measured->milliseconds);
    brood_json_real(&json, "images_per_second", measured->images_per_second);
    brood_json_real(&json, "gflops", measured->gigaflops);
    brood_json_real(&json, "share_of_fma_rate", measured->share);
    brood_json_real(&json, "predicted_ms", 1e-6 * (double)(bench->net.measure.cost * bench->net.batch));
    brood_json_integer(&json, "bytes", bytes_of(bench));
    brood_json_integer(&json, "threads", bench->config.sched.threads);
    brood_json_text(&json, "cpu", cpu);
    brood_json_text(&json, "products", brood_math_describe(bench->math));
    brood_json_begin_array(&json, "layers");
    for (int64_t i = 0; i < bench->net.spec.count; i++) {
        brood_json_begin_object(&json, NULL);
        brood_json_text(&json, "way", brood_net_way(bench->net.net, i));
        brood_json_real(&json, "forward_ms", measured->forward[i]);
        brood_json_real(&json, "backward_ms", measured->backward[i]);
        brood_json_real(&json, "predicted_ms", predicted(bench, i));
        print_work(bench, i, &json);
        brood_json_end_object(&json);
    }
    brood_json_end_array(&json);
    brood_json_real(&json, "optimizer_ms", measured->optimizer);
    brood_json_real(&json, "rest_ms", measured->rest);
    brood_json_end_object(&json);
    return brood_json_finish(&json);
}

brood_err_t bench_child(int argc, char *argv[]) {
    const char  *file[1] = {NULL}, *architecture = NULL, *steps = NULL, *threads = NULL;
    const char **set = calloc((size_t)argc + 1, sizeof *set);
    bool         json = false;
    bench_t     *bench = calloc(1, sizeof *bench);
    measured_t   measured = {0};
    brood_err_t  err = BROOD_OK;
    if (!set || !bench) BROOD_TRY(brood_fail(BROOD_E_MEMORY, "no memory for the bench"));
    const option_t options[] = {{.name = "--arch", .value = &architecture}, {.name = "--steps", .value = &steps},
                                {.name = "--threads", .value = &threads},   {.name = "--set", .list = set},
                                {.name = "--json", .given = &json},         {0}};
    BROOD_TRY(parse_options(argc, argv, options, file, 1));
    if (!architecture) BROOD_TRY(brood_fail(BROOD_E_USAGE, "which network? --arch \"5,32,1,2,0; 5,64,1,2,0\""));
    bench->architecture = architecture;
    bench->steps = STEPS;
    BROOD_TRY(count_option("--steps", steps, 1, 1000000, &bench->steps));
    BROOD_TRY(read_config(bench, file[0], set));
    BROOD_TRY(count_option("--threads", threads, 1, BROOD_MOST_THREADS, &bench->config.sched.threads));
    BROOD_TRY(prepare(bench));
    cores_check_own(bench->config.sched.threads);
    BROOD_TRY(measure(bench, &measured));
    if (json)
        BROOD_TRY(print_json(bench, &measured));
    else
        print_text(bench, &measured);
done:
    if (err == BROOD_E_MEMORY)
        brood_because(err, "%s needs more memory than there is (a smaller child.batch would help)",
                      architecture ? architecture : "bench child");
    if (bench) {
        brood_space_destroy(&bench->space);
        brood_math_destroy(&bench->math);
        bench_net_fini(&bench->net);
        brood_arena_fini(&bench->arena);
    }
    free(bench);
    free(set);
    return err;
}
