/* HDF5: the file data.h5 with train/images [N, H, W] or [N, H, W, C] of unsigned bytes, train/labels [N] of any
   integers, and, where there are test images, test/images and test/labels. */
#include <errno.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format.h"

#define FILE_NAME      "data.h5"
#define MAX_DIMENSIONS 4
#define LABELS         4096 /* labels read at once */

typedef struct {
    hid_t file, dataset, space;
} hdf5_t;

static const char *const dataset_name[BROOD_ARRAYS] = {
    [BROOD_ARRAY_TRAIN_IMAGES] = "train/images",
    [BROOD_ARRAY_TRAIN_LABELS] = "train/labels",
    [BROOD_ARRAY_TEST_IMAGES] = "test/images",
    [BROOD_ARRAY_TEST_LABELS] = "test/labels",
};

/* ---- HDF5's voice ---- */

/* Its errors go into messages, not onto stderr. */
typedef struct {
    H5E_auto2_t print;
    void       *data;
} voice_t;

static voice_t silence(void) {
    voice_t voice;
    H5Eget_auto2(H5E_DEFAULT, &voice.print, &voice.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return voice;
}

static void restore(const voice_t *voice) {
    H5Eset_auto2(H5E_DEFAULT, voice->print, voice->data);
}

/* The innermost description, which names the cause. */
static herr_t innermost(unsigned n, const H5E_error2_t *error, void *into) {
    if (n == 0) snprintf(into, 256, "%s", error->desc);
    return 0;
}

static brood_err_t fail_hdf5(const brood_stream_t *stream, const char *what) {
    char cause[256] = "unknown reason";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, cause);
    return brood_fail(BROOD_E_DATA, "%s: %s: HDF5 says \"%s\"", stream->name, what, cause);
}

/* ---- opening ---- */

/* Images are only read: no lock is taken, which some network file systems refuse. */
static brood_err_t open_file(brood_stream_t *stream, const char *path) {
    hdf5_t     *hdf5 = stream->self;
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return brood_fail(BROOD_E_DATA, "%s: found a directory or device, expected a file", path);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
#if H5_VERSION_GE(1, 12, 1) || (H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10 && H5_VERS_RELEASE >= 7)
    H5Pset_file_locking(access, false, true);
#endif
    hdf5->file = H5Fopen(path, H5F_ACC_RDONLY, access);
    brood_err_t err = hdf5->file < 0 ? fail_hdf5(stream, "it cannot be opened") : BROOD_OK;
    H5Pclose(access); /* and forgets what went wrong before */
    return err;
}

static bool link_exists(hid_t file, const char *path) {
    char group[32];
    snprintf(group, sizeof group, "%.*s", (int)strcspn(path, "/"), path);
    return H5Lexists(file, group, H5P_DEFAULT) > 0 && H5Lexists(file, path, H5P_DEFAULT) > 0;
}

static brood_err_t check_type(const brood_stream_t *stream, bool images) {
    const hdf5_t *hdf5 = stream->self;
    hid_t         type = H5Dget_type(hdf5->dataset);
    if (type < 0) return fail_hdf5(stream, "its type cannot be read");
    bool   integer = H5Tget_class(type) == H5T_INTEGER;
    size_t size = H5Tget_size(type);
    bool   is_signed = integer && H5Tget_sign(type) != H5T_SGN_NONE;
    H5Tclose(type);
    if (integer && (!images || (size == 1 && !is_signed))) return BROOD_OK;
    return brood_fail(BROOD_E_DATA, "%s: found %s of %zu bits, expected %s", stream->name,
                      !integer    ? "elements that are no integers,"
                      : is_signed ? "signed integers"
                                  : "unsigned integers",
                      8 * size, images ? "unsigned integers of 8 bits" : "integers");
}

static brood_err_t check_shape(brood_stream_t *stream, bool images) {
    const hdf5_t *hdf5 = stream->self;
    hsize_t       dims[H5S_MAX_RANK] = {0};
    int64_t       extent[MAX_DIMENSIONS] = {0};
    int           ndim = H5Sget_simple_extent_dims(hdf5->space, dims, NULL);
    if (images ? ndim != 3 && ndim != 4 : ndim != 1)
        return brood_fail(BROOD_E_DATA, "%s: found %d dimensions, expected %s", stream->name, ndim,
                          images ? "3 or 4 (images, height, width, channels)" : "1");
    for (int d = 0; d < ndim; d++) extent[d] = dims[d] > INT64_MAX ? INT64_MAX : (int64_t)dims[d];
    return brood_stream_shape(stream, ndim, extent);
}

