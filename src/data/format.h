/* How the files of a data set are read: four arrays, each a stream of records, whatever format holds them. */
#ifndef BROOD_SRC_DATA_FORMAT_H
#define BROOD_SRC_DATA_FORMAT_H

#include <stdbool.h>

#include "brood/data/data.h"

typedef enum {
    BROOD_ARRAY_TRAIN_IMAGES, /* [N, H, W], or [N, H, W, C] where the format has it */
    BROOD_ARRAY_TRAIN_LABELS, /* [N] */
    BROOD_ARRAY_TEST_IMAGES,
    BROOD_ARRAY_TEST_LABELS,
    BROOD_ARRAYS
} brood_array_name_t;

static inline bool brood_array_is_images(brood_array_name_t array) {
    return array == BROOD_ARRAY_TRAIN_IMAGES || array == BROOD_ARRAY_TEST_IMAGES;
}

#define BROOD_STREAM_NAME (2 * BROOD_MAX_PATH)

typedef struct {
    char    name[BROOD_STREAM_NAME]; /* for messages: the file, and the dataset in it */
    bool    missing;                 /* there is no such array; nothing is open */
    int64_t rows;                    /* N */
    int64_t image[3];                /* height, width, channels of an image; 1, 1, 1 of a label */
    int64_t at;                      /* rows read */
    void   *self;                    /* the format's own; NULL: not open */
} brood_stream_t;

/* All functions return BROOD_E_DATA (the content is not what it should be) or BROOD_E_IO with the stream's name in the
   message. */
typedef struct {
    /* Opens an array of the set in `dir`, its header read and checked. A missing one is no error, and is named as it
       would be looked for. The stream must be closed in any case. */
    brood_err_t (*open)(const char *dir, brood_array_name_t array, brood_stream_t *stream);
    /* The next `rows` records, a byte an element. */
    brood_err_t (*read)(brood_stream_t *stream, int64_t rows, uint8_t *bytes);
    /* After the last record: nothing may follow, and what was read must have been whole. */
    brood_err_t (*finish)(brood_stream_t *stream);
    void (*close)(brood_stream_t *stream); /* NULL-safe on a zeroed stream */
} brood_format_t;

extern const brood_format_t brood_format_idx;
extern const brood_format_t brood_format_hdf5;

/* Elements of one record. */
static inline int64_t brood_stream_row(const brood_stream_t *stream) {
    return stream->image[0] * stream->image[1] * stream->image[2];
}

/* Fills rows and image from the extents of an array and checks them: at least one record, every extent positive, at
   most 2^31 records and 2^31 elements a record. extent[ndim] with ndim 1 (labels), 3 or 4 (images). */
brood_err_t brood_stream_shape(brood_stream_t *stream, int ndim, const int64_t extent[]) BROOD_WARN_UNUSED;

#endif
