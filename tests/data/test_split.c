/* What becomes of the pixels: split, downscaling, scaling, mini-batches, identity. */
#include "files.h"

#include <math.h>

static void the_defaults_are_fashion_mnist(void **state) {
    (void)state;
    brood_data_config_t   config;
    const brood_section_t section = {brood_data_keys, brood_data_key_count, &config};
    assert_int_equal(brood_config_read(NULL, NULL, &section, 1), BROOD_OK);
    assert_int_equal(config.name, BROOD_DATA_FASHION_MNIST);
    assert_string_equal(config.dir, "");
    assert_int_equal(config.train, 10000);
    assert_int_equal(config.validation, 2000);
    assert_int_equal(config.downscale, 1);
    assert_int_equal(config.pixels, BROOD_PIXELS_STANDARDIZED);
    for (int64_t k = 0; k < brood_data_key_count; k++) {
        char set[256];
        snprintf(set, sizeof set, "%s=%s", brood_data_keys[k].path, brood_data_keys[k].other);
        assert_int_equal(brood_config_read(NULL, (const char *const[]){set, NULL}, &section, 1), BROOD_OK);
    }
    assert_int_equal(config.pixels, BROOD_PIXELS_UNIT);
}

static void downscaling_rounds_the_mean_of_each_block_half_up(void **state) {
    (void)state;
    enum { IMAGES = 20, H = 12, W = 18 };
    static uint8_t pixels[IMAGES * H * W], labels[IMAGES];
    for (int i = 0; i < IMAGES * H * W; i++) pixels[i] = (uint8_t)((i * i / 7 + 31 * i) % (i % 5 ? 256 : 3));
    for (int i = 0; i < IMAGES; i++) labels[i] = (uint8_t)(i % 2);
    write_idx("train-images-idx3-ubyte", 3, (const int64_t[]){IMAGES, H, W}, pixels, sizeof pixels);
    write_idx("train-labels-idx1-ubyte", 1, (const int64_t[]){IMAGES}, labels, sizeof labels);
    brood_data_config_t config = config_idx();
    config.train = 15;
    int64_t halves = 0;
    for (int factor = 2; factor <= 6; factor++) {
        if (H % factor || W % factor) continue;
        config.downscale = factor;
        brood_data_t data;
        void        *storage = read_data(&config, &data);
        const int    h = H / factor, w = W / factor;
        assert_int_equal(data.shape.image[0], h);
        assert_int_equal(data.shape.image[1], w);
        for (int i = 0; i < IMAGES; i++)
            for (int y = 0; y < h; y++)
                for (int x = 0; x < w; x++) {
                    double sum = 0;
                    for (int a = 0; a < factor * factor; a++)
                        sum += pixels[(i * H + y * factor + a / factor) * W + x * factor + a % factor];
                    const double mean = sum / (factor * factor);
                    halves += mean - floor(mean) == 0.5;
                    assert_int_equal(data.pixels[BROOD_PART_ALL][(i * h + y) * w + x], (int)floor(mean + 0.5));
                }
        free(storage);
    }
    assert_true(halves > 10);
}

static void standardised_pixels_have_mean_0_and_deviation_1_over_the_training_part(void **state) {
    (void)state;
    sample_t sample;
    fill_sample(&sample);
    memset(sample.train_pixels, 255, 5 * SIZE); /* validation images must not count */
    write_sample(&sample, "");
    brood_data_config_t config = config_idx();
    config.pixels = BROOD_PIXELS_STANDARDIZED;
    brood_data_t data;
    void        *storage = read_data(&config, &data);
    float        x[11 * SIZE];
    uint8_t      y[11];
    double       sum = 0, squares = 0, offset = 0;
    for (int i = 0; i < 11 * SIZE; i++) offset += sample.train_pixels[(TRAIN - 11) * SIZE + i] / (11.0 * SIZE);
    assert_true(fabs(data.offset - offset) < 1e-9);
    brood_data_batch(&data, BROOD_PART_TRAIN, NULL, 0, 11, x, y);
    for (int i = 0; i < 11 * SIZE; i++) sum += x[i];
    for (int i = 0; i < 11 * SIZE; i++) squares += (double)x[i] * x[i];
    assert_true(fabs(sum / (11 * SIZE)) < 1e-6);
    assert_true(fabs(squares / (11 * SIZE) - 1) < 1e-6);
    free(storage);
}

