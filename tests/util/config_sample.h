/* Two tables with a key of every kind, as two rooms would declare them; both have keys of section `run`. */
#ifndef BROOD_TESTS_UTIL_CONFIG_SAMPLE_H
#define BROOD_TESTS_UTIL_CONFIG_SAMPLE_H

#include "brood/util/config.h"
#include "cmocka_all.h"

typedef struct {
    int64_t round, seed;
    double  rate, every;
    bool    skip;
    char    dir[BROOD_MAX_PATH];
} sample_main_t;

typedef struct {
    int32_t         numerics;
    brood_choices_t filters, kernel_size;
    brood_texts_t   start;
    double          patience;
} sample_other_t;

typedef struct {
    sample_main_t   main;
    sample_other_t  other;
    brood_section_t sections[2];
} sample_t;

#define SAMPLE_SECTIONS 2

void sample_init(sample_t *sample); /* zeroes the structs, so that whole structs can be compared */

/* Reads `yaml` as a file named "c.yaml". */
brood_err_t sample_read(sample_t *sample, const char *yaml);
/* Reads no file and these sets (the last one NULL). */
brood_err_t sample_set(sample_t *sample, const char *first, ...);

#endif
