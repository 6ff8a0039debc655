#include "value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/utf8.h"

static const void *element(brood_value_t value, size_t size, int64_t i) {
    return (const unsigned char *)value.at + (size_t)i * size;
}

/* Is a value no more than its bytes? */
static bool is_plain(hid_t type) {
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
    case H5T_ENUM:
    case H5T_BITFIELD:
    case H5T_OPAQUE:
        return true;
    case H5T_STRING:
        return H5Tis_variable_str(type) <= 0;
    default:
        return false;
    }
}

static const char *text_at(const void *at) {
    const char *text;
    memcpy(&text, at, sizeof text);
    return text ? text : ""; /* HDF5 gives no pointer for an empty text */
}

/* The path that a reference points at, malloc'ed: "" for one that points at nothing. */
static brood_err_t reference_path(hid_t type, hid_t file, const void *at, char **path) {
    *path = NULL;
    if (H5Tequal(type, H5T_STD_REF_OBJ) <= 0)
        return brood_fail(BROOD_E_FORMAT, "a reference that does not name an object cannot be compared");
    ssize_t size = H5Rget_name(file, H5R_OBJECT, at, NULL, 0);
    *path = calloc(1, size > 0 ? (size_t)size + 1 : 1);
    if (!*path) return brood_fail(BROOD_E_MEMORY, "out of memory");
    if (size > 0 && H5Rget_name(file, H5R_OBJECT, at, *path, (size_t)size + 1) < 0) **path = '\0';
    return BROOD_OK;
}

static brood_err_t compare_one(hid_t type, brood_value_t a, brood_value_t b, bool *equal);

static brood_err_t compare_references(hid_t type, brood_value_t a, brood_value_t b, bool *equal) {
    brood_err_t err = BROOD_OK;
    char       *in_a = NULL, *in_b = NULL;
    BROOD_TRY(reference_path(type, a.file, a.at, &in_a));
    BROOD_TRY(reference_path(type, b.file, b.at, &in_b));
    *equal = !strcmp(in_a, in_b);
done:
    free(in_a);
    free(in_b);
    return err;
}

static brood_err_t compare_members(hid_t type, brood_value_t a, brood_value_t b, bool *equal) {
    brood_err_t err = BROOD_OK;
    int         count = H5Tget_nmembers(type);
    hid_t       member = H5I_INVALID_HID;
    *equal = true;
    for (int i = 0; i < count && *equal; i++) {
        size_t offset = H5Tget_member_offset(type, (unsigned)i);
        BROOD_TRY(brood_h5_check(member = H5Tget_member_type(type, (unsigned)i), BROOD_E_FORMAT, "member"));
        BROOD_TRY(compare_one(member, (brood_value_t){a.file, (const unsigned char *)a.at + offset},
                              (brood_value_t){b.file, (const unsigned char *)b.at + offset}, equal));
        brood_h5_close(&member);
    }
done:
    brood_h5_close(&member);
    return err;
}

/* Elements of an array type, or of two lists of the same length. */
static brood_err_t compare_elements(hid_t type, brood_value_t a, brood_value_t b, int64_t count, bool *equal) {
    int64_t     different = -1;
    hid_t       base = H5Tget_super(type);
    brood_err_t err = brood_h5_check(base, BROOD_E_FORMAT, "elements");
    if (err == BROOD_OK) err = brood_value_compare(base, a, b, count, &different);
    *equal = different < 0;
    brood_h5_close(&base);
    return err;
}

static brood_err_t compare_lists(hid_t type, brood_value_t a, brood_value_t b, bool *equal) {
    hvl_t in_a, in_b;
    memcpy(&in_a, a.at, sizeof in_a);
    memcpy(&in_b, b.at, sizeof in_b);
    *equal = in_a.len == in_b.len;
    if (!*equal || !in_a.len) return BROOD_OK;
    return compare_elements(type, (brood_value_t){a.file, in_a.p}, (brood_value_t){b.file, in_b.p}, (int64_t)in_a.len,
                            equal);
}

