/* IDX, the format of MNIST (Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"): two zero
   bytes, the element type, the number of dimensions, each extent as 32 bits big-endian, then the elements. Plain or
   gzipped: zlib reads both. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "format.h"

#define UNSIGNED_BYTE  0x08
#define MAX_DIMENSIONS 3
#define CHUNK          (1 << 20) /* bytes asked of zlib at once; it counts in unsigned int */
#define BEST_RATIO     1040      /* deflate makes at most 1,032 bytes of one; the rest is for the header */

typedef struct {
    gzFile  file;
    int64_t size;   /* bytes of the file as it lies on disk */
    int64_t header; /* bytes before the first element */
} idx_t;

static const char *const file_name[BROOD_ARRAYS] = {
    [BROOD_ARRAY_TRAIN_IMAGES] = "train-images-idx3-ubyte",
    [BROOD_ARRAY_TRAIN_LABELS] = "train-labels-idx1-ubyte",
    [BROOD_ARRAY_TEST_IMAGES] = "t10k-images-idx3-ubyte",
    [BROOD_ARRAY_TEST_LABELS] = "t10k-labels-idx1-ubyte",
};

/* What zlib makes of reading less than was asked for. `got` of `expected` bytes are there. */
static brood_err_t short_read(const brood_stream_t *stream, int64_t got, int64_t expected) {
    const idx_t *idx = stream->self;
    int          code;
    const char  *text = gzerror(idx->file, &code);
    if (code == Z_ERRNO) return brood_fail_errno(errno, "%s", stream->name);
    if (code == Z_MEM_ERROR) return brood_fail(BROOD_E_MEMORY, "%s: out of memory while decompressing", stream->name);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return brood_fail(BROOD_E_DATA, "%s: the file is corrupt: found \"%s\", expected a whole gzip file",
                          stream->name, text);
    return brood_fail(BROOD_E_DATA, "%s: the file is truncated: found %lld bytes%s, expected %lld", stream->name,
                      (long long)got, gzdirect(idx->file) ? "" : " (decompressed)", (long long)expected);
}

/* `before` bytes of the decompressed file have been read already. */
static brood_err_t read_bytes(brood_stream_t *stream, int64_t before, int64_t expected, int64_t size, uint8_t *bytes) {
    const idx_t *idx = stream->self;
    for (int64_t done = 0; done < size;) {
        int64_t wanted = size - done < CHUNK ? size - done : CHUNK;
        int     got = gzread(idx->file, bytes + done, (unsigned)wanted);
        if (got > 0) done += got;
        if (got < wanted) return short_read(stream, before + done, expected);
    }
    return BROOD_OK;
}

/* Bytes of the decompressed file, by its header. */
static int64_t whole_size(const brood_stream_t *stream) {
    const idx_t *idx = stream->self;
    return idx->header + stream->rows * brood_stream_row(stream);
}

/* Whether the header's extents and the size of the file can be true together: what a damaged header claims is not
   allocated. */
static brood_err_t check_size(const brood_stream_t *stream) {
    const idx_t  *idx = stream->self;
    const int64_t expected = whole_size(stream);
    if (gzdirect(idx->file)) {
        if (idx->size == expected) return BROOD_OK;
        return brood_fail(BROOD_E_DATA, "%s: the file is %s: found %lld bytes, expected %lld by its header",
                          stream->name, idx->size < expected ? "truncated" : "too long", (long long)idx->size,
                          (long long)expected);
    }
    if (expected / BEST_RATIO <= idx->size) return BROOD_OK;
    return brood_fail(BROOD_E_DATA, "%s: the file is truncated: found %lld bytes, too few to hold %lld compressed ones",
                      stream->name, (long long)idx->size, (long long)expected);
}

