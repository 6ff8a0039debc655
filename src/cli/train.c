#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/log.h"
#include "command.h"
#include "dry_run.h"
#include "job.h"
#include "model.h"
#include "table.h"

typedef struct {
    const char **arch; /* NULL-terminated */
    const char  *from;
    bool         top_given;
    int64_t      top, seeds; /* seeds 0: as the run has, 1 for a new one */
    const char  *save;
} train_t;

/* Kept as Brood writes it: typed in another way, it is the same list. */
static brood_err_t add(brood_texts_t *list, const config_t *config, const char *text) {
    if (list->count == BROOD_MAX_TEXTS)
        return brood_fail(BROOD_E_USAGE, "more than %d architectures in one run", BROOD_MAX_TEXTS);
    brood_err_t err =
        brood_architecture_canonical((brood_space_kind_t)config->space.kind, text, list->text[list->count]);
    if (err != BROOD_OK) return err;
    list->count++;
    return BROOD_OK;
}

static brood_err_t add_given(brood_texts_t *list, const config_t *config, const char *const arch[]) {
    brood_err_t err = BROOD_OK;
    for (; *arch && err == BROOD_OK; arch++) err = add(list, config, *arch);
    return err == BROOD_E_DATA ? brood_because(BROOD_E_USAGE, "--arch") : err;
}

static brood_err_t add_winners(brood_texts_t *list, const config_t *config, const char *from, int64_t top) {
    brood_bytes_t image;
    uint64_t      generation;
    table_t       table = {0};
    int64_t       best[BROOD_MAX_TEXTS];
    brood_err_t   err = BROOD_OK;
    brood_bytes_init(&image);
    BROOD_TRY(brood_run_read(&brood_fs_posix, from, &image, &generation));
    BROOD_TRY(table_read(&image, &table));
    int64_t count = table_best(&table, table.episodes, top, best);
    if (count == 0)
        err = brood_fail(BROOD_E_DATA, "--from %s: no episode of that run has been trained to its end", from);
    if (count > 0 && count < top)
        brood_log_write(BROOD_LOG_WARNING, "--from %s has only %lld different trained architectures", from,
                        (long long)count);
    for (int64_t i = 0; i < count && err == BROOD_OK; i++) err = add(list, config, table.episode[best[i]].architecture);
done:
    table_fini(&table);
    brood_bytes_fini(&image);
    return err;
}

/* Of a run that goes on: its own list, which must end with what --arch names, behind the winners asked for (0: any). */
static brood_err_t take_kept(brood_texts_t *list, const config_t *of_run, int64_t asked) {
    const brood_texts_t *kept = &of_run->search.list;
    int64_t              before = kept->count - list->count;
    for (int64_t i = 0; i < list->count; i++)
        if (before < 0 || strcmp(list->text[i], kept->text[before + i]))
            return brood_fail(BROOD_E_USAGE,
                              "--arch: \"%s\" is not what this run was begun with (brood status shows "
                              "its list); train others in a run of their own",
                              list->text[i]);
    if (asked && asked != before)
        brood_log_write(BROOD_LOG_WARNING, "--top %lld: the run began with the best %lld, and stays with them",
                        (long long)asked, (long long)before);
    *list = *kept;
    return BROOD_OK;
}

/* A run like any other, whose strategy is the list: a round is the list once, the goal the list times the seeds. */
static brood_err_t adjust(void *self, config_t *config, const config_t *of_run) {
    train_t               *train = self;
    brood_search_config_t *search = &config->search;
    brood_err_t            err = BROOD_OK;
    search->list.count = 0;
    /* What --from found is settled when the run begins: RUN may have gone on since. */
    if (train->from && !of_run) err = add_winners(&search->list, config, train->from, train->top);
    if (err == BROOD_OK) err = add_given(&search->list, config, train->arch);
    if (err == BROOD_OK && of_run && (train->from || search->list.count == 0))
        err = take_kept(&search->list, of_run, train->top_given ? train->top : 0);
    if (err != BROOD_OK) return err;
    if (search->list.count == 0) return brood_fail(BROOD_E_USAGE, "nothing to train: name --arch TEXT, or --from RUN");

    int64_t kept = of_run && of_run->search.round > 0 ? of_run->search.episodes / of_run->search.round : 1;
    int64_t seeds = train->seeds > 0 ? train->seeds : kept;
    if (train->save && search->list.count * seeds != 1)
        return brood_fail(BROOD_E_USAGE,
                          "--save keeps one network, but %lld are to be trained (%lld architectures x %lld seeds)",
                          (long long)(search->list.count * seeds), (long long)search->list.count, (long long)seeds);
    search->strategy = BROOD_STRATEGY_LIST;
    search->round = search->list.count;
    search->episodes = search->list.count * seeds;
    search->lag = 0; /* which holds nobody up: the list is known beforehand */
    search->duplicates = BROOD_DUPLICATES_RETRAIN;
    search->reward.kind = BROOD_REWARD_ACCURACY;
    search->start.count = 0;
    search->limits.parameters = search->limits.flops = search->limits.bytes = 0;
    return BROOD_OK;
}