static int64_t array_count(hid_t type) {
    hsize_t shape[H5S_MAX_RANK];
    int64_t count = 1;
    int     ndim = H5Tget_array_dims2(type, shape);
    for (int d = 0; d < ndim; d++) count *= (int64_t)shape[d];
    return count;
}

static brood_err_t compare_one(hid_t type, brood_value_t a, brood_value_t b, bool *equal) {
    if (is_plain(type)) {
        *equal = !memcmp(a.at, b.at, H5Tget_size(type));
        return BROOD_OK;
    }
    switch (H5Tget_class(type)) {
    case H5T_STRING:
        *equal = !strcmp(text_at(a.at), text_at(b.at));
        return BROOD_OK;
    case H5T_REFERENCE:
        return compare_references(type, a, b, equal);
    case H5T_COMPOUND:
        return compare_members(type, a, b, equal);
    case H5T_ARRAY:
        return compare_elements(type, a, b, array_count(type), equal);
    case H5T_VLEN:
        return compare_lists(type, a, b, equal);
    default:
        return brood_fail(BROOD_E_FORMAT, "a value of a kind that cannot be compared");
    }
}

brood_err_t brood_value_compare(hid_t type, brood_value_t a, brood_value_t b, int64_t count, int64_t *different) {
    const size_t size = H5Tget_size(type);
    *different = -1;
    if (is_plain(type) && (!count || !memcmp(a.at, b.at, size * (size_t)count))) return BROOD_OK;
    for (int64_t i = 0; i < count; i++) {
        bool        equal = true;
        brood_err_t err = compare_one(type, (brood_value_t){a.file, element(a, size, i)},
                                      (brood_value_t){b.file, element(b, size, i)}, &equal);
        if (err != BROOD_OK) return err;
        if (equal) continue;
        *different = i;
        return BROOD_OK;
    }
    return BROOD_OK;
}

/* A text that grows within its bounds. */
typedef struct {
    char  *at;
    size_t size, used;
} out_t;

static void say(out_t *out, const char *format, ...) BROOD_PRINTF(2, 3);

static void say(out_t *out, const char *format, ...) {
    va_list arguments;
    if (out->used >= out->size) return;
    va_start(arguments, format);
    int size = vsnprintf(out->at + out->used, out->size - out->used, format, arguments);
    va_end(arguments);
    if (size > 0) out->used += (size_t)size;
}

/* In quotes, a screen's width at most, from the beginning of the line in which `from` lies. */
static void say_text(out_t *out, const char *text, size_t size, size_t from) {
    const size_t width = 60;
    size_t       start = from < size ? from : size;
    while (start > 0 && text[start - 1] != '\n' && from - start < width / 2) start--;
    while (start < size && ((unsigned char)text[start] & 0xc0) == 0x80) start++; /* not within a character */
    say(out, "%s\"", start ? "…" : "");
    size_t end = start;
    while (end < size && end - start < width && (text[end] != '\n' || end < from)) {
        uint32_t character = 0;
        size_t   bytes = brood_utf8_next(text + end, size - end, &character);
        if (character == '\n')
            say(out, "\\n");
        else if (character == '"' || character == '\\')
            say(out, "\\%c", text[end]);
        else if (!bytes || character < ' ' || character == 127)
            say(out, "\\x%02x", (unsigned char)text[end]);
        else
            say(out, "%.*s", (int)bytes, text + end);
        end += bytes ? bytes : 1;
    }
    say(out, "\"%s", end < size ? "…" : "");
}

static void say_bytes(out_t *out, const void *at, size_t size) {
    say(out, "bytes");
    for (size_t i = 0; i < size && i < 16; i++) say(out, " %02x", ((const unsigned char *)at)[i]);
    if (size > 16) say(out, " …");
}

