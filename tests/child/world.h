/* A small world for the tests of the evaluators: images of 8x8 pixels that a child can learn, a space for them, and a
   configuration as the keys' defaults make it. */
#ifndef BROOD_TESTS_CHILD_WORLD_H
#define BROOD_TESTS_CHILD_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "brood/child/evaluator.h"

enum { WORLD_SIDE = 8, WORLD_CLASSES = 4, WORLD_VALIDATION = 50, WORLD_TRAIN = 130, WORLD_TEST = 34 };

typedef struct {
    brood_child_config_t    config;
    brood_space_config_t    space_config;
    brood_space_t          *space;
    brood_math_t           *math;
    uint8_t                 pixels[WORLD_VALIDATION + WORLD_TRAIN + WORLD_TEST][WORLD_SIDE * WORLD_SIDE];
    uint8_t                 labels[WORLD_VALIDATION + WORLD_TRAIN + WORLD_TEST];
    brood_data_t            data;
    brood_evaluator_setup_t setup;
} world_t;

/* Defaults, then each "key=value". The images' class is the quadrant that is bright. */
void world_create(world_t *world, const char *const set[]);
void world_destroy(world_t *world);
bool world_has_path(brood_isa_t isa);

/* Architectures of the world's space, with every kind of layer. */
#define SMALL "3,4,1,2,20; 5,8,1,1,0"
#define OTHER "5,8,1,1,0; 3,8,1,2,20"

/* One child from begin to end; the result's curve is the evaluator's. Checks that `remaining` counts down by one. */
brood_result_t run_child(const brood_evaluator_t *evaluator, void *self, int64_t episode, const char *text,
                         const double *threshold);
void           begin_child(const brood_evaluator_t *evaluator, void *self, int64_t episode, const char *text);
brood_result_t go_on(const brood_evaluator_t *evaluator, void *self, int64_t steps_done);

void *create_evaluator(const brood_evaluator_t *evaluator, const brood_evaluator_setup_t *setup);

/* Of everything that a child's file would hold. */
uint64_t hash_child(const brood_evaluator_t *evaluator, void *self);

/* Begins `episode` in `to`, and loads it with what `from` holds of it. */
void hand_over(const brood_evaluator_t *evaluator, void *from, void *to, int64_t episode, const char *text);

/* An evaluator that is handed over after every step, at each to a new one which has trained another child before, ends
   with the state of one that ran undisturbed. */
void check_every_step_can_be_resumed(const brood_evaluator_t *evaluator, const brood_evaluator_setup_t *setup,
                                     const double *threshold);

/* After every step, counters that contradict each other or are out of range are refused. `free_counter` is bound by its
 * range alone. */
void check_contradictions_are_refused(const brood_evaluator_t *evaluator, const brood_evaluator_setup_t *setup,
                                      const char *free_counter);

#endif
