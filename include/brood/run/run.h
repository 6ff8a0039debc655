/* A run directory. Knows names and generations, nothing of what the fields mean. */
#ifndef BROOD_RUN_RUN_H
#define BROOD_RUN_RUN_H

#include "brood/run/image.h"
#include "brood/run/store.h"

#define BROOD_RUN_FILE          "run.h5"
#define BROOD_RUN_PREVIOUS_FILE "run.prev.h5"
#define BROOD_RUN_HALT          "halt"
#define BROOD_RUN_FORMAT        "brood run"

typedef struct brood_run brood_run_t;

typedef enum {
    BROOD_RUN_NONE,    /* no run file: a new run */
    BROOD_RUN_NEWEST,  /* run.h5 is whole */
    BROOD_RUN_PREVIOUS /* run.h5 is broken or missing, run.prev.h5 is whole */
} brood_run_state_t;

/* Opens a directory for one job and reads its newest whole run file. Changes nothing on the disk, so that a start that
   is refused later leaves everything as it was: the first save makes the directory, with those above it, and removes
   what killed jobs left behind (*.TOKEN.tmp). Only names that Brood owns are judged. BROOD_E_FORMAT: there are run
   files, but none is whole. BROOD_E_IO: one cannot be read (being whole or not, it is not to be replaced unseen).
   BROOD_E_MEMORY. */
brood_err_t brood_run_open(const brood_fs_t *fs, const char *dir, brood_run_t **run,
                           brood_run_state_t *state) BROOD_WARN_UNUSED;
void        brood_run_close(brood_run_t **run);

/* BROOD_RUN_PREVIOUS: what is wrong with run.h5, for the line that says where the job goes on; else "". */
const char *brood_run_damage(const brood_run_t *run);
/* The image read at opening (empty for a new run), until brood_run_drop_image. */
const brood_bytes_t *brood_run_image(const brood_run_t *run);
void                 brood_run_drop_image(brood_run_t *run);

/* Writes the next generation of run.h5. A run.h5 that was broken or missing at opening is not rotated over the good
   previous one. Errors as brood_image_write and brood_store_put, and BROOD_E_IO for a directory that can't be made; the
   last good file is untouched, and the same save may be tried again. *bytes (may be NULL): size written. */
brood_err_t brood_run_save(brood_run_t *run, const brood_fields_t *fields, int64_t *bytes) BROOD_WARN_UNUSED;

/* True when someone made a file (not a directory) `halt` in the directory. brood_run_consume_halt removes it. */
bool        brood_run_halt(const brood_run_t *run);
brood_err_t brood_run_consume_halt(brood_run_t *run) BROOD_WARN_UNUSED;

/* Reads a run for analysis: the newest whole file, looked for again where a rotation is under way. BROOD_E_IO: no run
   here, or unreadable. BROOD_E_FORMAT: there are run files, but none is whole. After an error *image is empty. */
brood_err_t brood_run_read(const brood_fs_t *fs, const char *dir, brood_bytes_t *image,
                           uint64_t *generation) BROOD_WARN_UNUSED;

#endif
