#include "worker.h"

#include <stdio.h>

#include "brood/sched/signals.h"
#include "brood/util/log.h"
#include "brood/util/phase.h"

void worker_init(worker_t *worker, const brood_sched_worker_t *with, const brood_sched_config_t *config, int rank,
                 int ranks) {
    *worker = (worker_t){.with = with, .every = config->child, .share = config->share, .rank = rank};
    worker->current.episode = worker->next.episode = -1;
    /* Each rank at its own offset, so that they do not all write at once. */
    worker->next_save = brood_clock_monotonic() + config->child * (rank + 1) / ranks;
}

bool worker_idle(const worker_t *worker) {
    return worker->current.episode < 0;
}

bool worker_wants(const worker_t *worker) {
    return worker->next.episode < 0 && (worker_idle(worker) || (worker->begun && worker->remaining <= 1));
}

void worker_give(worker_t *worker, const task_message_t *task) {
    if (worker_idle(worker)) {
        worker->current = *task;
        worker->begun = false;
    } else {
        worker->next = *task;
    }
}

static brood_child_id_t id_of(const worker_t *worker) {
    brood_child_id_t id = {.episode = worker->current.episode};
    snprintf(id.run, sizeof id.run, "%s", worker->with->run_id);
    snprintf(id.configuration, sizeof id.configuration, "%s", worker->with->configuration);
    snprintf(id.architecture, sizeof id.architecture, "%s", worker->current.architecture);
    return id;
}

/* Where an earlier job left a file that fits, the child goes on from there. */
static brood_err_t take_up(worker_t *worker, const brood_task_t *task) {
    const brood_evaluator_t *evaluator = worker->with->evaluator;
    void                    *self = worker->with->self;
    brood_child_id_t         id = id_of(worker);
    brood_child_mark_t       mark;
    brood_fields_t           fields;
    bool                     found = false;
    brood_err_t              err = BROOD_OK;
    brood_fields_init(&fields);
    evaluator->fields(self, &fields);
    BROOD_TRY(brood_fields_error(&fields));
    BROOD_TRY(brood_run_load_child(worker->with->run, &id, &mark, &fields, &found));
    worker->filed = true; /* fit or not, it is there, and goes when the episode has its result */
    if (found && evaluator->check(self) != BROOD_OK) {
        brood_log_write(BROOD_LOG_WARNING,
                        "the in-flight file of episode %lld is not used, and the child begun afresh: %s",
                        (long long)task->episode, brood_message());
        found = false;
    }
    if (found) {
        worker->mark = worker->resumed = mark;
        worker->saved_steps = mark.steps;
    } else {
        err = evaluator->begin(self, task);
    }
done:
    brood_fields_fini(&fields);
    return err;
}

static brood_err_t begin(worker_t *worker, const brood_task_t *task) {
    worker->start = brood_clock_now();
    worker->busy = 0;
    worker->filed = false;
    worker->saved_steps = 0;
    worker->writes = (writes_t){0};
    worker->mark = (brood_child_mark_t){0};
    worker->resumed = (brood_child_mark_t){.rank = -1};
    brood_signals_doing("episode %lld, \"%s\", on rank %d; `--skip %lld` leaves it out", (long long)task->episode,
                        task->architecture, worker->rank, (long long)task->episode);
    brood_err_t err = worker->with->evaluator->begin(worker->with->self, task);
    if (err == BROOD_OK && task->begun && worker->with->run) err = take_up(worker, task);
    worker->begun = err == BROOD_OK;
    return err;
}

brood_err_t worker_step(worker_t *worker, bool *finished, result_message_t *result) {
    const brood_evaluator_t *evaluator = worker->with->evaluator;
    void                    *self = worker->with->self;
    brood_task_t             task = {.episode = worker->current.episode,
                                     .architecture = worker->current.architecture,
                                     .begun = worker->current.begun != 0};
    double                   before = brood_clock_monotonic();
    brood_err_t              err = BROOD_OK;
    *finished = false;

    if (!worker->begun) BROOD_TRY(begin(worker, &task));
    BROOD_TRY(evaluator->step(self, &worker->remaining));
    double spent = brood_clock_monotonic() - before;
    worker->busy += spent;
    worker->mark.steps++;
    worker->mark.worked++;
    if (spent > worker->pace.step) worker->pace.step = spent;
    if (worker->remaining > 0) goto done;

    *result = (result_message_t){.episode = task.episode,
                                 .start = worker->start,
                                 .busy = worker->busy,
                                 .worked = worker->mark.worked,
                                 .resumed_step = worker->resumed.steps,
                                 .resumed_rank = (int32_t)worker->resumed.rank,
                                 .filed = worker->filed,
                                 .writes = worker->writes};
    BROOD_TRY(evaluator->result(self, &result->result));
    if (worker->with->finished) BROOD_TRY(worker->with->finished(worker->with->finished_self, &task));
    result->end = brood_clock_now();
    *finished = true;
    brood_signals_doing("%s", "");
    worker->current = worker->next;
    worker->begun = false;
    worker->next.episode = -1;
done:
    if (err != BROOD_OK) return brood_because(err, "episode %lld, \"%s\"", (long long)task.episode, task.architecture);
    return BROOD_OK;
}

static bool has_news(const worker_t *worker) {
    return worker->with->run && !worker_idle(worker) && worker->begun &&
           (!worker->filed || worker->mark.steps > worker->saved_steps);
}

bool worker_save_due(const worker_t *worker) {
    return has_news(worker) && brood_clock_monotonic() >= worker->next_save;
}

brood_err_t worker_save(worker_t *worker) {
    brood_child_id_t   id = id_of(worker);
    brood_child_mark_t mark = worker->mark;
    brood_fields_t     fields;
    double             before = brood_clock_monotonic();
    brood_err_t        err = BROOD_OK;
    brood_phase(BROOD_PHASE_WRITING);
    brood_fields_init(&fields);
    mark.rank = worker->rank;
    worker->with->evaluator->fields(worker->with->self, &fields);
    BROOD_TRY(brood_fields_error(&fields));
    BROOD_TRY(brood_run_save_child(worker->with->run, &id, &mark, &fields));
    worker->filed = true;
    worker->saved_steps = mark.steps;
    worker->writes.count++;
done:
    brood_fields_fini(&fields);
    double after = brood_clock_monotonic(), spent = after - before;
    double pause = spent / worker->share;
    worker->writes.seconds += spent;
    if (spent > worker->pace.write) worker->pace.write = spent;
    worker->next_save = after + (pause > worker->every ? pause : worker->every);
    return err;
}

void worker_stop(worker_t *worker, bool save, left_message_t *left) {
    *left = (left_message_t){.unbegun = worker->next.episode, .begun = -1};
    worker->next.episode = -1;
    if (worker_idle(worker)) return;
    if (!worker->begun) {
        left->unbegun = worker->current.episode; /* it has nothing behind it */
    } else {
        left->begun = worker->current.episode;
        left->worked = worker->mark.worked;
        left->resumed_step = worker->resumed.steps;
        left->busy = worker->busy;
        brood_err_t err = save && has_news(worker) ? worker_save(worker) : BROOD_OK;
        left->writes = worker->writes;
        left->code = (int32_t)err;
        if (err != BROOD_OK) snprintf(left->message, sizeof left->message, "%s", brood_message());
    }
    brood_signals_doing("%s", "");
    worker->current.episode = -1;
    worker->begun = false;
}