static void a_batch_holds_the_images_asked_for_in_their_order(void **state) {
    (void)state;
    sample_t sample;
    fill_sample(&sample);
    write_sample(&sample, "");
    const int32_t order[] = {7, 0, 10, 7};
    for (int pixels = 0; pixels < 2; pixels++) {
        brood_data_config_t config = config_idx();
        config.pixels = pixels;
        brood_data_t data;
        void        *storage = read_data(&config, &data);
        float        x[5 * SIZE];
        uint8_t      y[5];
        x[4 * SIZE] = -77;
        y[4] = 77;
        brood_data_batch(&data, BROOD_PART_TRAIN, order, 3, 4, x, y);
        for (int i = 0; i < 4; i++) {
            const int row = TRAIN - 11 + order[i];
            assert_int_equal(y[i], sample.train_labels[row]);
            for (int j = 0; j < SIZE; j++) {
                const double p = sample.train_pixels[row * SIZE + j];
                assert_true(x[i * SIZE + j] == (float)((p - data.offset) * data.scale));
                if (pixels == BROOD_PIXELS_UNIT) assert_true(fabs(x[i * SIZE + j] - p / 255) < 1e-7);
            }
        }
        assert_true(x[4 * SIZE] == -77 && y[4] == 77); /* nothing is written behind the batch */
        brood_data_batch(&data, BROOD_PART_TEST, NULL, 3, 2, x, y);
        assert_memory_equal(y, sample.test_labels + 3, 2);
        assert_true(x[SIZE + 1] == data.value[sample.test_pixels[4 * SIZE + 1]]);
        free(storage);
    }
}

static void classes_are_counted_where_they_have_an_image(void **state) {
    (void)state;
    sample_t sample;
    fill_sample(&sample);
    for (int i = 0; i < TRAIN; i++)
        sample.train_labels[i] = (uint8_t)(i < 5 ? 1 + i % 2 : i < TRAIN - 11 ? 9 : 2 + i % 3);
    for (int i = 0; i < TEST; i++) sample.test_labels[i] = 7;
    write_sample(&sample, "");
    brood_data_config_t config = config_idx();
    brood_data_shape_t  shape;
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_OK);
    assert_int_equal(shape.classes, 10);
    assert_int_equal(shape.classes_shown, 6);     /* 1, 2, 3, 4, 7, 9 */
    assert_int_equal(shape.classes_trained, 3);   /* 2, 3, 4 */
    assert_int_equal(shape.classes_validated, 1); /* 2, and 1, which is not trained on */
}

static uint64_t fingerprint_of(const sample_t *sample, const brood_data_config_t *config) {
    brood_data_t data;
    write_sample(sample, "");
    void *storage = read_data(config, &data);
    free(storage);
    return data.fingerprint;
}

static void the_fingerprint_knows_all_that_is_in_use_and_nothing_else(void **state) {
    (void)state;
    sample_t sample;
    fill_sample(&sample);
    brood_data_config_t config = config_idx();
    const uint64_t      first = fingerprint_of(&sample, &config);
    uint8_t *const      in_use[] = {&sample.train_pixels[4 * SIZE + 3],
                                    &sample.train_pixels[TRAIN * SIZE - 1],
                                    &sample.test_pixels[0],
                                    &sample.train_labels[0],
                                    &sample.train_labels[TRAIN - 11],
                                    &sample.test_labels[TEST - 1]};
    for (size_t i = 0; i < sizeof in_use / sizeof in_use[0]; i++) {
        *in_use[i] ^= 1;
        assert_true(fingerprint_of(&sample, &config) != first);
        *in_use[i] ^= 1;
    }
    sample.train_pixels[5 * SIZE] ^= 1; /* images 5 to 11 are in no part */
    sample.train_labels[11] ^= 1;
    assert_true(fingerprint_of(&sample, &config) == first);

    brood_data_config_t other[4] = {config, config, config, config};
    other[0].train++;
    other[1].pixels = BROOD_PIXELS_STANDARDIZED;
    other[2].downscale = 2;
    other[3].train++, other[3].validation--;
    for (int i = 0; i < 4; i++) assert_true(fingerprint_of(&sample, &other[i]) != first);
}

static void storage_can_be_viewed_at_another_address(void **state) {
    (void)state;
    sample_t sample;
    fill_sample(&sample);
    write_sample(&sample, "");
    const brood_data_config_t config = config_idx();
    brood_data_t              data, moved;
    void                     *storage = read_data(&config, &data);
    const size_t              size = brood_data_size(&data.shape);
    void                     *copy = malloc(size);
    memcpy(copy, storage, size);
    memset(storage, 0, size);
    free(storage);
    brood_data_view(&data.shape, copy, &moved);
    assert_true(moved.fingerprint == data.fingerprint);
    assert_memory_equal(moved.pixels[BROOD_PART_TEST], sample.test_pixels, sizeof sample.test_pixels);
    assert_memory_equal(moved.labels[BROOD_PART_TEST], sample.test_labels, sizeof sample.test_labels);
    free(copy);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_fashion_mnist),
        IN_DIR(downscaling_rounds_the_mean_of_each_block_half_up),
        IN_DIR(standardised_pixels_have_mean_0_and_deviation_1_over_the_training_part),
        IN_DIR(a_batch_holds_the_images_asked_for_in_their_order),
        IN_DIR(classes_are_counted_where_they_have_an_image),
        IN_DIR(the_fingerprint_knows_all_that_is_in_use_and_nothing_else),
        IN_DIR(storage_can_be_viewed_at_another_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
