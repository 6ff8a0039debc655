#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "brood/sched/agree.h"
#include "brood/util/number.h"

void outbox_init(outbox_t *outbox, MPI_Comm comm) {
    *outbox = (outbox_t){.comm = comm};
}

static brood_err_t grow(outbox_t *outbox) {
    int          capacity = outbox->capacity ? 2 * outbox->capacity : 16;
    MPI_Request *request = realloc(outbox->request, (size_t)capacity * sizeof *request);
    if (request) outbox->request = request;
    void **buffer = realloc(outbox->buffer, (size_t)capacity * sizeof *buffer);
    if (buffer) outbox->buffer = buffer;
    if (!request || !buffer) return brood_fail(BROOD_E_MEMORY, "no memory for messages on their way");
    outbox->capacity = capacity;
    return BROOD_OK;
}

brood_err_t outbox_send(outbox_t *outbox, int to, tag_t tag, const void *bytes, size_t size) {
    brood_err_t err = outbox->count == outbox->capacity ? grow(outbox) : BROOD_OK;
    if (err != BROOD_OK) return err;
    void *copy = malloc(size ? size : 1);
    if (!copy) return brood_fail(BROOD_E_MEMORY, "no memory for a message of %zu bytes", size);
    if (size) memcpy(copy, bytes, size);
    err = brood_mpi(MPI_Isend(copy, brood_to_int((int64_t)size), MPI_BYTE, to, (int)tag, outbox->comm,
                              &outbox->request[outbox->count]),
                    "sending a message");
    if (err != BROOD_OK) {
        free(copy);
        return err;
    }
    outbox->buffer[outbox->count++] = copy;
    return BROOD_OK;
}

brood_err_t outbox_progress(outbox_t *outbox) {
    for (int i = 0; i < outbox->count;) {
        int         done = 0;
        brood_err_t err = brood_mpi(MPI_Test(&outbox->request[i], &done, MPI_STATUS_IGNORE), "sending a message");
        if (err != BROOD_OK) return err;
        if (!done) {
            i++;
            continue;
        }
        free(outbox->buffer[i]);
        outbox->count--;
        outbox->buffer[i] = outbox->buffer[outbox->count];
        outbox->request[i] = outbox->request[outbox->count];
    }
    return BROOD_OK;
}

brood_err_t outbox_fini(outbox_t *outbox) {
    brood_err_t err = BROOD_OK;
    for (int i = 0; i < outbox->count && err == BROOD_OK; i++) err = brood_wait(&outbox->request[i]);
    if (err != BROOD_OK) return err; /* a buffer that MPI may still read is not freed */
    for (int i = 0; i < outbox->count; i++) free(outbox->buffer[i]);
    free(outbox->request);
    free(outbox->buffer);
    outbox_init(outbox, outbox->comm);
    return BROOD_OK;
}

brood_err_t message_take(MPI_Comm comm, int *from, tag_t *tag, brood_bytes_t *bytes) {
    MPI_Message message;
    MPI_Status  status;
    int         there = 0, size = 0;
    *from = -1;
    brood_err_t err = brood_mpi(MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &there, &message, &status), "receiving");
    if (err != BROOD_OK || !there) return err;
    BROOD_TRY(brood_mpi(MPI_Get_count(&status, MPI_BYTE, &size), "receiving"));
    BROOD_TRY(brood_bytes_reserve(bytes, (size_t)size));
    bytes->size = (size_t)size;
    BROOD_TRY(brood_mpi(MPI_Mrecv(bytes->data, size, MPI_BYTE, &message, MPI_STATUS_IGNORE), "receiving"));
    *from = status.MPI_SOURCE;
    *tag = (tag_t)status.MPI_TAG;
done:
    return err;
}
