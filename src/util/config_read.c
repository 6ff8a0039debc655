#include "config_read.h"

#include <string.h>

#include "brood/util/files.h"
#include "brood/util/quote.h"
#include "config_value.h"
#include "config_yaml.h"

/* What is being read, for the place that a message begins with. */
typedef struct {
    brood_config_table_t *table;
    enum { FROM_FILE, FROM_SET, FROM_DEFAULT } origin;
    const char      *name; /* FROM_FILE: of the file */
    yaml_document_t *document;
} reader_t;

/* Puts FILE:LINE:COLUMN, --set or whose default it was, and the key ("" for none), before the message. */
static brood_err_t blame(const reader_t *reader, brood_err_t err, yaml_mark_t mark, const char *path) {
    const char *colon = *path ? ": " : "";
    switch (reader->origin) {
    case FROM_FILE:
        return brood_because(err, "%s:%zu:%zu%s%s", reader->name, mark.line + 1, mark.column + 1, colon, path);
    case FROM_SET:
        return brood_because(err, "--set %s", path);
    case FROM_DEFAULT:
        break;
    }
    return brood_because(err == BROOD_E_CONFIG ? BROOD_E_BUG : err, "the default of %s", path);
}

static brood_err_t unknown_key(const reader_t *reader, yaml_mark_t mark, const char *path) {
    char nearest[BROOD_PATH_SIZE];
    brood_config_table_nearest(reader->table, path, nearest);
    brood_err_t err = *nearest ? brood_fail(BROOD_E_CONFIG, "unknown key; did you mean %s?", nearest)
                               : brood_fail(BROOD_E_CONFIG, "unknown key; `brood help keys` lists them all");
    return blame(reader, err, mark, path);
}

static brood_err_t given_twice(const reader_t *reader, yaml_mark_t mark, const char *path, size_t first_line) {
    brood_err_t err =
        reader->origin == FROM_FILE
            ? brood_fail(BROOD_E_CONFIG, "found a second time, expected once (it stands in line %zu)", first_line)
            : brood_fail(BROOD_E_CONFIG, "found a second time, expected once");
    return blame(reader, err, mark, path);
}

static brood_err_t read_value(const reader_t *reader, brood_config_entry_t *entry, yaml_mark_t mark,
                              yaml_node_t *node) {
    const char        *path = entry->key->path;
    const yaml_node_t *where = node;
    if (entry->given) return given_twice(reader, mark, path, entry->given);
    entry->given = mark.line + 1;
    brood_err_t err = brood_config_value_parse(entry->key, reader->document, node, entry->value, &where);
    return err == BROOD_OK ? BROOD_OK : blame(reader, err, where->start_mark, path);
}

/* "section.name" as one path. What can't be the name of any key (empty, too long, no letters that a message may repeat)
   is quoted instead, and false returned. */
static bool join_path(const char *section, const char *name, size_t length, char path[BROOD_PATH_SIZE]) {
    const char *dot = *section ? "." : "";
    bool        good = length > 0 && strlen(section) + strlen(dot) + length < BROOD_PATH_SIZE;
    for (size_t i = 0; good && i < length; i++) good = name[i] > ' ' && name[i] <= '~';
    if (good) {
        snprintf(path, BROOD_PATH_SIZE, "%s%s%.*s", section, dot, (int)length, name);
    } else {
        char quoted[BROOD_QUOTE_SIZE];
        brood_quote_bytes(name, length, quoted);
        snprintf(path, BROOD_PATH_SIZE, "%.48s%s%s", section, dot, quoted);
    }
    return good;
}

static bool same_scalar(const yaml_node_t *a, const yaml_node_t *b) {
    return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
           a->data.scalar.length == b->data.scalar.length &&
           !memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length);
}

/* libyaml takes a key given twice without a word. Keys are caught by their entry; this catches sections. Unknown names
   end the reading, so that `pair` is never far from the first. */
