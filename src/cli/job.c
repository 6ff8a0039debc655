#include "job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "brood/math/function.h"
#include "brood/sched/numerics.h"
#include "brood/sched/signals.h"
#include "brood/util/duration.h"
#include "brood/util/hash.h"
#include "brood/util/log.h"
#include "brood/util/number.h"
#include "cores.h"
#include "job_config.h"
#include "launcher.h"
#include "model.h"
#include "provenance.h"
#include "summary.h"

#define TEXT_FINGERPRINT "/config/data_fingerprint"
#define TEXT_BITS        "/config/numerics_fingerprint"
#define TEXT_RUN         "/clock/run"

/* What a rank holds during a job; rank 0 alone what stands below the line. */
typedef struct {
    const job_request_t     *request;
    MPI_Comm                 comm;
    int                      rank, ranks;
    config_t                *config;
    brood_section_t          sections[CONFIG_SECTIONS];
    brood_math_t            *math;
    brood_data_t             data;
    MPI_Win                  window;
    brood_space_t           *space;
    const brood_evaluator_t *evaluator;
    void                    *evaluator_self;
    char                    *configuration; /* completed, all keys */
    brood_run_t             *run;           /* rank 0's, or joined */
    struct {                                /* whose in-flight files are whose */
        char token[BROOD_TOKEN_SIZE], run[BROOD_TOKEN_SIZE], configuration[BROOD_TOKEN_SIZE];
    } id;
    double deadline;
    /* ------ */
    brood_run_state_t state;
    brood_search_t   *search;
    brood_clock_t    *clock;
    char             *frozen;
    char              fingerprint[17], numerics[16], bits[BROOD_FINGERPRINT_SIZE];
    brood_fields_t    fields; /* of the configuration */
    summary_t         summary;
} job_t;

/* A goal that is nearer than the last job's may be what somebody forgot to say. */
static void tell_of_nearer_goal(const job_t *job, const brood_bytes_t *image) {
    config_t *kept = calloc(1, sizeof *kept);
    int64_t   goal = job->config->search.episodes;
    if (kept && config_read_kept(job->request->dir, image, NULL, kept) == BROOD_OK && kept->search.episodes > goal)
        brood_log_write(BROOD_LOG_INFO, "run.episodes is %lld; the job before had %lld", (long long)goal,
                        (long long)kept->search.episodes);
    free(kept);
}

/* Rank 0: opens the run, and reads the configuration. */
static brood_err_t open_run(job_t *job) {
    brood_err_t err = BROOD_OK;
    brood_lock_await_end(&brood_fs_posix, job->request->dir, provenance_batch_job(), &brood_life_system);
    BROOD_TRY(brood_run_open(&brood_fs_posix, job->request->dir, &job->run, &job->state));
    const brood_bytes_t *image = job->state == BROOD_RUN_NONE ? NULL : brood_run_image(job->run);
    BROOD_TRY(job_config_read(job->request, image, job->config));
    if (image && !job->request->retrain) tell_of_nearer_goal(job, image);
    BROOD_TRY(brood_config_text(job->sections, CONFIG_SECTIONS, false, &job->configuration));
    BROOD_TRY(brood_config_text(job->sections, CONFIG_SECTIONS, true, &job->frozen));
done:
    return err;
}

static brood_err_t share_configuration(job_t *job) {
    brood_err_t err = brood_share_text(job->comm, &job->configuration);
    if (err == BROOD_OK && job->rank != 0)
        err = brood_config_read_text("the configuration from rank 0", job->configuration, NULL, job->sections,
                                     CONFIG_SECTIONS);
    err = brood_agree(job->comm, err);
    if (err == BROOD_OK) brood_log_setup((brood_log_level_t)job->config->sched.log_level, job->rank == 0);
    return err;
}

static void tell_of_images(const job_t *job) {
    bool all = brood_child_trains_on_all(&job->config->child, job->request->retrain);
    char text[160];
    config_images_print(&job->data.shape, all, text, sizeof text);
    if (job->state == BROOD_RUN_NONE) brood_log_write(BROOD_LOG_INFO, "images: %s", text);
    config_images_warn(&job->data.shape, all);
}

