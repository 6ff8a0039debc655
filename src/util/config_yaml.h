/* From bytes to libyaml's document, whose nodes know their line and column. Private to the configuration. */
#ifndef BROOD_UTIL_CONFIG_YAML_H
#define BROOD_UTIL_CONFIG_YAML_H

#include <yaml.h>

#include "brood/util/error.h"

/* One document, the caller's to delete; a text without one makes a document without a root. BROOD_E_CONFIG: no YAML, no
   UTF-8, a NUL, nested beyond reason, more than one document; the message says what, `where` at which line and column.
   BROOD_E_MEMORY. There is no document then. */
brood_err_t brood_config_yaml_load(const char *text, size_t size, yaml_document_t *document,
                                   yaml_mark_t *where) BROOD_WARN_UNUSED;

#endif