static brood_err_t read_header(brood_stream_t *stream, bool images) {
    const int     ndim = images ? MAX_DIMENSIONS : 1;
    const int64_t size = 4 + 4 * ndim;
    uint8_t       header[4 + 4 * MAX_DIMENSIONS] = {0};
    int64_t       extent[MAX_DIMENSIONS];
    ((idx_t *)stream->self)->header = size;
    brood_err_t err = read_bytes(stream, 0, size, 4, header);
    if (err != BROOD_OK) return err;
    if (header[0] != 0 || header[1] != 0 || header[2] != UNSIGNED_BYTE || header[3] != ndim)
        return brood_fail(
            BROOD_E_DATA,
            "%s: no IDX file of %s: found the bytes %02x %02x %02x %02x at its start, expected 00 00 %02x "
            "%02x (unsigned bytes, %d dimension%s)",
            stream->name, images ? "images" : "labels", header[0], header[1], header[2], header[3], UNSIGNED_BYTE, ndim,
            ndim, ndim == 1 ? "" : "s");
    BROOD_TRY(read_bytes(stream, 4, size, size - 4, header + 4));
    for (int d = 0; d < ndim; d++) {
        const uint8_t *at = &header[4 + 4 * d];
        extent[d] = (int64_t)at[0] << 24 | (int64_t)at[1] << 16 | (int64_t)at[2] << 8 | (int64_t)at[3];
    }
    BROOD_TRY(brood_stream_shape(stream, ndim, extent));
    BROOD_TRY(check_size(stream));
done:
    return err;
}

/* A descriptor of dir/NAME or dir/NAME.gz, or −1 and errno; stream->name is the one found, or else NAME. */
static int open_either(const char *dir, const char *name, brood_stream_t *stream) {
    static const char *const suffix[] = {".gz", ""};
    int                      descriptor = -1;
    for (int i = 0; i < 2 && descriptor < 0; i++) {
        snprintf(stream->name, sizeof stream->name, "%s/%s%s", dir, name, suffix[i]);
        descriptor = open(stream->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (descriptor < 0 && errno != ENOENT) return -1;
    }
    return descriptor;
}

static brood_err_t idx_open(const char *dir, brood_array_name_t array, brood_stream_t *stream) {
    struct stat status;
    *stream = (brood_stream_t){0};
    int descriptor = open_either(dir, file_name[array], stream);
    if (descriptor < 0 && errno == ENOENT) {
        stream->missing = true;
        return BROOD_OK;
    }
    if (descriptor < 0 || fstat(descriptor, &status) != 0) {
        brood_err_t err = brood_fail_errno(errno, "%s", stream->name);
        if (descriptor >= 0) close(descriptor);
        return err;
    }
    if (!S_ISREG(status.st_mode)) {
        close(descriptor);
        return brood_fail(BROOD_E_DATA, "%s: found a directory or device, expected a file", stream->name);
    }
    idx_t *idx = calloc(1, sizeof *idx);
    if (idx) idx->file = gzdopen(descriptor, "rb");
    if (!idx || !idx->file) {
        close(descriptor);
        free(idx);
        return brood_fail(BROOD_E_MEMORY, "%s: out of memory while opening it", stream->name);
    }
    idx->size = status.st_size;
    stream->self = idx;
    return read_header(stream, brood_array_is_images(array));
}

static brood_err_t idx_read(brood_stream_t *stream, int64_t rows, uint8_t *bytes) {
    const idx_t  *idx = stream->self;
    const int64_t row = brood_stream_row(stream);
    brood_err_t   err = read_bytes(stream, idx->header + stream->at * row, whole_size(stream), rows * row, bytes);
    if (err == BROOD_OK) stream->at += rows;
    return err;
}

/* zlib sees checksum and length of a gzip file only when it is asked for what follows the last byte. */
static brood_err_t idx_finish(brood_stream_t *stream) {
    const idx_t  *idx = stream->self;
    const int64_t expected = whole_size(stream);
    uint8_t       byte;
    int           code;
    if (gzread(idx->file, &byte, 1) == 1)
        return brood_fail(BROOD_E_DATA,
                          "%s: the file is too long: found more than %lld bytes, expected so many by its "
                          "header",
                          stream->name, (long long)expected);
    gzerror(idx->file, &code);
    if (code == Z_OK || code == Z_STREAM_END) return BROOD_OK;
    if (code == Z_BUF_ERROR)
        return brood_fail(BROOD_E_DATA,
                          "%s: the file is truncated: found no checksum, expected one behind the last byte",
                          stream->name);
    return short_read(stream, expected, expected);
}

static void idx_close(brood_stream_t *stream) {
    idx_t *idx = stream->self;
    if (!idx) return;
    gzclose_r(idx->file);
    free(idx);
    stream->self = NULL;
}

const brood_format_t brood_format_idx = {idx_open, idx_read, idx_finish, idx_close};
