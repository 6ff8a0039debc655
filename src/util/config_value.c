/* Values of one key, and the kinds that are one scalar. */
#include "config_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "brood/util/duration.h"
#include "brood/util/number.h"
#include "brood/util/quote.h"
#include "brood/util/utf8.h"

size_t brood_config_value_size(brood_kind_t kind) {
    switch (kind) {
    case BROOD_KEY_INTEGER:
        return sizeof(int64_t);
    case BROOD_KEY_REAL:
    case BROOD_KEY_DURATION:
        return sizeof(double);
    case BROOD_KEY_BOOL:
        return sizeof(bool);
    case BROOD_KEY_WORD:
        return sizeof(int32_t);
    case BROOD_KEY_TEXT:
        return BROOD_MAX_PATH;
    case BROOD_KEY_CHOICES:
    case BROOD_KEY_SIZES:
        return sizeof(brood_choices_t);
    case BROOD_KEY_TEXTS:
        return sizeof(brood_texts_t);
    }
    return 0;
}

#define TEXT_(number) #number
#define TEXT(number)  TEXT_(number)

void brood_config_expected(const brood_key_t *key, char *text) {
    static const char *const what[] = {
        [BROOD_KEY_INTEGER] = "a whole number",
        [BROOD_KEY_REAL] = "a decimal number",
        [BROOD_KEY_BOOL] = "true or false",
        [BROOD_KEY_WORD] = "", /* its range says all */
        [BROOD_KEY_TEXT] = "a text, or ~ for none",
        [BROOD_KEY_DURATION] = "a duration such as 0.2 s, 5 min or 3h50m",
        [BROOD_KEY_CHOICES] =
            "whole numbers (a list of up to " TEXT(BROOD_MAX_CHOICES) ", one value, or {from, to[, step]})",
        [BROOD_KEY_SIZES] =
            "sizes such as 3 or 5x3 (a list of up to " TEXT(BROOD_MAX_CHOICES) ", one value, or {from, to[, step]})",
        [BROOD_KEY_TEXTS] = "a list of texts",
    };
    char range[BROOD_EXPECTED_SIZE / 2];
    brood_config_range_print(key, range, sizeof range);
    snprintf(text, BROOD_EXPECTED_SIZE, "%s%s%s", what[key->kind], what[key->kind][0] && range[0] ? ", " : "", range);
}

