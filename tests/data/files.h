/* Made-up data sets on disk, for the tests of this room. */
#ifndef BROOD_TESTS_DATA_FILES_H
#define BROOD_TESTS_DATA_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/data/data.h"

enum { TRAIN = 23, TEST = 7, HEIGHT = 6, WIDTH = 4, SIZE = HEIGHT * WIDTH, CLASSES = 5 };

/* What the files of a made-up set hold. */
typedef struct {
    uint8_t train_pixels[TRAIN * SIZE], test_pixels[TEST * SIZE], train_labels[TRAIN], test_labels[TEST];
} sample_t;

extern char dir[64]; /* a fresh directory a test: setup and teardown below */
int         make_dir(void **state);
int         remove_dir(void **state);

/* dir/NAME, in static storage. */
const char *path_of(const char *name);

void fill_sample(sample_t *sample);

/* Writes an IDX file, gzipped where its name ends in .gz. */
void write_idx(const char *name, int ndim, const int64_t extent[], const uint8_t *bytes, size_t size);
/* The four files of a sample, their names with `suffix` ("" or ".gz"). */
void write_sample(const sample_t *sample, const char *suffix);

/* data.name idx in `dir`, 11 training and 5 validation images, pixels as they are but for the factor 1/255. */
brood_data_config_t config_idx(void);

/* Probes and reads; *storage is malloc'ed. Fails the test where that fails. */
void *read_data(const brood_data_config_t *config, brood_data_t *data);

/* The message that was kept holds each of these words, which are separated by "|". */
void assert_message_has(const char *words);

#endif
