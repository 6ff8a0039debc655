#include "brood/sched/sched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "brood/util/log.h"
#include "coordinator.h"

/* One rank's part in a job. */
typedef struct {
    MPI_Comm       comm;
    int            rank;
    worker_t       worker;
    bool           trains;
    coordinator_t *coordinator; /* rank 0 */
    outbox_t       outbox;
    brood_bytes_t  inbox;
    char           host[64];

    /* of ranks other than 0: */
    bool    asked, stopping;
    int64_t unbegun;
} part_t;

static brood_err_t send_result(part_t *part, const result_message_t *result) {
    size_t        curve = (size_t)result->result.epochs * sizeof *result->result.curve;
    brood_bytes_t bytes;
    brood_err_t   err = BROOD_OK;
    brood_bytes_init(&bytes);
    BROOD_TRY(brood_bytes_append(&bytes, result, sizeof *result));
    if (curve) BROOD_TRY(brood_bytes_append(&bytes, result->result.curve, curve));
    BROOD_TRY(outbox_send(&part->outbox, 0, TAG_RESULT, bytes.data, bytes.size));
done:
    brood_bytes_fini(&bytes);
    return err;
}

/* What rank 0 has to say to the others. */
static brood_err_t receive_order(part_t *part, tag_t tag) {
    if (tag == TAG_TASK) {
        task_message_t task;
        memcpy(&task, part->inbox.data, sizeof task);
        part->asked = false;
        if (part->stopping) return brood_fail(BROOD_E_BUG, "rank %d got a task after the order to stop", part->rank);
        worker_give(&part->worker, &task);
        return BROOD_OK;
    }
    if (tag == TAG_STOP) {
        stop_message_t order;
        memcpy(&order, part->inbox.data, sizeof order);
        int64_t unbegun = worker_stop(&part->worker, order.abandon != 0);
        if (unbegun >= 0) part->unbegun = unbegun;
        part->stopping = true;
        return BROOD_OK;
    }
    return brood_fail(BROOD_E_BUG, "rank %d got a message with tag %d", part->rank, (int)tag);
}

static brood_err_t receive(part_t *part) {
    brood_err_t err = outbox_progress(&part->outbox);
    for (;;) {
        int   from = -1;
        tag_t tag;
        if (err != BROOD_OK) return err;
        err = message_take(part->comm, &from, &tag, &part->inbox);
        if (err != BROOD_OK || from < 0) return err;
        err = part->coordinator ? coordinator_receive(part->coordinator, from, tag, &part->inbox)
                                : receive_order(part, tag);
    }
}

/* One step of the child. On ranks other than 0 an error becomes the last message: *left. */
static brood_err_t train(part_t *part, bool *left) {
    result_message_t result;
    bool             finished;
    brood_err_t      err = worker_step(&part->worker, &finished, &result);
    if (err != BROOD_OK) {
        if (part->coordinator) {
            coordinator_fail(part->coordinator, err);
            worker_stop(&part->worker, true);
            return BROOD_OK;
        }
        failed_message_t failed = {.code = (int32_t)err};
        snprintf(failed.message, sizeof failed.message, "%s", brood_message());
        *left = true;
        return outbox_send(&part->outbox, 0, TAG_FAILED, &failed, sizeof failed);
    }
    if (!finished) return BROOD_OK;
    snprintf(result.host, sizeof result.host, "%s", part->host);
    if (!part->coordinator) return send_result(part, &result);
    coordinator_record(part->coordinator, 0, &result);
    return BROOD_OK;
}

/* Asks for a task when one will be needed, and takes leave when told to stop and nothing is left to do. */
static brood_err_t report(part_t *part, bool *left) {
    if (part->stopping && worker_idle(&part->worker)) {
        left_message_t last = {.unbegun = part->unbegun};
        *left = true;
        return outbox_send(&part->outbox, 0, TAG_LEFT, &last, sizeof last);
    }
    if (part->stopping || part->asked || !worker_wants(&part->worker)) return BROOD_OK;
    part->asked = true;
    return outbox_send(&part->outbox, 0, TAG_REQUEST, NULL, 0);
}

