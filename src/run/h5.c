#include "h5.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "brood/run/run.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are written as they lie in memory");

void brood_h5_begin(brood_h5_voice_t *voice) {
    H5Eget_auto2(H5E_DEFAULT, &voice->print, &voice->data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void brood_h5_end(const brood_h5_voice_t *voice) {
    H5Eset_auto2(H5E_DEFAULT, voice->print, voice->data);
}

typedef struct {
    char words[256];
    bool memory;
} cause_t;

/* Walked from the outermost call inwards: the last one heard is where it went wrong. */
static herr_t hear(unsigned n, const H5E_error2_t *error, void *into) {
    (void)n;
    cause_t *cause = into;
    snprintf(cause->words, sizeof cause->words, "%s (%s)", error->desc, error->func_name);
    if (error->maj_num == H5E_RESOURCE && (error->min_num == H5E_NOSPACE || error->min_num == H5E_CANTALLOC))
        cause->memory = true;
    return 0;
}

brood_err_t brood_h5_check(int64_t result, brood_err_t code, const char *what) {
    if (result >= 0) return BROOD_OK;
    cause_t cause = {.words = "no reason given"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, hear, &cause);
    return brood_fail(cause.memory ? BROOD_E_MEMORY : code, "%s: HDF5: %s", what, cause.words);
}

void brood_h5_close(hid_t *id) {
    if (*id >= 0) H5Idec_ref(*id);
    *id = H5I_INVALID_HID;
}

/* The core driver's hooks, by which a file lies in our own bytes: what is read is not copied (H5LTopen_file_image,
   which can do that too, loses memory at every call in HDF5 1.10), what is written needs no copying out, and memory
   that has been used before is used again. Their last argument is the brood_bytes_t. */

static void *image_malloc(size_t size, H5FD_file_image_op_t op, void *into) {
    (void)op;
    const brood_bytes_t *bytes = into;
    return size == bytes->size ? bytes->data : NULL;
}

static void *image_memcpy(void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *into) {
    (void)size;
    (void)op;
    (void)into;
    return to == from ? to : NULL;
}

static void *image_realloc(void *at, size_t size, H5FD_file_image_op_t op, void *into) {
    (void)at;
    (void)op;
    brood_bytes_t *bytes = into;
    if (size > bytes->capacity) {
        size_t doubled = 2 * bytes->capacity;
        if (brood_bytes_reserve(bytes, size > doubled ? size : doubled) != BROOD_OK) return NULL;
    }
    return bytes->data;
}

static herr_t image_free(void *at, H5FD_file_image_op_t op, void *into) {
    (void)at;
    (void)op;
    (void)into;
    return 0;
}

static void *bytes_copy(void *bytes) {
    return bytes;
}

static herr_t bytes_free(void *bytes) {
    (void)bytes;
    return 0;
}

/* How a file is opened that lies in `bytes`, growing by `increment`. */
static brood_err_t access_to(brood_bytes_t *bytes, size_t increment, hid_t *access) {
    brood_err_t                 err = BROOD_OK;
    H5FD_file_image_callbacks_t hooks = {.image_malloc = image_malloc,
                                         .image_memcpy = image_memcpy,
                                         .image_realloc = image_realloc,
                                         .image_free = image_free,
                                         .udata_copy = bytes_copy,
                                         .udata_free = bytes_free,
                                         .udata = bytes};
    BROOD_TRY(brood_h5_check(*access = H5Pcreate(H5P_FILE_ACCESS), BROOD_E_BUG, "image"));
    BROOD_TRY(brood_h5_check(H5Pset_fapl_core(*access, increment, false), BROOD_E_BUG, "image"));
    BROOD_TRY(brood_h5_check(H5Pset_file_image_callbacks(*access, &hooks), BROOD_E_BUG, "image"));
done:
    return err;
}

/* HDF5 takes two files in memory of the same name for one file. */
static const char *name_of(const brood_bytes_t *bytes, char name[32]) {
    snprintf(name, 32, "image at %p", (const void *)bytes);
    return name;
}

brood_err_t brood_h5_open(const brood_bytes_t *bytes, hid_t *file) {
    brood_err_t    err = BROOD_OK;
    hid_t          access = H5I_INVALID_HID;
    brood_bytes_t *image = NULL;
    char           name[32];
    *file = H5I_INVALID_HID;
    if (!bytes->size) return brood_fail(BROOD_E_FORMAT, "an empty file, where HDF5 was expected");
    memcpy(&image, &bytes, sizeof image); /* the interface knows no const; opened for reading, nothing is written */
    BROOD_TRY(access_to(image, 1, &access));
    BROOD_TRY(brood_h5_check(H5Pset_file_image(access, image->data, image->size), BROOD_E_BUG, "image"));
    *file = H5Fopen(name_of(bytes, name), H5F_ACC_RDONLY, access);
    err = brood_h5_check(*file, BROOD_E_FORMAT, "not readable as HDF5");
done:
    brood_h5_close(&access);
    return err;
}

brood_err_t brood_h5_create(brood_bytes_t *bytes, hid_t *file) {
    const size_t increment = (size_t)1 << 16;
    brood_err_t  err = BROOD_OK;
    hid_t        access = H5I_INVALID_HID;
    char         name[32];
    *file = H5I_INVALID_HID;
    bytes->size = 0;
    BROOD_TRY(access_to(bytes, increment, &access));
    BROOD_TRY(
        brood_h5_check(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), BROOD_E_BUG, "image"));
    *file = H5Fcreate(name_of(bytes, name), H5F_ACC_TRUNC, H5P_DEFAULT, access);
    err = brood_h5_check(*file, BROOD_E_BUG, "image");
done:
    brood_h5_close(&access);
    return err;
}

brood_err_t brood_h5_finish(brood_bytes_t *bytes, hid_t *file) {
    brood_err_t err = BROOD_OK;
    ssize_t     size = 0;
    BROOD_TRY(brood_h5_check(H5Fflush(*file, H5F_SCOPE_LOCAL), BROOD_E_BUG, "image"));
    BROOD_TRY(brood_h5_check(size = H5Fget_file_image(*file, NULL, 0), BROOD_E_BUG, "image"));
    err = brood_h5_check(H5Fclose(*file), BROOD_E_BUG, "image");
    *file = H5I_INVALID_HID;
    if (err == BROOD_OK) bytes->size = (size_t)size;
done:
    return err;
}

void brood_h5_path(const brood_field_t *field, char path[BROOD_H5_MAX_PATH]) {
    snprintf(path, BROOD_H5_MAX_PATH, "%s/%s", field->group, field->name);
}

static hid_t number_type(brood_type_t type) {
    switch (type) {
    case BROOD_TYPE_I32:
        return H5T_STD_I32LE;
    case BROOD_TYPE_I64:
        return H5T_STD_I64LE;
    case BROOD_TYPE_U64:
        return H5T_STD_U64LE;
    case BROOD_TYPE_F32:
        return H5T_IEEE_F32LE;
    case BROOD_TYPE_F64:
        return H5T_IEEE_F64LE;
    case BROOD_TYPE_U8:
    case BROOD_TYPE_ENUM:
    case BROOD_TYPE_TEXT:
        break;
    }
    return H5T_STD_U8LE;
}

brood_err_t brood_h5_type(const brood_field_t *field, hid_t *type) {
    brood_err_t err = BROOD_OK;
    *type = H5I_INVALID_HID;
    if (field->type == BROOD_TYPE_ENUM) {
        const brood_enum_t *members = field->members;
        if (!members || members->count < 1 || members->count > UINT8_MAX + 1)
            return brood_fail(BROOD_E_BUG, "%s/%s: an enum of one byte needs 1 to 256 members", field->group,
                              field->name);
        BROOD_TRY(brood_h5_check(*type = H5Tenum_create(H5T_STD_U8LE), BROOD_E_BUG, members->name));
        for (int32_t i = 0; i < members->count; i++) {
            uint8_t value = (uint8_t)i;
            BROOD_TRY(brood_h5_check(H5Tenum_insert(*type, members->value[i], &value), BROOD_E_BUG, members->name));
        }
    } else if (field->type == BROOD_TYPE_TEXT) {
        BROOD_TRY(brood_h5_check(*type = H5Tcopy(H5T_C_S1), BROOD_E_BUG, "text type"));
        BROOD_TRY(brood_h5_check(H5Tset_size(*type, H5T_VARIABLE), BROOD_E_BUG, "text type"));
        BROOD_TRY(brood_h5_check(H5Tset_cset(*type, H5T_CSET_UTF8), BROOD_E_BUG, "text type"));
    } else {
        BROOD_TRY(brood_h5_check(*type = H5Tcopy(number_type(field->type)), BROOD_E_BUG, "number type"));
    }
done:
    if (err != BROOD_OK) brood_h5_close(type);
    return err;
}

static void enum_text(hid_t type, char *text, size_t size) {
    int    count = H5Tget_nmembers(type);
    size_t used = (size_t)snprintf(text, size, "enum (");
    for (int i = 0; i < count && used < size; i++) {
        char *name = H5Tget_member_name(type, (unsigned)i);
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", name ? name : "?");
        H5free_memory(name);
    }
    if (used < size) snprintf(text + used, size - used, ")");
}

void brood_h5_type_text(hid_t type, char *text, size_t size) {
    size_t bits = 8 * H5Tget_size(type);
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
        snprintf(text, size, "%sint%zu%s", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits,
                 H5Tget_order(type) == H5T_ORDER_BE ? " big-endian" : "");
        return;
    case H5T_FLOAT:
        snprintf(text, size, "float%zu%s", bits, H5Tget_order(type) == H5T_ORDER_BE ? " big-endian" : "");
        return;
    case H5T_STRING:
        if (H5Tis_variable_str(type) > 0)
            snprintf(text, size, "text%s", H5Tget_cset(type) == H5T_CSET_ASCII ? " (ASCII)" : "");
        else
            snprintf(text, size, "text of %zu bytes", bits / 8);
        return;
    case H5T_ENUM:
        enum_text(type, text, size);
        return;
    case H5T_COMPOUND:
        snprintf(text, size, "compound of %d members, %zu bytes", H5Tget_nmembers(type), bits / 8);
        return;
    case H5T_REFERENCE:
        snprintf(text, size, "reference");
        return;
    case H5T_VLEN:
        snprintf(text, size, "variable-length list");
        return;
    case H5T_NO_CLASS:
    case H5T_TIME:
    case H5T_BITFIELD:
    case H5T_OPAQUE:
    case H5T_ARRAY:
    case H5T_NCLASSES:
    default:
        snprintf(text, size, "a type of %zu bytes", bits / 8);
    }
}

void brood_h5_shape_text(int ndim, const hsize_t shape[], char text[BROOD_H5_MAX_SHAPE]) {
    if (ndim == 0) {
        snprintf(text, BROOD_H5_MAX_SHAPE, "a scalar");
        return;
    }
    size_t used = 0;
    for (int d = 0; d < ndim && used < BROOD_H5_MAX_SHAPE; d++)
        used += (size_t)snprintf(text + used, BROOD_H5_MAX_SHAPE - used, "%s%llu", d ? ", " : "[",
                                 (unsigned long long)shape[d]);
    if (used < BROOD_H5_MAX_SHAPE) snprintf(text + used, BROOD_H5_MAX_SHAPE - used, "]");
}

void brood_run_libraries(char *text, size_t size) {
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    snprintf(text, size, "HDF5 %u.%u.%u, zlib %s", major, minor, release, zlibVersion());
}
