/* Architectures as people write them: layers separated by ";", values by ",". */
#include <string.h>

#include "brood/util/quote.h"
#include "internal.h"

/* A piece of a text, blanks at both ends left out. */
typedef struct {
    const char *at;
    size_t      length;
} piece_t;

/* The piece before `end`, trimmed. */
static piece_t piece_between(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) end--;
    return (piece_t){at, (size_t)(end - at)};
}

/* Digits alone, so that nothing has two meanings; returns what follows them, or NULL. Values above what any
   hyperparameter allows are read as INT32_MAX. */
static const char *scan_number(const char *at, const char *end, int32_t *number) {
    const char *start = at;
    int64_t     value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (value <= INT32_MAX) value = 10 * value + (*at - '0');
    *number = value > INT32_MAX ? INT32_MAX : (int32_t)value;
    return at > start ? at : NULL;
}

static brood_err_t parse_value(const brood_space_form_t *form, const brood_hyperparameter_t *hyperparameter,
                               int64_t layer, piece_t piece, brood_setting_t *setting) {
    bool        two_sided = hyperparameter->two_sided && form->planar;
    const char *end = piece.at + piece.length, *at = scan_number(piece.at, end, &setting->value);
    setting->width = setting->value;
    if (at && two_sided && at < end && *at == 'x') at = scan_number(at + 1, end, &setting->width);
    bool inside = setting->value >= hyperparameter->least && setting->value <= hyperparameter->most &&
                  setting->width >= hyperparameter->least && setting->width <= hyperparameter->most;
    if (at == end && inside) return BROOD_OK;
    char found[BROOD_QUOTE_SIZE];
    return brood_fail(BROOD_E_DATA, "layer %lld, %s: found %s, expected a whole number in %d .. %d%s",
                      (long long)layer + 1, hyperparameter->name, brood_quote_bytes(piece.at, piece.length, found),
                      hyperparameter->least, hyperparameter->most,
                      two_sided ? ", or two as height x width, such as 5x3" : "");
}

static brood_err_t wrong_count(const brood_space_form_t *form, int64_t layer, piece_t piece, int64_t found) {
    char   names[128] = "", text[BROOD_QUOTE_SIZE];
    size_t used = 0;
    for (int32_t h = 0; h < form->hyperparameters; h++)
        used +=
            (size_t)snprintf(names + used, sizeof names - used, "%s%s", h ? ", " : "", form->hyperparameter[h]->name);
    return brood_fail(BROOD_E_DATA, "layer %lld: found %lld value%s in %s, expected %d (%s), such as %s",
                      (long long)layer + 1, (long long)found, found == 1 ? "" : "s",
                      brood_quote_bytes(piece.at, piece.length, text), form->hyperparameters, names, form->example);
}

static brood_err_t parse_layer(const brood_space_form_t *form, int64_t layer, piece_t piece,
                               brood_setting_t setting[]) {
    const char *end = piece.at + piece.length;
    int64_t     values = piece.length ? 1 : 0;
    for (const char *at = piece.at; at < end; at++) values += *at == ',';
    if (values != form->hyperparameters) return wrong_count(form, layer, piece, values);
    const char *at = piece.at;
    for (int32_t h = 0; h < form->hyperparameters; h++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        brood_err_t err =
            parse_value(form, form->hyperparameter[h], layer, piece_between(at, comma ? comma : end), &setting[h]);
        if (err != BROOD_OK) return err;
        if (comma) at = comma + 1;
    }
    return BROOD_OK;
}

static brood_err_t parse_layers(const brood_space_form_t *form, const char *text, brood_architecture_t *architecture) {
    const int64_t most = BROOD_MAX_POSITIONS / form->hyperparameters;
    const char   *at = text;
    architecture->layers = 0;
    for (bool more = true; more;) {
        if (architecture->layers == most)
            return brood_fail(BROOD_E_DATA, "found more than %lld layers, expected at most so many in %s",
                              (long long)most, form->name);
        const char *semicolon = strchr(at, ';'), *end = semicolon ? semicolon : at + strlen(at);
        int64_t     layer = architecture->layers++;
        brood_err_t err = parse_layer(form, layer, piece_between(at, end), architecture->setting[layer]);
        if (err != BROOD_OK) return err;
        more = semicolon != NULL;
        if (more) at = semicolon + 1;
    }
    if (brood_architecture_print(form, architecture, NULL, 0) >= BROOD_MAX_TEXT)
        return brood_fail(BROOD_E_DATA, "its text is too long, expected at most %d characters", BROOD_MAX_TEXT - 1);
    return BROOD_OK;
}

