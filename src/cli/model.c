#include "model.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "brood/run/run.h"
#include "brood/util/log.h"

#define FORMAT "brood model"

/* Only a network kept before may be replaced. */
static brood_err_t check_replaceable(const char *file) {
    brood_bytes_t  image;
    brood_fields_t none;
    bool           whole;
    brood_bytes_init(&image);
    brood_fields_init(&none);
    brood_err_t err = brood_store_get_any(&brood_fs_posix, file, &image, &whole);
    if (err == BROOD_OK) err = brood_image_read(FORMAT, &image, &none);
    brood_fields_fini(&none);
    brood_bytes_fini(&image);
    return err == BROOD_OK
               ? BROOD_OK
               : brood_because(
                     err, "--save %s: there is a file already, and no network kept before; choose another name", file);
}

brood_err_t model_check_place(const char *file) {
    char        directory[BROOD_MAX_PATH];
    struct stat status;
    if (snprintf(directory, sizeof directory, "%s", file) >= (int)sizeof directory)
        return brood_fail(BROOD_E_USAGE, "--save: longer than %zu bytes", sizeof directory - 1);
    char *slash = strrchr(directory, '/');
    if (slash) slash[slash == directory] = '\0';
    const char *place = slash ? directory : ".";
    if (stat(place, &status)) return brood_fail_errno(errno, "--save %s: %s", file, place);
    if (!S_ISDIR(status.st_mode)) return brood_fail(BROOD_E_IO, "--save %s: %s is no directory", file, place);
    if (access(place, W_OK | X_OK)) return brood_fail_errno(errno, "--save %s: %s", file, place);
    if (stat(file, &status)) return BROOD_OK;
    if (!S_ISREG(status.st_mode))
        return brood_fail(BROOD_E_USAGE,
                          "--save %s: found no regular file there, expected none, or a network kept before", file);
    return check_replaceable(file);
}

static void add_text(brood_fields_t *fields, const char *name, const char *doc, char *text) {
    brood_field_t field = {
        .label = name, .doc = doc, .type = BROOD_TYPE_TEXT, .base = text, .text_size = strlen(text) + 1};
    snprintf(field.name, sizeof field.name, "%s", name);
    brood_fields_add(fields, &field);
}

brood_err_t model_save(const char *file, char *configuration, const char *architecture,
                       const brood_evaluator_t *evaluator, void *self) {
    brood_fields_t fields;
    brood_bytes_t  image;
    char           directory[BROOD_MAX_PATH], name[BROOD_MAX_PATH], token[BROOD_TOKEN_SIZE];
    char           layers[BROOD_MAX_TEXT];
    brood_err_t    err = BROOD_OK;
    brood_fields_init(&fields);
    brood_bytes_init(&image);
    snprintf(directory, sizeof directory, "%s", file);
    snprintf(name, sizeof name, "%s", file);
    snprintf(layers, sizeof layers, "%s", architecture);
    add_text(&fields, "architecture", "its layers, as --arch takes them", layers);
    add_text(&fields, "configuration", "YAML of all keys with which it was trained", configuration);
    evaluator->fields(self, &fields);
    BROOD_TRY(brood_image_write(FORMAT, &fields, &image));
    BROOD_TRY(brood_token(token));
    BROOD_TRY(brood_store_put(&(brood_writer_t){.fs = &brood_fs_posix, .token = token}, dirname(directory),
                              basename(name), false, 1, &image, NULL));
    brood_log_write(BROOD_LOG_INFO, "the trained network is in %s", file);
done:
    brood_bytes_fini(&image);
    brood_fields_fini(&fields);
    return err == BROOD_OK ? BROOD_OK : brood_because(err, "--save %s", file);
}