static const yaml_node_t *find_before(const reader_t *reader, const yaml_node_t *mapping,
                                      const yaml_node_pair_t *pair) {
    const yaml_node_t *name = yaml_document_get_node(reader->document, pair->key);
    for (yaml_node_pair_t *before = mapping->data.mapping.pairs.start; before < pair; before++) {
        const yaml_node_t *node = yaml_document_get_node(reader->document, before->key);
        if (same_scalar(node, name)) return node;
    }
    return NULL;
}

static brood_err_t read_node(const reader_t *reader, const char *path, yaml_mark_t mark, yaml_node_t *node);

static brood_err_t read_section(const reader_t *reader, const char *section, yaml_node_t *mapping) {
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = yaml_document_get_node(reader->document, pair->key);
        char               path[BROOD_PATH_SIZE];
        if (name->type != YAML_SCALAR_NODE) {
            brood_err_t err = brood_fail(BROOD_E_CONFIG, "found a list or mapping, expected the name of a key");
            return blame(reader, err, name->start_mark, section);
        }
        if (!join_path(section, (const char *)name->data.scalar.value, name->data.scalar.length, path))
            return unknown_key(reader, name->start_mark, path);
        const yaml_node_t *before = find_before(reader, mapping, pair);
        if (before) return given_twice(reader, name->start_mark, path, before->start_mark.line + 1);
        yaml_node_t *value = yaml_document_get_node(reader->document, pair->value);
        brood_err_t  err = read_node(reader, path, name->start_mark, value);
        if (err != BROOD_OK) return err;
    }
    return BROOD_OK;
}

/* What `path` names, the name standing at `mark`, is `node`. An alias is the node that it stands for. That such nodes
   may contain themselves is harmless: no key lies that deep. */
static brood_err_t read_node(const reader_t *reader, const char *path, yaml_mark_t mark, yaml_node_t *node) {
    brood_config_entry_t *entry = brood_config_table_find(reader->table, path);
    if (entry) return read_value(reader, entry, mark, node);
    if (!brood_config_table_has_section(reader->table, path)) return unknown_key(reader, mark, path);
    if (node->type == YAML_MAPPING_NODE && !brood_config_has_tag(node)) return read_section(reader, path, node);
    char        quoted[BROOD_QUOTE_SIZE];
    const char *text = brood_config_scalar(node);
    brood_err_t err = brood_fail(BROOD_E_CONFIG, "found %s, expected a section: keys below it, each with its value",
                                 text && !*text                     ? "nothing"
                                 : text                             ? brood_quote(text, quoted)
                                 : node->type == YAML_SEQUENCE_NODE ? "a list"
                                                                    : "a tag");
    return blame(reader, err, node->start_mark, path);
}

brood_err_t brood_config_table_read(brood_config_table_t *table, const char *name, const char *text, size_t size) {
    yaml_document_t document;
    yaml_mark_t     where;
    reader_t        reader = {.table = table, .origin = FROM_FILE, .name = name, .document = &document};
    for (int64_t i = 0; i < table->count; i++) table->entry[i].given = 0;
    brood_err_t err = brood_config_yaml_load(text, size, &document, &where);
    if (err != BROOD_OK) return blame(&reader, err, where, "");
    yaml_node_t *root = yaml_document_get_root_node(&document);
    const char  *nothing = root ? brood_config_plain(root) : ""; /* an empty file, or "---" alone: all defaults */
    if (!nothing || *nothing) err = read_node(&reader, "", root->start_mark, root);
    yaml_document_delete(&document);
    return err;
}

