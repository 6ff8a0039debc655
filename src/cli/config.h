/* The configuration of the whole program: every room's struct and table of keys put together. */
#ifndef BROOD_SRC_CLI_CONFIG_H
#define BROOD_SRC_CLI_CONFIG_H

#include "brood/child/evaluator.h"
#include "brood/sched/sched.h"
#include "brood/search/search.h"

typedef struct {
    brood_math_config_t      math;
    brood_search_config_t    search;
    brood_data_config_t      data;
    brood_space_config_t     space;
    brood_child_config_t     child;
    brood_reinforce_config_t reinforce;
    brood_sched_config_t     sched;
} config_t;

/* X(table of keys, the struct that it fills) */
#define CONFIG_TABLES(X)                                                                                               \
    X(search, search)                                                                                                  \
    X(math, math)                                                                                                      \
    X(data, data)                                                                                                      \
    X(space, space)                                                                                                    \
    X(child, child)                                                                                                    \
    X(policy, reinforce.policy)                                                                                        \
    X(reinforce, reinforce)                                                                                            \
    X(sched, sched)
#define CONFIG_COUNT(table, member) +1
enum { CONFIG_SECTIONS = CONFIG_TABLES(CONFIG_COUNT) };

/* The tables, filling `config` (NULL: tables only). */
void config_sections(config_t *config, brood_section_t sections[CONFIG_SECTIONS]);

/* Where a run file keeps the completed configuration of its last job, all keys, and that of the frozen ones. */
#define CONFIG_KEPT   "/clock/configuration"
#define CONFIG_FROZEN "/config/frozen"

/* The configuration that a run file keeps, with `set` (NULL: nothing) on top; `name` stands for it in messages. */
brood_err_t config_read_kept(const char *name, const brood_bytes_t *image, const char *const set[],
                             config_t *config) BROOD_WARN_UNUSED;

/* What evaluators see that need no images: shapes decide about sizes and flops. */
extern const brood_data_shape_t config_nominal_shape;

/* /config/data_*: of the images, what a child's time is computed from. For writing a run file and for reading one. */
void config_shape_fields(brood_data_shape_t *shape, brood_fields_t *fields);

/* "60000 images of 28 x 28 x 1 in 10 classes: …": what a data set was understood to hold. `all`: as of
   brood_child_trains_on_all. */
void config_images_print(const brood_data_shape_t *shape, bool all, char *text, size_t size);
/* To the log: what makes accuracies worthless and is known from the shape. */
void config_images_warn(const brood_data_shape_t *shape, bool all);

/* What a search is made from. */
brood_search_setup_t config_search_setup(const config_t *config, const brood_space_t *space, bool retrain);

#endif
