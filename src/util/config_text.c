/* The completed configuration as text, and its comparison with a run's own. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/config.h"
#include "config_read.h"
#include "config_value.h"

/* Streams into memory. `*text` is malloc'ed, and NULL until close_text has said BROOD_OK. */
static brood_err_t open_text(FILE **out, char **text, size_t *size) {
    *text = NULL;
    *out = open_memstream(text, size);
    return *out ? BROOD_OK : brood_fail(BROOD_E_MEMORY, "no memory to write the configuration");
}

static brood_err_t close_text(FILE *out, char **text) {
    bool failed = ferror(out) != 0;
    failed |= fclose(out) != 0;
    if (!failed && *text) return BROOD_OK; /* glibc's fclose may lose the text and not say so */
    free(*text);
    *text = NULL;
    return brood_fail(BROOD_E_MEMORY, "no memory to write the configuration");
}

static size_t common_length(const char *a, const char *b) {
    size_t length = 0;
    while (a[length] && a[length] == b[length]) length++;
    return length;
}

/* "    name: " of a path, preceded by those of its sections that the path before it lies not in. */
static void print_path(const char *path, const char *before, FILE *out) {
    int         indent = 0;
    size_t      common = common_length(path, before);
    const char *name = path;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(name, '.'), indent += 2) {
        if ((size_t)(dot - path) >= common) fprintf(out, "%*s%.*s:\n", indent, "", (int)(dot - name), name);
        name = dot + 1;
    }
    fprintf(out, "%*s%s: ", indent, "", name);
}

brood_err_t brood_config_text(const brood_section_t sections[], int64_t n, bool frozen_only, char **yaml) {
    brood_config_table_t table;
    FILE                *out;
    size_t               size;
    *yaml = NULL;
    brood_err_t err = brood_config_table_init(&table, sections, n);
    if (err != BROOD_OK) return err;
    BROOD_TRY(open_text(&out, yaml, &size));
    const char *before = "";
    for (int64_t i = 0; i < table.count; i++) {
        const brood_config_entry_t *entry = &table.entry[i];
        if (frozen_only && !entry->key->frozen) continue;
        print_path(entry->key->path, before, out);
        brood_config_value_print(entry->key, entry->value, out);
        fputc('\n', out);
        before = entry->key->path;
    }
    err = close_text(out, yaml);
done:
    brood_config_table_fini(&table);
    return err;
}

/* Gives every entry a value of its own, in one block that *block owns. */
static brood_err_t detach_values(brood_config_table_t *table, void **block) {
    size_t align = _Alignof(max_align_t), total = 0;
    for (int64_t i = 0; i < table->count; i++)
        total += (brood_config_value_size(table->entry[i].key->kind) + align - 1) / align * align;
    unsigned char *at = calloc(1, total + 1);
    *block = at;
    if (!at) return brood_fail(BROOD_E_MEMORY, "no memory for the run's configuration");
    for (int64_t i = 0; i < table->count; i++) {
        table->entry[i].value = at;
        at += (brood_config_value_size(table->entry[i].key->kind) + align - 1) / align * align;
    }
    return BROOD_OK;
}

static brood_err_t value_text(const brood_config_entry_t *entry, char **text) {
    FILE       *out;
    size_t      size;
    brood_err_t err = open_text(&out, text, &size);
    if (err != BROOD_OK) return err;
    brood_config_value_print(entry->key, entry->value, out);
    return close_text(out, text);
}

#define MOST_SHOWN  64   /* bytes of a value in the message */
#define MOST_LISTED 3200 /* bytes of all differences in it: a message holds 4,096 */

static size_t character_start(const char *text, size_t at) {
    while (at > 0 && ((unsigned char)text[at] & 0xC0u) == 0x80u) at--;
    return at;
}

/* A long value is cut to where it begins to differ. */
static void print_shortened(const char *text, size_t common, FILE *out) {
    size_t length = strlen(text), start = 0;
    if (length <= MOST_SHOWN) {
        fputs(text, out);
        return;
    }
    if (common > MOST_SHOWN / 2) start = character_start(text, common - MOST_SHOWN / 4);
    size_t end = length - start > MOST_SHOWN ? character_start(text, start + MOST_SHOWN) : length;
    fprintf(out, "%s%.*s%s", start > 0 ? "…" : "", (int)(end - start), text + start, end < length ? "…" : "");
}

/* A line for the key when it differs, unless the list is full. */
static brood_err_t compare_entry(const brood_config_entry_t *now, const brood_config_entry_t *run, FILE *list,
                                 int64_t *differing, int64_t *unlisted) {
    char       *now_text = NULL, *run_text = NULL;
    brood_err_t err = BROOD_OK;
    BROOD_TRY(value_text(now, &now_text));
    BROOD_TRY(value_text(run, &run_text));
    if (strcmp(now_text, run_text) != 0) {
        (*differing)++;
        if (ftell(list) > MOST_LISTED) {
            (*unlisted)++;
        } else {
            size_t common = common_length(now_text, run_text);
            fprintf(list, "\n  %s: found ", now->key->path);
            print_shortened(now_text, common, list);
            fputs(", expected ", list);
            print_shortened(run_text, common, list);
            fputs(" as in the run", list);
        }
    }
done:
    free(now_text);
    free(run_text);
    return err;
}

static brood_err_t compare_frozen(const brood_config_table_t *now, const brood_config_table_t *run) {
    char       *text;
    size_t      size;
    FILE       *list;
    int64_t     differing = 0, unlisted = 0;
    brood_err_t err = open_text(&list, &text, &size);
    if (err != BROOD_OK) return err;
    for (int64_t i = 0; err == BROOD_OK && i < now->count; i++)
        if (now->entry[i].key->frozen) err = compare_entry(&now->entry[i], &run->entry[i], list, &differing, &unlisted);
    if (unlisted > 0) fprintf(list, "\n  and %lld more", (long long)unlisted);
    brood_err_t closed = close_text(list, &text);
    if (err == BROOD_OK) err = closed;
    if (err == BROOD_OK && differing > 0)
        err = brood_fail(BROOD_E_CONFIG,
                         "%lld key%s that a run can't change differ%s from the run's own:%s\n"
                         "Give the run's values, or leave the configuration out to go on with them; other values "
                         "need a run directory of their own",
                         (long long)differing, differing == 1 ? "" : "s", differing == 1 ? "s" : "", text);
    free(text);
    return err;
}

brood_err_t brood_config_check(const brood_section_t sections[], int64_t n, const char *yaml_of_run) {
    brood_config_table_t now = {0}, run = {0};
    void                *block = NULL;
    brood_err_t          err;
    BROOD_TRY(brood_config_table_init(&now, sections, n));
    BROOD_TRY(brood_config_table_init(&run, sections, n));
    BROOD_TRY(detach_values(&run, &block));
    BROOD_TRY(brood_config_table_defaults(&run));
    BROOD_TRY(brood_config_table_read(&run, "the run's configuration", yaml_of_run, strlen(yaml_of_run)));
    BROOD_TRY(compare_frozen(&now, &run));
done:
    free(block);
    brood_config_table_fini(&run);
    brood_config_table_fini(&now);
    return err;
}
