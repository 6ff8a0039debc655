#include "provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "brood/math/function.h"
#include "brood/run/run.h"
#include "brood/sched/agree.h"
#include "version.h"

#define HOST_SIZE 64

static void append(char *text, size_t size, const char *more) {
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? " " : "", more);
}

/* Each node once, in the order of ranks; those for which there is no room, by their number. How many there are. */
static int print_hosts(char *all, int ranks, char *hosts, size_t size) {
    const size_t end = sizeof " and 1000000 more";
    int          nodes = 0, shown = 0;
    for (int i = 0; i < ranks; i++) {
        const char *host = all + (size_t)i * HOST_SIZE;
        bool        known = false;
        for (int n = nodes - 1; n >= 0 && !known; n--) known = !strcmp(all + (size_t)n * HOST_SIZE, host);
        if (known) continue;
        memmove(all + (size_t)nodes++ * HOST_SIZE, host, HOST_SIZE);
    }
    while (shown < nodes && strlen(hosts) + strlen(all + (size_t)shown * HOST_SIZE) + 1 + end <= size)
        append(hosts, size, all + (size_t)shown++ * HOST_SIZE);
    if (shown < nodes) snprintf(hosts + strlen(hosts), size - strlen(hosts), " and %d more", nodes - shown);
    return nodes;
}

static brood_err_t gather_hosts(MPI_Comm comm, int rank, int ranks, char *hosts, size_t size, int64_t *nodes) {
    char        mine[HOST_SIZE] = "", *all = NULL;
    MPI_Request request;
    brood_err_t err = BROOD_OK;
    gethostname(mine, sizeof mine - 1);
    if (rank == 0 && !(all = malloc((size_t)ranks * HOST_SIZE)))
        err = brood_fail(BROOD_E_MEMORY, "no memory for the names of %d hosts", ranks);
    BROOD_TRY(brood_agree(comm, err));
    BROOD_TRY(brood_mpi(MPI_Igather(mine, HOST_SIZE, MPI_CHAR, all, HOST_SIZE, MPI_CHAR, 0, comm, &request),
                        "gathering hosts"));
    BROOD_TRY(brood_wait(&request));
    if (rank == 0) *nodes = print_hosts(all, ranks, hosts, size);
done:
    free(all);
    return err;
}

static void print_libraries(char *text, size_t size) {
    char words[MPI_MAX_LIBRARY_VERSION_STRING] = "", files[64];
    int  length = 0;
    MPI_Get_library_version(words, &length);
    words[strcspn(words, ",\n")] = '\0'; /* the first clause names library and version: "MPICH Version:\t4.0.2" */
    for (char *tab = words; (tab = strchr(tab, '\t'));) *tab = ' ';
    brood_run_libraries(files, sizeof files);
    snprintf(text, size, "%.*s, %s", (int)(size - sizeof files - 3), words, files);
}

const char *provenance_batch_job(void) {
    static char id[64];
    const char *job = getenv("SLURM_JOB_ID"), *array = getenv("SLURM_ARRAY_JOB_ID");
    const char *task = getenv("SLURM_ARRAY_TASK_ID");
    if (array && task) /* the last task has the array's own number as its job's */
        snprintf(id, sizeof id, "%s_%s", array, task);
    else
        snprintf(id, sizeof id, "%s", job ? job : "");
    return id;
}

int32_t provenance_batch_restart(void) {
    const char *count = getenv("SLURM_RESTART_COUNT");
    return count ? atoi(count) : 0;
}

void provenance_numerics(const brood_math_t *math, char *text, size_t size) {
    char cpu[64] = "";
    brood_isa_cpu(cpu, sizeof cpu);
    snprintf(text, size, "%s, %s", cpu, brood_math_describe(math));
}

brood_err_t provenance_job(MPI_Comm comm, const brood_math_t *math, int argc, char *const argv[],
                           brood_clock_job_t *job) {
    const char *batch = provenance_batch_job();
    char        host[HOST_SIZE] = "";
    int         rank = 0;
    *job = (brood_clock_job_t){0};
    brood_err_t err = brood_mpi(MPI_Comm_rank(comm, &rank), "describing the job");
    if (err == BROOD_OK) err = brood_mpi(MPI_Comm_size(comm, &job->ranks), "describing the job");
    if (err == BROOD_OK) err = gather_hosts(comm, rank, job->ranks, job->hosts, sizeof job->hosts, &job->nodes);
    if (err != BROOD_OK) return err;
    job->threads = brood_team_threads(brood_math_team(math));

    gethostname(host, sizeof host - 1);
    if (*batch)
        snprintf(job->id, sizeof job->id, "%s", batch);
    else
        snprintf(job->id, sizeof job->id, "%.48s:%ld", host, (long)getpid());
    job->restart = provenance_batch_restart();
    job->start = brood_clock_now();
    job->end = brood_nan();
    snprintf(job->software, sizeof job->software, "brood %s (%s), %s, %s", BROOD_VERSION, BROOD_COMMIT, BROOD_COMPILER,
             BROOD_BUILD);
    print_libraries(job->libraries, sizeof job->libraries);
    provenance_numerics(math, job->numerics, sizeof job->numerics);
    for (int i = 0; i < argc; i++) append(job->command, sizeof job->command, argv[i]);
    return BROOD_OK;
}