static brood_err_t open_array(const char *path, brood_array_name_t array, brood_stream_t *stream) {
    const bool  images = brood_array_is_images(array);
    hdf5_t     *hdf5 = stream->self;
    brood_err_t err = open_file(stream, path);
    if (err != BROOD_OK) return err;
    snprintf(stream->name, sizeof stream->name, "%s: %s", path, dataset_name[array]);
    if (!link_exists(hdf5->file, dataset_name[array])) {
        stream->missing = true;
        return BROOD_OK;
    }
    hdf5->dataset = H5Dopen2(hdf5->file, dataset_name[array], H5P_DEFAULT);
    if (hdf5->dataset < 0) return fail_hdf5(stream, "it is no dataset that can be read");
    hdf5->space = H5Dget_space(hdf5->dataset);
    if (hdf5->space < 0) return fail_hdf5(stream, "its shape cannot be read");
    BROOD_TRY(check_type(stream, images));
    BROOD_TRY(check_shape(stream, images));
done:
    return err;
}

static void hdf5_close(brood_stream_t *stream) {
    hdf5_t *hdf5 = stream->self;
    if (!hdf5) return;
    if (hdf5->space >= 0) H5Sclose(hdf5->space);
    if (hdf5->dataset >= 0) H5Dclose(hdf5->dataset);
    if (hdf5->file >= 0) H5Fclose(hdf5->file);
    free(hdf5);
    stream->self = NULL;
}

static brood_err_t hdf5_open(const char *dir, brood_array_name_t array, brood_stream_t *stream) {
    char path[BROOD_STREAM_NAME - 32];
    *stream = (brood_stream_t){0};
    snprintf(path, sizeof path, "%s/%s", dir, FILE_NAME);
    snprintf(stream->name, sizeof stream->name, "%s", path);
    if (access(path, R_OK) != 0) {
        if (errno != ENOENT) return brood_fail_errno(errno, "%s", path);
        stream->missing = true;
        return BROOD_OK;
    }
    hdf5_t *hdf5 = malloc(sizeof *hdf5);
    if (!hdf5) return brood_fail(BROOD_E_MEMORY, "%s: out of memory while opening it", path);
    *hdf5 = (hdf5_t){.file = H5I_INVALID_HID, .dataset = H5I_INVALID_HID, .space = H5I_INVALID_HID};
    stream->self = hdf5;
    const voice_t voice = silence();
    brood_err_t   err = open_array(path, array, stream);
    if (stream->missing) hdf5_close(stream);
    restore(&voice);
    return err;
}

/* ---- reading ---- */

/* `rows` records from stream->at on, as elements of the type `memory`. */
static brood_err_t read_rows(brood_stream_t *stream, int64_t rows, hid_t memory, void *elements) {
    const hdf5_t *hdf5 = stream->self;
    hsize_t       start[MAX_DIMENSIONS] = {(hsize_t)stream->at}, count[MAX_DIMENSIONS];
    hsize_t       size = (hsize_t)(rows * brood_stream_row(stream));
    H5Sget_simple_extent_dims(hdf5->space, count, NULL);
    count[0] = (hsize_t)rows;
    hid_t       line = H5Screate_simple(1, &size, NULL);
    brood_err_t err = BROOD_OK;
    if (line < 0 || H5Sselect_hyperslab(hdf5->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Dread(hdf5->dataset, memory, line, hdf5->space, H5P_DEFAULT, elements) < 0)
        err = fail_hdf5(stream, "it cannot be read");
    if (line >= 0) H5Sclose(line);
    if (err == BROOD_OK) stream->at += rows;
    return err;
}

/* Labels of any integer type: HDF5 would make 255 of 300 where it stored into bytes. */
static brood_err_t read_labels(brood_stream_t *stream, int64_t rows, uint8_t *labels) {
    int64_t wide[LABELS];
    for (int64_t done = 0; done < rows;) {
        const int64_t first = stream->at, count = rows - done < LABELS ? rows - done : LABELS;
        brood_err_t   err = read_rows(stream, count, H5T_NATIVE_INT64, wide);
        if (err != BROOD_OK) return err;
        for (int64_t i = 0; i < count; i++) {
            if (wide[i] < 0 || wide[i] > UINT8_MAX)
                return brood_fail(BROOD_E_DATA, "%s: found label %lld at row %lld, expected 0 .. 255", stream->name,
                                  (long long)wide[i], (long long)(first + i));
            labels[done + i] = (uint8_t)wide[i];
        }
        done += count;
    }
    return BROOD_OK;
}

static brood_err_t hdf5_read(brood_stream_t *stream, int64_t rows, uint8_t *bytes) {
    const hdf5_t *hdf5 = stream->self;
    const voice_t voice = silence();
    brood_err_t   err = H5Sget_simple_extent_ndims(hdf5->space) == 1 ? read_labels(stream, rows, bytes)
                                                                     : read_rows(stream, rows, H5T_NATIVE_UINT8, bytes);
    restore(&voice);
    return err;
}

/* HDF5 knows its extents; nothing can follow. */
static brood_err_t hdf5_finish(brood_stream_t *stream) {
    (void)stream;
    return BROOD_OK;
}

const brood_format_t brood_format_hdf5 = {hdf5_open, hdf5_read, hdf5_finish, hdf5_close};
