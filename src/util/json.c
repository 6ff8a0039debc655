#include "brood/util/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/flush.h"
#include "brood/util/number.h"
#include "brood/util/utf8.h"

static _Noreturn void misused(const char *what) {
    fprintf(stderr, "brood: internal error: JSON: %s\n", what);
    abort();
}

static void write_text(FILE *out, const char *text) {
    size_t left = strlen(text);
    fputc('"', out);
    while (left > 0) {
        uint32_t character;
        size_t   length = brood_utf8_next(text, left, &character);
        if (length == 0)
            fputs("\xEF\xBF\xBD", out);
        else if (character == '"' || character == '\\')
            fprintf(out, "\\%c", (char)character);
        else if (character == '\n')
            fputs("\\n", out);
        else if (character == '\t')
            fputs("\\t", out);
        else if (character < 0x20)
            fprintf(out, "\\u%04" PRIx32, character);
        else
            fwrite(text, 1, length, out);
        length = length ? length : 1;
        text += length;
        left -= length;
    }
    fputc('"', out);
}

/* What stands before a value: a comma, and its name. */
static void begin_value(brood_json_t *json, const char *name) {
    if (json->depth == 0) {
        if (name) misused("a name at the top");
        return;
    }
    bool in_array = json->level[json->depth - 1].is_array;
    if (in_array != !name) misused(in_array ? "a name in an array" : "no name in an object");
    if (json->level[json->depth - 1].has_members) fputs(", ", json->out);
    json->level[json->depth - 1].has_members = true;
    if (!name) return;
    write_text(json->out, name);
    fputs(": ", json->out);
}

static void begin_level(brood_json_t *json, const char *name, bool is_array) {
    begin_value(json, name);
    if (json->depth == BROOD_JSON_DEPTH) misused("nested too deep");
    json->level[json->depth].is_array = is_array;
    json->level[json->depth].has_members = false;
    json->depth++;
    fputc(is_array ? '[' : '{', json->out);
}

static void end_level(brood_json_t *json, bool is_array) {
    if (json->depth == 0 || json->level[json->depth - 1].is_array != is_array) misused("an end that does not fit");
    json->depth--;
    fputc(is_array ? ']' : '}', json->out);
}

void brood_json_init(brood_json_t *json, FILE *out) {
    *json = (brood_json_t){.out = out};
}

void brood_json_begin_object(brood_json_t *json, const char *name) {
    begin_level(json, name, false);
}

void brood_json_end_object(brood_json_t *json) {
    end_level(json, false);
}

void brood_json_begin_array(brood_json_t *json, const char *name) {
    begin_level(json, name, true);
}

void brood_json_end_array(brood_json_t *json) {
    end_level(json, true);
}

void brood_json_text(brood_json_t *json, const char *name, const char *value) {
    begin_value(json, name);
    write_text(json->out, value);
}

void brood_json_integer(brood_json_t *json, const char *name, int64_t value) {
    begin_value(json, name);
    fprintf(json->out, "%" PRId64, value);
}

void brood_json_real(brood_json_t *json, const char *name, double value) {
    if (!isfinite(value)) {
        brood_json_null(json, name);
        return;
    }
    char text[BROOD_REAL_SIZE];
    brood_real_print(value, text);
    begin_value(json, name);
    fputs(text, json->out);
}

void brood_json_bool(brood_json_t *json, const char *name, bool value) {
    begin_value(json, name);
    fputs(value ? "true" : "false", json->out);
}

void brood_json_null(brood_json_t *json, const char *name) {
    begin_value(json, name);
    fputs("null", json->out);
}

brood_err_t brood_json_finish(brood_json_t *json) {
    if (json->depth != 0) misused("finished too early");
    fputc('\n', json->out);
    return brood_flush(json->out, "the JSON");
}
