/* Values that are lists: choices, sizes, texts. */
#include "config_value.h"

#include <inttypes.h>
#include <string.h>

#include "brood/util/number.h"
#include "brood/util/quote.h"

/* The nodes of a list; of anything else, that node alone: one value is a list of one. */
typedef struct {
    yaml_node_t      *single;
    yaml_node_item_t *item;
    int64_t           count;
} nodes_t;

static nodes_t list_nodes(yaml_node_t *node) {
    if (node->type != YAML_SEQUENCE_NODE) return (nodes_t){.single = node, .count = 1};
    return (nodes_t){.item = node->data.sequence.items.start,
                     .count = node->data.sequence.items.top - node->data.sequence.items.start};
}

static yaml_node_t *list_node(yaml_document_t *document, const nodes_t *nodes, int64_t i) {
    return nodes->single ? nodes->single : yaml_document_get_node(document, nodes->item[i]);
}

/* A whole number that an int32_t holds, within the key's range. */
static brood_err_t read_choice(const brood_key_t *key, const char *text, int32_t *value, bool *good) {
    int64_t read;
    *good = brood_integer_parse(text, &read) == BROOD_OK && read >= INT32_MIN && read <= INT32_MAX;
    if (!*good) return BROOD_OK;
    *value = (int32_t)read;
    return brood_config_integer_in_range(key, read, good);
}

/* "5", or "5x3" (height x width) where the key has sizes. */
static brood_err_t parse_choice(const brood_key_t *key, const yaml_node_t *node, int32_t *value, int32_t *width) {
    const char *text = brood_config_plain(node), *cross = NULL;
    bool        good = false;
    char        height[16];
    if (!text) return brood_config_mismatch(key, node);
    if (key->kind == BROOD_KEY_SIZES) cross = strchr(text, 'x');
    brood_err_t err = BROOD_OK;
    if (!cross) {
        err = read_choice(key, text, value, &good);
        *width = *value;
    } else if ((size_t)(cross - text) < sizeof height) {
        memcpy(height, text, (size_t)(cross - text));
        height[cross - text] = '\0';
        err = read_choice(key, height, value, &good);
        if (err == BROOD_OK && good) err = read_choice(key, cross + 1, width, &good);
    }
    if (err != BROOD_OK) return err;
    return good ? BROOD_OK : brood_config_mismatch(key, node);
}

static void print_choice(const brood_choices_t *choices, int64_t i, FILE *out) {
    fprintf(out, "%" PRId32, choices->value[i]);
    if (choices->width[i] != choices->value[i]) fprintf(out, "x%" PRId32, choices->width[i]);
}

static bool contains(const brood_choices_t *choices, int32_t value, int32_t width) {
    for (int64_t i = 0; i < choices->count; i++)
        if (choices->value[i] == value && choices->width[i] == width) return true;
    return false;
}

static brood_err_t too_many(const brood_key_t *key, int64_t count, int most) {
    return brood_config_found(key, "%" PRId64 " of them (%d are the most)", count, most);
}

static brood_err_t parse_list(const brood_key_t *key, yaml_document_t *document, yaml_node_t *list,
                              brood_choices_t *choices, const yaml_node_t **where) {
    nodes_t nodes = list_nodes(list);
    if (nodes.count == 0) return brood_config_found(key, "an empty list");
    if (nodes.count > BROOD_MAX_CHOICES) return too_many(key, nodes.count, BROOD_MAX_CHOICES);
    for (int64_t i = 0; i < nodes.count; i++) {
        int32_t      value = 0, width = 0;
        yaml_node_t *node = list_node(document, &nodes, i);
        *where = node;
        brood_err_t err = parse_choice(key, node, &value, &width);
        if (err != BROOD_OK) return err;
        if (contains(choices, value, width)) {
            char quoted[BROOD_QUOTE_SIZE];
            return brood_config_found(key, "%s twice", brood_quote(brood_config_plain(node), quoted));
        }
        choices->value[i] = value;
        choices->width[i] = width;
        choices->count++;
    }
    *where = list;
    return BROOD_OK;
}

typedef struct {
    const char *name;
    int64_t     value;
    bool        given;
} step_t;

