/* Images: read once, kept as bytes, converted by the mini-batch. */
#ifndef BROOD_DATA_DATA_H
#define BROOD_DATA_DATA_H

#include <stdint.h>

#include "brood/util/config.h"

typedef enum { BROOD_DATA_FASHION_MNIST, BROOD_DATA_MNIST, BROOD_DATA_IDX, BROOD_DATA_HDF5 } brood_data_name_t;
typedef enum { BROOD_PIXELS_STANDARDIZED, BROOD_PIXELS_UNIT } brood_pixels_t;

typedef struct {
    int32_t name;                /* brood_data_name_t */
    char    dir[BROOD_MAX_PATH]; /* "": where the package puts it */
    int64_t train, validation, downscale;
    int32_t pixels; /* brood_pixels_t */
} brood_data_config_t;
extern const brood_key_t brood_data_keys[];
extern const int64_t     brood_data_key_count;

/* What a data set holds, known from the headers of its images and from its labels. */
typedef struct {
    int64_t image[3];                           /* height, width, channels, after downscaling */
    int64_t images;                             /* of the training files */
    int64_t validation, train;                  /* of these in use: the first and the last */
    int64_t test;                               /* of the test files; 0: there are none */
    int64_t classes;                            /* 1 + the largest label of training and test files */
    int64_t classes_shown;                      /* with an image in any of the files */
    int64_t classes_trained, classes_validated; /* with an image to train on; of those, with one to validate */
} brood_data_shape_t;

/* Reads headers and labels and checks what can be checked without decoding images: BROOD_E_DATA with file, found and
   expected (missing, no IDX, no HDF5, truncated or overlong, labels and images of different number, not enough images
   for the split, images that downscale does not divide, fewer than two classes). BROOD_E_CONFIG: data.dir is needed,
   or is no directory. BROOD_E_IO: a file that is there cannot be read. */
brood_err_t brood_data_probe(const brood_data_config_t *config, brood_data_shape_t *shape) BROOD_WARN_UNUSED;

/* Bytes of storage that brood_data_read fills. It holds all that brood_data_t needs and no pointer: a rank may read,
   others view the same memory, at another address. Storage is aligned as malloc's is. */
size_t brood_data_size(const brood_data_shape_t *shape);

/* Decodes into the caller's storage. BROOD_E_DATA: truncated, overlong or corrupt file, files that are no longer what
   they were when `shape` was probed, training images without any contrast. BROOD_E_IO, BROOD_E_MEMORY. */
brood_err_t brood_data_read(const brood_data_config_t *config, const brood_data_shape_t *shape,
                            void *storage) BROOD_WARN_UNUSED;

typedef enum {
    BROOD_PART_TRAIN,
    BROOD_PART_VALIDATION,
    BROOD_PART_TEST,
    BROOD_PART_ALL /* training + validation */,
    BROOD_PARTS
} brood_part_t;

/* A view of filled storage, which must outlive it. Validation images are the first ones of the training files, training
 * images the last. */
typedef struct {
    brood_data_shape_t shape;
    const uint8_t     *pixels[BROOD_PARTS]; /* [count, H, W, C] */
    const uint8_t     *labels[BROOD_PARTS]; /* [count] */
    int64_t            count[BROOD_PARTS];
    double             offset, scale; /* a pixel p becomes (p − offset) × scale, rounded to float once: */
    float              value[256];    /* of each p */
    uint64_t           fingerprint;   /* of all pixels and labels in use, shape, split and scaling */
} brood_data_t;
void brood_data_view(const brood_data_shape_t *shape, const void *storage, brood_data_t *data);

/* x[n, H, W, C] and y[n] of images of a part: order[0 … n), and `first` is not looked at; or, order NULL, first, first
   + 1, …, first + n − 1. */
void brood_data_batch(const brood_data_t *data, brood_part_t part, const int32_t *order, int64_t first, int64_t n,
                      float *x, uint8_t *y);

#endif
