#include <stdlib.h>
#include <string.h>

#include "brood/util/quote.h"
#include "internal.h"

static const brood_choices_t *choices_of(const brood_space_config_t   *config,
                                         const brood_hyperparameter_t *hyperparameter) {
    return (const brood_choices_t *)(const void *)((const char *)config + hyperparameter->choices);
}

static bool form_has(const brood_space_form_t *form, const brood_hyperparameter_t *hyperparameter) {
    for (int32_t h = 0; h < form->hyperparameters; h++)
        if (form->hyperparameter[h] == hyperparameter) return true;
    return false;
}

/* A choice given twice would make two token sequences of one architecture. */
static brood_err_t check_choices(const brood_space_form_t *form, const brood_hyperparameter_t *hyperparameter,
                                 const brood_choices_t *choices) {
    if (!form_has(form, hyperparameter)) {
        if (choices->count == 1 && choices->value[0] == hyperparameter->neutral) return BROOD_OK;
        return brood_fail(BROOD_E_CONFIG, "%s: found other choices than %d, expected [%d]: %s has no %s",
                          hyperparameter->key, hyperparameter->neutral, hyperparameter->neutral, form->name,
                          hyperparameter->name);
    }
    if (choices->count < 1)
        return brood_fail(BROOD_E_CONFIG, "%s: found no choices, expected one or more", hyperparameter->key);
    for (int64_t c = 0; c < choices->count; c++) {
        int32_t value = choices->value[c], width = choices->width[c];
        if (width != value && !(hyperparameter->two_sided && form->planar))
            return brood_fail(BROOD_E_CONFIG, "%s: found %dx%d, expected one number: %s has no height and width",
                              hyperparameter->key, value, width, form->name);
        if (value < hyperparameter->least || value > hyperparameter->most || width < hyperparameter->least ||
            width > hyperparameter->most)
            return brood_fail(BROOD_E_CONFIG, "%s: found %d, expected %d .. %d", hyperparameter->key,
                              value < hyperparameter->least || value > hyperparameter->most ? value : width,
                              hyperparameter->least, hyperparameter->most);
        for (int64_t b = 0; b < c; b++)
            if (choices->value[b] == value && choices->width[b] == width)
                return brood_fail(BROOD_E_CONFIG, "%s: found %d twice, expected each choice once", hyperparameter->key,
                                  value);
    }
    return BROOD_OK;
}

static brood_err_t check_config(const brood_space_form_t *form, const brood_space_config_t *config) {
    const int64_t most = BROOD_MAX_POSITIONS / form->hyperparameters;
    if (config->layers < 1 || config->layers > most)
        return brood_fail(BROOD_E_CONFIG, "space.layers: found %lld, expected 1 .. %lld in %s",
                          (long long)config->layers, (long long)most, form->name);
    for (int32_t h = 0; h < BROOD_SPACE_HYPERPARAMETERS; h++) {
        brood_err_t err = check_choices(form, brood_hyperparameters[h], choices_of(config, brood_hyperparameters[h]));
        if (err != BROOD_OK) return err;
    }
    return BROOD_OK;
}

/* Every layer of the longest text takes the longest choice of each hyperparameter. */
static brood_err_t check_text(const brood_space_t *space) {
    brood_architecture_t longest = {.layers = space->config.layers};
    for (int32_t h = 0; h < space->form->hyperparameters; h++) {
        int best = 0;
        for (int64_t c = 0; c < space->choices[h]->count; c++) {
            brood_setting_t setting = {space->choices[h]->value[c], space->choices[h]->width[c]};
            int             length = setting.value == setting.width ? snprintf(NULL, 0, "%d", setting.value)
                                                                    : snprintf(NULL, 0, "%dx%d", setting.value, setting.width);
            if (length <= best) continue;
            best = length;
            for (int64_t layer = 0; layer < longest.layers; layer++) longest.setting[layer][h] = setting;
        }
    }
    size_t length = brood_architecture_print(space->form, &longest, NULL, 0);
    if (length < BROOD_MAX_TEXT) return BROOD_OK;
    return brood_fail(
        BROOD_E_CONFIG,
        "space.layers: found %lld layers, whose longest text has %zu characters, expected at most %d: use "
        "fewer layers",
        (long long)space->config.layers, length, BROOD_MAX_TEXT - 1);
}

