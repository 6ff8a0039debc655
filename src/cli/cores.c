#include "cores.h"

#include <sched.h>

#include "brood/util/log.h"

typedef struct {
    int lacking, rank; /* cores; the first of a node's ranks: as MPI_MAXLOC has it */
} lack_t;

/* Cores that a rank, or the ranks of its node together, lack: the greater of the two. */
static int lacking(MPI_Comm node, int64_t threads) {
    cpu_set_t own, all;
    int       ranks, least;
    CPU_ZERO(&own);
    if (sched_getaffinity(0, sizeof own, &own) != 0) return 0; /* a node of more cores than the set holds */
    MPI_Comm_size(node, &ranks);
    MPI_Allreduce(&own, &all, (int)sizeof own, MPI_BYTE, MPI_BOR, node);
    int cores = CPU_COUNT(&own);
    MPI_Allreduce(&cores, &least, 1, MPI_INT, MPI_MIN, node);
    int of_rank = (int)threads - least, of_node = ranks * (int)threads - CPU_COUNT(&all);
    return of_rank > of_node ? of_rank : of_node;
}

void cores_check(MPI_Comm comm, int64_t threads) {
    if (threads == 1) return;
    MPI_Comm node;
    lack_t   mine, most;
    int      size;
    char     name[MPI_MAX_PROCESSOR_NAME] = "";
    MPI_Comm_rank(comm, &mine.rank);
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    mine.lacking = lacking(node, threads);
    MPI_Comm_free(&node);
    MPI_Allreduce(&mine, &most, 1, MPI_2INT, MPI_MAXLOC, comm);
    if (most.lacking <= 0) return;
    MPI_Get_processor_name(name, &size);
    MPI_Bcast(name, sizeof name, MPI_CHAR, most.rank, comm);
    brood_log_write(BROOD_LOG_WARNING,
                    "on %s there are %d cores too few for %lld threads a rank (sched.threads): they wait for each "
                    "other; give each rank as many cores (mpirun --map-by slot:PE=%lld, srun --cpus-per-task=%lld)",
                    name, most.lacking, (long long)threads, (long long)threads, (long long)threads);
}
