#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bench.h"
#include "brood/child/synthetic.h"
#include "brood/math/function.h"
#include "brood/run/run.h"
#include "brood/util/json.h"
#include "brood/util/number.h"
#include "command.h"
#include "config.h"

#define TRIES 7
#define ROUND 64

/* Milliseconds, medians. */
typedef struct {
    int64_t episodes, bytes;
    double  image, put, put_synced, raw, raw_synced;
} measured_t;

typedef struct {
    const char     *dir, *file;
    const char    **set;
    int64_t         episodes;
    config_t        config;
    brood_space_t  *space;
    brood_search_t *search;
    brood_clock_t  *clock;
} bench_t;

/* ---- a history ---- */

static brood_err_t prepare(bench_t *bench) {
    brood_section_t sections[CONFIG_SECTIONS];
    brood_err_t     err = BROOD_OK;
    config_sections(&bench->config, sections);
    BROOD_TRY(brood_config_read(bench->file, bench->set, sections, CONFIG_SECTIONS));
    bench->config.search.round = ROUND;
    bench->config.search.episodes = bench->episodes;
    bench->config.search.strategy = BROOD_STRATEGY_RANDOM; /* the policy's weights are a small part */
    bench->config.search.duplicates = BROOD_DUPLICATES_RETRAIN;
    const brood_data_shape_t *shape = &config_nominal_shape;
    BROOD_TRY(brood_space_create(&bench->config.space, shape->image, shape->classes, &bench->space));
    brood_search_setup_t setup = config_search_setup(&bench->config, bench->space, false);
    BROOD_TRY(brood_search_create(&setup, &bench->search));
    BROOD_TRY(brood_clock_create(&bench->clock));
done:
    return err;
}

/* What a child gives, without training it: accuracies that look like accuracies, a full learning curve. */
static brood_err_t finish_child(bench_t *bench, const brood_task_t *task, brood_epoch_t curve[], int64_t epochs) {
    int32_t     tokens[BROOD_MAX_POSITIONS];
    char        canonical[BROOD_MAX_TEXT];
    brood_err_t err = brood_space_parse(bench->space, task->architecture, tokens, canonical);
    if (err != BROOD_OK) return err;
    double accuracy = brood_synthetic_accuracy(1, bench->space, tokens);
    for (int64_t i = 0; i < epochs; i++)
        curve[i] = (brood_epoch_t){
            .accuracy = (float)accuracy, .loss = (float)(1 - accuracy), .training_loss = (float)(1 - accuracy)};
    brood_result_t result = {.status = BROOD_STATUS_DONE,
                             .steps = 100 * epochs,
                             .accuracy = accuracy,
                             .loss = 1 - accuracy,
                             .training_loss = 1 - accuracy,
                             .test_accuracy = brood_nan(),
                             .epochs = epochs,
                             .curve = curve};
    return brood_search_record(bench->search, task->episode, &result);
}

static brood_err_t grow_history(bench_t *bench, int64_t episodes) {
    int64_t        epochs = brood_child_epochs(&bench->config.child, false);
    brood_epoch_t *curve = calloc((size_t)epochs, sizeof *curve);
    brood_err_t    err = curve ? BROOD_OK : brood_fail(BROOD_E_MEMORY, "no memory for a learning curve");
    brood_task_t   task;
    bool           more = true;
    while (err == BROOD_OK && brood_history_updates(brood_search_history(bench->search)) * ROUND < episodes) {
        BROOD_TRY(brood_search_advance(bench->search, &more));
        while (brood_search_next(bench->search, &task)) BROOD_TRY(finish_child(bench, &task, curve, epochs));
    }
    int64_t rows = brood_history_episodes(brood_search_history(bench->search));
    BROOD_TRY(brood_clock_reserve(bench->clock, rows, 1));
    for (int64_t e = 0; e < rows; e++) {
        brood_clock_episode_t *times = brood_clock_episode(bench->clock, e);
        snprintf(times->host, sizeof times->host, "node%03lld", (long long)(e % 64));
        times->start = 1.7e9 + (double)e;
        times->end = times->start + 1;
    }
done:
    free(curve);
    return err;
}

