#include "brood/sched/sched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "brood/sched/signals.h"
#include "brood/util/log.h"
#include "brood/util/phase.h"
#include "coordinator.h"

#define PACE_CHANGE 1.2 /* by which a mini-batch or a write must be slower than told before it is told again */

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
    bool           asked, stopping, signalled;
    left_message_t left;
    pace_t         told;          /* to rank 0 */
    double         sign, told_at; /* seconds between signs of life to rank 0; monotonic: of the last one */
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

/* Of ranks other than 0: a warning for rank 0's log. Where even that can't be sent, the next message ends the job. */
static void carry_warning(void *self, const char *text) {
    part_t     *part = self;
    brood_err_t err = outbox_send(&part->outbox, 0, TAG_WARNING, text, strlen(text));
    if (err != BROOD_OK) brood_log_write(BROOD_LOG_ERROR, "%s", text);
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
        worker_stop(&part->worker, order.save != 0, &part->left);
        part->stopping = true;
        return BROOD_OK;
    }
    return brood_fail(BROOD_E_BUG, "rank %d got a message with tag %d", part->rank, (int)tag);
}

/* *any: something has arrived. */
static brood_err_t receive(part_t *part, bool *any) {
    brood_err_t err = outbox_progress(&part->outbox);
    for (*any = false;; *any = true) {
        int   from = -1;
        tag_t tag;
        if (err != BROOD_OK) return err;
        err = message_take(part->comm, &from, &tag, &part->inbox);
        if (err != BROOD_OK || from < 0) return err;
        err = part->coordinator ? coordinator_receive(part->coordinator, from, tag, &part->inbox)
                                : receive_order(part, tag);
    }
}

/* This rank's error is the job's. Rank 0 stops all others, too; another rank tells it as its last message: *left. */
static brood_err_t give_up(part_t *part, brood_err_t err, bool *left) {
    if (part->coordinator) {
        left_message_t ignored;
        worker_stop(&part->worker, false, &ignored); /* nobody knows in which state the child is */
        coordinator_fail(part->coordinator, err);
        return BROOD_OK;
    }
    failed_message_t failed = {.code = (int32_t)err};
    snprintf(failed.message, sizeof failed.message, "%s", brood_message());
    *left = true;
    return outbox_send(&part->outbox, 0, TAG_FAILED, &failed, sizeof failed);
}

/* One step of the child. */
static brood_err_t train(part_t *part, bool *left) {
    result_message_t result;
    bool             finished;
    brood_err_t      err = worker_step(&part->worker, &finished, &result);
    if (err != BROOD_OK) return give_up(part, err, left);
    if (!finished) return BROOD_OK;
    snprintf(result.host, sizeof result.host, "%s", part->host);
    if (!part->coordinator) return send_result(part, &result);
    coordinator_record(part->coordinator, 0, &result);
    return BROOD_OK;
}

/* Takes leave when told to stop; else tells of a signal, of mini-batches that have become slower, and that a task will
   be needed. */
static brood_err_t report(part_t *part, bool *left) {
    const pace_t *pace = &part->worker.pace;
    brood_err_t   err = BROOD_OK;
    if (part->stopping) {
        *left = true;
        return outbox_send(&part->outbox, 0, TAG_LEFT, &part->left, sizeof part->left);
    }
    if (!part->signalled && brood_signals_seen(NULL) != BROOD_SIGNAL_NONE) {
        signal_message_t message = {.signal = (int32_t)brood_signals_seen(NULL)};
        part->signalled = true;
        BROOD_TRY(outbox_send(&part->outbox, 0, TAG_SIGNAL, &message, sizeof message));
    }
    double now = brood_clock_monotonic();
    if (pace->step > PACE_CHANGE * part->told.step || pace->write > PACE_CHANGE * part->told.write ||
        (!worker_idle(&part->worker) && now - part->told_at > part->sign)) {
        pace_message_t message = {.step = pace->step, .write = pace->write};
        part->told = *pace;
        part->told_at = now;
        BROOD_TRY(outbox_send(&part->outbox, 0, TAG_PACE, &message, sizeof message));
    }
    if (part->asked || !worker_wants(&part->worker)) return BROOD_OK;
    part->asked = true;
    err = outbox_send(&part->outbox, 0, TAG_REQUEST, NULL, 0);
done:
    return err;
}