/* All ranks: what training a child needs. */
static brood_err_t prepare_rank(job_t *job) {
    const config_t *config = job->config;
    brood_isa_t     isa;
    brood_err_t     err = brood_isa_choose(&isa);
    if (err == BROOD_OK)
        err = brood_math_create((brood_numerics_t)config->math.numerics, isa, config->sched.threads, &job->math);
    BROOD_TRY(brood_agree(job->comm, err));
    BROOD_TRY(cores_check(job->comm, config->sched.threads));

    job->evaluator = brood_evaluator_find((brood_evaluator_name_t)config->child.evaluator);
    job->data.shape = config_nominal_shape;
    if (job->evaluator->needs_data) {
        BROOD_TRY(brood_share_data(job->comm, &config->data, &job->data, &job->window));
        if (job->rank == 0) tell_of_images(job);
    }
    err = brood_space_create(&config->space, job->data.shape.image, job->data.shape.classes, &job->space);
    if (err == BROOD_OK)
        err = job->evaluator->create(&(brood_evaluator_setup_t){.config = &config->child,
                                                                .space = job->space,
                                                                .data = job->evaluator->needs_data ? &job->data : NULL,
                                                                .math = job->math,
                                                                .seed = (uint64_t)config->search.seed,
                                                                .retrain = job->request->retrain},
                                     &job->evaluator_self);
    BROOD_TRY(brood_agree(job->comm, err));
done:
    return err;
}

static void add_text(brood_fields_t *fields, const char *path_group, const char *name, const char *label,
                     const char *doc, char *text) {
    brood_field_t field = {
        .label = label, .doc = doc, .type = BROOD_TYPE_TEXT, .base = text, .text_size = strlen(text) + 1};
    snprintf(field.group, sizeof field.group, "%s", path_group);
    snprintf(field.name, sizeof field.name, "%s", name);
    brood_fields_add(fields, &field);
}

/* Rank 0: what tells this run from others. */
static void identify(job_t *job) {
    snprintf(job->id.configuration, sizeof job->id.configuration, "%016llx",
             (unsigned long long)brood_hash_text(job->frozen));
    snprintf(job->fingerprint, sizeof job->fingerprint, "%016llx",
             (unsigned long long)(job->evaluator->needs_data ? job->data.fingerprint : 0));
    snprintf(job->numerics, sizeof job->numerics, "%s",
             job->config->math.numerics == BROOD_NUMERICS_NATIVE ? "native" : "portable");
}

/* Rank 0: /config, and the configuration as given in /clock. */
static void list_configuration(job_t *job) {
    add_text(&job->fields, "/config", "frozen", "frozen configuration",
             "YAML of all keys that content depends on, completed and sorted", job->frozen);
    add_text(&job->fields, "/config", "hash", "hash of the frozen configuration",
             "FNV-1a, 64 bits, of the text in `frozen`", job->id.configuration);
    add_text(&job->fields, "/config", "data_fingerprint", "fingerprint of the images",
             "FNV-1a, 64 bits, of decoded pixels, labels, shape, split and scaling; 0 where no images are used",
             job->fingerprint);
    config_shape_fields(&job->data.shape, &job->fields);
    add_text(&job->fields, "/config", "numerics", "numerics",
             "who makes the products: portable (bits of Brood's own) or native (OpenBLAS)", job->numerics);
    add_text(&job->fields, "/config", "numerics_fingerprint", "fingerprint of the numerics",
             "hash of the output bits of fixed small cases, computed on the node that began the run", job->bits);
    brood_space_fields(job->space, &job->fields);
    add_text(&job->fields, "/clock", "configuration", "configuration of the last job",
             "YAML of all keys, completed and sorted", job->configuration);
    add_text(&job->fields, "/clock", "run", "id of the run",
             "drawn when the run began: in-flight files of another run with the same content are told apart by it",
             job->id.run);
}

/* A new run's is drawn, an old one's is in its file. */
static brood_err_t find_run_id(job_t *job) {
    char       *of_run = NULL;
    brood_err_t err = job->state == BROOD_RUN_NONE ? brood_token(job->id.run)
                                                   : brood_image_text(brood_run_image(job->run), TEXT_RUN, &of_run);
    if (of_run) snprintf(job->id.run, sizeof job->id.run, "%s", of_run);
    free(of_run);
    return err;
}

static brood_err_t check_images(job_t *job) {
    char       *of_run = NULL;
    brood_err_t err = brood_image_text(brood_run_image(job->run), TEXT_FINGERPRINT, &of_run);
    if (err == BROOD_OK && strcmp(of_run, job->fingerprint))
        err =
            brood_fail(BROOD_E_DATA,
                       "data.dir: the images are not those that the run in %s began with: fingerprint %s, expected %s",
                       job->request->dir, job->fingerprint, of_run);
    free(of_run);
    return err;
}

/* Rank 0: search and clock, fresh or from the run. */
static brood_err_t prepare_search(job_t *job) {
    const config_t      *config = job->config;
    brood_search_setup_t setup = config_search_setup(config, job->space, job->request->retrain);
    brood_err_t          err = BROOD_OK;
    BROOD_TRY(brood_search_create(&setup, &job->search));
    BROOD_TRY(brood_clock_create(&job->clock));
    BROOD_TRY(find_run_id(job));
    identify(job);
    if (job->state == BROOD_RUN_NONE) goto done;
    BROOD_TRY(check_images(job));
    err = brood_sched_load(brood_run_image(job->run), job->search, job->clock);
    if (err != BROOD_OK) err = brood_because(err, "%s", job->request->dir);
done:
    return err;
}