static void fill_fields(brood_space_t *space) {
    const int32_t hyperparameters = space->form->hyperparameters;
    for (int32_t h = 0; h < hyperparameters; h++) {
        snprintf(space->name[h], sizeof space->name[h], "%s", space->form->hyperparameter[h]->name);
        space->count[h] = (int32_t)space->choices[h]->count;
        for (int64_t c = 0; c < space->most_choices; c++) {
            bool inside = c < space->choices[h]->count;
            space->value[h * space->most_choices + c] = inside ? space->choices[h]->value[c] : -1;
            space->width[h * space->most_choices + c] = inside ? space->choices[h]->width[c] : -1;
        }
    }
    for (int64_t t = 0; t < brood_space_length(space); t++) space->position[t] = (int32_t)(t % hyperparameters);
}

brood_err_t brood_space_create(const brood_space_config_t *config, const int64_t image[3], int64_t classes,
                               brood_space_t **out) {
    brood_err_t err = BROOD_OK;
    *out = NULL;
    const brood_space_form_t *form = brood_space_form((brood_space_kind_t)config->kind);
    brood_space_t            *space = calloc(1, sizeof *space);
    if (!space) return brood_fail(BROOD_E_MEMORY, "a search space of %zu bytes cannot be had", sizeof *space);
    space->form = form;
    space->config = *config;
    space->classes = classes;
    memcpy(space->image, image, sizeof space->image);
    if (!form->planar) {
        space->image[1] *= space->image[0];
        space->image[0] = 1;
    }
    BROOD_TRY(check_config(form, config));
    for (int32_t h = 0; h < form->hyperparameters; h++) {
        space->choices[h] = choices_of(&space->config, form->hyperparameter[h]);
        if (space->choices[h]->count > space->most_choices) space->most_choices = space->choices[h]->count;
    }
    BROOD_TRY(check_text(space));
    brood_measure_t least, most;
    BROOD_TRY(brood_space_range(space, 1, &least, &most));
    fill_fields(space);
    *out = space;
    space = NULL;
done:
    brood_space_destroy(&space);
    return err;
}

void brood_space_destroy(brood_space_t **space) {
    free(*space);
    *space = NULL;
}

/* ---- decisions ---- */

int64_t brood_space_length(const brood_space_t *space) {
    return space->config.layers * space->form->hyperparameters;
}

int64_t brood_space_choices(const brood_space_t *space) {
    return space->most_choices;
}

int64_t brood_space_kinds(const brood_space_t *space) {
    return space->form->hyperparameters;
}

const char *brood_space_kind_name(const brood_space_t *space, int64_t kind) {
    return space->form->hyperparameter[kind]->name;
}

double brood_space_size(const brood_space_t *space) {
    double size = 1;
    for (int64_t layer = 0; layer < space->config.layers; layer++)
        for (int32_t h = 0; h < space->form->hyperparameters; h++) size *= (double)space->choices[h]->count;
    return size;
}

/* What can be decided does not depend on what was decided before, yet; so the tokens are not looked at. */
void brood_space_decision(const brood_space_t *space, const int32_t tokens[], int64_t t, brood_decision_t *decision) {
    (void)tokens;
    *decision = (brood_decision_t){.anchor = -1};
    if (t >= brood_space_length(space)) return;
    decision->kind = (int32_t)(t % space->form->hyperparameters);
    decision->choices = (int32_t)space->choices[decision->kind]->count;
}

/* ---- networks ---- */

