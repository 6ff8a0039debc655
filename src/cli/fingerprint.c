#include <stdio.h>
#include <string.h>

#include "brood/nn/fingerprint.h"
#include "brood/sched/numerics.h"
#include "brood/util/json.h"
#include "command.h"

static const char *const numerics_text[] = {[BROOD_NUMERICS_PORTABLE] = "portable", [BROOD_NUMERICS_NATIVE] = "native"};
enum { NUMERICS = sizeof numerics_text / sizeof *numerics_text };

static brood_err_t read_numerics(const char *text, brood_numerics_t *numerics) {
    *numerics = BROOD_NUMERICS_PORTABLE;
    if (!text) return BROOD_OK;
    for (int i = 0; i < NUMERICS; i++)
        if (!strcmp(text, numerics_text[i])) {
            *numerics = (brood_numerics_t)i;
            return BROOD_OK;
        }
    return brood_fail(BROOD_E_USAGE, "--numerics: found \"%s\", expected portable or native", text);
}

/* What was computed with. */
typedef struct {
    char        cpu[64];
    const char *numerics, *path, *products;
} origin_t;

static void print(const origin_t *origin, const brood_fingerprint_t *fingerprint) {
    char text[BROOD_FINGERPRINT_SIZE];
    brood_fingerprint_print(fingerprint->all, text);
    printf("Fingerprint   %s\n", text);
    for (int part = 0; part < BROOD_FINGERPRINT_PARTS; part++) {
        brood_fingerprint_print(fingerprint->part[part], text);
        printf("  %-11s %s\n", brood_fingerprint_parts[part], text);
    }
    printf("Numerics      %s\n"
           "CPU           %s\n"
           "Path          %s\n"
           "Products by   %s\n",
           origin->numerics, origin->cpu, origin->path, origin->products);
}

static brood_err_t print_json(const origin_t *origin, const brood_fingerprint_t *fingerprint) {
    char         text[BROOD_FINGERPRINT_SIZE];
    brood_json_t json;
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    brood_fingerprint_print(fingerprint->all, text);
    brood_json_text(&json, "fingerprint", text);
    brood_json_begin_object(&json, "parts");
    for (int part = 0; part < BROOD_FINGERPRINT_PARTS; part++) {
        brood_fingerprint_print(fingerprint->part[part], text);
        brood_json_text(&json, brood_fingerprint_parts[part], text);
    }
    brood_json_end_object(&json);
    brood_json_text(&json, "numerics", origin->numerics);
    brood_json_text(&json, "cpu", origin->cpu);
    brood_json_text(&json, "path", origin->path);
    brood_json_text(&json, "products", origin->products);
    brood_json_end_object(&json);
    return brood_json_finish(&json);
}

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    const char         *numerics_name = NULL, *threads_text = NULL, *none[1] = {NULL};
    int64_t             threads = 1;
    bool                as_json = false;
    const option_t      options[] = {{.name = "--numerics", .value = &numerics_name},
                                     {.name = "--threads", .value = &threads_text},
                                     {.name = "--json", .given = &as_json},
                                     {0}};
    brood_numerics_t    numerics;
    brood_isa_t         isa;
    brood_math_t       *math = NULL;
    brood_fingerprint_t fingerprint;
    origin_t            origin;
    brood_err_t         err = BROOD_OK;
    *exit_code = 0;
    BROOD_TRY(parse_options(argc, argv, options, none, 0));
    BROOD_TRY(read_numerics(numerics_name, &numerics));
    BROOD_TRY(brood_isa_choose(&isa));
    BROOD_TRY(count_option("--threads", threads_text, 1, BROOD_MOST_THREADS, &threads));
    BROOD_TRY(brood_math_create(numerics, isa, threads, &math));
    BROOD_TRY(brood_fingerprint(math, &fingerprint));
    brood_isa_cpu(origin.cpu, sizeof origin.cpu);
    origin.numerics = numerics_text[numerics];
    origin.path = brood_isa_name(isa);
    origin.products = brood_math_describe(math);
    if (as_json)
        BROOD_TRY(print_json(&origin, &fingerprint));
    else
        print(&origin, &fingerprint);
done:
    brood_math_destroy(&math);
    return err;
}

const command_t command_fingerprint = {
    .name = "fingerprint",
    .summary = "what this node's arithmetic computes: equal where runs may move",
    .help =
        "  brood fingerprint\n"
        "  brood fingerprint --numerics native --json      under srun --ntasks-per-node=1: of every node\n\n"
        "Usage: brood fingerprint [--numerics portable|native] [--threads N] [--json]\n\n"
        "  --numerics N   portable (default): Brood's own products; native: those of OpenBLAS on this CPU\n"
        "  --threads N    that compute it together, 1 to 8 (1): another number changes no bit\n"
        "  --json         one JSON object\n\n"
        "Hashes the output bits of fixed small cases: matrix products, every kernel that trains children, the\n"
        "elementary functions, two training steps of a small child. Nodes that print the same hash go on with each\n"
        "other's runs to the same bits; a job compares it by itself. Path is what the CPU was found to have:\n"
        "BROOD_ISA=avx2 or avx512 chooses another, which changes the speed and no bit of portable numerics.\n",
    .run = run,
};
