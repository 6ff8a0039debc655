#include "dry_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "brood/run/run.h"
#include "command.h"
#include "config.h"
#include "expected.h"
#include "job_config.h"
#include "wording.h"

#define MOST_RANKS 1000000

static void print_range(const char *what, int64_t least, int64_t most, const char *unit) {
    printf("%-13s %.3g to %.3g %s\n", what, (double)least, (double)most, unit);
}

static brood_err_t print_space(const config_t *config, const brood_space_t *space) {
    brood_measure_t least, most;
    int64_t         rounds = brood_search_goal(&config->search);
    brood_err_t     err = brood_space_range(space, config->child.batch, &least, &most);
    if (err != BROOD_OK) return err;
    printf("Space         %.4g architectures, %lld decisions\n", brood_space_size(space),
           (long long)brood_space_length(space));
    print_range("Parameters", least.parameters, most.parameters, "trained numbers");
    print_range("Flops", least.flops, most.flops, "a training step of one image");
    print_range("Activations", least.bytes, most.bytes, "bytes a mini-batch");
    printf("Goal          %lld episode%s in %lld round%s of %lld\n", (long long)(rounds * config->search.round),
           plural(rounds * config->search.round), (long long)rounds, plural(rounds), (long long)config->search.round);
    return BROOD_OK;
}

static void print_list(const config_t *config) {
    int64_t networks = config->search.list.count, seeds = config->search.episodes / config->search.round;
    printf("Goal          %lld episode%s: %lld architecture%s, each from %lld seed%s\n", (long long)(networks * seeds),
           plural(networks * seeds), (long long)networks, plural(networks), (long long)seeds, plural(seeds));
    for (int64_t i = 0; i < networks; i++) printf("              \"%s\"\n", config->search.list.text[i]);
}

/* The configuration, as a job would read it. */
static brood_err_t read(const job_request_t *request, config_t *config) {
    brood_run_t      *run = NULL;
    brood_run_state_t state = BROOD_RUN_NONE;
    brood_err_t       err = BROOD_OK;
    if (request->dir) BROOD_TRY(brood_run_open(&brood_fs_posix, request->dir, &run, &state));
    err = job_config_read(request, state == BROOD_RUN_NONE ? NULL : brood_run_image(run), config);
done:
    brood_run_close(&run);
    return err;
}

brood_err_t dry_run_alone(bool dry, const char *ranks) {
    if (dry || !ranks) return BROOD_OK;
    return brood_fail(BROOD_E_USAGE, "--ranks is for --dry-run: a job has the ranks that mpirun -n or srun -n starts");
}

brood_err_t dry_run(const job_request_t *request) {
    brood_section_t    sections[CONFIG_SECTIONS];
    brood_data_shape_t shape = config_nominal_shape;
    brood_space_t     *space = NULL;
    brood_search_t    *search = NULL;
    char              *yaml = NULL, images[160];
    config_t          *config = calloc(1, sizeof *config);
    if (!config) return brood_fail(BROOD_E_MEMORY, "no memory for the configuration");
    double      limit;
    int64_t     ranks = 0;
    brood_err_t err;
    BROOD_TRY(job_read_options(request, &limit));
    BROOD_TRY(count_option("--ranks", request->ranks, 1, MOST_RANKS, &ranks));
    config_sections(config, sections);
    BROOD_TRY(read(request, config));
    bool needs_data = brood_evaluator_find((brood_evaluator_name_t)config->child.evaluator)->needs_data;
    if (needs_data) BROOD_TRY(brood_data_probe(&config->data, &shape));
    BROOD_TRY(brood_space_create(&config->space, shape.image, shape.classes, &space));
    brood_search_setup_t setup = config_search_setup(config, space, request->retrain);
    BROOD_TRY(brood_search_create(&setup, &search));
    BROOD_TRY(brood_config_text(sections, CONFIG_SECTIONS, false, &yaml));
    printf("%s\n", yaml);
    if (needs_data) {
        bool all = brood_child_trains_on_all(&config->child, request->retrain);
        config_images_print(&shape, all, images, sizeof images);
        printf("Images        %s\n", images);
        config_images_warn(&shape, all);
    }
    if (request->retrain)
        print_list(config);
    else
        BROOD_TRY(print_space(config, space));
    err = expected_print(config, space, &shape, ranks);
done:
    free(yaml);
    brood_search_destroy(&search);
    brood_space_destroy(&space);
    free(config);
    return err;
}
