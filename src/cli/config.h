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

#define CONFIG_SECTIONS 8

/* The tables, filling `config` (NULL: tables only). */
void config_sections(config_t *config, brood_section_t sections[CONFIG_SECTIONS]);

#endif