/* ---- timings ---- */

static int no_fsync(void *self, int fd) {
    (void)self, (void)fd;
    return 0;
}

static brood_err_t write_raw(const char *path, const brood_bytes_t *image, bool sync) {
    brood_err_t err = BROOD_OK;
    int         fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) return brood_fail_errno(errno, "%s", path);
    for (size_t done = 0; done < image->size && err == BROOD_OK;) {
        ssize_t wrote = write(fd, image->data + done, image->size - done);
        if (wrote < 0 && errno != EINTR) err = brood_fail_errno(errno, "%s", path);
        if (wrote > 0) done += (size_t)wrote;
    }
    if (err == BROOD_OK && sync && fsync(fd) < 0) err = brood_fail_errno(errno, "%s: fsync", path);
    close(fd);
    return err;
}

static brood_err_t time_image(bench_t *bench, brood_bytes_t *image, measured_t *measured) {
    double      milliseconds[TRIES];
    brood_err_t err = BROOD_OK;
    for (int i = 0; i < TRIES && err == BROOD_OK; i++) {
        brood_fields_t fields;
        double         before = brood_clock_monotonic();
        brood_fields_init(&fields);
        err = brood_search_fields(bench->search, &fields);
        brood_clock_fields(bench->clock, &fields);
        if (err == BROOD_OK) err = brood_fields_error(&fields);
        if (err == BROOD_OK) err = brood_image_write(BROOD_RUN_FORMAT, &fields, image);
        brood_fields_fini(&fields);
        milliseconds[i] = 1e3 * (brood_clock_monotonic() - before);
    }
    if (err == BROOD_OK) measured->image = bench_median(TRIES, milliseconds);
    measured->bytes = (int64_t)image->size;
    return err;
}

static brood_err_t time_writes(const char *place, const brood_bytes_t *image, bool sync, double *put, double *raw) {
    double         protocol[TRIES], plain[TRIES];
    char           path[BROOD_MAX_PATH + 8];
    brood_fs_t     fs = brood_fs_posix;
    brood_writer_t writer = {.fs = &fs, .token = "0000000000000000"};
    brood_err_t    err = BROOD_OK;
    if (!sync) fs.fsync = no_fsync;
    snprintf(path, sizeof path, "%s/raw", place);
    for (int i = 0; i < TRIES && err == BROOD_OK; i++) {
        double before = brood_clock_monotonic();
        BROOD_TRY(brood_store_put(&writer, place, BROOD_RUN_FILE, true, (uint64_t)i + 1, image, NULL));
        protocol[i] = 1e3 * (brood_clock_monotonic() - before);
        before = brood_clock_monotonic();
        BROOD_TRY(write_raw(path, image, sync));
        plain[i] = 1e3 * (brood_clock_monotonic() - before);
    }
    *put = bench_median(TRIES, protocol);
    *raw = bench_median(TRIES, plain);
done:
    return err;
}

static brood_err_t measure(bench_t *bench, int64_t episodes, measured_t *measured) {
    static const char *const made[] = {"run.h5", "run.prev.h5", "raw"};
    char                     place[BROOD_MAX_PATH], path[BROOD_MAX_PATH + 16];
    brood_bytes_t            image;
    brood_err_t              err = BROOD_OK;
    brood_bytes_init(&image);
    *measured = (measured_t){.episodes = episodes};
    BROOD_TRY(grow_history(bench, episodes));
    BROOD_TRY(time_image(bench, &image, measured));
    if (snprintf(place, sizeof place, "%s/brood-bench.XXXXXX", bench->dir) >= (int)sizeof place || !mkdtemp(place))
        BROOD_TRY(brood_fail_errno(errno, "--dir %s", bench->dir));
    err = time_writes(place, &image, false, &measured->put, &measured->raw);
    if (err == BROOD_OK) err = time_writes(place, &image, true, &measured->put_synced, &measured->raw_synced);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", place, made[i]);
        unlink(path);
    }
    rmdir(place);
done:
    brood_bytes_fini(&image);
    return err;
}

/* ---- output ---- */

