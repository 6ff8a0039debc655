/* Configuration: the mechanism. Each room declares a struct and its table of keys side by side; reading, --set, the
   printed configuration, `brood help keys`, docs/configuration.md and the check on resuming all come from the tables.
 */
#ifndef BROOD_UTIL_CONFIG_H
#define BROOD_UTIL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "brood/util/error.h"
#include "brood/util/limits.h"

/*                       in memory               what is written
   BROOD_KEY_INTEGER     int64_t                 a whole number
   BROOD_KEY_REAL        double                  a finite decimal number
   BROOD_KEY_BOOL        bool                    true | false
   BROOD_KEY_WORD        int32_t                 one of the words of `range`; in memory the index of the word
   BROOD_KEY_TEXT        char[BROOD_MAX_PATH]    any text without control characters; `~` stands for none, "" in memory
   BROOD_KEY_DURATION    double, seconds         5 min, 0.2s, 3h50m, D-HH:MM:SS, …: brood_duration_parse
   BROOD_KEY_CHOICES     brood_choices_t         [1, 3, 5], one value, or {from: 1, to: 9, step: 2} (step left out: 1)
   BROOD_KEY_SIZES       brood_choices_t         the same, where a choice may also be HEIGHTxWIDTH: [3, 5x3]; 5x5 is 5
   BROOD_KEY_TEXTS       brood_texts_t           a list of texts, or one text; [] is none
   Numbers and true | false in quotes are refused; words, durations and texts may be quoted. */
typedef enum {
    BROOD_KEY_INTEGER,
    BROOD_KEY_REAL,
    BROOD_KEY_BOOL,
    BROOD_KEY_WORD,
    BROOD_KEY_TEXT,
    BROOD_KEY_DURATION,
    BROOD_KEY_CHOICES,
    BROOD_KEY_SIZES,
    BROOD_KEY_TEXTS
} brood_kind_t;

/* The choices of one hyperparameter, in the order written. `width` equals `value` except in sizes such as 5x3 (value 5,
 * width 3). */
typedef struct {
    int64_t count;
    int32_t value[BROOD_MAX_CHOICES], width[BROOD_MAX_CHOICES];
} brood_choices_t;

typedef struct {
    int64_t count;
    char    text[BROOD_MAX_TEXTS][BROOD_MAX_TEXT];
} brood_texts_t;

typedef struct {
    const char  *path; /* "run.round" */
    brood_kind_t kind;
    size_t       offset;   /* of the member in the room's struct */
    bool         frozen;   /* content depends on it: a run's own value can't change */
    const char  *standard; /* default, as one would write it in YAML */
    const char  *other;    /* a second valid value, which a generated test sets to see that the key is obeyed */
    const char  *range;    /* "1 .. 1000000", "0 ..", "(0 .. 1]" for an open end; of a duration "0.1 s .. 1 d", or
                              seconds; of choices it holds for each. Words: "adam | sgd". NULL: any */
    const char *unit;      /* "images", "bytes", …, or NULL */
    const char *help;      /* what it is: one line */
    const char *effect;    /* what more or less of it does, and when to change it: one or two sentences */
} brood_key_t;

typedef struct {
    const brood_key_t *keys;
    int64_t            count;
    void              *into; /* the room's struct; may be NULL where only the table is read (help) */
} brood_section_t;

#define BROOD_MAX_CONFIG (64 * 1024) /* bytes of a configuration file; larger ones are refused unread */

/* Sets every key to its default, then reads `file` (NULL: none), then each "key=value" of the NULL-terminated `set`
   (NULL: none; the value is YAML). What is not given stands at its default, and bytes that a value does not use are
   zero. Sections are mappings ("run: {round: 4}"; "run.round: 4" is read too), and aliases stand for what they name.
   Every message begins with its place, "FILE:LINE:COLUMN: KEY: " or "--set KEY: ", and goes on "found …, expected …".
   BROOD_E_IO: unreadable. BROOD_E_USAGE: a set without "=". BROOD_E_CONFIG: larger than BROOD_MAX_CONFIG, not YAML or
   not UTF-8, several documents, unknown key (with the nearest known one), a key twice in the file or in `set`, wrong
   type, out of range. BROOD_E_BUG: a table whose own default or range is wrong. BROOD_E_MEMORY. The structs are then
   unspecified. */
brood_err_t brood_config_read(const char *file, const char *const set[], const brood_section_t sections[],
                              int64_t n) BROOD_WARN_UNUSED;

/* Defaults, then a text of any size (the configuration that a run keeps), then `set` as above; `name` stands where a
   message would name the file. */
brood_err_t brood_config_read_text(const char *name, const char *text, const char *const set[],
                                   const brood_section_t sections[], int64_t n) BROOD_WARN_UNUSED;

/* The completed configuration as YAML: keys sorted by path, one a line below its section, the same bytes for the same
   values. Reads back to the same structs. *yaml is malloc'ed; NULL on an error (BROOD_E_MEMORY, BROOD_E_BUG). */
brood_err_t brood_config_text(const brood_section_t sections[], int64_t n, bool frozen_only,
                              char **yaml) BROOD_WARN_UNUSED;

/* Compares the frozen keys with those of `yaml_of_run` (made by brood_config_text; a key it lacks had its default).
   BROOD_E_CONFIG: the message lists every key that differs, a line each, with both values, long ones cut to where they
   differ; or yaml_of_run names a key that is not known here. BROOD_E_MEMORY. */
brood_err_t brood_config_check(const brood_section_t sections[], int64_t n, const char *yaml_of_run) BROOD_WARN_UNUSED;

/* The keys for people, section by section as the tables name them: for a terminal (`brood help keys`) or as the
   Markdown of docs/configuration.md. `only`: those of one section ("run") or one key ("run.lag"); NULL: all.
   BROOD_E_USAGE: it names none (with the nearest known one). */
brood_err_t brood_config_help(const brood_section_t sections[], int64_t n, const char *only, bool markdown,
                              FILE *out) BROOD_WARN_UNUSED;

/* The key whose path that is, or NULL. */
const brood_key_t *brood_config_find(const brood_section_t sections[], int64_t n, const char *path);

#endif
