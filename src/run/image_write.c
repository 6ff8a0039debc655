#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

#include "brood/run/image.h"
#include "gather.h"
#include "h5.h"

/* What writing one image holds. */
typedef struct {
    hid_t    file;
    hid_t    scalar, text; /* the dataspace of one value, the type of a text */
    hid_t    links;        /* how links are made: with the groups on their way */
    gather_t gather;
} writer_t;

/* A call that only memory or a mistake of ours can make fail. */
static brood_err_t made(int64_t result, const char *what) {
    return brood_h5_check(result, BROOD_E_BUG, what);
}

static void writer_fini(writer_t *writer) {
    gather_fini(&writer->gather);
    brood_h5_close(&writer->links);
    brood_h5_close(&writer->text);
    brood_h5_close(&writer->scalar);
    brood_h5_close(&writer->file);
}

/* After an error, too, to be given to writer_fini. */
static brood_err_t writer_init(writer_t *writer, brood_bytes_t *bytes) {
    brood_err_t err = BROOD_OK;
    *writer = (writer_t){
        .file = H5I_INVALID_HID, .scalar = H5I_INVALID_HID, .text = H5I_INVALID_HID, .links = H5I_INVALID_HID};
    gather_init(&writer->gather);
    BROOD_TRY(brood_h5_create(bytes, &writer->file));
    BROOD_TRY(made(writer->scalar = H5Screate(H5S_SCALAR), "image"));
    BROOD_TRY(brood_h5_type(&(brood_field_t){.type = BROOD_TYPE_TEXT}, &writer->text));
    BROOD_TRY(made(writer->links = H5Pcreate(H5P_LINK_CREATE), "image"));
    BROOD_TRY(made(H5Pset_create_intermediate_group(writer->links, 1), "image"));
done:
    return err;
}

static brood_err_t write_text_attribute(const writer_t *writer, hid_t object, const char *path, const char *name,
                                        const char *value) {
    brood_err_t err = BROOD_OK;
    hid_t       attribute = H5Acreate2(object, name, writer->text, writer->scalar, H5P_DEFAULT, H5P_DEFAULT);
    BROOD_TRY(made(attribute, path));
    BROOD_TRY(made(H5Awrite(attribute, writer->text, &value), path));
done:
    brood_h5_close(&attribute);
    return err;
}

static brood_err_t write_root_attributes(const writer_t *writer, const char *format) {
    brood_err_t err = BROOD_OK;
    int32_t     version = BROOD_IMAGE_VERSION;
    hid_t       attribute = H5I_INVALID_HID;
    BROOD_TRY(write_text_attribute(writer, writer->file, "/", "format", format));
    BROOD_TRY(made(
        attribute = H5Acreate2(writer->file, "version", H5T_STD_I32LE, writer->scalar, H5P_DEFAULT, H5P_DEFAULT), "/"));
    BROOD_TRY(made(H5Awrite(attribute, H5T_NATIVE_INT32, &version), "/"));
done:
    brood_h5_close(&attribute);
    return err;
}

/* The type of a column in the file; an enum type is committed in the root the first time it is met. */
static brood_err_t column_type(const writer_t *writer, const brood_field_t *field, const char *path, hid_t *type) {
    brood_err_t err = BROOD_OK;
    hid_t       committed = H5I_INVALID_HID;
    BROOD_TRY(brood_h5_type(field, type));
    if (field->type != BROOD_TYPE_ENUM) goto done;
    const char *name = field->members->name;
    if (H5Lexists(writer->file, name, H5P_DEFAULT) <= 0) {
        BROOD_TRY(made(H5Tcommit2(writer->file, name, *type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path));
        goto done;
    }
    BROOD_TRY(made(committed = H5Topen2(writer->file, name, H5P_DEFAULT), path));
    if (H5Tequal(committed, *type) <= 0) {
        err = brood_fail(BROOD_E_BUG, "%s: there is another enum named %s", path, name);
        goto done;
    }
    brood_h5_close(type);
    *type = committed;
    committed = H5I_INVALID_HID;
done:
    brood_h5_close(&committed);
    return err;
}

/* A number without a unit is one of "1", as UDUNITS has it. */
static const char *unit_of(const brood_field_t *field) {
    bool number = field->type != BROOD_TYPE_TEXT && field->type != BROOD_TYPE_ENUM;
    return field->unit || !number ? field->unit : "1";
}

static brood_err_t create_column(const writer_t *writer, const brood_field_t *field, const char *path, hid_t type,
                                 hid_t *column) {
    brood_err_t err = BROOD_OK;
    hid_t       space = H5I_INVALID_HID, creation = H5I_INVALID_HID;
    hsize_t     shape[BROOD_MAX_DIMENSIONS] = {0};
    for (int d = 0; d < field->ndim; d++) shape[d] = (hsize_t)field->shape[d];
    BROOD_TRY(made(creation = H5Pcreate(H5P_DATASET_CREATE), path));
    BROOD_TRY(made(H5Pset_obj_track_times(creation, false), path));
    /* Every value is written at once; HDF5 insists on filling texts. */
    if (field->type != BROOD_TYPE_TEXT) BROOD_TRY(made(H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER), path));
    BROOD_TRY(made(space = field->ndim ? H5Screate_simple(field->ndim, shape, NULL) : H5Screate(H5S_SCALAR), path));
    BROOD_TRY(made(*column = H5Dcreate2(writer->file, path, type, space, writer->links, creation, H5P_DEFAULT), path));
    BROOD_TRY(write_text_attribute(writer, *column, path, "long_name", field->label));
    BROOD_TRY(write_text_attribute(writer, *column, path, "description", field->doc));
    const char *unit = unit_of(field);
    if (unit) BROOD_TRY(write_text_attribute(writer, *column, path, "units", unit));
done:
    brood_h5_close(&creation);
    brood_h5_close(&space);
    return err;
}