bool brood_space_add_layer(const brood_space_t *space, brood_net_spec_t *spec, const brood_setting_t setting[]) {
    for (int s = 0; s < BROOD_SPACE_STEPS; s++) {
        const brood_space_step_t *step = &space->form->step[s];
        if (!step->add(spec, setting, space->config.batch_norm)) return false;
        setting += step->count;
    }
    return true;
}

/* The network of the first `layers` layers of an architecture. */
static brood_err_t build(const brood_space_t *space, const brood_architecture_t *architecture, int64_t layers,
                         brood_tail_t tail, brood_net_spec_t *spec) {
    *spec = (brood_net_spec_t){.classes = space->classes, .init = (brood_init_t)space->config.init};
    memcpy(spec->image, space->image, sizeof spec->image);
    bool fits = true;
    for (int64_t layer = 0; layer < layers && fits; layer++)
        fits = brood_space_add_layer(space, spec, architecture->setting[layer]);
    if (!fits || !brood_space_add_tail(spec, tail))
        return brood_fail(BROOD_E_DATA, "found more than %d operations, expected at most so many", BROOD_MAX_LAYERS);
    int64_t shape[BROOD_MAX_LAYERS][3];
    return brood_net_shapes(spec, shape);
}

brood_err_t brood_space_network(const brood_space_t *space, const char *text, brood_net_spec_t *spec) {
    brood_architecture_t architecture;
    brood_err_t          err = brood_architecture_parse(space->form, text, &architecture);
    if (err != BROOD_OK) return err;
    err = build(space, &architecture, architecture.layers, (brood_tail_t)space->config.tail, spec);
    if (err == BROOD_OK) return BROOD_OK;
    char quoted[BROOD_QUOTE_SIZE];
    brood_quote(text, quoted);
    /* The network counts operations; people count layers. An average asks for no room, so that what fails is the layer.
     */
    int64_t layer = 1;
    while (layer <= architecture.layers && build(space, &architecture, layer, BROOD_TAIL_AVERAGE, spec) == BROOD_OK)
        layer++;
    if (layer <= architecture.layers)
        return brood_because(err, "architecture %s: layer %lld", quoted, (long long)layer);
    err = build(space, &architecture, architecture.layers, (brood_tail_t)space->config.tail, spec);
    return brood_because(err, "architecture %s: the dense layer at its end", quoted);
}

void brood_space_fields(brood_space_t *space, brood_fields_t *fields) {
    const int64_t       kinds = space->form->hyperparameters, choices = space->most_choices;
    const brood_field_t list[] = {
        {.group = "/config",
         .name = "space_hyperparameter",
         .label = "hyperparameter",
         .doc = "What is decided in every layer, in the order of an architecture's text",
         .type = BROOD_TYPE_TEXT,
         .ndim = 1,
         .shape = {kinds},
         .base = space->name,
         .text_size = BROOD_SPACE_NAME},
        {.group = "/config",
         .name = "space_choices",
         .label = "number of choices",
         .unit = "1",
         .doc = "How many values each hyperparameter can take",
         .type = BROOD_TYPE_I32,
         .ndim = 1,
         .shape = {kinds},
         .base = space->count},
        {.group = "/config",
         .name = "space_value",
         .label = "value of a choice",
         .doc = "Value of each choice [hyperparameter, choice], a token being the choice; the height where height and "
                "width differ; -1 beyond the last choice",
         .type = BROOD_TYPE_I32,
         .ndim = 2,
         .shape = {kinds, choices},
         .base = space->value},
        {.group = "/config",
         .name = "space_width",
         .label = "width of a choice",
         .doc = "As space_value, but the width where height and width differ",
         .type = BROOD_TYPE_I32,
         .ndim = 2,
         .shape = {kinds, choices},
         .base = space->width},
        {.group = "/config",
         .name = "space_position",
         .label = "hyperparameter of a position",
         .doc = "Which hyperparameter each position of the tokens decides: a row of space_value",
         .type = BROOD_TYPE_I32,
         .ndim = 1,
         .shape = {brood_space_length(space)},
         .base = space->position},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) brood_fields_add(fields, &list[i]);
}
