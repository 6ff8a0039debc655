#include "cores.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "brood/sched/agree.h"
#include "brood/util/log.h"

typedef struct {
    int lacking, rank; /* cores; the first of a node's ranks: as MPI_MAXLOC has it */
} lack_t;

/* Cores that this process may run on: all, where a node has more than the set holds. */
static cpu_set_t own_cores(void) {
    cpu_set_t own;
    CPU_ZERO(&own);
    if (sched_getaffinity(0, sizeof own, &own) != 0) memset(&own, 0xff, sizeof own);
    return own;
}

/* Cores that a rank, or the ranks of its node together, lack: the greater of the two. */
static brood_err_t find_lacking(MPI_Comm node, int64_t threads, int *lacking) {
    static const char what[] = "counting the cores of a node";
    brood_err_t       err;
    cpu_set_t         own = own_cores(), all;
    int               ranks, least;
    BROOD_TRY(brood_mpi(MPI_Comm_size(node, &ranks), what));
    BROOD_TRY(brood_mpi(MPI_Allreduce(&own, &all, (int)sizeof own, MPI_BYTE, MPI_BOR, node), what));
    int cores = CPU_COUNT(&own);
    BROOD_TRY(brood_mpi(MPI_Allreduce(&cores, &least, 1, MPI_INT, MPI_MIN, node), what));
    int of_rank = (int)threads - least, of_node = ranks * (int)threads - CPU_COUNT(&all);
    *lacking = of_rank > of_node ? of_rank : of_node;
done:
    return err;
}

/* "is 1 core", "are 2 cores" */
static const char *counted(int cores, char text[32]) {
    snprintf(text, 32, "%s %d core%s", cores == 1 ? "is" : "are", cores, cores == 1 ? "" : "s");
    return text;
}

void cores_check_own(int64_t threads) {
    const cpu_set_t own = own_cores();
    char            text[32];
    if (CPU_COUNT(&own) < threads)
        brood_log_write(BROOD_LOG_WARNING, "there %s for %lld threads: they wait for each other",
                        counted(CPU_COUNT(&own), text), (long long)threads);
}

static brood_err_t warn(MPI_Comm comm, int64_t threads, const lack_t *most) {
    char name[MPI_MAX_PROCESSOR_NAME] = "", text[32];
    int  size;
    (void)MPI_Get_processor_name(name, &size); /* none without it */
    brood_err_t err = brood_mpi(MPI_Bcast(name, sizeof name, MPI_CHAR, most->rank, comm), "naming a node");
    if (err == BROOD_OK)
        brood_log_write(
            BROOD_LOG_WARNING,
            "on %s there %s too few for %lld threads a rank (sched.threads): they wait for each other; give "
            "each rank as many cores (--map-by slot:PE=%lld of mpirun or in brood-run's MPIRUN_OPTIONS, "
            "srun --cpus-per-task=%lld)",
            name, counted(most->lacking, text), (long long)threads, (long long)threads, (long long)threads);
    return err;
}

brood_err_t cores_check(MPI_Comm comm, int64_t threads) {
    static const char what[] = "looking for the ranks of a node";
    brood_err_t       err = BROOD_OK;
    MPI_Comm          node = MPI_COMM_NULL;
    lack_t            mine, most;
    if (threads == 1) return BROOD_OK;
    BROOD_TRY(brood_mpi(MPI_Comm_rank(comm, &mine.rank), what));
    BROOD_TRY(brood_mpi(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node), what));
    BROOD_TRY(find_lacking(node, threads, &mine.lacking));
    BROOD_TRY(brood_mpi(MPI_Allreduce(&mine, &most, 1, MPI_2INT, MPI_MAXLOC, comm), what));
    if (most.lacking > 0) BROOD_TRY(warn(comm, threads, &most));
done:
    if (node != MPI_COMM_NULL) MPI_Comm_free(&node);
    return err;
}
