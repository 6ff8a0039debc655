#include "config_table.h"

#include <stdlib.h>
#include <string.h>

/* Total, since paths are unique (checked below). */
static int by_path(const void *a, const void *b) {
    const brood_config_entry_t *left = a, *right = b;
    return strcmp(left->key->path, right->key->path);
}

static bool is_below(const char *path, const char *section) {
    size_t length = strlen(section);
    return length == 0 || (!strncmp(path, section, length) && path[length] == '.');
}

static brood_err_t check_paths(const brood_config_table_t *table) {
    for (int64_t i = 0; i < table->count; i++) {
        const char *path = table->entry[i].key->path;
        if (strlen(path) >= BROOD_PATH_SIZE) return brood_fail(BROOD_E_BUG, "%s: a key with too long a path", path);
        if (i > 0 && !strcmp(path, table->entry[i - 1].key->path))
            return brood_fail(BROOD_E_BUG, "%s: declared by two tables", path);
        if (brood_config_table_has_section(table, path))
            return brood_fail(BROOD_E_BUG, "%s: declared as a key and as a section", path);
    }
    return BROOD_OK;
}

brood_err_t brood_config_table_init(brood_config_table_t *table, const brood_section_t sections[], int64_t n) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += sections[i].count;
    *table = (brood_config_table_t){.entry = calloc((size_t)count + 1, sizeof *table->entry)};
    if (!table->entry) return brood_fail(BROOD_E_MEMORY, "no memory for a table of %lld keys", (long long)count);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < sections[i].count; k++) {
            const brood_key_t *key = &sections[i].keys[k];
            void              *value = sections[i].into ? (char *)sections[i].into + key->offset : NULL;
            table->entry[table->count++] = (brood_config_entry_t){.key = key, .value = value};
        }
    qsort(table->entry, (size_t)table->count, sizeof *table->entry, by_path);
    brood_err_t err = check_paths(table);
    if (err != BROOD_OK) brood_config_table_fini(table);
    return err;
}

void brood_config_table_fini(brood_config_table_t *table) {
    free(table->entry);
    *table = (brood_config_table_t){0};
}

brood_config_entry_t *brood_config_table_find(const brood_config_table_t *table, const char *path) {
    for (int64_t i = 0; i < table->count; i++)
        if (!strcmp(table->entry[i].key->path, path)) return &table->entry[i];
    return NULL;
}

bool brood_config_table_has_section(const brood_config_table_t *table, const char *path) {
    for (int64_t i = 0; i < table->count; i++)
        if (is_below(table->entry[i].key->path, path)) return true;
    return false;
}

/* Levenshtein's distance: how many bytes to insert, delete or replace. Both shorter than BROOD_PATH_SIZE. */
static size_t distance(const char *a, const char *b) {
    size_t row[BROOD_PATH_SIZE], length = strlen(b);
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t replaced = diagonal + (a[i] != b[j]), other = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = replaced < other ? replaced : other;
        }
    }
    return row[length];
}

static const char *last_name(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* The right name in the wrong section counts as two edits. */
static size_t path_distance(const char *a, const char *b) {
    size_t whole = distance(a, b), moved = distance(last_name(a), last_name(b)) + 2;
    return whole < moved ? whole : moved;
}

void brood_config_table_nearest(const brood_config_table_t *table, const char *path, char nearest[BROOD_PATH_SIZE]) {
    nearest[0] = '\0';
    if (strlen(path) >= BROOD_PATH_SIZE) return;
    size_t least = strlen(last_name(path)) / 3 + 2; /* as many edits make another word of it */
    for (int64_t i = 0; i < table->count; i++) {
        const char *candidate = table->entry[i].key->path;
        size_t      edits = path_distance(path, candidate);
        if (edits < least) {
            least = edits;
            strcpy(nearest, candidate);
        }
        for (const char *dot = strchr(candidate, '.'); dot; dot = strchr(dot + 1, '.')) {
            char section[BROOD_PATH_SIZE];
            memcpy(section, candidate, (size_t)(dot - candidate));
            section[dot - candidate] = '\0';
            if (is_below(path, section)) continue; /* the section is right, its key is not */
            edits = distance(path, section);
            if (edits < least) {
                least = edits;
                strcpy(nearest, section);
            }
        }
    }
}
