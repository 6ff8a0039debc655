#include "worker.h"

void worker_init(worker_t *worker, const brood_sched_worker_t *with) {
    *worker = (worker_t){.with = with};
    worker->current.episode = worker->next.episode = -1;
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

int64_t worker_stop(worker_t *worker, bool abandon) {
    int64_t unbegun = worker->next.episode;
    worker->next.episode = -1;
    if (!worker_idle(worker) && (abandon || !worker->begun)) {
        if (!worker->begun) unbegun = worker->current.episode;
        worker->current.episode = -1;
    }
    return unbegun;
}

static brood_err_t begin(worker_t *worker, const brood_task_t *task) {
    worker->start = brood_clock_now();
    worker->busy = 0;
    brood_err_t err = worker->with->evaluator->begin(worker->with->self, task);
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
    worker->busy += brood_clock_monotonic() - before;
    if (worker->remaining > 0) goto done;

    *result = (result_message_t){.episode = task.episode, .start = worker->start, .busy = worker->busy};
    BROOD_TRY(evaluator->result(self, &result->result));
    if (worker->with->finished) BROOD_TRY(worker->with->finished(worker->with->finished_self, &task));
    result->end = brood_clock_now();
    *finished = true;
    worker->current = worker->next;
    worker->begun = false;
    worker->next.episode = -1;
done:
    if (err != BROOD_OK) return brood_because(err, "episode %lld, \"%s\"", (long long)task.episode, task.architecture);
    return BROOD_OK;
}
