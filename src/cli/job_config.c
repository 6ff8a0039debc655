#include "job_config.h"

#include <stdlib.h>

/* Of a new run without CONFIG: another run's, or the defaults. */
static brood_err_t read_for_new_run(const job_request_t *request, config_t *config, const brood_section_t sections[]) {
    brood_bytes_t image;
    uint64_t      generation;
    if (!request->retrain)
        return brood_fail(BROOD_E_USAGE, "%s holds no run to go on with; to begin one, name a CONFIG", request->dir);
    if (!request->from) return brood_config_read(NULL, request->set, sections, CONFIG_SECTIONS);
    brood_bytes_init(&image);
    brood_err_t err = brood_run_read(&brood_fs_posix, request->from, &image, &generation);
    if (err == BROOD_OK) err = config_read_kept(request->from, &image, request->set, config);
    brood_bytes_fini(&image);
    return err;
}

/* A run is gone on with by the command that began it. */
static brood_err_t check_command(const job_request_t *request, const config_t *of_run) {
    bool list = of_run->search.strategy == BROOD_STRATEGY_LIST;
    if (list == request->retrain) return BROOD_OK;
    if (list) return brood_fail(BROOD_E_USAGE, "%s was begun by `brood train`, which goes on with it", request->dir);
    return brood_fail(BROOD_E_USAGE,
                      "%s is a search, which `brood search` goes on with; to train its best: --from %s, and --run with "
                      "a directory of its own",
                      request->dir, request->dir);
}

static brood_err_t check_frozen(const char *dir, const brood_bytes_t *image, const brood_section_t sections[]) {
    char       *of_run = NULL;
    brood_err_t err = brood_image_text(image, CONFIG_FROZEN, &of_run);
    if (err == BROOD_OK) err = brood_config_check(sections, CONFIG_SECTIONS, of_run);
    free(of_run);
    return err == BROOD_OK ? BROOD_OK : brood_because(err, "%s", dir);
}

brood_err_t job_config_read(const job_request_t *request, const brood_bytes_t *image, config_t *config) {
    brood_section_t sections[CONFIG_SECTIONS];
    config_t       *of_run = NULL;
    brood_err_t     err = BROOD_OK;
    config_sections(config, sections);
    if (image) {
        if (!(of_run = calloc(1, sizeof *of_run))) return brood_fail(BROOD_E_MEMORY, "no memory for the configuration");
        BROOD_TRY(config_read_kept(request->dir, image, NULL, of_run));
        BROOD_TRY(check_command(request, of_run));
    }
    if (request->file)
        BROOD_TRY(brood_config_read(request->file, request->set, sections, CONFIG_SECTIONS));
    else if (of_run)
        BROOD_TRY(config_read_kept(request->dir, image, request->set, config));
    else
        BROOD_TRY(read_for_new_run(request, config, sections));
    if (request->adjust) BROOD_TRY(request->adjust(request->self, config, of_run));
    if (!request->retrain && config->search.strategy == BROOD_STRATEGY_LIST)
        BROOD_TRY(brood_fail(BROOD_E_USAGE, "strategy.name is list: such a run is begun by `brood train`"));
    if (image) err = check_frozen(request->dir, image, sections);
done:
    free(of_run);
    return err;
}