static void say_number(out_t *out, hid_t type, const void *at) {
    unsigned char buffer[64] = {0};
    const size_t  size = H5Tget_size(type);
    const bool    real = H5Tget_class(type) == H5T_FLOAT, sign = H5Tget_sign(type) == H5T_SGN_2;
    if (size > sizeof buffer) {
        say_bytes(out, at, size);
        return;
    }
    memcpy(buffer, at, size);
    if (H5Tconvert(type,
                   real   ? H5T_NATIVE_DOUBLE
                   : sign ? H5T_NATIVE_INT64
                          : H5T_NATIVE_UINT64,
                   1, buffer, NULL, H5P_DEFAULT) < 0) {
        say_bytes(out, at, size);
        return;
    }
    double   number;
    int64_t  integer;
    uint64_t natural;
    memcpy(&number, buffer, sizeof number);
    memcpy(&integer, buffer, sizeof integer);
    memcpy(&natural, buffer, sizeof natural);
    if (real)
        say(out, "%.*g", size <= 4 ? 9 : 17, number);
    else if (sign)
        say(out, "%lld", (long long)integer);
    else
        say(out, "%llu", (unsigned long long)natural);
}

static void say_enum(out_t *out, hid_t type, const void *at) {
    char  name[256];
    hid_t base = H5I_INVALID_HID;
    if (H5Tenum_nameof(type, at, name, sizeof name) >= 0) {
        say(out, "%s", name);
        return;
    }
    base = H5Tget_super(type);
    say_number(out, base, at);
    brood_h5_close(&base);
}

/* `from`: of texts, the first byte that differs. */
static void say_value(out_t *out, hid_t type, brood_value_t value, size_t from) {
    const size_t size = H5Tget_size(type);
    char        *path = NULL;
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
    case H5T_FLOAT:
        say_number(out, type, value.at);
        return;
    case H5T_ENUM:
        say_enum(out, type, value.at);
        return;
    case H5T_STRING:
        if (H5Tis_variable_str(type) > 0)
            say_text(out, text_at(value.at), strlen(text_at(value.at)), from);
        else
            say_text(out, value.at, strnlen(value.at, size), from);
        return;
    case H5T_REFERENCE:
        if (reference_path(type, value.file, value.at, &path) == BROOD_OK) say(out, "-> %s", *path ? path : "nothing");
        free(path);
        return;
    case H5T_VLEN: {
        hvl_t list;
        memcpy(&list, value.at, sizeof list);
        hid_t base = H5Tget_super(type);
        say(out, "a list of %zu", list.len);
        if (list.len == 1) {
            say(out, " (");
            say_value(out, base, (brood_value_t){value.file, list.p}, 0);
            say(out, ")");
        }
        brood_h5_close(&base);
        return;
    }
    default:
        say_bytes(out, value.at, size);
    }
}

static size_t first_difference(hid_t type, const void *a, const void *b) {
    size_t i = 0;
    if (H5Tget_class(type) != H5T_STRING) return 0;
    if (H5Tis_variable_str(type) > 0) {
        const char *in_a = text_at(a), *in_b = text_at(b);
        while (in_a[i] && in_a[i] == in_b[i]) i++;
    } else {
        const char *in_a = a, *in_b = b;
        while (i < H5Tget_size(type) && in_a[i] == in_b[i]) i++;
    }
    return i;
}

void brood_value_difference(hid_t type, brood_value_t a, brood_value_t b, char *text, size_t size) {
    char         in_a[256] = "", in_b[256] = "";
    out_t        out_a = {in_a, sizeof in_a, 0}, out_b = {in_b, sizeof in_b, 0};
    const size_t from = first_difference(type, a.at, b.at);
    say_value(&out_a, type, a, from);
    say_value(&out_b, type, b, from);
    if (!strcmp(in_a, in_b) && is_plain(type)) {
        say(&out_a, " (");
        say_bytes(&out_a, a.at, H5Tget_size(type));
        say(&out_a, ")");
        say(&out_b, " (");
        say_bytes(&out_b, b.at, H5Tget_size(type));
        say(&out_b, ")");
    }
    snprintf(text, size, "%s in A, %s in B", in_a, in_b);
}
