/* All keys of several tables, sorted by path. Private to the configuration. */
#ifndef BROOD_UTIL_CONFIG_TABLE_H
#define BROOD_UTIL_CONFIG_TABLE_H

#include "brood/util/config.h"

typedef struct {
    const brood_key_t *key;
    void              *value; /* in the room's struct; NULL where the section has none */
    size_t             given; /* line + 1 where the text being read gives it; 0: not yet */
} brood_config_entry_t;

typedef struct {
    brood_config_entry_t *entry;
    int64_t               count;
} brood_config_table_t;

/* BROOD_E_MEMORY. BROOD_E_BUG: two tables declare the same path, or one a section that is another's key. */
brood_err_t brood_config_table_init(brood_config_table_t *table, const brood_section_t sections[],
                                    int64_t n) BROOD_WARN_UNUSED;
void        brood_config_table_fini(brood_config_table_t *table);

brood_config_entry_t *brood_config_table_find(const brood_config_table_t *table, const char *path);
/* Whether keys lie below `path`; "" is the root. */
bool brood_config_table_has_section(const brood_config_table_t *table, const char *path);
/* The key or section nearest to a misspelt one, in edits; "" when none is near. */
#define BROOD_PATH_SIZE 128 /* bytes of a key's path, its NUL included */
void brood_config_table_nearest(const brood_config_table_t *table, const char *path, char nearest[BROOD_PATH_SIZE]);

#endif
