#include "config_yaml.h"

#include <stdbool.h>
#include <string.h>

#define MAX_NESTING 16

/* The place of the byte at `offset`. */
static yaml_mark_t mark_at(const char *text, size_t size, size_t offset) {
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < size && i < offset; i++) {
        mark.index++;
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)text[i] & 0xC0u) != 0x80u) { /* a column is a character, not a byte */
            mark.column++;
        }
    }
    return mark;
}

static brood_err_t yaml_error(const yaml_parser_t *parser, const char *text, size_t size, yaml_mark_t *where) {
    switch (parser->error) {
    case YAML_MEMORY_ERROR:
    case YAML_NO_ERROR: /* libyaml does not note every allocation that failed */
        return brood_fail(BROOD_E_MEMORY, "no memory to read the YAML");
    case YAML_READER_ERROR:
        *where = mark_at(text, size, parser->problem_offset);
        return brood_fail(BROOD_E_CONFIG, "no YAML: %s", parser->problem);
    default:
        *where = parser->problem_mark;
        return brood_fail(BROOD_E_CONFIG, "no YAML: %s%s%s", parser->problem ? parser->problem : "",
                          parser->context ? ", " : "", parser->context ? parser->context : "");
    }
}

static brood_err_t parser_init(yaml_parser_t *parser, const char *text, size_t size) {
    if (!yaml_parser_initialize(parser)) return brood_fail(BROOD_E_MEMORY, "no memory to read the YAML");
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)text, size);
    return BROOD_OK;
}

static int nesting_step(yaml_event_type_t type) {
    switch (type) {
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return 1;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return -1;
    default:
        return 0;
    }
}

/* libyaml's time grows with the square of the nesting: minutes over a few hundred KiB of brackets. Its events tell the
   depth as it comes, and this stops in time. */
static brood_err_t check_nesting(const char *text, size_t size, yaml_mark_t *where) {
    yaml_parser_t parser;
    brood_err_t   err = parser_init(&parser, text, size);
    if (err != BROOD_OK) return err;
    bool ended = false;
    for (int depth = 0; err == BROOD_OK && !ended;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            err = yaml_error(&parser, text, size, where);
            break;
        }
        depth += nesting_step(event.type);
        ended = event.type == YAML_STREAM_END_EVENT;
        if (depth > MAX_NESTING) {
            *where = event.start_mark;
            err = brood_fail(BROOD_E_CONFIG, "found brackets or indents nested %d deep, expected at most %d", depth,
                             MAX_NESTING);
        }
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return err;
}

static brood_err_t check_single(yaml_parser_t *parser, const char *text, size_t size, yaml_mark_t *where) {
    yaml_document_t second;
    if (!yaml_parser_load(parser, &second)) return yaml_error(parser, text, size, where);
    bool found = yaml_document_get_root_node(&second) != NULL;
    *where = second.start_mark;
    yaml_document_delete(&second);
    return found ? brood_fail(BROOD_E_CONFIG, "found a second YAML document, expected one") : BROOD_OK;
}

brood_err_t brood_config_yaml_load(const char *text, size_t size, yaml_document_t *document, yaml_mark_t *where) {
    yaml_parser_t parser;
    const char   *nul = memchr(text, '\0', size);
    *where = (yaml_mark_t){0};
    if (nul) {
        *where = mark_at(text, size, (size_t)(nul - text));
        return brood_fail(BROOD_E_CONFIG, "found a NUL byte, expected YAML in UTF-8");
    }
    brood_err_t err = check_nesting(text, size, where);
    if (err != BROOD_OK) return err;
    err = parser_init(&parser, text, size);
    if (err != BROOD_OK) return err;
    if (!yaml_parser_load(&parser, document)) {
        err = yaml_error(&parser, text, size, where);
    } else if (yaml_document_get_root_node(document)) {
        err = check_single(&parser, text, size, where);
        if (err != BROOD_OK) yaml_document_delete(document);
    }
    yaml_parser_delete(&parser);
    return err;
}
