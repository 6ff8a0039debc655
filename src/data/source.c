#include "source.h"

#include <string.h>
#include <sys/stat.h>

/* What data.name stands for. */
typedef struct {
    const char           *name;
    const brood_format_t *format;
    const char           *dir; /* where data.dir says nothing; NULL: it has to */
    bool                  has_test;
    const char           *remedy; /* where files are missing */
} set_t;

static const set_t sets[] = {
    [BROOD_DATA_FASHION_MNIST] = {"fashion-mnist", &brood_format_idx, "/usr/share/datasets/fashion-mnist", true,
                                  "install Debian's package dataset-fashion-mnist, or set data.dir"},
    [BROOD_DATA_MNIST] = {"mnist", &brood_format_idx, "data/mnist", true,
                          "put MNIST's four files there, plain or gzipped, or set data.dir"},
    [BROOD_DATA_IDX] = {"idx", &brood_format_idx, NULL, false, "put it there, plain or gzipped, or set data.dir"},
    [BROOD_DATA_HDF5] = {"hdf5", &brood_format_hdf5, NULL, false, "put it there, or set data.dir"},
};

brood_err_t brood_stream_shape(brood_stream_t *stream, int ndim, const int64_t extent[]) {
    const int64_t most = INT64_C(1) << 31;
    int64_t       elements = 1;
    stream->rows = extent[0];
    for (int d = 0; d < 3; d++) stream->image[d] = d + 1 < ndim ? extent[d + 1] : 1;
    for (int d = 0; d < ndim; d++)
        if (extent[d] < 1 || extent[d] > most)
            return brood_fail(BROOD_E_DATA, "%s: found an extent of %lld, expected 1 .. 2^31", stream->name,
                              (long long)extent[d]);
    for (int d = 0; d < 3; d++)
        if (__builtin_mul_overflow(elements, stream->image[d], &elements) || elements > most)
            return brood_fail(BROOD_E_DATA, "%s: found images of %lld x %lld x %lld, expected at most 2^31 elements",
                              stream->name, (long long)stream->image[0], (long long)stream->image[1],
                              (long long)stream->image[2]);
    return BROOD_OK;
}

/* Images and labels of one part: both, or neither where there need be none. */
static brood_err_t check_pair(const set_t *set, const brood_stream_t *images, const brood_stream_t *labels,
                              bool needed) {
    if (images->missing && labels->missing && !needed) return BROOD_OK;
    const brood_stream_t *missing = images->missing ? images : labels->missing ? labels : NULL;
    if (missing)
        return brood_fail(BROOD_E_DATA, "%s: not found, expected the %s of data.name %s; %s", missing->name,
                          missing == images ? "images" : "labels", set->name, set->remedy);
    if (images->rows == labels->rows) return BROOD_OK;
    return brood_fail(BROOD_E_DATA, "%s: found %lld labels, expected as many as there are images in %s: %lld",
                      labels->name, (long long)labels->rows, images->name, (long long)images->rows);
}

brood_err_t brood_source_open(const brood_data_config_t *config, brood_source_t *source) {
    const set_t    *set = &sets[config->name];
    const char     *dir = config->dir[0] ? config->dir : set->dir;
    brood_stream_t *stream = source->stream;
    memset(source, 0, sizeof *source);
    source->format = set->format;
    if (!dir)
        return brood_fail(BROOD_E_CONFIG, "data.dir: found none, expected the directory of the files of data.name %s",
                          set->name);
    struct stat status;
    if (stat(dir, &status) == 0 && !S_ISDIR(status.st_mode))
        return brood_fail(BROOD_E_CONFIG,
                          "data.dir: found %s, which is a file, expected the directory of the files of data.name %s",
                          dir, set->name);
    brood_err_t err = BROOD_OK;
    for (brood_array_name_t array = 0; array < BROOD_ARRAYS; array++)
        BROOD_TRY(set->format->open(dir, array, &stream[array]));
    BROOD_TRY(check_pair(set, &stream[BROOD_ARRAY_TRAIN_IMAGES], &stream[BROOD_ARRAY_TRAIN_LABELS], true));
    BROOD_TRY(check_pair(set, &stream[BROOD_ARRAY_TEST_IMAGES], &stream[BROOD_ARRAY_TEST_LABELS], set->has_test));
    const brood_stream_t *train = &stream[BROOD_ARRAY_TRAIN_IMAGES], *test = &stream[BROOD_ARRAY_TEST_IMAGES];
    if (!test->missing && memcmp(train->image, test->image, sizeof train->image) != 0)
        err =
            brood_fail(BROOD_E_DATA, "%s: found images of %lld x %lld x %lld, expected %lld x %lld x %lld as in %s",
                       test->name, (long long)test->image[0], (long long)test->image[1], (long long)test->image[2],
                       (long long)train->image[0], (long long)train->image[1], (long long)train->image[2], train->name);
done:
    return err;
}

void brood_source_close(brood_source_t *source) {
    for (int array = 0; array < BROOD_ARRAYS; array++) source->format->close(&source->stream[array]);
}

brood_err_t brood_source_labels(brood_source_t *source, brood_array_name_t array, uint8_t *labels) {
    brood_stream_t *stream = &source->stream[array];
    brood_err_t     err = source->format->read(stream, stream->rows, labels);
    return err == BROOD_OK ? source->format->finish(stream) : err;
}
