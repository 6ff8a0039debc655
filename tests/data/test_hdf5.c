#include "files.h"

#include <hdf5.h>
#include <unistd.h>

/* A dataset of dir/data.h5, made with the file where there is none. */
static void write_dataset(const char *group, const char *name, hid_t stored, int ndim, const hsize_t dims[],
                          hid_t given, const void *elements) {
    htri_t there = access(path_of("data.h5"), F_OK) == 0;
    hid_t  file = there ? H5Fopen(path_of("data.h5"), H5F_ACC_RDWR, H5P_DEFAULT)
                        : H5Fcreate(path_of("data.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t  parent = H5Lexists(file, group, H5P_DEFAULT) > 0
                        ? H5Gopen2(file, group, H5P_DEFAULT)
                        : H5Gcreate2(file, group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (H5Lexists(parent, name, H5P_DEFAULT) > 0) H5Ldelete(parent, name, H5P_DEFAULT);
    hid_t space = H5Screate_simple(ndim, dims, NULL);
    hid_t dataset = H5Dcreate2(parent, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(dataset, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Gclose(parent);
    H5Fclose(file);
}

static brood_data_config_t config_hdf5(void) {
    brood_data_config_t config = config_idx();
    config.name = BROOD_DATA_HDF5;
    return config;
}

static void write_file(const sample_t *sample, int channels) {
    const hsize_t train[4] = {TRAIN, HEIGHT, (hsize_t)(WIDTH / channels), (hsize_t)channels};
    const hsize_t test[4] = {TEST, HEIGHT, (hsize_t)(WIDTH / channels), (hsize_t)channels};
    const int     ndim = channels == 1 ? 3 : 4;
    write_dataset("train", "images", H5T_STD_U8LE, ndim, train, H5T_NATIVE_UINT8, sample->train_pixels);
    write_dataset("train", "labels", H5T_STD_I64BE, 1, train, H5T_NATIVE_UINT8, sample->train_labels);
    write_dataset("test", "images", H5T_STD_U8BE, ndim, test, H5T_NATIVE_UINT8, sample->test_pixels);
    write_dataset("test", "labels", H5T_STD_U8LE, 1, test, H5T_NATIVE_UINT8, sample->test_labels);
}

static void hdf5_holds_what_idx_holds(void **state) {
    (void)state;
    sample_t                  sample;
    brood_data_t              idx, hdf5;
    const brood_data_config_t config[2] = {config_idx(), config_hdf5()};
    fill_sample(&sample);
    write_sample(&sample, "");
    write_file(&sample, 1);
    void *storage[2] = {read_data(&config[0], &idx), read_data(&config[1], &hdf5)};
    assert_memory_equal(&idx.shape, &hdf5.shape, sizeof idx.shape);
    assert_memory_equal(storage[0], storage[1], brood_data_size(&idx.shape));
    assert_true(idx.fingerprint == hdf5.fingerprint);
    free(storage[0]);
    free(storage[1]);
}

static void images_may_have_channels(void **state) {
    (void)state;
    sample_t     sample;
    brood_data_t data;
    fill_sample(&sample);
    write_file(&sample, 2);
    brood_data_config_t config = config_hdf5();
    void               *storage = read_data(&config, &data);
    const int64_t       image[3] = {HEIGHT, WIDTH / 2, 2};
    assert_memory_equal(data.shape.image, image, sizeof image);
    assert_memory_equal(data.pixels[BROOD_PART_TEST], sample.test_pixels, TEST * SIZE);
    free(storage);

    config.downscale = 2; /* 3 x 1 x 2: each channel by itself */
    storage = read_data(&config, &data);
    for (int c = 0; c < 2; c++) {
        const uint8_t *p = &sample.test_pixels[c];
        assert_int_equal(data.pixels[BROOD_PART_TEST][c], (p[0] + p[2] + p[4] + p[6] + 2) / 4);
    }
    free(storage);
}

static void a_file_need_not_have_test_images(void **state) {
    (void)state;
    sample_t     sample;
    brood_data_t data;
    fill_sample(&sample);
    write_file(&sample, 1);
    hid_t file = H5Fopen(path_of("data.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(file, "test", H5P_DEFAULT);
    H5Fclose(file);
    const brood_data_config_t config = config_hdf5();
    void                     *storage = read_data(&config, &data);
    assert_int_equal(data.shape.test, 0);
    free(storage);
}

/* More labels than are read at once, the wrong one far behind. */
static void labels_beyond_a_byte_are_refused_with_their_row(void **state) {
    (void)state;
    enum { MANY = 5000 };
    static uint8_t pixels[MANY];
    static int32_t labels[MANY];
    const hsize_t  dims[3] = {MANY, 1, 1};
    for (int i = 0; i < MANY; i++) labels[i] = i % 7;
    write_dataset("train", "images", H5T_STD_U8LE, 3, dims, H5T_NATIVE_UINT8, pixels);
    write_dataset("train", "labels", H5T_STD_I32LE, 1, dims, H5T_NATIVE_INT32, labels);
    const brood_data_config_t config = config_hdf5();
    brood_data_t              data;
    free(read_data(&config, &data));
    assert_int_equal(data.shape.classes, 7);
    labels[4321] = 256;
    write_dataset("train", "labels", H5T_STD_I32LE, 1, dims, H5T_NATIVE_INT32, labels);
    assert_int_equal(brood_data_probe(&config, &data.shape), BROOD_E_DATA);
    assert_message_has("data.h5: train/labels: found label 256 at row 4321|expected 0 .. 255");
    labels[4321] = -1;
    write_dataset("train", "labels", H5T_STD_I32LE, 1, dims, H5T_NATIVE_INT32, labels);
    assert_int_equal(brood_data_probe(&config, &data.shape), BROOD_E_DATA);
    assert_message_has("found label -1 at row 4321");
}

static void what_is_no_data_set_is_refused(void **state) {
    (void)state;
    sample_t                  sample;
    brood_data_shape_t        shape;
    const brood_data_config_t config = config_hdf5();
    const hsize_t             flat[2] = {TRAIN, SIZE}, images[3] = {TRAIN, HEIGHT, WIDTH}, few[1] = {TRAIN - 2};
    fill_sample(&sample);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("data.h5: not found|expected the images of data.name hdf5|data.dir");

    write_file(&sample, 1);
    write_dataset("train", "images", H5T_STD_U8LE, 2, flat, H5T_NATIVE_UINT8, sample.train_pixels);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("data.h5: train/images: found 2 dimensions|expected 3 or 4");
    write_dataset("train", "images", H5T_IEEE_F32LE, 3, images, H5T_NATIVE_UINT8, sample.train_pixels);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("train/images: found elements that are no integers|expected unsigned integers of 8 bits");
    write_dataset("train", "images", H5T_STD_I16LE, 3, images, H5T_NATIVE_UINT8, sample.train_pixels);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("train/images: found signed integers of 16 bits|expected unsigned integers of 8 bits");

    write_file(&sample, 1);
    write_dataset("train", "labels", H5T_IEEE_F64LE, 1, images, H5T_NATIVE_UINT8, sample.train_labels);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("train/labels: found elements that are no integers");
    write_dataset("train", "labels", H5T_STD_U8LE, 1, few, H5T_NATIVE_UINT8, sample.train_labels);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("train/labels: found 21 labels|train/images: 23");

    hid_t file = H5Fopen(path_of("data.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(file, "train/labels", H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file, "train/labels", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(file);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("train/labels: it is no dataset|HDF5 says");
    file = H5Fopen(path_of("data.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    H5Ldelete(file, "train", H5P_DEFAULT);
    H5Fclose(file);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("data.h5: train/images: not found");

    FILE *text = fopen(path_of("data.h5"), "w");
    fputs("no HDF5 at all", text);
    fclose(text);
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_E_DATA);
    assert_message_has("data.h5: it cannot be opened|HDF5 says");
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_DIR(hdf5_holds_what_idx_holds),        IN_DIR(images_may_have_channels),
        IN_DIR(a_file_need_not_have_test_images), IN_DIR(labels_beyond_a_byte_are_refused_with_their_row),
        IN_DIR(what_is_no_data_set_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
