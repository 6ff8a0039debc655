/* What the tests of a run save: a number, and a child that has trained so many steps. */
#ifndef TESTS_RUN_CONTENT_H
#define TESTS_RUN_CONTENT_H

#include "brood/run/run.h"

/* No process and no job lives: each start takes over. */
extern const brood_life_t content_nobody_lives;

typedef struct {
    int64_t        number;
    brood_fields_t fields; /* one: the number */
} content_t;

void content_init(content_t *content, int64_t number);
void content_fini(content_t *content);

/* The number as the next generation of a run. */
brood_err_t content_save(brood_run_t *run, int64_t number);
/* That of an image, or −1 and brood_message. */
int64_t content_number(const brood_bytes_t *image);

/* The child of an episode in this run: the same for the same episode. */
brood_child_id_t content_child(int64_t episode);
/* A child's number is 1000 steps + episode. */
brood_err_t content_save_child(brood_run_t *run, int64_t episode, int64_t steps);
/* The steps at which brood_run_load_child takes it up; −1: begun afresh; −2: an error, or content of another's. */
int64_t content_load_child(brood_run_t *run, int64_t episode);

#endif