/* Every rank's loop: messages, then one step of the child. Rank 0 leaves when all others have left. */
static brood_err_t work(part_t *part) {
    long nanoseconds = 1000;
    for (;;) {
        bool        left = false;
        brood_err_t err = receive(part);
        if (err != BROOD_OK) return err;
        err = part->coordinator ? coordinator_turn(part->coordinator, &left) : report(part, &left);
        if (err != BROOD_OK) return err;
        if (!left && part->trains && !worker_idle(&part->worker)) {
            err = train(part, &left);
            nanoseconds = 1000;
            if (err != BROOD_OK) return err;
        } else if (!left) {
            nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
            if (nanoseconds < 1000000) nanoseconds *= 2;
        }
        if (left) return BROOD_OK;
    }
}

/* After its last message a rank goes on receiving until every rank has sent its own: what was on its way to a rank that
   left is taken out of the way, so that no send waits for it. */
static brood_err_t drain(part_t *part) {
    MPI_Request barrier = MPI_REQUEST_NULL;
    bool        entered = false;
    for (;;) {
        int         from, done = 0;
        tag_t       tag;
        brood_err_t err = outbox_progress(&part->outbox);
        if (err == BROOD_OK) err = message_take(part->comm, &from, &tag, &part->inbox);
        if (err == BROOD_OK && !entered && part->outbox.count == 0) {
            err = brood_mpi(MPI_Ibarrier(part->comm, &barrier), "taking leave");
            entered = true;
        }
        if (err == BROOD_OK && entered) err = brood_mpi(MPI_Test(&barrier, &done, MPI_STATUS_IGNORE), "taking leave");
        if (err != BROOD_OK || done) return err;
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

static bool rank0_trains(const brood_sched_config_t *config, int ranks) {
    if (ranks == 1 || config->rank0 == BROOD_RANK0_TRAIN) return true;
    return config->rank0 == BROOD_RANK0_AUTO && ranks <= BROOD_RANK0_TRAINS_UP_TO;
}

/* The messages themselves failed: the others can't be told, and would wait for ever. */
static void abort_all(MPI_Comm comm, brood_err_t err) {
    brood_log_write(BROOD_LOG_ERROR, "%s", brood_message());
    MPI_Abort(comm, brood_exit_code(err));
}

brood_err_t brood_sched_run(MPI_Comm comm, const brood_sched_config_t *config, const brood_sched_coordinator_t *with,
                            const brood_sched_worker_t *worker, brood_end_t *why) {
    part_t        part = {.unbegun = -1};
    coordinator_t coordinator;
    int           ranks = 0;
    int32_t       end = BROOD_END_COMPLETE;
    brood_err_t   err = brood_mpi(MPI_Comm_dup(comm, &part.comm), "duplicating the communicator");
    if (err != BROOD_OK) return err;
    MPI_Comm_set_errhandler(part.comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(part.comm, &part.rank);
    MPI_Comm_size(part.comm, &ranks);
    gethostname(part.host, sizeof part.host - 1);
    worker_init(&part.worker, worker);
    outbox_init(&part.outbox, part.comm);
    brood_bytes_init(&part.inbox);

    part.trains = part.rank != 0 || rank0_trains(config, ranks);
    if (part.rank == 0) {
        err = coordinator_init(&coordinator, config, with, part.trains ? &part.worker : NULL, &part.outbox, ranks);
        if (err == BROOD_OK) part.coordinator = &coordinator;
    }
    BROOD_TRY(brood_agree(part.comm, err));

    err = work(&part);
    if (err == BROOD_OK) err = drain(&part);
    if (err == BROOD_OK) err = outbox_fini(&part.outbox);
    if (err != BROOD_OK) abort_all(part.comm, err);

    if (part.coordinator) {
        err = coordinator_finish(&coordinator);
        end = (int32_t)coordinator.end;
    }
    BROOD_TRY(brood_agree(part.comm, err));
    BROOD_TRY(brood_share_bytes(part.comm, &end, sizeof end));
    *why = (brood_end_t)end;
done:
    if (part.coordinator) coordinator_fini(&coordinator);
    brood_bytes_fini(&part.inbox);
    MPI_Comm_free(&part.comm);
    return err;
}
