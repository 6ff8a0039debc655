/* A data set as it lies on disk: which format, where, and its four arrays opened and found to suit each other. */
#ifndef BROOD_SRC_DATA_SOURCE_H
#define BROOD_SRC_DATA_SOURCE_H

#include "format.h"

typedef struct {
    const brood_format_t *format;
    brood_stream_t        stream[BROOD_ARRAYS]; /* those of the test set are missing together */
} brood_source_t;

/* BROOD_E_CONFIG: data.dir is needed, or is no directory. BROOD_E_DATA, BROOD_E_IO. The source must be closed
   in any case. */
brood_err_t brood_source_open(const brood_data_config_t *config, brood_source_t *source) BROOD_WARN_UNUSED;
void        brood_source_close(brood_source_t *source);

/* Reads all labels into labels[rows] and looks for the end. */
brood_err_t brood_source_labels(brood_source_t *source, brood_array_name_t array, uint8_t *labels) BROOD_WARN_UNUSED;

#endif
