/* A space's insides, shared by this room's files. */
#ifndef BROOD_SRC_SPACE_INTERNAL_H
#define BROOD_SRC_SPACE_INTERNAL_H

#include "form.h"

#define BROOD_SPACE_NAME 16 /* bytes of a hyperparameter's name, its NUL included */

struct brood_space {
    const brood_space_form_t *form;
    brood_space_config_t      config;
    const brood_choices_t    *choices[BROOD_SPACE_HYPERPARAMETERS]; /* in config, by hyperparameter of the form */
    int64_t                   image[3], classes;                    /* as networks see it */
    int64_t                   most_choices;
    /* What brood_space_fields points at. */
    char    name[BROOD_SPACE_HYPERPARAMETERS][BROOD_SPACE_NAME];
    int32_t count[BROOD_SPACE_HYPERPARAMETERS];
    int32_t position[BROOD_MAX_POSITIONS];
    int32_t value[BROOD_SPACE_HYPERPARAMETERS * BROOD_MAX_CHOICES]; /* [kind, choice], −1 beyond the choices */
    int32_t width[BROOD_SPACE_HYPERPARAMETERS * BROOD_MAX_CHOICES];
};

/* An architecture as its text says it, inside the space's choices or not. */
typedef struct {
    int64_t         layers;
    brood_setting_t setting[BROOD_SPACE_MOST_LAYERS][BROOD_SPACE_HYPERPARAMETERS];
} brood_architecture_t;

/* BROOD_E_DATA as brood_space_parse. */
brood_err_t brood_architecture_parse(const brood_space_form_t *form, const char *text,
                                     brood_architecture_t *architecture) BROOD_WARN_UNUSED;

/* The canonical text, cut to `size` bytes with its NUL; returns the length that it has uncut. */
size_t brood_architecture_print(const brood_space_form_t *form, const brood_architecture_t *architecture, char *text,
                                size_t size);

/* Appends one layer; false when the network is full. */
bool brood_space_add_layer(const brood_space_t *space, brood_net_spec_t *spec, const brood_setting_t setting[]);

#endif
