#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/run/image.h"
#include "h5.h"

/* Where HDF5 puts the texts that it reads: one block. Each text of a whole image lies in it once, so texts that need
   more than the image's size (and a NUL each) betray a damaged one. */
typedef struct {
    char  *base;
    size_t size, used;
} texts_t;

static void *take_text(size_t size, void *into) {
    texts_t *texts = into;
    if (size > texts->size - texts->used) return NULL;
    char *text = texts->base + texts->used;
    texts->used += size;
    return text;
}

static void leave_text(void *text, void *from) {
    (void)text;
    (void)from;
}

/* What is expected at `path`, in words. */
static void expected_text(const brood_field_t *field, char *text, size_t size) {
    hid_t   type = H5I_INVALID_HID;
    hsize_t shape[BROOD_MAX_DIMENSIONS] = {0};
    char    name[256] = "?", extents[BROOD_H5_MAX_SHAPE];
    for (int d = 0; d < field->ndim; d++) shape[d] = (hsize_t)field->shape[d];
    if (brood_h5_type(field, &type) == BROOD_OK) brood_h5_type_text(type, name, sizeof name);
    brood_h5_shape_text(field->ndim, shape, extents);
    snprintf(text, size, "%s, %s", name, extents);
    brood_h5_close(&type);
}

static brood_err_t open_column(hid_t file, const char *path, const char *expected, hid_t *column) {
    *column = H5Dopen2(file, path, H5P_DEFAULT);
    if (*column >= 0) return BROOD_OK;
    return brood_fail(BROOD_E_FORMAT, "%s: missing; expected %s", path, expected);
}

/* Type and shape of `column` as `field` says. *type is the file's, to be closed by the caller. */
static brood_err_t check_column(hid_t column, const brood_field_t *field, const char *path, const char *expected,
                                hid_t *type) {
    brood_err_t err = BROOD_OK;
    hid_t       wanted = H5I_INVALID_HID, space = H5I_INVALID_HID;
    hsize_t     shape[H5S_MAX_RANK];
    int         ndim = 0;
    BROOD_TRY(brood_h5_type(field, &wanted));
    BROOD_TRY(brood_h5_check(*type = H5Dget_type(column), BROOD_E_FORMAT, path));
    BROOD_TRY(brood_h5_check(space = H5Dget_space(column), BROOD_E_FORMAT, path));
    BROOD_TRY(brood_h5_check(ndim = H5Sget_simple_extent_dims(space, shape, NULL), BROOD_E_FORMAT, path));
    bool fits = H5Tequal(*type, wanted) > 0 && ndim == field->ndim && H5Sget_simple_extent_type(space) != H5S_NULL;
    for (int d = 0; fits && d < ndim; d++) fits = shape[d] == (hsize_t)field->shape[d];
    if (fits) goto done;
    char found[256], extents[BROOD_H5_MAX_SHAPE];
    brood_h5_type_text(*type, found, sizeof found);
    brood_h5_shape_text(ndim, shape, extents);
    err = brood_fail(BROOD_E_FORMAT, "%s: found %s, %s; expected %s", path, found, extents, expected);
done:
    brood_h5_close(&space);
    brood_h5_close(&wanted);
    return err;
}

/* The place of element c of row r in the field's memory. */
static unsigned char *element(const brood_field_t *field, int64_t r, int64_t c) {
    const size_t size = brood_field_size(field);
    const size_t stride = field->stride ? field->stride : (size_t)brood_field_row(field) * size;
    return (unsigned char *)field->base + (size_t)r * stride + (size_t)c * size;
}

static brood_err_t scatter_text(const brood_field_t *field, const char *path, int64_t r, int64_t c, const char *text) {
    const char  *found = text ? text : ""; /* HDF5 gives no pointer for an empty text */
    const size_t size = strlen(found);
    if (size >= field->text_size)
        return brood_fail(BROOD_E_FORMAT, "%s: row %lld: found a text of %zu bytes, expected at most %zu", path,
                          (long long)r, size, field->text_size - 1);
    /* What follows the text is cleared, so that equal texts are equal memory. */
    unsigned char *cell = element(field, r, c);
    memcpy(cell, found, size);
    memset(cell + size, 0, field->text_size - size);
    return BROOD_OK;
}

