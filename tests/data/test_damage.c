/* Files that are not what they should be: a good set, one thing done to it, and what is said of it. */
#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef enum {
    REMOVE,
    CUT /* bytes from the end */,
    CUT_TO /* bytes */,
    APPEND /* bytes */,
    FLIP /* byte at */,
    FLIP_BACK /* byte from the end */,
    DIRECTORY,
    RENAME_LABELS
} deed_t;

static void damage(const char *name, deed_t deed, long at) {
    const char *path = path_of(name);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    if (deed == REMOVE || deed == DIRECTORY) assert_int_equal(remove(path), 0);
    if (deed == DIRECTORY) assert_int_equal(mkdir(path, 0700), 0);
    if (deed == CUT) assert_int_equal(truncate(path, status.st_size - at), 0);
    if (deed == CUT_TO) assert_int_equal(truncate(path, at), 0);
    if (deed == APPEND) {
        FILE *file = fopen(path, "ab");
        for (long i = 0; i < at; i++) fputc('x', file);
        fclose(file);
    }
    if (deed == FLIP || deed == FLIP_BACK) {
        const off_t where = deed == FLIP ? at : status.st_size - at;
        int         file = open(path, O_RDWR);
        uint8_t     byte;
        assert_int_equal(pread(file, &byte, 1, where), 1);
        byte = (uint8_t)~byte;
        assert_int_equal(pwrite(file, &byte, 1, where), 1);
        close(file);
    }
    if (deed == RENAME_LABELS) {
        char images[512];
        snprintf(images, sizeof images, "%s/train-images-idx3-ubyte", dir);
        assert_int_equal(rename(path, images), 0);
    }
}

/* Probes and reads; the first error, or BROOD_OK. */
static brood_err_t try_data(const brood_data_config_t *config) {
    brood_data_shape_t shape;
    brood_err_t        err = brood_data_probe(config, &shape);
    if (err != BROOD_OK) return err;
    void *storage = malloc(brood_data_size(&shape));
    err = brood_data_read(config, &shape, storage);
    free(storage);
    return err;
}

static void damaged_files_are_named_with_found_and_expected(void **state) {
    (void)state;
    static const struct {
        const char *suffix, *name;
        deed_t      deed;
        long        at;
        const char *words;
    } cases[] = {
        {"", "train-images-idx3-ubyte", REMOVE, 0, "not found|expected the images|data.dir"},
        {"", "train-labels-idx1-ubyte", REMOVE, 0, "not found|expected the labels|data.dir"},
        {"", "t10k-images-idx3-ubyte", REMOVE, 0, "not found|expected the images"},
        {"", "t10k-labels-idx1-ubyte", REMOVE, 0, "not found|expected the labels"},
        {"", "train-images-idx3-ubyte", DIRECTORY, 0, "found a directory|expected a file"},
        {"", "train-images-idx3-ubyte", CUT, 1, "truncated|found 567 bytes|expected 568"},
        {"", "train-images-idx3-ubyte", APPEND, 1, "too long|found 569 bytes|expected 568"},
        {"", "train-labels-idx1-ubyte", CUT, 3, "truncated|found 28 bytes|expected 31"},
        {"", "train-labels-idx1-ubyte", APPEND, 2, "too long|found 33 bytes|expected 31"},
        {"", "t10k-images-idx3-ubyte", CUT, 100, "truncated|found 84 bytes|expected 184"},
        {"", "train-images-idx3-ubyte", CUT_TO, 0, "truncated|found 0 bytes|expected 16"},
        {"", "train-images-idx3-ubyte", CUT_TO, 3, "truncated|found 3 bytes|expected 16"},
        {"", "train-images-idx3-ubyte", CUT_TO, 10, "truncated|found 10 bytes|expected 16"},
        {"", "train-images-idx3-ubyte", FLIP, 0,
         "no IDX file of images|found the bytes ff 00 08 03|expected 00 00 08 03"},
        {"", "train-images-idx3-ubyte", FLIP, 2, "no IDX file of images|found the bytes 00 00 f7 03|unsigned bytes"},
        {"", "train-labels-idx1-ubyte", FLIP, 3, "no IDX file of labels|found the bytes 00 00 08 fe|1 dimension"},
        {"", "train-labels-idx1-ubyte", RENAME_LABELS, 0, "no IDX file of images|found the bytes 00 00 08 01"},
        {"", "train-images-idx3-ubyte", FLIP, 4, "extent of 4278190103|expected 1 .. 2^31"},
        {"", "train-images-idx3-ubyte", FLIP, 6, "truncated|found 568 bytes|expected 1567288"},
        {"", "train-images-idx3-ubyte", FLIP, 9, "truncated|found 568 bytes|header"},
        {".gz", "train-images-idx3-ubyte.gz", CUT, 20, "truncated|(decompressed)|expected 568"},
        {".gz", "train-images-idx3-ubyte.gz", CUT, 8, "truncated|no checksum"},
        {".gz", "train-images-idx3-ubyte.gz", CUT, 1, "truncated|no checksum"},
        {".gz", "train-labels-idx1-ubyte.gz", CUT, 1, "truncated|no checksum"},
        {".gz", "train-labels-idx1-ubyte.gz", CUT, 15, "truncated|(decompressed)|expected 31"},
        {".gz", "train-images-idx3-ubyte.gz", CUT_TO, 12, "truncated"},
        {".gz", "train-images-idx3-ubyte.gz", CUT_TO, 0, "truncated|found 0 bytes"},
        {".gz", "train-images-idx3-ubyte.gz", FLIP_BACK, 8, "corrupt|incorrect data check"},
        {".gz", "train-images-idx3-ubyte.gz", FLIP_BACK, 1, "corrupt|incorrect length check"},
        {".gz", "train-images-idx3-ubyte.gz", FLIP_BACK, 100, "corrupt"},
        {".gz", "t10k-images-idx3-ubyte.gz", FLIP_BACK, 8, "corrupt|incorrect data check"},
        {".gz", "train-images-idx3-ubyte.gz", FLIP, 0, "no IDX file of images|found the bytes e0 8b"},
    };
    sample_t sample;
    fill_sample(&sample);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char plain[64];
        make_dir(NULL);
        write_sample(&sample, cases[i].suffix);
        const brood_data_config_t config = config_idx();
        assert_int_equal(try_data(&config), BROOD_OK);
        damage(cases[i].name, cases[i].deed, cases[i].at);
        if (try_data(&config) != BROOD_E_DATA) fail_msg("case %zu: %s", i, cases[i].words);
        snprintf(plain, sizeof plain, "%.23s",
                 cases[i].deed == RENAME_LABELS ? "train-images-idx3-ubyte" : cases[i].name);
        assert_message_has(dir);
        assert_message_has(plain);
        assert_message_has("expected");
        assert_message_has(cases[i].words);
        remove_dir(NULL);
    }
}

