/* One key: its values in YAML, in memory and in its table. Private to the configuration. */
#ifndef BROOD_UTIL_CONFIG_VALUE_H
#define BROOD_UTIL_CONFIG_VALUE_H

#include <stdio.h>
#include <yaml.h>

#include "brood/util/config.h"

size_t brood_config_value_size(brood_kind_t kind); /* bytes in memory */

/* Sets all of *value (what a list does not use is zero). BROOD_E_CONFIG: "found …, expected …", and *where is the node
   at fault. BROOD_E_BUG: the key's range cannot be read. */
brood_err_t brood_config_value_parse(const brood_key_t *key, yaml_document_t *document, yaml_node_t *node, void *value,
                                     const yaml_node_t **where) BROOD_WARN_UNUSED;

/* As YAML on one line, the same bytes for the same value. */
void brood_config_value_print(const brood_key_t *key, const void *value, FILE *out);

/* "a whole number, 1 .. 100", for messages and help; `text` holds BROOD_EXPECTED_SIZE bytes. */
#define BROOD_EXPECTED_SIZE 512
void brood_config_expected(const brood_key_t *key, char *text);

/* What the pieces of a value share. ----------------------------------------------------------------------------------
 */

bool brood_config_has_tag(const yaml_node_t *node); /* an explicit one, such as !!int: none is understood */
/* The text of a plain scalar without an explicit tag; NULL for anything else, and for a text with a NUL in it. */
const char *brood_config_plain(const yaml_node_t *node);
/* The same, quoted or not. */
const char *brood_config_scalar(const yaml_node_t *node);
/* Fails with "found NODE, expected …" of that key. */
brood_err_t brood_config_mismatch(const brood_key_t *key, const yaml_node_t *node) BROOD_WARN_UNUSED;
brood_err_t brood_config_found(const brood_key_t *key, const char *format, ...) BROOD_PRINTF(2, 3) BROOD_WARN_UNUSED;

/* Whether a value lies in range "1 .. 10", "(0 .. 1]", "0 .." or NULL (everything does). BROOD_E_BUG: no such range. */
brood_err_t brood_config_in_range(const brood_key_t *key, double value, bool *within) BROOD_WARN_UNUSED;
brood_err_t brood_config_integer_in_range(const brood_key_t *key, int64_t value, bool *within) BROOD_WARN_UNUSED;

/* The range as people read it: a duration's with units. "" where there is none. */
void brood_config_range_print(const brood_key_t *key, char *text, size_t size);

/* The word of "adam | sgd" at `index`, its length in *length; NULL beyond the last. */
const char *brood_config_word(const char *range, int32_t index, size_t *length);

/* BROOD_KEY_CHOICES, _SIZES and _TEXTS; the same contracts as the general ones. */
brood_err_t brood_config_choices_parse(const brood_key_t *key, yaml_document_t *document, yaml_node_t *node,
                                       brood_choices_t *choices, const yaml_node_t **where) BROOD_WARN_UNUSED;
void        brood_config_choices_print(const brood_choices_t *choices, FILE *out);
brood_err_t brood_config_texts_parse(const brood_key_t *key, yaml_document_t *document, yaml_node_t *node,
                                     brood_texts_t *texts, const yaml_node_t **where) BROOD_WARN_UNUSED;
void        brood_config_texts_print(const brood_texts_t *texts, FILE *out);

/* One text of at most size − 1 bytes, none of them a control character, some of them no blank. */
brood_err_t brood_config_text_parse(const brood_key_t *key, const yaml_node_t *node, char *text,
                                    size_t size) BROOD_WARN_UNUSED;
void        brood_config_text_print(const char *text, FILE *out);

#endif
