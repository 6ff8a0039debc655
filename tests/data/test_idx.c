#include "files.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_parts(const sample_t *sample, const brood_data_t *data) {
    const int64_t image[3] = {HEIGHT, WIDTH, 1};
    assert_memory_equal(data->shape.image, image, sizeof image);
    assert_int_equal(data->shape.images, TRAIN);
    assert_int_equal(data->shape.test, TEST);
    assert_int_equal(data->shape.classes, CLASSES);
    assert_int_equal(data->count[BROOD_PART_VALIDATION], 5);
    assert_int_equal(data->count[BROOD_PART_TRAIN], 11);
    assert_int_equal(data->count[BROOD_PART_ALL], 16);
    assert_int_equal(data->count[BROOD_PART_TEST], TEST);
    assert_memory_equal(data->pixels[BROOD_PART_VALIDATION], sample->train_pixels, 5 * SIZE);
    assert_memory_equal(data->pixels[BROOD_PART_TRAIN], sample->train_pixels + (TRAIN - 11) * SIZE, 11 * SIZE);
    assert_memory_equal(data->pixels[BROOD_PART_ALL], sample->train_pixels, 5 * SIZE);
    assert_memory_equal(data->pixels[BROOD_PART_ALL] + 5 * SIZE, sample->train_pixels + (TRAIN - 11) * SIZE, 11 * SIZE);
    assert_memory_equal(data->pixels[BROOD_PART_TEST], sample->test_pixels, TEST * SIZE);
    assert_memory_equal(data->labels[BROOD_PART_VALIDATION], sample->train_labels, 5);
    assert_memory_equal(data->labels[BROOD_PART_TRAIN], sample->train_labels + TRAIN - 11, 11);
    assert_memory_equal(data->labels[BROOD_PART_ALL] + 5, sample->train_labels + TRAIN - 11, 11);
    assert_memory_equal(data->labels[BROOD_PART_TEST], sample->test_labels, TEST);
}

static void plain_and_gzipped_files_read_alike(void **state) {
    (void)state;
    sample_t     sample;
    brood_data_t plain, gzipped;
    fill_sample(&sample);
    const brood_data_config_t config = config_idx();
    write_sample(&sample, "");
    void *storage = read_data(&config, &plain);
    check_parts(&sample, &plain);
    free(storage);
    remove(path_of("train-images-idx3-ubyte"));
    remove(path_of("t10k-labels-idx1-ubyte"));
    assert_int_not_equal(brood_data_probe(&config, &plain.shape), BROOD_OK);
    write_sample(&sample, ".gz"); /* two files are there in both forms now, two in one */
    storage = read_data(&config, &gzipped);
    check_parts(&sample, &gzipped);
    assert_true(plain.fingerprint == gzipped.fingerprint);
    free(storage);
}

static void a_set_need_not_have_test_images(void **state) {
    (void)state;
    sample_t     sample;
    brood_data_t data;
    fill_sample(&sample);
    write_sample(&sample, ".gz");
    remove(path_of("t10k-images-idx3-ubyte.gz"));
    remove(path_of("t10k-labels-idx1-ubyte.gz"));
    brood_data_config_t config = config_idx();
    void               *storage = read_data(&config, &data);
    assert_int_equal(data.shape.test, 0);
    assert_int_equal(data.count[BROOD_PART_TEST], 0);
    free(storage);
    config.name = BROOD_DATA_MNIST; /* MNIST without its test images is not MNIST */
    assert_int_equal(brood_data_probe(&config, &data.shape), BROOD_E_DATA);
    assert_message_has("t10k-images-idx3-ubyte: not found|expected|mnist|data.dir");
}

static void images_of_one_pixel_are_images(void **state) {
    (void)state;
    const uint8_t bytes[4] = {0, 1, 2, 3};
    brood_data_t  data;
    write_idx("train-images-idx3-ubyte", 3, (const int64_t[]){4, 1, 1}, bytes, 4);
    write_idx("train-labels-idx1-ubyte", 1, (const int64_t[]){4}, bytes, 4);
    brood_data_config_t config = config_idx();
    config.train = config.validation = 2;
    void *storage = read_data(&config, &data);
    assert_memory_equal(data.pixels[BROOD_PART_ALL], bytes, 4);
    free(storage);
}

/* Published: 60,000 images of 28 x 28, 6,000 a class, mean 0.2860 and deviation 0.3530 of pixels in 0 .. 1. */
static void fashion_mnist_is_what_was_published(void **state) {
    (void)state;
    if (access("/usr/share/datasets/fashion-mnist", R_OK) != 0) {
        print_message("skipped: Debian's package dataset-fashion-mnist is not installed\n");
        skip();
    }
    brood_data_config_t config = {.name = BROOD_DATA_FASHION_MNIST, .train = 59999, .validation = 1, .downscale = 1};
    brood_data_t        data;
    void               *storage = read_data(&config, &data);
    int64_t             count[10] = {0};
    assert_int_equal(data.shape.image[0], 28);
    assert_int_equal(data.shape.image[1], 28);
    assert_int_equal(data.shape.images, 60000);
    assert_int_equal(data.shape.test, 10000);
    assert_int_equal(data.shape.classes, 10);
    for (int64_t i = 0; i < 60000; i++) count[data.labels[BROOD_PART_ALL][i]]++;
    for (int c = 0; c < 10; c++) assert_int_equal(count[c], 6000);
    assert_true(fabs(data.offset / 255 - 0.2860) < 0.0001);
    assert_true(fabs(1 / (255 * data.scale) - 0.3530) < 0.0001);
    free(storage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_and_gzipped_files_read_alike, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_set_need_not_have_test_images, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(images_of_one_pixel_are_images, make_dir, remove_dir),
        cmocka_unit_test(fashion_mnist_is_what_was_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