brood_err_t brood_architecture_parse(const brood_space_form_t *form, const char *text,
                                     brood_architecture_t *architecture) {
    char        quoted[BROOD_QUOTE_SIZE];
    brood_err_t err = parse_layers(form, text, architecture);
    return err == BROOD_OK ? BROOD_OK : brood_because(err, "architecture %s", brood_quote(text, quoted));
}

size_t brood_architecture_print(const brood_space_form_t *form, const brood_architecture_t *architecture, char *text,
                                size_t size) {
    size_t length = 0;
    for (int64_t layer = 0; layer < architecture->layers; layer++)
        for (int32_t h = 0; h < form->hyperparameters; h++) {
            const brood_setting_t *setting = &architecture->setting[layer][h];
            const char            *before = h ? "," : layer ? "; " : "";
            char                   value[32];
            int                    written = setting->value == setting->width
                                                 ? snprintf(value, sizeof value, "%s%d", before, setting->value)
                                                 : snprintf(value, sizeof value, "%s%dx%d", before, setting->value, setting->width);
            if (length < size) snprintf(text + length, size - length, "%s", value);
            length += (size_t)written;
        }
    return length;
}

brood_err_t brood_architecture_canonical(brood_space_kind_t kind, const char *text, char canonical[BROOD_MAX_TEXT]) {
    const brood_space_form_t *form = brood_space_form(kind);
    brood_architecture_t      architecture;
    brood_err_t               err = brood_architecture_parse(form, text, &architecture);
    if (err == BROOD_OK) brood_architecture_print(form, &architecture, canonical, BROOD_MAX_TEXT);
    return err;
}

/* ---- tokens ---- */

/* The choice that has this value, or −1. */
static int32_t token_of(const brood_choices_t *choices, const brood_setting_t *setting) {
    for (int32_t c = 0; c < choices->count; c++)
        if (choices->value[c] == setting->value && choices->width[c] == setting->width) return c;
    return -1;
}

void brood_space_print(const brood_space_t *space, const int32_t tokens[], char text[BROOD_MAX_TEXT]) {
    const int32_t        hyperparameters = space->form->hyperparameters;
    brood_architecture_t architecture = {.layers = space->config.layers};
    for (int64_t layer = 0; layer < architecture.layers; layer++)
        for (int32_t h = 0; h < hyperparameters; h++) {
            int32_t token = tokens[layer * hyperparameters + h];
            architecture.setting[layer][h] =
                (brood_setting_t){space->choices[h]->value[token], space->choices[h]->width[token]};
        }
    brood_architecture_print(space->form, &architecture, text, BROOD_MAX_TEXT);
}

brood_err_t brood_space_parse(const brood_space_t *space, const char *text, int32_t tokens[],
                              char canonical[BROOD_MAX_TEXT]) {
    const int32_t        hyperparameters = space->form->hyperparameters;
    brood_architecture_t architecture;
    brood_err_t          err = brood_architecture_parse(space->form, text, &architecture);
    if (err != BROOD_OK) return err;
    brood_architecture_print(space->form, &architecture, canonical, BROOD_MAX_TEXT);
    if (!tokens) return BROOD_OK;
    for (int64_t layer = 0; layer < space->config.layers; layer++)
        for (int32_t h = 0; h < hyperparameters; h++)
            tokens[layer * hyperparameters + h] = architecture.layers == space->config.layers
                                                      ? token_of(space->choices[h], &architecture.setting[layer][h])
                                                      : -1;
    return BROOD_OK;
}
