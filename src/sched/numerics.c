#include "brood/sched/numerics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "brood/sched/agree.h"
#include "brood/util/log.h"

#define ADVICE "choose nodes that compute alike, or allow it (--allow-inexact)"

typedef struct {
    brood_fingerprint_t fingerprint;
    char                host[64], node[192];
} computes_t;

void brood_fingerprint_print(uint64_t hash, char text[BROOD_FINGERPRINT_SIZE]) {
    snprintf(text, BROOD_FINGERPRINT_SIZE, "%016llx", (unsigned long long)hash);
}

/* "products, training" */
static void name_parts(const brood_fingerprint_t *a, const brood_fingerprint_t *b, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (int part = 0; part < BROOD_FINGERPRINT_PARTS; part++) {
        if (a->part[part] == b->part[part]) continue;
        int wrote = snprintf(text + used, size - used, "%s%s", used ? ", " : "", brood_fingerprint_parts[part]);
        if (wrote > 0 && (size_t)wrote < size - used) used += (size_t)wrote;
    }
}

static brood_err_t judge_ranks(const computes_t all[], int ranks) {
    char parts[128], first[BROOD_FINGERPRINT_SIZE], other[BROOD_FINGERPRINT_SIZE];
    for (int rank = 1; rank < ranks; rank++) {
        if (!memcmp(&all[rank].fingerprint, &all[0].fingerprint, sizeof all[0].fingerprint)) continue;
        name_parts(&all[0].fingerprint, &all[rank].fingerprint, parts, sizeof parts);
        brood_fingerprint_print(all[0].fingerprint.all, first);
        brood_fingerprint_print(all[rank].fingerprint.all, other);
        return brood_fail(BROOD_E_NUMERICS,
                          "rank %d on %s (%s) computes other bits than rank 0 on %s (%s): they differ in %s, "
                          "fingerprints %s and %s; " ADVICE,
                          rank, all[rank].host, all[rank].node, all[0].host, all[0].node, parts, other, first);
    }
    return BROOD_OK;
}

static brood_err_t judge_run(const computes_t *here, const char *of_run, const char *first_node) {
    char mine[BROOD_FINGERPRINT_SIZE];
    brood_fingerprint_print(here->fingerprint.all, mine);
    if (!of_run || !strcmp(of_run, mine)) return BROOD_OK;
    return brood_fail(
        BROOD_E_NUMERICS,
        "%s (%s) computes other bits than the run began with (on %s): fingerprint %s, the run's is %s; " ADVICE,
        here->host, here->node, first_node, mine, of_run);
}

brood_err_t brood_agree_numerics(MPI_Comm comm, const brood_fingerprint_t *mine, const char *node, const char *of_run,
                                 const char *first_node, bool allow, bool *exact) {
    computes_t  here = {.fingerprint = *mine}, *all = NULL;
    int         rank = 0, ranks = 0;
    MPI_Request request;
    brood_err_t err = BROOD_OK;
    *exact = true;
    gethostname(here.host, sizeof here.host - 1);
    snprintf(here.node, sizeof here.node, "%s", node);
    BROOD_TRY(brood_mpi(MPI_Comm_rank(comm, &rank), "comparing numerics"));
    BROOD_TRY(brood_mpi(MPI_Comm_size(comm, &ranks), "comparing numerics"));
    if (rank == 0 && !(all = malloc((size_t)ranks * sizeof *all)))
        err = brood_fail(BROOD_E_MEMORY, "no memory for the numerics of %d ranks", ranks);
    BROOD_TRY(brood_agree(comm, err));
    BROOD_TRY(brood_mpi(MPI_Igather(&here, sizeof here, MPI_BYTE, all, sizeof here, MPI_BYTE, 0, comm, &request),
                        "comparing numerics"));
    BROOD_TRY(brood_wait(&request));
    if (rank == 0) {
        err = judge_ranks(all, ranks);
        if (err == BROOD_OK) err = judge_run(&all[0], of_run, first_node);
        if (err != BROOD_OK && allow) {
            brood_log_write(BROOD_LOG_WARNING, "%s", brood_message());
            *exact = false;
            err = BROOD_OK;
        }
    }
    BROOD_TRY(brood_agree(comm, err));
    err = brood_share_bytes(comm, exact, sizeof *exact);
done:
    free(all);
    return err;
}
