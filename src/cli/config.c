#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "brood/run/image.h"
#include "brood/util/log.h"

#define MOST_COLOURS 4 /* channels of a picture */

const brood_data_shape_t config_nominal_shape = {.image = {28, 28, 1}, .classes = 10};

void config_sections(config_t *config, brood_section_t sections[CONFIG_SECTIONS]) {
    int64_t n = 0;
#define SECTION(table, member)                                                                                         \
    sections[n++] = (brood_section_t){brood_##table##_keys, brood_##table##_key_count, config ? &config->member : NULL};
    CONFIG_TABLES(SECTION)
#undef SECTION
}

brood_err_t config_read_kept(const char *name, const brood_bytes_t *image, const char *const set[], config_t *config) {
    brood_section_t sections[CONFIG_SECTIONS];
    char           *text = NULL;
    brood_err_t     err = brood_image_text(image, CONFIG_KEPT, &text);
    config_sections(config, sections);
    if (err == BROOD_OK) err = brood_config_read_text(name, text, set, sections, CONFIG_SECTIONS);
    free(text);
    return err;
}

brood_search_setup_t config_search_setup(const config_t *config, const brood_space_t *space, bool retrain) {
    return (brood_search_setup_t){.config = &config->search,
                                  .reinforce = &config->reinforce,
                                  .space = space,
                                  .minibatch = config->child.batch,
                                  .epochs = brood_child_epochs(&config->child, retrain)};
}

#define SHAPE(member, dimensions, label_, unit_, doc_)                                                                 \
    brood_fields_add(fields, &(brood_field_t){.group = "/config",                                                      \
                                              .name = "data_" #member,                                                 \
                                              .label = label_,                                                         \
                                              .unit = unit_,                                                           \
                                              .doc = doc_,                                                             \
                                              .type = BROOD_TYPE_I64,                                                  \
                                              .ndim = dimensions,                                                      \
                                              .shape = {dimensions ? 3 : 0},                                           \
                                              .base = &shape->member})

void config_shape_fields(brood_data_shape_t *shape, brood_fields_t *fields) {
    SHAPE(image, 1, "size of an image", "1", "Height, width and channels, as the networks see them");
    SHAPE(classes, 0, "classes", "1", "Classes that the networks tell apart");
    SHAPE(train, 0, "training images", "1", "Images that a child is trained on; 0 where no images are used");
    SHAPE(validation, 0, "validation images", "1", "Images that a child is judged by; 0 where no images are used");
    SHAPE(test, 0, "test images", "1", "Images that `brood train` tests a child on; 0 where there are none");
}

void config_images_print(const brood_data_shape_t *shape, bool all, char *text, size_t size) {
    char use[96];
    if (all)
        snprintf(use, sizeof use, "trained on %lld", (long long)(shape->train + shape->validation));
    else
        snprintf(use, sizeof use, "trained on the last %lld, validated on the first %lld", (long long)shape->train,
                 (long long)shape->validation);
    snprintf(text, size, "%lld of %lld x %lld x %lld in %lld classes: %s, %lld to test", (long long)shape->images,
             (long long)shape->image[0], (long long)shape->image[1], (long long)shape->image[2],
             (long long)shape->classes, use, (long long)shape->test);
}

void config_images_warn(const brood_data_shape_t *shape, bool all) {
    const int64_t *image = shape->image;
    if (!all && shape->classes_validated < shape->classes_trained)
        brood_log_write(
            BROOD_LOG_WARNING,
            "the validation images show %lld of the %lld classes trained on; they are the first of the file, the "
            "training images the last: a file sorted by class is to be shuffled",
            (long long)shape->classes_validated, (long long)shape->classes_trained);
    if (shape->classes_shown < shape->classes)
        brood_log_write(BROOD_LOG_WARNING,
                        "labels go up to %lld, but only %lld of these %lld classes have an image: labels are counted "
                        "from 0, without a gap",
                        (long long)shape->classes - 1, (long long)shape->classes_shown, (long long)shape->classes);
    if (image[0] <= MOST_COLOURS && image[2] > MOST_COLOURS && image[2] <= 2 * image[1] && image[1] <= 2 * image[2])
        brood_log_write(BROOD_LOG_WARNING,
                        "images of height %lld and width %lld with %lld channels: the order is [N, height, width, "
                        "channels], and these look like [N, channels, height, width]",
                        (long long)image[0], (long long)image[1], (long long)image[2]);
    if (all && shape->test == 0)
        brood_log_write(BROOD_LOG_WARNING,
                        "there are no test images, and retrain.images: all keeps none for validation: no accuracy "
                        "will be known; --set retrain.images=train keeps some, in a new run directory");
}
