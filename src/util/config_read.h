/* From YAML into a table. Private to the configuration. */
#ifndef BROOD_UTIL_CONFIG_READ_H
#define BROOD_UTIL_CONFIG_READ_H

#include "config_table.h"

/* Sets every key to its default. BROOD_E_BUG: a default that the key itself refuses. */
brood_err_t brood_config_table_defaults(brood_config_table_t *table) BROOD_WARN_UNUSED;
/* Sets what the text names. Errors as brood_config_read_text's. */
brood_err_t brood_config_table_read(brood_config_table_t *table, const char *name, const char *text,
                                    size_t size) BROOD_WARN_UNUSED;

#endif