/* One value from YAML of its own: a --set, or a default. */
static brood_err_t read_single(const reader_t *origin, const char *path, const char *yaml) {
    yaml_document_t document;
    yaml_mark_t     where;
    reader_t        reader = *origin;
    brood_err_t     err = brood_config_yaml_load(yaml, strlen(yaml), &document, &where);
    if (err != BROOD_OK) return blame(&reader, err, where, path);
    reader.document = &document;
    yaml_node_t *root = yaml_document_get_root_node(&document);
    if (!root) {
        int empty = yaml_document_add_scalar(&document, NULL, (const yaml_char_t *)"", 0, YAML_PLAIN_SCALAR_STYLE);
        root = yaml_document_get_node(&document, empty);
    }
    err = root ? read_node(&reader, path, root->start_mark, root)
               : brood_fail(BROOD_E_MEMORY, "no memory to read the YAML");
    yaml_document_delete(&document);
    return err;
}

brood_err_t brood_config_table_defaults(brood_config_table_t *table) {
    reader_t reader = {.table = table, .origin = FROM_DEFAULT};
    for (int64_t i = 0; i < table->count; i++) {
        table->entry[i].given = 0;
        const brood_key_t *key = table->entry[i].key;
        if (!key->standard) return brood_fail(BROOD_E_BUG, "%s: its table has no default", key->path);
        brood_err_t err = read_single(&reader, key->path, key->standard);
        if (err != BROOD_OK) return err;
    }
    return BROOD_OK;
}

static brood_err_t read_set(const reader_t *reader, const char *set) {
    char        path[BROOD_PATH_SIZE], quoted[BROOD_QUOTE_SIZE];
    const char *equals = strchr(set, '=');
    if (!equals || equals == set)
        return brood_fail(BROOD_E_USAGE, "--set %s: expected KEY=VALUE, such as run.round=4", brood_quote(set, quoted));
    if (!join_path("", set, (size_t)(equals - set), path)) return unknown_key(reader, (yaml_mark_t){0}, path);
    return read_single(reader, path, equals + 1);
}

static brood_err_t read_sets(brood_config_table_t *table, const char *const set[]) {
    reader_t reader = {.table = table, .origin = FROM_SET};
    for (int64_t i = 0; i < table->count; i++) table->entry[i].given = 0;
    for (; set && *set; set++) {
        brood_err_t err = read_set(&reader, *set);
        if (err != BROOD_OK) return err;
    }
    return BROOD_OK;
}

static brood_err_t read_file(brood_config_table_t *table, const char *file) {
    brood_bytes_t bytes;
    brood_bytes_init(&bytes);
    brood_err_t err = brood_file_read_all(file, BROOD_MAX_CONFIG, &bytes);
    if (err == BROOD_OK)
        err = brood_config_table_read(table, file, bytes.size ? (const char *)bytes.data : "", bytes.size);
    brood_bytes_fini(&bytes);
    return err == BROOD_E_FORMAT ? BROOD_E_CONFIG : err;
}

brood_err_t brood_config_read(const char *file, const char *const set[], const brood_section_t sections[], int64_t n) {
    brood_config_table_t table;
    brood_err_t          err = brood_config_table_init(&table, sections, n);
    if (err != BROOD_OK) return err;
    BROOD_TRY(brood_config_table_defaults(&table));
    if (file) BROOD_TRY(read_file(&table, file));
    BROOD_TRY(read_sets(&table, set));
done:
    brood_config_table_fini(&table);
    return err;
}

brood_err_t brood_config_read_text(const char *name, const char *text, const char *const set[],
                                   const brood_section_t sections[], int64_t n) {
    brood_config_table_t table;
    brood_err_t          err = brood_config_table_init(&table, sections, n);
    if (err != BROOD_OK) return err;
    BROOD_TRY(brood_config_table_defaults(&table));
    BROOD_TRY(brood_config_table_read(&table, name, text, strlen(text)));
    BROOD_TRY(read_sets(&table, set));
done:
    brood_config_table_fini(&table);
    return err;
}

const brood_key_t *brood_config_find(const brood_section_t sections[], int64_t n, const char *path) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < sections[i].count; k++)
            if (!strcmp(sections[i].keys[k].path, path)) return &sections[i].keys[k];
    return NULL;
}