static brood_err_t scatter(const brood_field_t *field, const char *path, const unsigned char *values) {
    const int64_t columns = brood_field_row(field), rows = field->ndim ? field->shape[0] : 1;
    const size_t  size = brood_field_size(field);
    for (int64_t r = 0; r < rows; r++) {
        if (field->type != BROOD_TYPE_TEXT && field->type != BROOD_TYPE_ENUM) {
            memcpy(element(field, r, 0), values + (size_t)(r * columns) * size, (size_t)columns * size);
            continue;
        }
        for (int64_t c = 0; c < columns; c++) {
            if (field->type == BROOD_TYPE_TEXT) {
                const char *text;
                memcpy(&text, values + (size_t)(r * columns + c) * sizeof text, sizeof text);
                brood_err_t err = scatter_text(field, path, r, c, text);
                if (err != BROOD_OK) return err;
                continue;
            }
            int32_t value = values[r * columns + c];
            if (value >= field->members->count)
                return brood_fail(BROOD_E_FORMAT, "%s: row %lld: found %d, expected a value of enum %s: 0 to %d", path,
                                  (long long)r, (int)value, field->members->name, (int)field->members->count - 1);
            memcpy(element(field, r, c), &value, sizeof value);
        }
    }
    return BROOD_OK;
}

static brood_err_t text_transfer(texts_t *texts, size_t image, int64_t count, hid_t *transfer) {
    brood_err_t err = BROOD_OK;
    texts->used = 0;
    texts->size = image + (size_t)count;
    texts->base = malloc(texts->size);
    if (!texts->base) return brood_fail(BROOD_E_MEMORY, "texts of %zu bytes cannot be had", texts->size);
    BROOD_TRY(brood_h5_check(*transfer = H5Pcreate(H5P_DATASET_XFER), BROOD_E_BUG, "texts"));
    BROOD_TRY(
        brood_h5_check(H5Pset_vlen_mem_manager(*transfer, take_text, texts, leave_text, texts), BROOD_E_BUG, "texts"));
done:
    return err;
}

static brood_err_t read_column(hid_t file, const brood_field_t *field, size_t image, brood_bytes_t *buffer) {
    brood_err_t err = BROOD_OK;
    hid_t       column = H5I_INVALID_HID, type = H5I_INVALID_HID, transfer = H5I_INVALID_HID;
    texts_t     texts = {0};
    int64_t     count = brood_field_count(field);
    void       *values = field->base;
    char        path[BROOD_H5_MAX_PATH], expected[512];
    brood_h5_path(field, path);
    expected_text(field, expected, sizeof expected);
    BROOD_TRY(open_column(file, path, expected, &column));
    BROOD_TRY(check_column(column, field, path, expected, &type));
    if (!count) goto done;
    const size_t size = brood_field_size(field);
    const bool   plain = field->type != BROOD_TYPE_TEXT && field->type != BROOD_TYPE_ENUM;
    const bool   direct = plain && (!field->stride || field->stride == (size_t)brood_field_row(field) * size);
    if (!direct) {
        BROOD_TRY(brood_bytes_reserve(buffer, (size_t)count * (plain ? size : sizeof(char *))));
        values = buffer->data;
    }
    if (field->type == BROOD_TYPE_TEXT) BROOD_TRY(text_transfer(&texts, image, count, &transfer));
    BROOD_TRY(brood_h5_check(H5Dread(column, type, H5S_ALL, H5S_ALL, transfer >= 0 ? transfer : H5P_DEFAULT, values),
                             BROOD_E_FORMAT, path));
    if (!direct) BROOD_TRY(scatter(field, path, values));
done:
    free(texts.base);
    brood_h5_close(&transfer);
    brood_h5_close(&type);
    brood_h5_close(&column);
    return err;
}

/* A text or number of the root, as this program writes it; false where there is none such. */
static bool read_root_attribute(hid_t file, const char *name, hid_t type, void *value) {
    if (H5Aexists(file, name) <= 0) return false;
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), found = H5I_INVALID_HID, space = H5I_INVALID_HID;
    bool  fits = attribute >= 0 && (found = H5Aget_type(attribute)) >= 0 && H5Tequal(found, type) > 0 &&
                (space = H5Aget_space(attribute)) >= 0 && H5Sget_simple_extent_type(space) == H5S_SCALAR &&
                H5Aread(attribute, type, value) >= 0;
    brood_h5_close(&space);
    brood_h5_close(&found);
    brood_h5_close(&attribute);
    return fits;
}