static const char *file_system(const char *dir) {
    static const struct {
        unsigned long magic;
        const char   *name;
    } known[] = {{0xEF53, "ext4"},        {0x01021994, "tmpfs"},  {0x58465342, "xfs"},  {0x9123683E, "btrfs"},
                 {0x6969, "nfs"},         {0x0BD00BD0, "lustre"}, {0x47504653, "gpfs"}, {0x19830326, "beegfs"},
                 {0x794C7630, "overlay"}, {0x2FC12FC1, "zfs"},    {0x65735546, "fuse"}};
    struct statfs status;
    if (statfs(dir, &status)) return "unknown";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if ((unsigned long)status.f_type == known[i].magic) return known[i].name;
    return "unknown";
}

static void print_text(const bench_t *bench, const measured_t measured[2]) {
    printf("File system %s (%s), medians of %d\n\n", file_system(bench->dir), bench->dir, TRIES);
    printf("%10s %9s %9s | %9s %9s | %9s %9s\n", "episodes", "MB", "image ms", "write ms", "raw ms", "+fsync ms",
           "raw ms");
    for (int i = 0; i < 2; i++)
        printf("%10lld %9.2f %9.2f | %9.2f %9.2f | %9.2f %9.2f\n", (long long)measured[i].episodes,
               1e-6 * (double)measured[i].bytes, measured[i].image, measured[i].put, measured[i].raw,
               measured[i].put_synced, measured[i].raw_synced);
}

static brood_err_t print_json(const bench_t *bench, const measured_t measured[2]) {
    brood_json_t json;
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    brood_json_text(&json, "file_system", file_system(bench->dir));
    brood_json_begin_array(&json, "histories");
    for (int i = 0; i < 2; i++) {
        brood_json_begin_object(&json, NULL);
        brood_json_integer(&json, "episodes", measured[i].episodes);
        brood_json_integer(&json, "bytes", measured[i].bytes);
        brood_json_real(&json, "image_ms", measured[i].image);
        brood_json_real(&json, "write_ms", measured[i].put);
        brood_json_real(&json, "raw_ms", measured[i].raw);
        brood_json_real(&json, "write_fsync_ms", measured[i].put_synced);
        brood_json_real(&json, "raw_fsync_ms", measured[i].raw_synced);
        brood_json_end_object(&json);
    }
    brood_json_end_array(&json);
    brood_json_end_object(&json);
    return brood_json_finish(&json);
}

brood_err_t bench_run_file(int argc, char *argv[]) {
    const char  *file[1] = {NULL}, *episodes = NULL, *dir = getenv("TMPDIR");
    const char  *given_dir = NULL;
    const char **set = calloc((size_t)argc + 1, sizeof *set);
    bool         json = false;
    bench_t     *bench = calloc(1, sizeof *bench);
    measured_t   measured[2];
    brood_err_t  err = BROOD_OK;
    if (!set || !bench) BROOD_TRY(brood_fail(BROOD_E_MEMORY, "no memory for the bench"));
    const option_t options[] = {{.name = "--episodes", .value = &episodes},
                                {.name = "--dir", .value = &given_dir},
                                {.name = "--set", .list = set},
                                {.name = "--json", .given = &json},
                                {0}};
    BROOD_TRY(parse_options(argc, argv, options, file, 1));
    *bench = (bench_t){.dir = given_dir     ? given_dir
                              : dir && *dir ? dir
                                            : "/tmp",
                       .file = file[0],
                       .set = set,
                       .episodes = 100000};
    BROOD_TRY(count_option("--episodes", episodes, 10 * ROUND, 100000000, &bench->episodes));
    BROOD_TRY(prepare(bench));
    BROOD_TRY(measure(bench, bench->episodes / 10, &measured[0]));
    BROOD_TRY(measure(bench, bench->episodes, &measured[1]));
    if (json)
        err = print_json(bench, measured);
    else
        print_text(bench, measured);
done:
    if (bench) {
        brood_clock_destroy(&bench->clock);
        brood_search_destroy(&bench->search);
        brood_space_destroy(&bench->space);
    }
    free(bench);
    free(set);
    return err;
}
