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

/* What a data set holds, known from its files' headers. */
typedef struct {
    int64_t image[3]; /* height, width, channels, after downscaling */
    int64_t images;   /* of the training files */
    int64_t test;     /* of the test files; 0: there are none */
    int64_t classes;
} brood_data_shape_t;

/* Opens the files' headers and checks what can be checked without decoding: BROOD_E_DATA with file, found and expected
   (missing, no IDX, truncated, labels and images of different number, not enough images for the split, an image that
   downscale does not divide). */
brood_err_t brood_data_probe(const brood_data_config_t *config, brood_data_shape_t *shape) BROOD_WARN_UNUSED;

/* Bytes of storage that brood_data_read fills. It holds all that brood_data_t needs: a rank may read, others view the
 * same memory. */
size_t brood_data_size(const brood_data_shape_t *shape);

/* Decodes into the caller's storage. BROOD_E_DATA: truncated or corrupt file, a label ≥ classes. */
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
    double             offset, scale; /* a pixel p becomes (p − offset) × scale, rounded to float once */
    uint64_t           fingerprint;   /* of all decoded pixels and labels, shape, split and scaling */
} brood_data_t;
void brood_data_view(const brood_data_config_t *config, const brood_data_shape_t *shape, const void *storage,
                     brood_data_t *data);

/* x[n, H, W, C] and y[n] of the images order[0 … n) (NULL: first, first + 1, …) of a part. */
void brood_data_batch(const brood_data_t *data, brood_part_t part, const int32_t *order, int64_t first, int64_t n,
                      float *x, uint8_t *y);

#endif
