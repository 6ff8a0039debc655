/* The keys for people. */
#include <string.h>

#include "brood/util/config.h"
#include "config_table.h"
#include "config_value.h"

#define TERMINAL_WIDTH 80
#define TEXT_INDENT    6

static size_t section_length(const char *path) {
    const char *dot = strchr(path, '.');
    return dot ? (size_t)(dot - path) : 0;
}

static bool same_section(const brood_key_t *a, const brood_key_t *b) {
    size_t length = section_length(a->path);
    return length == section_length(b->path) && !strncmp(a->path, b->path, length);
}

/* Columns, not bytes. */
static int text_width(const char *text, size_t length) {
    int width = 0;
    for (size_t i = 0; i < length; i++) width += ((unsigned char)text[i] & 0xC0u) != 0x80u;
    return width;
}

static void print_wrapped(const char *text, FILE *out) {
    int column = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        int    width = text_width(text, length);
        if (column == 0 || column + 1 + width > TERMINAL_WIDTH) {
            fprintf(out, "%s%*s", column == 0 ? "" : "\n", TEXT_INDENT, "");
            column = TEXT_INDENT + width;
        } else {
            fputc(' ', out);
            column += 1 + width;
        }
        fwrite(text, 1, length, out);
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static const char *or_empty(const char *text) {
    return text ? text : "";
}

static void print_terminal_key(const brood_key_t *key, FILE *out) {
    char expected[BROOD_EXPECTED_SIZE], values[BROOD_EXPECTED_SIZE + 128];
    brood_config_expected(key, expected);
    snprintf(values, sizeof values, "[%s%s%s%s]", expected, key->unit ? "; in " : "", or_empty(key->unit),
             key->frozen ? "" : "; free");
    fprintf(out, "  %s = %s\n", key->path, or_empty(key->standard));
    print_wrapped(values, out);
    print_wrapped(or_empty(key->help), out);
    print_wrapped(or_empty(key->effect), out);
}

/* In a cell of a table `|` ends it. */
static void print_cell(const char *text, FILE *out) {
    for (; *text; text++) {
        if (*text == '|') fputc('\\', out);
        fputc(*text, out);
    }
}

static void print_markdown_key(const brood_key_t *key, FILE *out) {
    char expected[BROOD_EXPECTED_SIZE];
    brood_config_expected(key, expected);
    fprintf(out, "| `%s` | `", key->path);
    print_cell(or_empty(key->standard), out);
    fputs("` | ", out);
    print_cell(expected, out);
    fputs(" | ", out);
    print_cell(or_empty(key->unit), out);
    fprintf(out, " | %s | ", key->frozen ? "frozen" : "free");
    const char *help = or_empty(key->help);
    size_t      length = strlen(help);
    print_cell(help, out);
    fputs(length > 0 && help[length - 1] != '.' ? ". " : " ", out);
    print_cell(or_empty(key->effect), out);
    fputs(" |\n", out);
}

static void print_section_head(const brood_key_t *key, bool markdown, FILE *out) {
    int         length = (int)section_length(key->path);
    const char *name = length > 0 ? key->path : "general";
    if (length == 0) length = (int)strlen(name);
    if (markdown)
        fprintf(out,
                "\n## %.*s\n\n| key | default | values | unit | frozen or free | what it is, and what more or less of "
                "it does "
                "|\n| --- | --- | --- | --- | --- | --- |\n",
                length, name);
    else
        fprintf(out, "\n%.*s\n", length, name);
}

typedef struct {
    const brood_section_t *sections;
    int64_t                n;
} tables_t;

/* The next key after (*table, *row) in the tables' order; false at the end. */
static bool next_key(const tables_t *tables, int64_t *table, int64_t *row) {
    (*row)++;
    while (*table < tables->n && *row >= tables->sections[*table].count) {
        (*table)++;
        *row = 0;
    }
    return *table < tables->n;
}

static const brood_key_t *key_at(const tables_t *tables, int64_t table, int64_t row) {
    return &tables->sections[table].keys[row];
}

static bool section_came_before(const tables_t *tables, const brood_key_t *key) {
    int64_t table = 0, row = -1;
    while (next_key(tables, &table, &row) && key_at(tables, table, row) != key)
        if (same_section(key_at(tables, table, row), key)) return true;
    return false;
}

/* Whether `only` asks for the key: by its section's name, by its own, or by none. */
static bool is_asked(const brood_key_t *key, const char *only) {
    size_t section = section_length(key->path);
    return !only || !strcmp(key->path, only) || (strlen(only) == section && !strncmp(key->path, only, section));
}

static brood_err_t check_asked(const brood_section_t sections[], int64_t n, const char *only) {
    brood_config_table_t table;
    char                 nearest[BROOD_PATH_SIZE];
    brood_err_t          err = brood_config_table_init(&table, sections, n);
    if (err != BROOD_OK) return err;
    if (!brood_config_table_find(&table, only) && !brood_config_table_has_section(&table, only)) {
        brood_config_table_nearest(&table, only, nearest);
        err = brood_fail(BROOD_E_USAGE, "there is no key \"%s\"%s%s%s", only, *nearest ? "; did you mean " : "",
                         nearest, *nearest ? "?" : "");
    }
    brood_config_table_fini(&table);
    return err;
}

/* Sections in the order in which the tables first name them, the keys of a section in the tables' order. */
brood_err_t brood_config_help(const brood_section_t sections[], int64_t n, const char *only, bool markdown, FILE *out) {
    tables_t tables = {sections, n};
    int64_t  table = 0, row = -1;
    if (only) {
        brood_err_t err = check_asked(sections, n, only);
        if (err != BROOD_OK) return err;
    }
    fputs(markdown
              ? "A key that is free may change from one job of a run to the next; a frozen one stays as the run began "
                "with it.\n"
              : "KEY = DEFAULT [values]. A key that is free may change from one job of a run to\n"
                "the next; all others stay as the run began with them.\n",
          out);
    while (next_key(&tables, &table, &row)) {
        const brood_key_t *first = key_at(&tables, table, row);
        if (section_came_before(&tables, first)) continue;
        bool    headed = false;
        int64_t other_table = table, other_row = row - 1;
        while (next_key(&tables, &other_table, &other_row)) {
            const brood_key_t *key = key_at(&tables, other_table, other_row);
            if (!same_section(key, first) || !is_asked(key, only)) continue;
            if (!headed) print_section_head(first, markdown, out);
            headed = true;
            if (markdown)
                print_markdown_key(key, out);
            else
                print_terminal_key(key, out);
        }
    }
    return BROOD_OK;
}