static brood_err_t run(int argc, char *argv[], int *exit_code) {
    const char  *file[1] = {NULL}, *dir = NULL, *top = NULL, *seeds = NULL, *max_time = NULL, *ranks = NULL;
    const char **lists = calloc(3 * ((size_t)argc + 1), sizeof *lists);
    if (!lists) return brood_fail(BROOD_E_MEMORY, "no memory for the options");
    const char   **set = lists, **arch = set + argc + 1, **skip = arch + argc + 1;
    train_t        train = {.arch = arch, .top = 1};
    bool           dry = false, inexact = false;
    const option_t options[] = {{.name = "--run", .value = &dir},
                                {.name = "--set", .list = set},
                                {.name = "--arch", .list = arch},
                                {.name = "--from", .value = &train.from},
                                {.name = "--top", .value = &top},
                                {.name = "--seeds", .value = &seeds},
                                {.name = "--save", .value = &train.save},
                                {.name = "--max-time", .value = &max_time},
                                {.name = "--skip", .list = skip},
                                {.name = "--dry-run", .given = &dry},
                                {.name = "--ranks", .value = &ranks},
                                {.name = "--allow-inexact", .given = &inexact},
                                {0}};
    brood_err_t    err = parse_options(argc, argv, options, file, 1);
    if (err == BROOD_OK) err = count_option("--top", top, 1, BROOD_MAX_TEXTS, &train.top);
    train.top_given = top != NULL;
    if (err == BROOD_OK) err = count_option("--seeds", seeds, 1, 1000000, &train.seeds);
    if (err == BROOD_OK && !dry && !dir)
        err = brood_fail(BROOD_E_USAGE, "--run DIR is missing: the directory that keeps the training");
    if (err == BROOD_OK) err = dry_run_alone(dry, ranks);
    if (err == BROOD_OK && train.save) err = model_check_place(train.save);
    if (err == BROOD_OK && top && !train.from) err = brood_fail(BROOD_E_USAGE, "--top needs --from RUN");
    job_request_t request = {.argc = argc,
                             .argv = argv,
                             .err = err,
                             .file = file[0],
                             .from = train.from,
                             .dir = dir,
                             .set = set,
                             .skip = skip,
                             .max_time = max_time,
                             .ranks = ranks,
                             .allow_inexact = inexact,
                             .retrain = true,
                             .save = train.save,
                             .adjust = adjust,
                             .self = &train};
    *exit_code = 0;
    if (!dry)
        err = job_run(&request, exit_code);
    else if (err == BROOD_OK)
        err = dry_run(&request);
    free(lists);
    return err;
}

const command_t command_train = {
    .name = "train",
    .summary = "train given architectures in full, with test accuracy",
    .help =
        "  brood train --from runs/first --top 3 --seeds 2 --run runs/winners\n"
        "  brood train configs/quickstart.yaml --arch \"5,32,1,2,0; 5,64,1,2,0\" --run runs/mine --save mine.h5\n\n"
        "Usage: brood train [CONFIG] --run DIR [--from RUN [--top K]] [--arch TEXT]... [options]\n\n"
        "  CONFIG           a YAML file; without it that of the run itself, of --from, or the defaults\n"
        "  --run DIR        the run directory of this training; made when the first checkpoint is written\n"
        "  --arch TEXT      an architecture, layers separated by `;` (inside the space's choices or not); may be "
        "repeated\n"
        "  --from RUN       the best of a search, looked at when the training begins\n"
        "  --top K          how many of them (1 .. 64; 1); architectures of --arch come behind them\n"
        "  --seeds N        how often each is trained, from different random numbers (1); more of them extend the run\n"
        "  --save FILE      keeps the network, weights and all, as HDF5; with one architecture and one seed\n"
        "  --set KEY=VALUE  sets one key, as if CONFIG said so (`brood help keys`); may be repeated\n"
        "  --max-time TIME, --skip E, --allow-inexact, --dry-run, --ranks N   as in `brood search`\n\n"
        "Epochs, learning rate, schedule and images are those of the keys retrain.*; run.round, run.episodes, "
        "run.lag,\n"
        "reward.kind, limits.* and strategy.* are not read. Same ranks, run file and resuming as a search: the same\n"
        "command goes on.\n",
    .run = run,
};
