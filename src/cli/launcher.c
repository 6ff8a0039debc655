#include "launcher.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Tasks that a launcher says it started (1: none says so), and the variable that says it. */
static long launched_tasks(const char **variable) {
    static const char *const known[] = {"SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *text = getenv(known[i]);
        long        tasks = text ? strtol(text, NULL, 10) : 0;
        *variable = known[i];
        if (tasks > 1) return tasks;
    }
    return 1;
}

bool launcher_of_many(void) {
    const char *variable = NULL;
    return launched_tasks(&variable) > 1;
}

void launcher_listening(void) {
    const char *path = getenv("BROOD_LISTENING");
    int         file = path && *path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file >= 0) close(file);
}

brood_err_t launcher_check(int ranks) {
    const char *variable = NULL;
    long        tasks = launched_tasks(&variable);
    if (ranks > 1 || tasks == 1) return BROOD_OK;
    return brood_fail(
        BROOD_E_USAGE,
        "the launcher started %ld tasks (%s), but MPI knows of one rank; start them with the mpirun of the "
        "MPI that Brood was built with, or with srun --mpi=pmix",
        tasks, variable);
}
