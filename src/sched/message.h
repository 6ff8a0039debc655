/* What ranks tell each other. All ranks run the same binary: structs travel as bytes. */
#ifndef BROOD_SRC_SCHED_MESSAGE_H
#define BROOD_SRC_SCHED_MESSAGE_H

#include <mpi.h>

#include "brood/history/history.h"
#include "brood/util/bytes.h"

typedef enum {
    TAG_REQUEST = 1, /* worker: I shall need a task */
    TAG_SIGNAL,      /* worker: signal_message_t; this rank has got a signal */
    TAG_PACE,        /* worker: pace_message_t; it has become slower */
    TAG_WARNING,     /* worker: a text for the log */
    TAG_TASK,        /* rank 0: task_message_t */
    TAG_RESULT,      /* worker: result_message_t, curve */
    TAG_STOP,        /* rank 0: stop_message_t; no task follows */
    TAG_LEFT,        /* worker: left_message_t; its last message */
    TAG_FAILED       /* worker: failed_message_t; its last message */
} tag_t;

typedef struct {
    int64_t episode;
    int32_t begun;
    char    architecture[BROOD_MAX_TEXT];
} task_message_t;

/* In-flight files written of one child, and the seconds that it took. */
typedef struct {
    int64_t count;
    double  seconds;
} writes_t;

/* A child that has finished, where and when. The curve follows behind it on the wire. */
typedef struct {
    int64_t        episode;
    brood_result_t result;
    double         start, end, busy;
    int64_t        worked, resumed_step; /* as in brood_clock_episode_t */
    int32_t        resumed_rank;
    int32_t        filed; /* there may be an in-flight file, which is of no use any more */
    writes_t       writes;
    char           host[64];
} result_message_t;

typedef struct {
    int32_t signal; /* brood_signal_t */
} signal_message_t;

/* A sign of life, too: sent at least WATCH_PARTS times while rank 0 has patience. */
#define WATCH_PARTS 10
typedef struct {
    double step, write; /* pace_t */
} pace_message_t;

typedef struct {
    int32_t save; /* the child that is being trained, in an in-flight file */
} stop_message_t;

typedef struct {
    int64_t  unbegun; /* the episode that was handed out and not begun, or -1 */
    int64_t  begun;   /* the one whose child was being trained, or -1 */
    int64_t  worked, resumed_step;
    double   busy;
    writes_t writes;
    int32_t  code; /* of saving that child: brood_err_t */
    char     message[BROOD_MESSAGE_SIZE];
} left_message_t;

typedef struct {
    int32_t code;
    char    message[BROOD_MESSAGE_SIZE];
} failed_message_t;

/* Messages on their way: nobody waits for a send. */
typedef struct {
    MPI_Comm     comm;
    int          count, capacity;
    MPI_Request *request;
    void       **buffer;
} outbox_t;

void        outbox_init(outbox_t *outbox, MPI_Comm comm);
brood_err_t outbox_send(outbox_t *outbox, int to, tag_t tag, const void *bytes, size_t size) BROOD_WARN_UNUSED;
brood_err_t outbox_progress(outbox_t *outbox) BROOD_WARN_UNUSED; /* frees what has arrived */
brood_err_t outbox_fini(outbox_t *outbox) BROOD_WARN_UNUSED;     /* waits until all has arrived */

/* Takes a message that is there, if any: *from is -1 when there is none. */
brood_err_t message_take(MPI_Comm comm, int *from, tag_t *tag, brood_bytes_t *bytes) BROOD_WARN_UNUSED;

#endif