static brood_err_t write_column(const writer_t *writer, const brood_field_t *field, const void *values) {
    brood_err_t err = BROOD_OK;
    hid_t       type = H5I_INVALID_HID, column = H5I_INVALID_HID;
    char        path[BROOD_H5_MAX_PATH];
    brood_h5_path(field, path);
    if (!field->label || !field->doc) return brood_fail(BROOD_E_BUG, "%s: without label or doc", path);
    BROOD_TRY(column_type(writer, field, path, &type));
    BROOD_TRY(create_column(writer, field, path, type, &column));
    if (brood_field_count(field)) BROOD_TRY(made(H5Dwrite(column, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), path));
done:
    brood_h5_close(&column);
    brood_h5_close(&type);
    return err;
}

static brood_err_t write_columns(writer_t *writer, const brood_fields_t *fields) {
    const void *values[GATHER_MOST];
    brood_err_t err = BROOD_OK;
    for (int64_t i = 0, n; i < fields->count; i += n) {
        const brood_field_t *first = &fields->field[i];
        n = gather_count(first, fields->count - i);
        BROOD_TRY(gather(&writer->gather, first, n, values));
        for (int64_t f = 0; f < n; f++) BROOD_TRY(write_column(writer, &first[f], values[f]));
    }
done:
    return err;
}

static bool is_scale(const brood_field_t *field, const char *path) {
    return field->ndim > 0 && field->dimension[0] && !strcmp(field->dimension[0], path);
}

static brood_err_t make_scale(const writer_t *writer, const brood_field_t *field) {
    char path[BROOD_H5_MAX_PATH];
    brood_h5_path(field, path);
    if (!is_scale(field, path)) return BROOD_OK;
    if (field->ndim != 1) return brood_fail(BROOD_E_BUG, "%s: a dimension scale has one dimension", path);
    brood_err_t err = BROOD_OK;
    hid_t       column = H5Dopen2(writer->file, path, H5P_DEFAULT);
    BROOD_TRY(made(column, path));
    BROOD_TRY(made(H5DSset_scale(column, field->name), path));
done:
    brood_h5_close(&column);
    return err;
}

static brood_err_t scale_extent(hid_t scale, const char *path, int64_t *extent) {
    brood_err_t err = BROOD_OK;
    hid_t       space = H5Dget_space(scale);
    BROOD_TRY(made(space, path));
    *extent = (int64_t)H5Sget_simple_extent_npoints(space);
done:
    brood_h5_close(&space);
    return err;
}

static brood_err_t attach_scales(const writer_t *writer, const brood_field_t *field) {
    brood_err_t err = BROOD_OK;
    hid_t       column = H5I_INVALID_HID, scale = H5I_INVALID_HID;
    int64_t     extent = 0;
    char        path[BROOD_H5_MAX_PATH];
    brood_h5_path(field, path);
    if (is_scale(field, path)) return BROOD_OK;
    BROOD_TRY(made(column = H5Dopen2(writer->file, path, H5P_DEFAULT), path));
    for (int d = 0; d < field->ndim; d++) {
        if (!field->dimension[d]) continue;
        BROOD_TRY(made(scale = H5Dopen2(writer->file, field->dimension[d], H5P_DEFAULT), field->dimension[d]));
        BROOD_TRY(scale_extent(scale, field->dimension[d], &extent));
        if (extent != field->shape[d]) {
            err = brood_fail(BROOD_E_BUG, "%s: dimension %d has %lld values, its scale %s %lld", path, d,
                             (long long)field->shape[d], field->dimension[d], (long long)extent);
            goto done;
        }
        BROOD_TRY(made(H5DSattach_scale(column, scale, (unsigned)d), path));
        brood_h5_close(&scale);
    }
done:
    brood_h5_close(&scale);
    brood_h5_close(&column);
    return err;
}

brood_err_t brood_image_write(const char *format, const brood_fields_t *fields, brood_bytes_t *bytes) {
    brood_err_t      err = BROOD_OK;
    brood_h5_voice_t voice;
    writer_t         writer;
    brood_h5_begin(&voice);
    BROOD_TRY(writer_init(&writer, bytes));
    BROOD_TRY(brood_fields_error(fields));
    BROOD_TRY(write_root_attributes(&writer, format));
    BROOD_TRY(write_columns(&writer, fields));
    for (int64_t i = 0; i < fields->count; i++) BROOD_TRY(make_scale(&writer, &fields->field[i]));
    for (int64_t i = 0; i < fields->count; i++) BROOD_TRY(attach_scales(&writer, &fields->field[i]));
    BROOD_TRY(brood_h5_finish(bytes, &writer.file));
done:
    writer_fini(&writer);
    brood_h5_end(&voice);
    return err;
}