/* Every rank: are its bits those of the others and of the run? Rank 0: the run's are kept, whoever goes on. */
static brood_err_t compare_numerics(job_t *job, bool *exact) {
    brood_fingerprint_t mine = {0};
    char                node[192], first_node[192] = "another node";
    char               *of_run = NULL;
    provenance_numerics(job->math, node, sizeof node);
    brood_err_t err = brood_fingerprint(job->math, &mine);
    if (err == BROOD_OK && job->rank == 0 && job->state != BROOD_RUN_NONE) {
        err = brood_image_text(brood_run_image(job->run), TEXT_BITS, &of_run);
        if (brood_clock_jobs(job->clock) > 0)
            snprintf(first_node, sizeof first_node, "%s", brood_clock_job(job->clock, 0)->numerics);
    }
    BROOD_TRY(brood_agree(job->comm, err));
    if (of_run)
        snprintf(job->bits, sizeof job->bits, "%s", of_run);
    else
        brood_fingerprint_print(mine.all, job->bits);
    err = brood_agree_numerics(job->comm, &mine, node, of_run, first_node, job->request->allow_inexact, exact);
done:
    free(of_run);
    return err;
}

/* Rank 0: this job's row of /clock. */
static brood_err_t describe(job_t *job, bool exact) {
    brood_clock_job_t this;
    brood_err_t err = provenance_job(job->comm, job->math, job->request->argc, job->request->argv, &this);
    if (!exact) strncat(this.numerics, "; inexact", sizeof this.numerics - strlen(this.numerics) - 1);
    if (err == BROOD_OK && job->rank == 0) {
        err = brood_clock_reserve(job->clock, brood_clock_episodes(job->clock), brood_clock_jobs(job->clock) + 1);
        if (err == BROOD_OK) *brood_clock_job(job->clock, brood_clock_jobs(job->clock) - 1) = this;
    }
    return brood_agree(job->comm, err);
}

/* The model of `train --save`, durable before the result is recorded. */
static brood_err_t save_model(void *self, const brood_task_t *task) {
    const job_t *job = self;
    return model_save(job->request->save, job->configuration, task->architecture, job->evaluator, job->evaluator_self);
}

static brood_err_t read_skip(const char *text, int64_t *episode) {
    brood_err_t err = brood_integer_parse(text, episode);
    return err == BROOD_OK ? BROOD_OK : brood_because(BROOD_E_USAGE, "--skip");
}

brood_err_t job_read_options(const job_request_t *request, double *limit) {
    brood_err_t err = BROOD_OK;
    *limit = INFINITY;
    if (request->max_time) err = brood_duration_parse(request->max_time, limit);
    if (err != BROOD_OK) return brood_because(err, "--max-time");
    int64_t episode;
    for (const char *const *text = request->skip; err == BROOD_OK && text && *text; text++)
        err = read_skip(*text, &episode);
    return err;
}

static brood_err_t skip(job_t *job) {
    for (const char *const *text = job->request->skip; text && *text; text++) {
        int64_t     episode = 0;
        brood_err_t err = read_skip(*text, &episode);
        if (err != BROOD_OK) return err;
        err = brood_search_skip(job->search, episode);
        if (err != BROOD_OK) return brood_because(err, "--skip %s", *text);
    }
    return BROOD_OK;
}

/* Rank 0: is there anything to do? If so the run is ours from here on; nothing was changed before. */
static brood_err_t take_run(job_t *job, int32_t *complete) {
    const job_request_t *request = job->request;
    brood_holder_t       former = {0};
    brood_err_t          err = skip(job);
    job->summary = (summary_t){.config = job->config,
                               .search = job->search,
                               .clock = job->clock,
                               .dir = request->dir,
                               .retrain = request->retrain,
                               .save = request->save};
    *complete = job->state != BROOD_RUN_NONE && brood_search_complete(job->search);
    if (err == BROOD_OK && *complete && request->save && access(request->save, F_OK) != 0)
        err = brood_fail(BROOD_E_USAGE,
                         "--save %s: %s is trained already, and its network was not kept; train it in a new run",
                         request->save, request->dir);
    if (err == BROOD_OK && *complete &&
        brood_run_halt(job->run)) { /* it came too late, and is not to stop a later job */
        brood_log_write(BROOD_LOG_INFO, "the file halt is removed: there is nothing left to halt");
        err = brood_run_consume_halt(job->run);
    }
    if (err == BROOD_OK && !*complete)
        err = brood_run_take(job->run, provenance_batch_job(), provenance_batch_restart(), &brood_life_system, &former);
    if (err != BROOD_OK) return err;
    snprintf(job->id.token, sizeof job->id.token, "%s", brood_run_token(job->run));
    summary_begin(&job->summary, job->run, job->state, &former, job->ranks);
    return BROOD_OK;
}