static brood_err_t check_format(hid_t file, const char *format) {
    brood_err_t err = BROOD_OK;
    hid_t       type = H5I_INVALID_HID;
    char       *name = NULL;
    int32_t     version = 0;
    BROOD_TRY(brood_h5_type(&(brood_field_t){.type = BROOD_TYPE_TEXT}, &type));
    if (!read_root_attribute(file, "format", type, &name) || !name)
        err = brood_fail(BROOD_E_FORMAT, "not one of Brood's files: the root has no attribute format; expected \"%s\"",
                         format);
    else if (strcmp(name, format))
        err = brood_fail(BROOD_E_FORMAT, "found a \"%s\", expected a \"%s\"", name, format);
    else if (!read_root_attribute(file, "version", H5T_STD_I32LE, &version))
        err = brood_fail(BROOD_E_FORMAT, "a \"%s\" without a version; expected version %d", name, BROOD_IMAGE_VERSION);
    else if (version != BROOD_IMAGE_VERSION)
        err = brood_fail(BROOD_E_FORMAT, "found a \"%s\" of version %d, expected version %d; it needs another Brood",
                         name, (int)version, BROOD_IMAGE_VERSION);
done:
    H5free_memory(name);
    brood_h5_close(&type);
    return err;
}

brood_err_t brood_image_read(const char *format, const brood_bytes_t *bytes, const brood_fields_t *fields) {
    brood_err_t      err = BROOD_OK;
    brood_h5_voice_t voice;
    hid_t            file = H5I_INVALID_HID;
    brood_bytes_t    buffer;
    brood_bytes_init(&buffer);
    brood_h5_begin(&voice);
    BROOD_TRY(brood_fields_error(fields));
    BROOD_TRY(brood_h5_open(bytes, &file));
    BROOD_TRY(check_format(file, format));
    for (int64_t i = 0; i < fields->count; i++) BROOD_TRY(read_column(file, &fields->field[i], bytes->size, &buffer));
done:
    brood_h5_close(&file);
    brood_h5_end(&voice);
    brood_bytes_fini(&buffer);
    return err;
}

brood_err_t brood_image_rows(const brood_bytes_t *bytes, const char *dataset, int64_t *rows) {
    brood_err_t      err = BROOD_OK;
    brood_h5_voice_t voice;
    hid_t            file = H5I_INVALID_HID, column = H5I_INVALID_HID, space = H5I_INVALID_HID;
    hsize_t          shape[H5S_MAX_RANK];
    int              ndim = 0;
    brood_h5_begin(&voice);
    BROOD_TRY(brood_h5_open(bytes, &file));
    BROOD_TRY(open_column(file, dataset, "a dataset with rows", &column));
    BROOD_TRY(brood_h5_check(space = H5Dget_space(column), BROOD_E_FORMAT, dataset));
    BROOD_TRY(brood_h5_check(ndim = H5Sget_simple_extent_dims(space, shape, NULL), BROOD_E_FORMAT, dataset));
    if (ndim == 0)
        err = brood_fail(BROOD_E_FORMAT, "%s: found a scalar, expected a dataset with rows", dataset);
    else
        *rows = (int64_t)shape[0];
done:
    brood_h5_close(&space);
    brood_h5_close(&column);
    brood_h5_close(&file);
    brood_h5_end(&voice);
    return err;
}

brood_err_t brood_image_text(const brood_bytes_t *bytes, const char *dataset, char **text) {
    brood_err_t      err = BROOD_OK;
    brood_h5_voice_t voice;
    hid_t            file = H5I_INVALID_HID, column = H5I_INVALID_HID, type = H5I_INVALID_HID;
    hid_t            transfer = H5I_INVALID_HID;
    texts_t          texts = {0};
    char            *found = NULL;
    /* The field of any scalar text. */
    const brood_field_t scalar = {.type = BROOD_TYPE_TEXT};
    const char         *expected = "text, a scalar";
    *text = NULL;
    brood_h5_begin(&voice);
    BROOD_TRY(brood_h5_open(bytes, &file));
    BROOD_TRY(open_column(file, dataset, expected, &column));
    BROOD_TRY(check_column(column, &scalar, dataset, expected, &type));
    BROOD_TRY(text_transfer(&texts, bytes->size, 1, &transfer));
    BROOD_TRY(brood_h5_check(H5Dread(column, type, H5S_ALL, H5S_ALL, transfer, &found), BROOD_E_FORMAT, dataset));
    *text = strdup(found ? found : "");
    if (!*text) err = brood_fail(BROOD_E_MEMORY, "%s: out of memory", dataset);
done:
    free(texts.base);
    brood_h5_close(&transfer);
    brood_h5_close(&type);
    brood_h5_close(&column);
    brood_h5_close(&file);
    brood_h5_end(&voice);
    return err;
}
