#include "files.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

char dir[64];

int make_dir(void **state) {
    (void)state;
    strcpy(dir, "/tmp/brood-data-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

int remove_dir(void **state) {
    (void)state;
    DIR *open = opendir(dir);
    for (struct dirent *entry; open && (entry = readdir(open));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) remove(path_of(entry->d_name));
    if (open) closedir(open);
    return rmdir(dir);
}

const char *path_of(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

void fill_sample(sample_t *sample) {
    uint32_t word = 12345; /* any sequence will do: Knuth's, TAOCP 3.3.4 */
    uint8_t *byte = (uint8_t *)sample;
    for (size_t i = 0; i < sizeof *sample; i++) {
        word = word * 1664525u + 1013904223u;
        byte[i] = (uint8_t)(word >> 24);
    }
    for (int i = 0; i < TRAIN; i++) sample->train_labels[i] = (uint8_t)(i % CLASSES);
    for (int i = 0; i < TEST; i++) sample->test_labels[i] = (uint8_t)((i + 2) % CLASSES);
}

void write_idx(const char *name, int ndim, const int64_t extent[], const uint8_t *bytes, size_t size) {
    const size_t length = strlen(name);
    const bool   gzipped = length > 3 && !strcmp(name + length - 3, ".gz");
    uint8_t      header[4 + 4 * 4] = {0, 0, 8, (uint8_t)ndim};
    for (int d = 0; d < ndim; d++)
        for (int b = 0; b < 4; b++) header[4 + 4 * d + b] = (uint8_t)(extent[d] >> (24 - 8 * b));
    gzFile file = gzopen(path_of(name), gzipped ? "wb" : "wbT");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, header, 4 + 4 * (unsigned)ndim), 4 + 4 * ndim);
    if (size) assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

void write_sample(const sample_t *sample, const char *suffix) {
    const int64_t train[3] = {TRAIN, HEIGHT, WIDTH}, test[3] = {TEST, HEIGHT, WIDTH};
    char          name[64];
#define WRITE(base, ndim, extent, bytes)                                                                               \
    snprintf(name, sizeof name, base "%s", suffix);                                                                    \
    write_idx(name, ndim, extent, bytes, sizeof bytes)
    WRITE("train-images-idx3-ubyte", 3, train, sample->train_pixels);
    WRITE("train-labels-idx1-ubyte", 1, train, sample->train_labels);
    WRITE("t10k-images-idx3-ubyte", 3, test, sample->test_pixels);
    WRITE("t10k-labels-idx1-ubyte", 1, test, sample->test_labels);
#undef WRITE
}

brood_data_config_t config_idx(void) {
    brood_data_config_t config = {
        .name = BROOD_DATA_IDX, .train = 11, .validation = 5, .downscale = 1, .pixels = BROOD_PIXELS_UNIT};
    snprintf(config.dir, sizeof config.dir, "%s", dir);
    return config;
}

void *read_data(const brood_data_config_t *config, brood_data_t *data) {
    brood_data_shape_t shape;
    if (brood_data_probe(config, &shape) != BROOD_OK) fail_msg("%s", brood_message());
    void *storage = malloc(brood_data_size(&shape));
    if (brood_data_read(config, &shape, storage) != BROOD_OK) fail_msg("%s", brood_message());
    brood_data_view(&shape, storage, data);
    return storage;
}

void assert_message_has(const char *words) {
    char copy[512], *rest = copy;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word; (word = strsep(&rest, "|"));)
        if (!strstr(brood_message(), word)) fail_msg("\"%s\" does not say \"%s\"", brood_message(), word);
}
