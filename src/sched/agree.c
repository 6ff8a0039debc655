#include "brood/sched/agree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "brood/util/number.h"

brood_err_t brood_mpi(int result, const char *what) {
    if (result == MPI_SUCCESS) return BROOD_OK;
    char words[MPI_MAX_ERROR_STRING] = "";
    int  length = 0;
    MPI_Error_string(result, words, &length);
    return brood_fail(BROOD_E_RANKS, "%s: MPI says: %s", what, words);
}

brood_err_t brood_wait(MPI_Request *request) {
    long nanoseconds = 1000;
    for (;;) {
        int         done = 0;
        brood_err_t err = brood_mpi(MPI_Test(request, &done, MPI_STATUS_IGNORE), "waiting for the other ranks");
        if (err != BROOD_OK || done) return err;
        nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
        if (nanoseconds < 1000000) nanoseconds *= 2;
    }
}

brood_err_t brood_share_bytes(MPI_Comm comm, void *bytes, size_t size) {
    MPI_Request request;
    brood_err_t err = brood_mpi(MPI_Ibcast(bytes, brood_to_int((int64_t)size), MPI_BYTE, 0, comm, &request), "sharing");
    return err == BROOD_OK ? brood_wait(&request) : err;
}

brood_err_t brood_agree(MPI_Comm comm, brood_err_t mine) {
    int         rank = 0, ranks = 0, failing = 0, code = mine;
    brood_err_t err = BROOD_OK;
    MPI_Request request;
    BROOD_TRY(brood_mpi(MPI_Comm_rank(comm, &rank), "agreeing"));
    BROOD_TRY(brood_mpi(MPI_Comm_size(comm, &ranks), "agreeing"));
    int first = mine == BROOD_OK ? ranks : rank;
    BROOD_TRY(brood_mpi(MPI_Iallreduce(&first, &failing, 1, MPI_INT, MPI_MIN, comm, &request), "agreeing"));
    BROOD_TRY(brood_wait(&request));
    if (failing == ranks) return BROOD_OK;

    char message[BROOD_MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s", brood_message());
    BROOD_TRY(brood_mpi(MPI_Ibcast(&code, 1, MPI_INT, failing, comm, &request), "agreeing"));
    BROOD_TRY(brood_wait(&request));
    BROOD_TRY(brood_mpi(MPI_Ibcast(message, BROOD_MESSAGE_SIZE, MPI_CHAR, failing, comm, &request), "agreeing"));
    BROOD_TRY(brood_wait(&request));
    return brood_fail((brood_err_t)code, "%s", message);
done:
    return err;
}

brood_err_t brood_share_text(MPI_Comm comm, char **text) {
    int         rank = 0;
    long long   size = 0;
    brood_err_t err = brood_mpi(MPI_Comm_rank(comm, &rank), "sharing a text");
    if (err != BROOD_OK) return err;
    if (rank == 0) size = (long long)strlen(*text) + 1;
    err = brood_share_bytes(comm, &size, sizeof size);
    if (err != BROOD_OK) return err;
    if (rank != 0) {
        *text = malloc((size_t)size);
        if (!*text) err = brood_fail(BROOD_E_MEMORY, "a text of %lld bytes cannot be had", size);
    }
    err = brood_agree(comm, err);
    if (err != BROOD_OK) return err;
    return brood_share_bytes(comm, *text, (size_t)size);
}
