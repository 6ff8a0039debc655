#include "brood/sched/sched.h"

/* The first rank of each node decodes into memory that all ranks of the node see. */
brood_err_t brood_share_data(MPI_Comm comm, const brood_data_config_t *config, brood_data_t *data, MPI_Win *window) {
    brood_data_shape_t shape = {0};
    MPI_Comm           node = MPI_COMM_NULL;
    int                rank = 0, node_rank = 0;
    brood_err_t        err = BROOD_OK;
    void              *storage = NULL;
    *window = MPI_WIN_NULL;

    BROOD_TRY(brood_mpi(MPI_Comm_rank(comm, &rank), "sharing the images"));
    if (rank == 0) err = brood_data_probe(config, &shape);
    BROOD_TRY(brood_agree(comm, err));
    BROOD_TRY(brood_share_bytes(comm, &shape, sizeof shape));

    err = brood_mpi(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node), "sharing the images");
    if (err == BROOD_OK) err = brood_mpi(MPI_Comm_rank(node, &node_rank), "sharing the images");
    BROOD_TRY(brood_agree(comm, err));
    MPI_Aint size = node_rank == 0 ? (MPI_Aint)brood_data_size(&shape) : 0;
    BROOD_TRY(brood_agree(comm, brood_mpi(MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, node, &storage, window),
                                          "memory for the images")));
    if (node_rank != 0) {
        int unit = 0;
        err = brood_mpi(MPI_Win_shared_query(*window, 0, &size, &unit, &storage), "sharing the images");
    }
    if (node_rank == 0) err = brood_data_read(config, &shape, storage);
    /* The agreement is also the barrier behind which the images are there; the syncs order memory around it. */
    MPI_Win_lock_all(MPI_MODE_NOCHECK, *window);
    MPI_Win_sync(*window);
    err = brood_agree(comm, err);
    MPI_Win_sync(*window);
    MPI_Win_unlock_all(*window);
    if (err != BROOD_OK) goto done;
    brood_data_view(&shape, storage, data);
done:
    if (node != MPI_COMM_NULL) MPI_Comm_free(&node);
    if (err != BROOD_OK && *window != MPI_WIN_NULL) MPI_Win_free(window);
    return err;
}
