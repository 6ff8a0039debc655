/* Spaces for the tests of this room. */
#ifndef BROOD_TESTS_SPACE_SPACES_H
#define BROOD_TESTS_SPACE_SPACES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "brood/space/space.h"

/* A list ended by 0 (dropout, whose choices may be 0, by −1). */
#define CHOICES(...)  choices_of((const int32_t[]){__VA_ARGS__, 0}, 0)
#define PER_CENT(...) choices_of((const int32_t[]){__VA_ARGS__, -1}, -1)

static inline brood_choices_t choices_of(const int32_t list[], int32_t end) {
    brood_choices_t choices = {0};
    for (; list[choices.count] != end; choices.count++)
        choices.value[choices.count] = choices.width[choices.count] = list[choices.count];
    return choices;
}

static inline brood_space_config_t small_conv2d(void) {
    brood_space_config_t config = {.kind = BROOD_SPACE_CONV2D,
                                   .layers = 2,
                                   .kernel_size = CHOICES(1, 3, 5),
                                   .filters = CHOICES(4, 8),
                                   .stride = CHOICES(1, 2),
                                   .pool_size = CHOICES(1, 2, 3),
                                   .dropout = PER_CENT(0, 20),
                                   .batch_norm = true,
                                   .tail = BROOD_TAIL_AVERAGE};
    config.kernel_size.width[2] = 2; /* 5x2 */
    return config;
}

static inline brood_space_config_t small_conv1d(void) {
    return (brood_space_config_t){.kind = BROOD_SPACE_CONV1D,
                                  .layers = 2,
                                  .kernel_size = CHOICES(7, 1, 4),
                                  .filters = CHOICES(3, 10, 5),
                                  .stride = CHOICES(1),
                                  .pool_size = CHOICES(1, 9),
                                  .dropout = PER_CENT(0, 50),
                                  .batch_norm = false,
                                  .tail = BROOD_TAIL_FLATTEN};
}

static inline brood_space_t *space_on(const brood_space_config_t *config, int64_t height, int64_t width,
                                      int64_t channels, int64_t classes) {
    const int64_t  image[3] = {height, width, channels};
    brood_space_t *space;
    if (brood_space_create(config, image, classes, &space) != BROOD_OK) fail_msg("%s", brood_message());
    return space;
}

/* The message that was kept holds each of these words, which are separated by "|". */
static inline void assert_message_has(const char *words) {
    char copy[512], *rest = copy;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word; (word = strsep(&rest, "|"));)
        if (!strstr(brood_message(), word)) fail_msg("\"%s\" does not say \"%s\"", brood_message(), word);
}

#endif
