#include "brood/data/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/hash.h"
#include "source.h"

#define ALIGN 64 /* of the pixels in the storage */

/* What stands at the front of the storage. Behind it: pixels of validation, training and test images; their labels in
   the same order. So validation and training images together are one part, too. */
typedef struct {
    double   offset, scale;
    uint64_t fingerprint;
} front_t;

static int64_t images_in_use(const brood_data_shape_t *shape) {
    return shape->validation + shape->train + shape->test;
}

static int64_t image_size(const brood_data_shape_t *shape) {
    return shape->image[0] * shape->image[1] * shape->image[2];
}

static size_t pixels_at(void) {
    return (sizeof(front_t) + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t labels_at(const brood_data_shape_t *shape) {
    return pixels_at() + (size_t)(images_in_use(shape) * image_size(shape));
}

size_t brood_data_size(const brood_data_shape_t *shape) {
    return labels_at(shape) + (size_t)images_in_use(shape);
}

/* ---- what the files hold ---- */

static brood_err_t check_split(const brood_data_config_t *config, const brood_stream_t *images) {
    const int64_t factor = config->downscale;
    if (config->train + config->validation > images->rows)
        return brood_fail(
            BROOD_E_DATA,
            "%s: found %lld images, expected at least data.train %lld + data.validation %lld = %lld; lower one of them",
            images->name, (long long)images->rows, (long long)config->train, (long long)config->validation,
            (long long)(config->train + config->validation));
    if (images->image[0] % factor != 0 || images->image[1] % factor != 0)
        return brood_fail(BROOD_E_DATA,
                          "%s: found images of %lld x %lld, expected height and width that data.downscale %lld divides",
                          images->name, (long long)images->image[0], (long long)images->image[1], (long long)factor);
    return BROOD_OK;
}

static void shape_of(const brood_data_config_t *config, const brood_source_t *source, brood_data_shape_t *shape) {
    const brood_stream_t *train = &source->stream[BROOD_ARRAY_TRAIN_IMAGES];
    const brood_stream_t *test = &source->stream[BROOD_ARRAY_TEST_IMAGES];
    *shape = (brood_data_shape_t){
        .image = {train->image[0] / config->downscale, train->image[1] / config->downscale, train->image[2]},
        .images = train->rows,
        .validation = config->validation,
        .train = config->train,
        .test = test->missing ? 0 : test->rows};
}

#define LABELS 256

static void find_classes(const uint8_t *labels, int64_t count, bool found[LABELS]) {
    memset(found, 0, LABELS * sizeof *found);
    for (int64_t i = 0; i < count; i++) found[labels[i]] = true;
}

static void count_classes(const uint8_t *labels, brood_data_shape_t *shape) {
    bool any[LABELS], trained[LABELS], validated[LABELS];
    find_classes(labels, shape->images + shape->test, any);
    find_classes(labels + shape->images - shape->train, shape->train, trained);
    find_classes(labels, shape->validation, validated);
    for (int label = 0; label < LABELS; label++) {
        if (any[label]) shape->classes = label + 1;
        shape->classes_shown += any[label];
        shape->classes_trained += trained[label];
        shape->classes_validated += trained[label] && validated[label];
    }
}

/* All labels of training and test files, in this order; counts the classes. */
static brood_err_t read_labels(brood_source_t *source, brood_data_shape_t *shape, uint8_t **out) {
    brood_err_t err = BROOD_OK;
    uint8_t    *labels = malloc((size_t)(shape->images + shape->test));
    if (!labels) return brood_fail(BROOD_E_MEMORY, "out of memory while reading labels");
    BROOD_TRY(brood_source_labels(source, BROOD_ARRAY_TRAIN_LABELS, labels));
    if (shape->test > 0) BROOD_TRY(brood_source_labels(source, BROOD_ARRAY_TEST_LABELS, labels + shape->images));
    count_classes(labels, shape);
    if (shape->classes < 2)
        BROOD_TRY(brood_fail(BROOD_E_DATA, "%s: found no label but 0, expected two classes or more",
                             source->stream[BROOD_ARRAY_TRAIN_LABELS].name));
    *out = labels;
    labels = NULL;
done:
    free(labels);
    return err;
}

static brood_err_t open_checked(const brood_data_config_t *config, brood_source_t *source, brood_data_shape_t *shape,
                                uint8_t **labels) {
    brood_err_t err = brood_source_open(config, source);
    if (err == BROOD_OK) err = check_split(config, &source->stream[BROOD_ARRAY_TRAIN_IMAGES]);
    if (err != BROOD_OK) return err;
    shape_of(config, source, shape);
    return read_labels(source, shape, labels);
}

brood_err_t brood_data_probe(const brood_data_config_t *config, brood_data_shape_t *shape) {
    brood_source_t *source = malloc(sizeof *source);
    uint8_t        *labels = NULL;
    if (!source) return brood_fail(BROOD_E_MEMORY, "out of memory while opening the data set");
    brood_err_t err = open_checked(config, source, shape, &labels);
    free(labels);
    brood_source_close(source);
    free(source);
    return err;
}

/* ---- decoding ---- */

/* out[H/f, W/f, C] of in[H, W, C]: the mean of each block of f x f, rounded half up. */
static void downscale(const int64_t image[3], int64_t factor, const uint8_t *in, uint8_t *out) {
    const int64_t width = image[1], channels = image[2], area = factor * factor;
    for (int64_t y = 0; y < image[0]; y += factor)
        for (int64_t x = 0; x < width; x += factor)
            for (int64_t c = 0; c < channels; c++) {
                int64_t sum = 0;
                for (int64_t i = 0; i < factor; i++)
                    for (int64_t j = 0; j < factor; j++) sum += in[((y + i) * width + x + j) * channels + c];
                *out++ = (uint8_t)((2 * sum + area) / (2 * area));
            }
}

/* Where image `row` of the training files goes in the storage, or −1. */
static int64_t slot_of(const brood_data_shape_t *shape, int64_t row) {
    if (row < shape->validation) return row;
    const int64_t first = shape->images - shape->train;
    return row >= first ? shape->validation + row - first : -1;
}

/* Decodes all images of an array, whatever is in use of them, so that damage is seen wherever it is. */
static brood_err_t read_images(const brood_data_config_t *config, const brood_data_shape_t *shape,
                               brood_source_t *source, brood_array_name_t array, uint8_t *pixels) {
    brood_stream_t *stream = &source->stream[array];
    const int64_t   row = brood_stream_row(stream), size = image_size(shape);
    const int64_t   block = row < (1 << 20) ? (1 << 20) / row : 1;
    brood_err_t     err = BROOD_OK;
    uint8_t        *raw = malloc((size_t)(block * row));
    if (!raw) return brood_fail(BROOD_E_MEMORY, "%s: out of memory while decoding", stream->name);
    for (int64_t first = 0; first < stream->rows; first += block) {
        const int64_t count = stream->rows - first < block ? stream->rows - first : block;
        BROOD_TRY(source->format->read(stream, count, raw));
        for (int64_t i = 0; i < count; i++) {
            const int64_t slot = array == BROOD_ARRAY_TRAIN_IMAGES ? slot_of(shape, first + i)
                                                                   : shape->validation + shape->train + first + i;
            if (slot < 0) continue;
            if (config->downscale == 1)
                memcpy(pixels + slot * size, raw + i * row, (size_t)size);
            else
                downscale(stream->image, config->downscale, raw + i * row, pixels + slot * size);
        }
    }
    BROOD_TRY(source->format->finish(stream));
done:
    free(raw);
    return err;
}

static void place_labels(const brood_data_shape_t *shape, const uint8_t *all, uint8_t *labels) {
    for (int64_t i = 0; i < shape->images; i++) {
        const int64_t slot = slot_of(shape, i);
        if (slot >= 0) labels[slot] = all[i];
    }
    if (shape->test > 0) memcpy(labels + shape->validation + shape->train, all + shape->images, (size_t)shape->test);
}

/* ---- scaling and identity ---- */

/* Mean and deviation of the training part's pixels: counted by value, so that the sums are exact. */
static brood_err_t standardise(const brood_data_shape_t *shape, const uint8_t *pixels, front_t *front) {
    const int64_t  size = image_size(shape), total = shape->train * size;
    const uint8_t *train = pixels + shape->validation * size;
    int64_t        count[256] = {0}, sum = 0;
    for (int64_t i = 0; i < total; i++) count[train[i]]++;
    for (int64_t p = 0; p < 256; p++) sum += p * count[p];
    const double mean = (double)sum / (double)total;
    double       squares = 0;
    for (int p = 0; p < 256; p++) squares += (double)count[p] * ((double)p - mean) * ((double)p - mean);
    if (squares == 0)
        return brood_fail(BROOD_E_DATA,
                          "data: found %.0f in every pixel of the training images, expected some contrast", mean);
    front->offset = mean;
    front->scale = 1 / sqrt(squares / (double)total);
    return BROOD_OK;
}

static uint64_t fingerprint(const brood_data_shape_t *shape, const front_t *front, const uint8_t *bytes, size_t size) {
    const int64_t numbers[] = {shape->image[0], shape->image[1], shape->image[2], shape->validation,
                               shape->train,    shape->test,     shape->classes};
    uint64_t      hash = brood_hash(BROOD_HASH_START, numbers, sizeof numbers);
    hash = brood_hash(hash, &front->offset, sizeof front->offset);
    hash = brood_hash(hash, &front->scale, sizeof front->scale);
    return brood_hash(hash, bytes, size);
}

static brood_err_t decode(const brood_data_config_t *config, const brood_data_shape_t *shape, brood_source_t *source,
                          const uint8_t *all_labels, uint8_t *storage) {
    uint8_t    *pixels = storage + pixels_at(), *labels = storage + labels_at(shape);
    front_t     front = {.offset = 0, .scale = 1.0 / 255};
    brood_err_t err = BROOD_OK;
    BROOD_TRY(read_images(config, shape, source, BROOD_ARRAY_TRAIN_IMAGES, pixels));
    if (shape->test > 0) BROOD_TRY(read_images(config, shape, source, BROOD_ARRAY_TEST_IMAGES, pixels));
    place_labels(shape, all_labels, labels);
    if (config->pixels == BROOD_PIXELS_STANDARDIZED) BROOD_TRY(standardise(shape, pixels, &front));
    front.fingerprint = fingerprint(shape, &front, pixels, brood_data_size(shape) - pixels_at());
    memset(storage, 0, pixels_at());
    memcpy(storage, &front, sizeof front);
done:
    return err;
}

brood_err_t brood_data_read(const brood_data_config_t *config, const brood_data_shape_t *shape, void *storage) {
    brood_source_t    *source = malloc(sizeof *source);
    uint8_t           *labels = NULL;
    brood_data_shape_t now;
    if (!source) return brood_fail(BROOD_E_MEMORY, "out of memory while opening the data set");
    brood_err_t err;
    BROOD_TRY(open_checked(config, source, &now, &labels));
    if (memcmp(&now, shape, sizeof now) != 0)
        BROOD_TRY(brood_fail(BROOD_E_DATA, "%s: found other files than a moment ago, expected that nobody writes them",
                             source->stream[BROOD_ARRAY_TRAIN_IMAGES].name));
    BROOD_TRY(decode(config, shape, source, labels, storage));
done:
    free(labels);
    brood_source_close(source);
    free(source);
    return err;
}

/* ---- views and batches ---- */

void brood_data_view(const brood_data_shape_t *shape, const void *storage, brood_data_t *data) {
    const uint8_t *pixels = (const uint8_t *)storage + pixels_at(),
                  *labels = (const uint8_t *)storage + labels_at(shape);
    const int64_t first[BROOD_PARTS] = {
        [BROOD_PART_TRAIN] = shape->validation, [BROOD_PART_TEST] = shape->validation + shape->train};
    const int64_t count[BROOD_PARTS] = {[BROOD_PART_TRAIN] = shape->train,
                                        [BROOD_PART_VALIDATION] = shape->validation,
                                        [BROOD_PART_TEST] = shape->test,
                                        [BROOD_PART_ALL] = shape->validation + shape->train};
    front_t       front;
    memcpy(&front, storage, sizeof front);
    *data =
        (brood_data_t){.shape = *shape, .offset = front.offset, .scale = front.scale, .fingerprint = front.fingerprint};
    for (int part = 0; part < BROOD_PARTS; part++) {
        data->pixels[part] = pixels + first[part] * image_size(shape);
        data->labels[part] = labels + first[part];
        data->count[part] = count[part];
    }
    for (int p = 0; p < 256; p++) data->value[p] = (float)(((double)p - data->offset) * data->scale);
}

void brood_data_batch(const brood_data_t *data, brood_part_t part, const int32_t *order, int64_t first, int64_t n,
                      float *x, uint8_t *y) {
    const int64_t size = image_size(&data->shape);
    for (int64_t i = 0; i < n; i++) {
        const int64_t  image = order ? order[i] : first + i;
        const uint8_t *pixel = data->pixels[part] + image * size;
        for (int64_t j = 0; j < size; j++) *x++ = data->value[pixel[j]];
        y[i] = data->labels[part][image];
    }
}