/* The child's in-flight file when it is due. In mid-run a write that fails costs nothing yet: it is tried again. A run
 * that another job has taken over is not ours to go on with, however long it is until a child finishes. */
static brood_err_t save_child(part_t *part, bool *left) {
    if (!worker_save_due(&part->worker)) return BROOD_OK;
    brood_err_t err = worker_save(&part->worker);
    if (err == BROOD_OK) return BROOD_OK;
    if (err == BROOD_E_LOCKED) return give_up(part, err, left);
    brood_log_write(BROOD_LOG_WARNING, "%s; it will be tried again", brood_message());
    return BROOD_OK;
}

/* Every rank's loop: messages, then one step of the child. Rank 0 leaves when all others have left. */
static brood_err_t work(part_t *part) {
    const long shortest = 1000, longest = 1000000;
    long       nanoseconds = shortest;
    for (;;) {
        bool        left = false, any = false;
        brood_err_t err = receive(part, &any);
        if (err != BROOD_OK) return err;
        if (any) nanoseconds = shortest;
        err = part->coordinator ? coordinator_turn(part->coordinator, &left) : report(part, &left);
        if (err != BROOD_OK) return err;
        /* Who has told of a signal waits for the order to stop, and begins no further mini-batch. */
        if (!left && part->trains && !part->signalled && !worker_idle(&part->worker)) {
            err = train(part, &left);
            if (err == BROOD_OK && !left) err = save_child(part, &left);
            nanoseconds = shortest;
            if (err != BROOD_OK) return err;
        } else if (!left) {
            brood_phase(BROOD_PHASE_IDLE);
            nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
            if (nanoseconds < longest) nanoseconds *= 2;
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

int brood_sched_trainers(const brood_sched_config_t *config, int ranks) {
    bool all = ranks == 1 || config->rank0 == BROOD_RANK0_TRAIN ||
               (config->rank0 == BROOD_RANK0_AUTO && ranks <= BROOD_RANK0_TRAINS_UP_TO);
    return all ? ranks : ranks - 1;
}

/* The messages themselves failed: the others can't be told, and would wait for ever. */
static void abort_all(MPI_Comm comm, brood_err_t err) {
    brood_log_write(BROOD_LOG_ERROR, "%s", brood_message());
    MPI_Abort(comm, brood_exit_code(err));
}

brood_err_t brood_sched_run(MPI_Comm comm, const brood_sched_config_t *config, const brood_sched_coordinator_t *with,
                            const brood_sched_worker_t *worker, brood_end_t *why) {
    part_t        part = {0};
    coordinator_t coordinator;
    int           ranks = 0;
    int32_t       end = BROOD_END_COMPLETE;
    brood_err_t   err = brood_mpi(MPI_Comm_dup(comm, &part.comm), "duplicating the communicator");
    if (err != BROOD_OK) return err;
    MPI_Comm_set_errhandler(part.comm, MPI_ERRORS_RETURN);
    MPI_Comm_rank(part.comm, &part.rank);
    MPI_Comm_size(part.comm, &ranks);
    gethostname(part.host, sizeof part.host - 1);
    worker_init(&part.worker, worker, config, part.rank, ranks);
    outbox_init(&part.outbox, part.comm);
    brood_bytes_init(&part.inbox);

    part.sign = config->patience / WATCH_PARTS;
    part.trains = part.rank != 0 || brood_sched_trainers(config, ranks) == ranks;
    if (part.rank == 0) {
        err = coordinator_init(&coordinator, config, with, part.trains ? &part.worker : NULL, &part.outbox, ranks);
        if (err == BROOD_OK) part.coordinator = &coordinator;
    }
    BROOD_TRY(brood_agree(part.comm, err));

    if (part.rank != 0) brood_log_carry(carry_warning, &part);
    err = work(&part);
    brood_log_carry(NULL, NULL);
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
