#include "config.h"

void config_sections(config_t *config, brood_section_t sections[CONFIG_SECTIONS]) {
    int64_t n = 0;
#define SECTION(table, member)                                                                                         \
    sections[n++] = (brood_section_t){brood_##table##_keys, brood_##table##_key_count, config ? &config->member : NULL}
    SECTION(search, search);
    SECTION(math, math);
    SECTION(data, data);
    SECTION(space, space);
    SECTION(child, child);
    SECTION(policy, reinforce.policy);
    SECTION(reinforce, reinforce);
    SECTION(sched, sched);
#undef SECTION
}
