/* make_sample DIR EPISODES: a run directory with a sample in it, for the tests that are not C. */
#include <stdio.h>
#include <stdlib.h>

#include "brood/run/run.h"
#include "sample.h"

int main(int argc, char **argv) {
    brood_err_t       err = BROOD_OK;
    brood_run_t      *run = NULL;
    brood_run_state_t state;
    sample_t          sample;
    brood_fields_t    fields;
    if (argc != 3) return EXIT_FAILURE;
    sample_init(&sample, strtoll(argv[2], NULL, 10));
    brood_fields_init(&fields);
    sample_fields(&sample, &fields);
    BROOD_TRY(brood_run_open(&brood_fs_posix, argv[1], &run, &state));
    BROOD_TRY(brood_run_take(run, "", 0, &brood_life_system, NULL));
    BROOD_TRY(brood_run_save(run, &fields, NULL));
done:
    if (err != BROOD_OK) fprintf(stderr, "%s\n", brood_message());
    brood_run_close(&run);
    brood_fields_fini(&fields);
    sample_fini(&sample);
    return brood_exit_code(err);
}