static brood_err_t work(job_t *job, brood_end_t *end) {
    brood_err_t err = BROOD_OK;
    BROOD_TRY(brood_share_bytes(job->comm, &job->id, sizeof job->id));
    if (job->rank != 0) err = brood_run_join(&brood_fs_posix, job->request->dir, job->id.token, &job->run);
    BROOD_TRY(brood_agree(job->comm, err));
    brood_sched_coordinator_t coordinator = {
        .search = job->search, .run = job->run, .clock = job->clock, .config = &job->fields, .deadline = job->deadline};
    brood_sched_worker_t worker = {.evaluator = job->evaluator,
                                   .self = job->evaluator_self,
                                   .finished = job->request->save ? save_model : NULL,
                                   .finished_self = job,
                                   .run = job->run};
    snprintf(worker.run_id, sizeof worker.run_id, "%s", job->id.run);
    snprintf(worker.configuration, sizeof worker.configuration, "%s", job->id.configuration);
    err = brood_sched_run(job->comm, &job->config->sched, job->rank == 0 ? &coordinator : NULL, &worker, end);
done:
    return err;
}

static brood_err_t conduct(job_t *job, brood_end_t *end) {
    int32_t     complete = 0;
    bool        exact = true;
    brood_err_t err = launcher_check(job->ranks);
    if (err == BROOD_OK && job->rank == 0) err = open_run(job);
    BROOD_TRY(brood_agree(job->comm, err));
    BROOD_TRY(share_configuration(job));
    BROOD_TRY(prepare_rank(job));
    if (job->rank == 0) err = prepare_search(job);
    BROOD_TRY(brood_agree(job->comm, err));
    BROOD_TRY(compare_numerics(job, &exact));
    if (job->rank == 0) {
        brood_run_drop_image(job->run);
        list_configuration(job);
    }
    BROOD_TRY(describe(job, exact));
    if (job->rank == 0) err = take_run(job, &complete);
    BROOD_TRY(brood_agree(job->comm, err));
    BROOD_TRY(brood_share_bytes(job->comm, &complete, sizeof complete));
    *end = BROOD_END_COMPLETE;
    if (!complete) BROOD_TRY(work(job, end));
    if (job->rank == 0) summary_end(&job->summary, *end);
done:
    return err;
}

static void release(job_t *job) {
    brood_fields_fini(&job->fields);
    brood_clock_destroy(&job->clock);
    brood_search_destroy(&job->search);
    brood_run_close(&job->run);
    if (job->evaluator_self) job->evaluator->destroy(&job->evaluator_self);
    brood_space_destroy(&job->space);
    if (job->window != MPI_WIN_NULL) MPI_Win_free(&job->window);
    brood_math_destroy(&job->math);
    free(job->configuration);
    free(job->frozen);
    free(job->config);
}

brood_err_t job_run(const job_request_t *request, int *exit_code) {
    job_t       job = {.request = request, .window = MPI_WIN_NULL, .deadline = INFINITY};
    brood_end_t end = BROOD_END_COMPLETE;
    double      started = brood_clock_monotonic(), limit = INFINITY;
    brood_signals_install();
    if (request->err != BROOD_OK && !launcher_of_many()) return request->err;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &(int){0}) != MPI_SUCCESS)
        return brood_fail(BROOD_E_RANKS, "MPI can't be started");
    job.comm = MPI_COMM_WORLD;
    MPI_Comm_set_errhandler(job.comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(job.comm, &job.rank);
    MPI_Comm_size(job.comm, &job.ranks);
    if (job.rank == 0) launcher_listening(); /* all ranks have begun MPI_Init, and installed their handlers before */
    brood_fields_init(&job.fields);
    brood_log_setup(BROOD_LOG_INFO, job.rank == 0);

    job.config = calloc(1, sizeof *job.config);
    brood_err_t err = request->err;
    if (err == BROOD_OK) err = job_read_options(request, &limit);
    job.deadline = started + limit;
    if (err == BROOD_OK && !job.config) err = brood_fail(BROOD_E_MEMORY, "no memory for the configuration");
    err = brood_agree(job.comm, err);
    if (err == BROOD_OK) {
        config_sections(job.config, job.sections);
        err = conduct(&job, &end);
    }
    if (err != BROOD_OK && job.rank == 0) brood_log_write(BROOD_LOG_ERROR, "%s", brood_message());
    *exit_code = err == BROOD_OK ? brood_end_exit_code(end) : brood_exit_code(err);
    release(&job);
    MPI_Finalize();
    return BROOD_OK;
}
