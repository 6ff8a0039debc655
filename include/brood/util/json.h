/* JSON written (RFC 8259), for --json: one document on one line, straight to a stream. Nothing is kept but how deep it
   is nested. A caller who wants it in memory opens the stream with open_memstream. */
#ifndef BROOD_UTIL_JSON_H
#define BROOD_UTIL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "brood/util/error.h"

#define BROOD_JSON_DEPTH 16

typedef struct {
    FILE *out;
    int   depth;
    struct {
        bool is_array, has_members;
    } level[BROOD_JSON_DEPTH];
} brood_json_t;

void brood_json_init(brood_json_t *json, FILE *out); /* `out` stays the caller's */

/* In an object every value has a name, in an array and at the top none (NULL): anything else, and an end that does not
   fit, is an error of the program and aborts with a message. */
void brood_json_begin_object(brood_json_t *json, const char *name);
void brood_json_end_object(brood_json_t *json);
void brood_json_begin_array(brood_json_t *json, const char *name);
void brood_json_end_array(brood_json_t *json);

void brood_json_text(brood_json_t *json, const char *name, const char *value); /* bytes that are no UTF-8: U+FFFD */
void brood_json_integer(brood_json_t *json, const char *name, int64_t value);
void brood_json_real(brood_json_t *json, const char *name, double value); /* NaN, infinities: null */
void brood_json_bool(brood_json_t *json, const char *name, bool value);
void brood_json_null(brood_json_t *json, const char *name);

/* The newline behind it, flushed. BROOD_E_FULL or BROOD_E_IO: not all could be written. */
brood_err_t brood_json_finish(brood_json_t *json) BROOD_WARN_UNUSED;

#endif