/* Every byte of a gzip file flipped, and the file cut at every length: an error, or (flags and dates of its header) the
   same content; never another. */
static void no_damage_to_a_gzip_file_changes_what_is_read(void **state) {
    (void)state;
    sample_t     sample;
    brood_data_t whole, damaged;
    struct stat  status;
    const char  *name = "train-images-idx3-ubyte.gz";
    int64_t      refused = 0;
    fill_sample(&sample);
    write_sample(&sample, ".gz");
    const brood_data_config_t config = config_idx();
    free(read_data(&config, &whole));
    assert_int_equal(stat(path_of(name), &status), 0);
    for (long at = 0; at < status.st_size; at++) {
        damage(name, FLIP, at);
        if (try_data(&config) == BROOD_OK) {
            free(read_data(&config, &damaged));
            assert_true(damaged.fingerprint == whole.fingerprint);
        } else
            refused++;
        damage(name, FLIP, at);
    }
    assert_in_range(refused, status.st_size - 10, status.st_size); /* the header has 10 bytes */
    free(read_data(&config, &damaged));
    for (long size = status.st_size - 1; size >= 0; size--) {
        damage(name, CUT_TO, size);
        assert_int_equal(try_data(&config), BROOD_E_DATA);
    }
}

/* One file written anew with other extents or content. */
static void files_that_contradict_each_other_are_refused(void **state) {
    (void)state;
    sample_t      sample;
    const uint8_t zeros[1024] = {0};
    fill_sample(&sample);
    const brood_data_config_t config = config_idx();
    const int64_t             fewer[1] = {TRAIN - 1}, turned[3] = {TEST, WIDTH, HEIGHT}, none[3] = {0, HEIGHT, WIDTH},
                  all[1] = {TRAIN}, images[3] = {TRAIN, HEIGHT, WIDTH}, test[1] = {TEST};

    write_sample(&sample, "");
    write_idx("train-labels-idx1-ubyte", 1, fewer, sample.train_labels, TRAIN - 1);
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("train-labels-idx1-ubyte: found 22 labels|train-images-idx3-ubyte: 23");

    write_sample(&sample, "");
    write_idx("t10k-images-idx3-ubyte", 3, turned, sample.test_pixels, TEST * SIZE);
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("t10k-images-idx3-ubyte: found images of 4 x 6 x 1|expected 6 x 4 x 1");

    write_sample(&sample, "");
    write_idx("train-images-idx3-ubyte", 3, none, NULL, 0);
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("train-images-idx3-ubyte: found an extent of 0");

    write_sample(&sample, "");
    write_idx("train-labels-idx1-ubyte", 1, all, zeros, TRAIN);
    assert_int_equal(try_data(&config), BROOD_OK); /* the test labels know of more */
    write_idx("t10k-labels-idx1-ubyte", 1, test, zeros, TEST);
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("no label but 0|two classes");

    write_sample(&sample, "");
    write_idx("train-images-idx3-ubyte", 3, images, zeros, TRAIN * SIZE);
    assert_int_equal(try_data(&config), BROOD_OK);
    brood_data_config_t standardised = config;
    standardised.pixels = BROOD_PIXELS_STANDARDIZED;
    assert_int_equal(try_data(&standardised), BROOD_E_DATA);
    assert_message_has("found 0 in every pixel|contrast");
}

