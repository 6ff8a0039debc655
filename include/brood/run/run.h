/* A run directory: its file, its lock, its in-flight children. Knows names and generations, nothing of what the fields
 * mean. */
#ifndef BROOD_RUN_RUN_H
#define BROOD_RUN_RUN_H

#include "brood/run/image.h"
#include "brood/run/lock.h"
#include "brood/run/store.h"
#include "brood/util/limits.h"

#define BROOD_RUN_FILE          "run.h5"
#define BROOD_RUN_PREVIOUS_FILE "run.prev.h5"
#define BROOD_RUN_HALT          "halt"
#define BROOD_RUN_INFLIGHT      "inflight"
#define BROOD_RUN_FORMAT        "brood run"
#define BROOD_CHILD_FORMAT      "brood child"

typedef struct brood_run brood_run_t;

typedef enum {
    BROOD_RUN_NONE,    /* no run file: a new run */
    BROOD_RUN_NEWEST,  /* run.h5 is whole */
    BROOD_RUN_PREVIOUS /* run.h5 is broken or missing, run.prev.h5 is whole */
} brood_run_state_t;

/* ---- rank 0 ---- */

/* Reads the newest whole run file of a directory. Changes nothing on the disk, so that a start that is refused later
   leaves everything as it was. Only names that Brood owns are judged. BROOD_E_FORMAT: there are run files, but none is
   whole. BROOD_E_IO: one cannot be read (being whole or not, it is not to be replaced unseen). BROOD_E_MEMORY. */
brood_err_t brood_run_open(const brood_fs_t *fs, const char *dir, brood_run_t **run,
                           brood_run_state_t *state) BROOD_WARN_UNUSED;

/* Takes the run for this job, before anything is written: makes the directory, with those above it, takes the lock
   (brood_lock_take), removes what killed jobs left half-written (*.TOKEN.tmp), and lists the in-flight children.
   BROOD_E_LOCKED also when the run has been written since it was opened. After an error brood_run_close leaves the run
   as it was, and no directory that was made. */
brood_err_t brood_run_take(brood_run_t *run, const char *job, int64_t restart, const brood_life_t *life,
                           brood_holder_t *former) BROOD_WARN_UNUSED;

/* Gives the lock back. Of a run that was never saved, the directory goes, too. */
void brood_run_close(brood_run_t **run);

/* BROOD_RUN_PREVIOUS: what is wrong with run.h5, for the line that says where the job goes on; else "". */
const char *brood_run_damage(const brood_run_t *run);
/* The image read at opening (empty for a new run), until brood_run_drop_image. */
const brood_bytes_t *brood_run_image(const brood_run_t *run);
void                 brood_run_drop_image(brood_run_t *run);
/* Names this job: for brood_run_join. */
const char *brood_run_token(const brood_run_t *run);

/* Writes the next generation of run.h5. A run.h5 that was broken or missing at opening is not rotated over the good
   previous one. Errors as brood_image_write and brood_store_put; the last good file is untouched, and the same save may
   be tried again. *bytes (may be NULL): size written. */
brood_err_t brood_run_save(brood_run_t *run, const brood_fields_t *fields, int64_t *bytes) BROOD_WARN_UNUSED;

/* True when someone made a file (not a directory) `halt` in the directory. brood_run_consume_halt removes it. */
bool        brood_run_halt(const brood_run_t *run);
brood_err_t brood_run_consume_halt(brood_run_t *run) BROOD_WARN_UNUSED;

/* Episodes that had an in-flight file when the run was taken, rising. */
const int64_t *brood_run_inflight(const brood_run_t *run, int64_t *count);
/* The step at which such a child stands, as its file's trailer says; −1: unreadable. */
int64_t brood_run_inflight_step(const brood_run_t *run, int64_t episode);

/* The latest save holds these episodes' results: their in-flight files go, where the save may not outlive a crash
   (brood_store_put's durable) after the next one. Nothing depends on it, so nothing fails: what stays is cleared by the
   next job. */
void brood_run_forget(brood_run_t *run, const int64_t episodes[], int64_t count);

/* ---- every rank ---- */

/* The other ranks' part in a run that rank 0 has taken: in-flight files alone. */
brood_err_t brood_run_join(const brood_fs_t *fs, const char *dir, const char *token,
                           brood_run_t **run) BROOD_WARN_UNUSED;

/* Whose child it is: what a file must say to be taken up. */
typedef struct {
    char    run[BROOD_TOKEN_SIZE];           /* the run's own id */
    char    configuration[BROOD_TOKEN_SIZE]; /* hash of the frozen configuration */
    int64_t episode;
    char    architecture[BROOD_MAX_TEXT];
} brood_child_id_t;

/* How far it is. */
typedef struct {
    int64_t steps;  /* mini-batches of the child */
    int64_t worked; /* mini-batches worked on it, those that were lost and done again included */
    int64_t rank;   /* that saved it */
} brood_child_mark_t;

/* Writes inflight/EPISODE.h5 from the evaluator's fields. Errors as brood_run_save. */
brood_err_t brood_run_save_child(brood_run_t *run, const brood_child_id_t *id, const brood_child_mark_t *mark,
                                 const brood_fields_t *fields) BROOD_WARN_UNUSED;

/* Fills the fields of a child that has been begun. *found false: there is no file, or it is damaged or does not fit,
   which is said (BROOD_LOG_WARNING); the fields' memory is then unspecified, and the child to be begun again.
   BROOD_E_MEMORY. */
brood_err_t brood_run_load_child(brood_run_t *run, const brood_child_id_t *id, brood_child_mark_t *mark,
                                 const brood_fields_t *fields, bool *found) BROOD_WARN_UNUSED;

/* "HDF5 1.10.8, zlib 1.2.13": what writes the files. */
void brood_run_libraries(char *text, size_t size);

/* ---- analysis ---- */

/* Reads a run: of a run directory the newest whole file, looked for again where a rotation is under way, and said where
   it is not the newest (BROOD_LOG_WARNING); or the run file whose path that is. BROOD_E_IO: no run here, or unreadable.
   BROOD_E_FORMAT: there are run files, but none is whole. After an error *image is empty. */
brood_err_t brood_run_read(const brood_fs_t *fs, const char *path, brood_bytes_t *image,
                           uint64_t *generation) BROOD_WARN_UNUSED;

#endif