brood_err_t brood_config_found(const brood_key_t *key, const char *format, ...) {
    char    found[256], expected[BROOD_EXPECTED_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    brood_config_expected(key, expected);
    return brood_fail(BROOD_E_CONFIG, "found %s, expected %s", found, expected);
}

static bool is_plain(const yaml_node_t *node) {
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

bool brood_config_has_tag(const yaml_node_t *node) {
    const char *untagged = node->type == YAML_SCALAR_NODE     ? YAML_DEFAULT_SCALAR_TAG
                           : node->type == YAML_SEQUENCE_NODE ? YAML_DEFAULT_SEQUENCE_TAG
                                                              : YAML_DEFAULT_MAPPING_TAG;
    return node->tag && strcmp((const char *)node->tag, untagged) != 0;
}

const char *brood_config_scalar(const yaml_node_t *node) {
    if (node->type != YAML_SCALAR_NODE || brood_config_has_tag(node)) return NULL;
    const char *text = (const char *)node->data.scalar.value;
    return strlen(text) == node->data.scalar.length ? text : NULL;
}

const char *brood_config_plain(const yaml_node_t *node) {
    return is_plain(node) ? brood_config_scalar(node) : NULL;
}

brood_err_t brood_config_mismatch(const brood_key_t *key, const yaml_node_t *node) {
    char quoted[BROOD_QUOTE_SIZE];
    if (brood_config_has_tag(node))
        return brood_config_found(key, "the tag %s", brood_quote((const char *)node->tag, quoted));
    if (node->type == YAML_SEQUENCE_NODE) return brood_config_found(key, "a list");
    if (node->type == YAML_MAPPING_NODE) return brood_config_found(key, "a mapping");
    if (is_plain(node) && node->data.scalar.length == 0) return brood_config_found(key, "nothing");
    brood_quote_bytes((const char *)node->data.scalar.value, node->data.scalar.length, quoted);
    bool reads_quotes = key->kind == BROOD_KEY_WORD || key->kind == BROOD_KEY_TEXT || key->kind == BROOD_KEY_TEXTS ||
                        key->kind == BROOD_KEY_DURATION;
    return brood_config_found(key, "%s%s", quoted, is_plain(node) || reads_quotes ? "" : " in quotes");
}

static brood_err_t parse_integer(const brood_key_t *key, const yaml_node_t *node, int64_t *value) {
    const char *text = brood_config_plain(node);
    bool        within;
    if (!text || brood_integer_parse(text, value) != BROOD_OK) return brood_config_mismatch(key, node);
    brood_err_t err = brood_config_integer_in_range(key, *value, &within);
    if (err != BROOD_OK) return err;
    return within ? BROOD_OK : brood_config_mismatch(key, node);
}

static brood_err_t parse_real(const brood_key_t *key, const yaml_node_t *node, double *value) {
    bool        duration = key->kind == BROOD_KEY_DURATION, within;
    const char *text = duration ? brood_config_scalar(node) : brood_config_plain(node);
    if (!text) return brood_config_mismatch(key, node);
    brood_err_t err = duration ? brood_duration_parse(text, value) : brood_real_parse(text, value);
    if (err != BROOD_OK) return brood_config_mismatch(key, node);
    if (*value == 0) *value = 0; /* -0 is 0: one text for one value */
    err = brood_config_in_range(key, *value, &within);
    if (err != BROOD_OK) return err;
    return within ? BROOD_OK : brood_config_mismatch(key, node);
}

static brood_err_t parse_bool(const brood_key_t *key, const yaml_node_t *node, bool *value) {
    const char *text = brood_config_plain(node);
    *value = text && !strcmp(text, "true");
    return *value || (text && !strcmp(text, "false")) ? BROOD_OK : brood_config_mismatch(key, node);
}

static brood_err_t parse_word(const brood_key_t *key, const yaml_node_t *node, int32_t *value) {
    const char *text = brood_config_scalar(node), *word;
    size_t      length;
    if (!key->range) return brood_fail(BROOD_E_BUG, "%s: its table has no words", key->path);
    for (int32_t i = 0; text && (word = brood_config_word(key->range, i, &length)); i++) {
        if (strlen(text) != length || strncmp(text, word, length) != 0) continue;
        *value = i;
        return BROOD_OK;
    }
    return brood_config_mismatch(key, node);
}

/* Line breaks (U+2028 and U+2029 are some to YAML) and other control characters, which no message and no run file
   should have to carry; U+FEFF, U+FFFE, U+FFFF, which YAML files do not. */
static bool is_control(uint32_t character) {
    return character < 0x20 || (character >= 0x7F && character < 0xA0) || character == 0x2028 || character == 0x2029 ||
           character == 0xFEFF || character == 0xFFFE || character == 0xFFFF;
}

brood_err_t brood_config_text_parse(const brood_key_t *key, const yaml_node_t *node, char *text, size_t size) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    const char              *read = brood_config_scalar(node);
    if (!read) return brood_config_mismatch(key, node);
    for (size_t i = 0; is_plain(node) && i < sizeof nulls / sizeof *nulls; i++)
        if (!strcmp(read, nulls[i])) return brood_config_mismatch(key, node);
    size_t length = strlen(read);
    if (length == strspn(read, " ")) return brood_config_found(key, "a blank text");
    if (length >= size) return brood_config_found(key, "a text of %zu bytes (%zu are the most)", length, size - 1);
    for (size_t i = 0, step; i < length; i += step) {
        uint32_t character;
        step = brood_utf8_next(read + i, length - i, &character);
        if (step == 0 || is_control(character))
            return brood_config_found(key, "a line break or control character at byte %zu of the text", i + 1);
    }
    memcpy(text, read, length + 1);
    return BROOD_OK;
}

/* In double quotes, so that no text is taken for a number, a null or the begin of a list. */
void brood_config_text_print(const char *text, FILE *out) {
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static brood_err_t parse_optional_text(const brood_key_t *key, const yaml_node_t *node, char *text) {
    const char *plain = brood_config_plain(node);
    if (plain && !strcmp(plain, "~")) return BROOD_OK; /* "", as cleared */
    return brood_config_text_parse(key, node, text, BROOD_MAX_PATH);
}

brood_err_t brood_config_value_parse(const brood_key_t *key, yaml_document_t *document, yaml_node_t *node, void *value,
                                     const yaml_node_t **where) {
    memset(value, 0, brood_config_value_size(key->kind));
    *where = node;
    switch (key->kind) {
    case BROOD_KEY_INTEGER:
        return parse_integer(key, node, value);
    case BROOD_KEY_REAL:
    case BROOD_KEY_DURATION:
        return parse_real(key, node, value);
    case BROOD_KEY_BOOL:
        return parse_bool(key, node, value);
    case BROOD_KEY_WORD:
        return parse_word(key, node, value);
    case BROOD_KEY_TEXT:
        return parse_optional_text(key, node, value);
    case BROOD_KEY_CHOICES:
    case BROOD_KEY_SIZES:
        return brood_config_choices_parse(key, document, node, value, where);
    case BROOD_KEY_TEXTS:
        return brood_config_texts_parse(key, document, node, value, where);
    }
    return brood_fail(BROOD_E_BUG, "%s: its table has no such kind", key->path);
}

void brood_config_value_print(const brood_key_t *key, const void *value, FILE *out) {
    char   number[64];
    size_t length = 0;
    switch (key->kind) {
    case BROOD_KEY_INTEGER:
        fprintf(out, "%" PRId64, *(const int64_t *)value);
        break;
    case BROOD_KEY_REAL:
        brood_real_print(*(const double *)value, number);
        fputs(number, out);
        break;
    case BROOD_KEY_DURATION:
        brood_duration_print(*(const double *)value, number, sizeof number);
        fputs(number, out);
        break;
    case BROOD_KEY_BOOL:
        fputs(*(const bool *)value ? "true" : "false", out);
        break;
    case BROOD_KEY_WORD: {
        const char *word = brood_config_word(key->range, *(const int32_t *)value, &length);
        fprintf(out, "%.*s", (int)length, word ? word : "");
        break;
    }
    case BROOD_KEY_TEXT:
        if (*(const char *)value)
            brood_config_text_print(value, out);
        else
            fputc('~', out);
        break;
    case BROOD_KEY_CHOICES:
    case BROOD_KEY_SIZES:
        brood_config_choices_print(value, out);
        break;
    case BROOD_KEY_TEXTS:
        brood_config_texts_print(value, out);
        break;
    }
}