/* A header may claim what it likes: nothing is allocated before the file could hold it. */
static void a_header_beyond_its_compressed_file_is_refused_at_once(void **state) {
    (void)state;
    sample_t sample;
    fill_sample(&sample);
    write_sample(&sample, ".gz");
    const int64_t huge[3] = {1 << 30, 1 << 15, 1 << 15}, many[1] = {1 << 30};
    write_idx("train-images-idx3-ubyte.gz", 3, huge, sample.train_pixels, TRAIN * SIZE);
    write_idx("train-labels-idx1-ubyte.gz", 1, many, sample.train_labels, TRAIN);
    const brood_data_config_t config = config_idx();
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("train-images-idx3-ubyte.gz|truncated|too few to hold");
}

static void overlong_gzip_files_are_refused(void **state) {
    (void)state;
    sample_t      sample;
    const int64_t images[3] = {TRAIN - 1, HEIGHT, WIDTH}, labels[1] = {TRAIN - 1};
    fill_sample(&sample);
    const brood_data_config_t config = config_idx();
    write_sample(&sample, ".gz");
    write_idx("train-labels-idx1-ubyte.gz", 1, labels, sample.train_labels, TRAIN - 1);
    write_idx("train-images-idx3-ubyte.gz", 3, images, sample.train_pixels, TRAIN * SIZE);
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("train-images-idx3-ubyte.gz|too long|more than 544 bytes");
    write_sample(&sample, ".gz");
    write_idx("train-images-idx3-ubyte.gz", 3, images, sample.train_pixels, (TRAIN - 1) * SIZE);
    write_idx("train-labels-idx1-ubyte.gz", 1, labels, sample.train_labels, TRAIN);
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("train-labels-idx1-ubyte.gz|too long|more than 30 bytes");
}

static void a_split_that_the_images_cannot_give_is_refused(void **state) {
    (void)state;
    sample_t sample;
    fill_sample(&sample);
    write_sample(&sample, "");
    brood_data_config_t config = config_idx();
    config.train = TRAIN - 5;
    assert_int_equal(try_data(&config), BROOD_OK);
    config.train++;
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("found 23 images|data.train 19 + data.validation 5 = 24");

    config = config_idx();
    config.downscale = 2;
    assert_int_equal(try_data(&config), BROOD_OK);
    config.downscale = 3; /* 6, but not 4 */
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("images of 6 x 4|data.downscale 3");
}

static void a_set_without_a_directory_is_a_matter_of_the_configuration(void **state) {
    (void)state;
    brood_data_config_t config = config_idx();
    config.dir[0] = '\0';
    assert_int_equal(try_data(&config), BROOD_E_CONFIG);
    assert_message_has("data.dir|found none|idx");
    config.name = BROOD_DATA_HDF5;
    assert_int_equal(try_data(&config), BROOD_E_CONFIG);
    assert_message_has("data.dir|found none|hdf5");
    strcpy(config.dir, "/proc/self/exe");
    assert_int_equal(try_data(&config), BROOD_E_CONFIG);
    assert_message_has("data.dir|found /proc/self/exe, which is a file|expected the directory|hdf5");
    config.name = BROOD_DATA_FASHION_MNIST;
    strcpy(config.dir, "/nowhere");
    assert_int_equal(try_data(&config), BROOD_E_DATA);
    assert_message_has("/nowhere/train-images-idx3-ubyte: not found|dataset-fashion-mnist|data.dir");
}

static void files_that_change_between_probe_and_read_are_refused(void **state) {
    (void)state;
    sample_t           sample;
    brood_data_shape_t shape;
    fill_sample(&sample);
    write_sample(&sample, "");
    const brood_data_config_t config = config_idx();
    assert_int_equal(brood_data_probe(&config, &shape), BROOD_OK);
    void *storage = malloc(brood_data_size(&shape));
    sample.train_labels[3] = 99;
    write_sample(&sample, "");
    assert_int_equal(brood_data_read(&config, &shape, storage), BROOD_E_DATA);
    assert_message_has("train-images-idx3-ubyte: found other files");
    free(storage);
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_files_are_named_with_found_and_expected),
        IN_DIR(no_damage_to_a_gzip_file_changes_what_is_read),
        IN_DIR(files_that_contradict_each_other_are_refused),
        IN_DIR(a_header_beyond_its_compressed_file_is_refused_at_once),
        IN_DIR(overlong_gzip_files_are_refused),
        IN_DIR(a_split_that_the_images_cannot_give_is_refused),
        IN_DIR(a_set_without_a_directory_is_a_matter_of_the_configuration),
        IN_DIR(files_that_change_between_probe_and_read_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