static brood_err_t parse_step_entry(const brood_key_t *key, const yaml_node_t *name, const yaml_node_t *node,
                                    step_t steps[3], const yaml_node_t **where) {
    const char *text = brood_config_scalar(name), *number = brood_config_plain(node);
    char        quoted[BROOD_QUOTE_SIZE];
    *where = name;
    for (int i = 0; text && i < 3; i++) {
        if (strcmp(text, steps[i].name) != 0) continue;
        if (steps[i].given) return brood_config_found(key, "\"%s\" twice", text);
        steps[i].given = true;
        *where = node;
        if (!number || brood_integer_parse(number, &steps[i].value) != BROOD_OK || steps[i].value < INT32_MIN ||
            steps[i].value > INT32_MAX)
            return brood_config_mismatch(key, node);
        return BROOD_OK;
    }
    return text ? brood_config_found(key, "%s", brood_quote(text, quoted)) : brood_config_mismatch(key, name);
}

/* {from, to, step}: from, from + step, … as far as `to`; step is 1 where it is left out. */
static brood_err_t parse_steps(const brood_key_t *key, yaml_document_t *document, yaml_node_t *mapping,
                               brood_choices_t *choices, const yaml_node_t **where) {
    step_t      steps[3] = {{.name = "from"}, {.name = "to"}, {.name = "step", .value = 1}};
    brood_err_t err;
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
        err = parse_step_entry(key, yaml_document_get_node(document, pair->key),
                               yaml_document_get_node(document, pair->value), steps, where);
        if (err != BROOD_OK) return err;
    }
    *where = mapping;
    int64_t from = steps[0].value, to = steps[1].value, step = steps[2].value;
    if (!steps[0].given || !steps[1].given) return brood_config_found(key, "a mapping without from or to");
    if (to < from || step < 1)
        return brood_config_found(key, "from %" PRId64 " to %" PRId64 " by %" PRId64, from, to, step);
    int64_t count = (to - from) / step + 1;
    if (count > BROOD_MAX_CHOICES) return too_many(key, count, BROOD_MAX_CHOICES);
    for (int64_t i = 0; i < count; i++) {
        bool    within;
        int64_t value = from + i * step;
        err = brood_config_integer_in_range(key, value, &within);
        if (err != BROOD_OK) return err;
        if (!within) return brood_config_found(key, "%" PRId64, value);
        choices->value[i] = choices->width[i] = (int32_t)value;
    }
    choices->count = count;
    return BROOD_OK;
}

brood_err_t brood_config_choices_parse(const brood_key_t *key, yaml_document_t *document, yaml_node_t *node,
                                       brood_choices_t *choices, const yaml_node_t **where) {
    *where = node;
    if (brood_config_has_tag(node)) return brood_config_mismatch(key, node);
    if (node->type == YAML_MAPPING_NODE) return parse_steps(key, document, node, choices, where);
    return parse_list(key, document, node, choices, where);
}

void brood_config_choices_print(const brood_choices_t *choices, FILE *out) {
    fputc('[', out);
    for (int64_t i = 0; i < choices->count; i++) {
        if (i > 0) fputs(", ", out);
        print_choice(choices, i, out);
    }
    fputc(']', out);
}

brood_err_t brood_config_texts_parse(const brood_key_t *key, yaml_document_t *document, yaml_node_t *node,
                                     brood_texts_t *texts, const yaml_node_t **where) {
    *where = node;
    if (brood_config_has_tag(node)) return brood_config_mismatch(key, node);
    nodes_t nodes = list_nodes(node);
    if (nodes.count > BROOD_MAX_TEXTS) return too_many(key, nodes.count, BROOD_MAX_TEXTS);
    for (int64_t i = 0; i < nodes.count; i++) {
        yaml_node_t *item = list_node(document, &nodes, i);
        *where = item;
        brood_err_t err = brood_config_text_parse(key, item, texts->text[i], sizeof texts->text[i]);
        if (err != BROOD_OK) return err;
        texts->count++;
    }
    *where = node;
    return BROOD_OK;
}

void brood_config_texts_print(const brood_texts_t *texts, FILE *out) {
    fputc('[', out);
    for (int64_t i = 0; i < texts->count; i++) {
        if (i > 0) fputs(", ", out);
        brood_config_text_print(texts->text[i], out);
    }
    fputc(']', out);
}
