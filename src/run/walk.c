#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5.h"
#include "value.h"

#define MAX_LINK  1024 /* bytes of a link's or attribute's name or target */
#define MAX_DEPTH 64   /* of groups: hard links of a damaged file may lead round in a circle */

enum { A, B };

static const char *const side[2] = {"A", "B"};

typedef struct {
    hid_t               file[2];
    brood_difference_t *difference;
    int                 depth;
} walk_t;

/* The walk stops at its first difference. */
static bool found(const walk_t *walk) {
    return !walk->difference->equal;
}

static void differ(walk_t *walk, const char *path, const char *format, ...) BROOD_PRINTF(3, 4);

static void differ(walk_t *walk, const char *path, const char *format, ...) {
    brood_difference_t *difference = walk->difference;
    va_list             arguments;
    difference->equal = false;
    snprintf(difference->where, sizeof difference->where, "%s", path);
    va_start(arguments, format);
    vsnprintf(difference->what, sizeof difference->what, format, arguments);
    va_end(arguments);
}

static brood_err_t readable(int64_t result, const char *path) {
    return brood_h5_check(result, BROOD_E_FORMAT, path);
}

static void close_both(hid_t id[2]) {
    brood_h5_close(&id[A]);
    brood_h5_close(&id[B]);
}

/* "/status" for a type committed under a name, "" for one that is not. */
static void committed_name(hid_t type, char name[MAX_LINK]) {
    name[0] = '\0';
    if (H5Tcommitted(type) > 0 && H5Iget_name(type, name, MAX_LINK) <= 0) snprintf(name, MAX_LINK, "another name");
}

static brood_err_t compare_types(walk_t *walk, const char *path, const hid_t type[2]) {
    char   text[2][256], name[2][MAX_LINK];
    htri_t equal = H5Tequal(type[A], type[B]);
    if (equal < 0) return readable(equal, path);
    /* H5Tequal overlooks the character set of texts of variable length. */
    if (equal && H5Tget_class(type[A]) == H5T_STRING)
        equal = H5Tget_cset(type[A]) == H5Tget_cset(type[B]) && H5Tget_strpad(type[A]) == H5Tget_strpad(type[B]);
    for (int i = 0; i < 2; i++) {
        brood_h5_type_text(type[i], text[i], sizeof text[i]);
        committed_name(type[i], name[i]);
    }
    if (!equal)
        differ(walk, path, "type: %s in A, %s in B%s", text[A], text[B],
               strcmp(text[A], text[B]) ? "" : " (of another layout)");
    else if (strcmp(name[A], name[B]))
        differ(walk, path, "type: committed as \"%s\" in A, as \"%s\" in B", name[A], name[B]);
    return BROOD_OK;
}

/* *count: elements of both, where they have the same shape; −1: neither holds anything (a null dataspace). */
static brood_err_t compare_shapes(walk_t *walk, const char *path, const hid_t space[2], int *ndim,
                                  hsize_t shape[H5S_MAX_RANK], int64_t *count) {
    brood_err_t err = BROOD_OK;
    hsize_t     extents[2][H5S_MAX_RANK];
    int         rank[2];
    H5S_class_t class[2];
    char text[2][BROOD_H5_MAX_SHAPE];
    for (int i = 0; i < 2; i++) {
        class[i] = H5Sget_simple_extent_type(space[i]);
        BROOD_TRY(readable(class[i], path));
        BROOD_TRY(readable(rank[i] = H5Sget_simple_extent_dims(space[i], extents[i], NULL), path));
        if (class[i] == H5S_NULL)
            snprintf(text[i], sizeof text[i], "nothing");
        else
            brood_h5_shape_text(rank[i], extents[i], text[i]);
    }
    bool same = class[A] == class[B] && rank[A] == rank[B];
    for (int d = 0; same && d < rank[A]; d++) same = extents[A][d] == extents[B][d];
    if (!same) {
        differ(walk, path, "shape: %s in A, %s in B", text[A], text[B]);
        goto done;
    }
    *ndim = rank[A];
    memcpy(shape, extents[A], sizeof extents[A]);
    *count = class[A] == H5S_NULL ? -1 : (int64_t)H5Sget_simple_extent_npoints(space[A]);
done:
    return err;
}

/* "row 17: " of a column, "[17, 3]: " of what has more dimensions, "" of a scalar. */
static void place_text(int ndim, const hsize_t shape[], int64_t index, char text[BROOD_H5_MAX_SHAPE + 2]) {
    hsize_t place[H5S_MAX_RANK];
    text[0] = '\0';
    if (ndim == 0) return;
    for (int d = ndim - 1; d >= 0; d--) {
        place[d] = (hsize_t)index % shape[d];
        index /= (int64_t)shape[d];
    }
    if (ndim == 1) {
        snprintf(text, BROOD_H5_MAX_SHAPE, "row %llu: ", (unsigned long long)place[0]);
        return;
    }
    brood_h5_shape_text(ndim, place, text);
    strcat(text, ": ");
}

/* Datasets and attributes are read by different calls. */
typedef herr_t read_t(hid_t object, hid_t type, void *values);

static herr_t read_dataset(hid_t dataset, hid_t type, void *values) {
    return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
}

static brood_err_t compare_values(walk_t *walk, const char *path, const hid_t object[2], const hid_t type[2],
                                  const hid_t space[2], read_t *read, int ndim, const hsize_t shape[], int64_t count) {
    brood_err_t  err = BROOD_OK;
    const size_t size = H5Tget_size(type[A]);
    void        *values[2] = {NULL, NULL};
    bool         filled[2] = {false, false};
    int64_t      different = -1;
    for (int i = 0; i < 2; i++) {
        values[i] = calloc((size_t)count, size);
        if (!values[i]) {
            err = brood_fail(BROOD_E_MEMORY, "%s: %lld values cannot be held in memory", path, (long long)count);
            goto done;
        }
        BROOD_TRY(readable(read(object[i], type[i], values[i]), path));
        filled[i] = true;
    }
    err = brood_value_compare(type[A], (brood_value_t){walk->file[A], values[A]},
                              (brood_value_t){walk->file[B], values[B]}, count, &different);
    if (err != BROOD_OK) {
        err = brood_because(err, "%s", path);
        goto done;
    }
    if (different < 0) goto done;
    char         place[BROOD_H5_MAX_SHAPE + 2], values_text[768];
    const size_t offset = (size_t)different * size;
    place_text(ndim, shape, different, place);
    brood_value_difference(type[A], (brood_value_t){walk->file[A], (unsigned char *)values[A] + offset},
                           (brood_value_t){walk->file[B], (unsigned char *)values[B] + offset}, values_text,
                           sizeof values_text);
    differ(walk, path, "%s%s", place, values_text);
done:
    for (int i = 0; i < 2; i++) {
        if (filled[i]) H5Dvlen_reclaim(type[i], space[i], H5P_DEFAULT, values[i]);
        free(values[i]);
    }
    return err;
}

static brood_err_t compare_attribute(walk_t *walk, const char *path, const hid_t object[2], const char *name) {
    brood_err_t err = BROOD_OK;
    hid_t       attribute[2] = {H5I_INVALID_HID, H5I_INVALID_HID}, type[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
    hid_t       space[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
    char        where[2 * MAX_LINK];
    hsize_t     shape[H5S_MAX_RANK];
    int         ndim = 0;
    int64_t     count = 0;
    snprintf(where, sizeof where, "%s@%s", path, name);
    walk->difference->objects++;
    for (int i = 0; i < 2; i++) {
        BROOD_TRY(readable(attribute[i] = H5Aopen(object[i], name, H5P_DEFAULT), where));
        BROOD_TRY(readable(type[i] = H5Aget_type(attribute[i]), where));
        BROOD_TRY(readable(space[i] = H5Aget_space(attribute[i]), where));
    }
    BROOD_TRY(compare_types(walk, where, type));
    if (!found(walk)) BROOD_TRY(compare_shapes(walk, where, space, &ndim, shape, &count));
    if (!found(walk) && count > 0)
        BROOD_TRY(compare_values(walk, where, attribute, type, space, H5Aread, ndim, shape, count));
done:
    close_both(space);
    close_both(type);
    close_both(attribute);
    return err;
}

/* The names in a group, or of an object's attributes, one after the other in strcmp's order. */
typedef struct {
    hid_t       object;
    bool        attributes;
    const char *path;
    hsize_t     count, next;
    bool        done;
    char        name[MAX_LINK];
} names_t;

static brood_err_t names_advance(names_t *names) {
    ssize_t size;
    do {
        names->done = names->next == names->count;
        if (names->done) return BROOD_OK;
        size = names->attributes ? H5Aget_name_by_idx(names->object, ".", H5_INDEX_NAME, H5_ITER_INC, names->next,
                                                      names->name, sizeof names->name, H5P_DEFAULT)
                                 : H5Lget_name_by_idx(names->object, ".", H5_INDEX_NAME, H5_ITER_INC, names->next,
                                                      names->name, sizeof names->name, H5P_DEFAULT);
        brood_err_t err = readable(size, names->path);
        if (err != BROOD_OK) return err;
        if ((size_t)size >= sizeof names->name)
            return brood_fail(BROOD_E_FORMAT, "%s: a name of %zd bytes, expected at most %zu", names->path, size,
                              sizeof names->name - 1);
        names->next++;
        /* File addresses, made anew by whoever writes the file. */
    } while (names->attributes && !strcmp(names->name, "REFERENCE_LIST"));
    return BROOD_OK;
}

static brood_err_t names_begin(names_t *names, hid_t object, bool attributes, const char *path) {
    *names = (names_t){.object = object, .attributes = attributes, .path = path};
    if (attributes) {
#if H5_VERSION_GE(1, 12, 0)
        H5O_info2_t info;
        brood_err_t err = readable(H5Oget_info3(object, &info, H5O_INFO_NUM_ATTRS), path);
#else
        H5O_info_t  info;
        brood_err_t err = readable(H5Oget_info2(object, &info, H5O_INFO_NUM_ATTRS), path);
#endif
        if (err != BROOD_OK) return err;
        names->count = info.num_attrs;
    } else {
        H5G_info_t  info;
        brood_err_t err = readable(H5Gget_info(object, &info), path);
        if (err != BROOD_OK) return err;
        names->count = info.nlinks;
    }
    return names_advance(names);
}

/* What is done with a name that both have. */
typedef brood_err_t both_t(walk_t *walk, const char *path, const hid_t object[2], const char *name);

static brood_err_t compare_names(walk_t *walk, const char *path, const hid_t object[2], bool attributes, both_t *both) {
    brood_err_t err = BROOD_OK;
    names_t    *names = calloc(2, sizeof *names);
    if (!names) return brood_fail(BROOD_E_MEMORY, "%s: out of memory", path);
    for (int i = 0; i < 2; i++) BROOD_TRY(names_begin(&names[i], object[i], attributes, path));
    while (!found(walk) && (!names[A].done || !names[B].done)) {
        int        order = names[A].done ? 1 : names[B].done ? -1 : strcmp(names[A].name, names[B].name);
        int        first = order <= 0 ? A : B;
        const bool clock = !attributes && !strcmp(path, "/") && !strcmp(names[first].name, "clock");
        if (order && !clock) {
            char where[2 * MAX_LINK];
            snprintf(where, sizeof where, "%s%s%s", path, attributes ? "@" : path[1] ? "/" : "", names[first].name);
            differ(walk, where, "only in %s", side[first]);
        } else if (!clock) {
            BROOD_TRY(both(walk, path, object, names[first].name));
        }
        if (order <= 0) BROOD_TRY(names_advance(&names[A]));
        if (order >= 0) BROOD_TRY(names_advance(&names[B]));
    }
done:
    free(names);
    return err;
}

static brood_err_t compare_dataset(walk_t *walk, const char *path, const hid_t dataset[2]) {
    brood_err_t err = BROOD_OK;
    hid_t       type[2] = {H5I_INVALID_HID, H5I_INVALID_HID}, space[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
    hsize_t     shape[H5S_MAX_RANK];
    int         ndim = 0;
    int64_t     count = 0;
    for (int i = 0; i < 2; i++) {
        BROOD_TRY(readable(type[i] = H5Dget_type(dataset[i]), path));
        BROOD_TRY(readable(space[i] = H5Dget_space(dataset[i]), path));
    }
    BROOD_TRY(compare_types(walk, path, type));
    if (!found(walk)) BROOD_TRY(compare_shapes(walk, path, space, &ndim, shape, &count));
    if (!found(walk)) BROOD_TRY(compare_names(walk, path, dataset, true, compare_attribute));
    if (!found(walk) && count > 0)
        BROOD_TRY(compare_values(walk, path, dataset, type, space, read_dataset, ndim, shape, count));
done:
    close_both(space);
    close_both(type);
    return err;
}

static const char *kind_text(H5I_type_t kind) {
    return kind == H5I_GROUP ? "a group" : kind == H5I_DATASET ? "a dataset" : kind == H5I_DATATYPE ? "a type" : "?";
}

static both_t compare_link;

static brood_err_t compare_object(walk_t *walk, const char *path, const hid_t object[2]) {
    const H5I_type_t kind[2] = {H5Iget_type(object[A]), H5Iget_type(object[B])};
    brood_err_t      err = BROOD_OK;
    walk->difference->objects++;
    if (kind[A] != kind[B]) {
        differ(walk, path, "%s in A, %s in B", kind_text(kind[A]), kind_text(kind[B]));
        return BROOD_OK;
    }
    if (kind[A] == H5I_DATASET) return compare_dataset(walk, path, object);
    if (kind[A] == H5I_DATATYPE) BROOD_TRY(compare_types(walk, path, object));
    if (!found(walk)) BROOD_TRY(compare_names(walk, path, object, true, compare_attribute));
    if (found(walk) || kind[A] != H5I_GROUP) goto done;
    if (walk->depth == MAX_DEPTH)
        return brood_fail(BROOD_E_FORMAT, "%s: groups within groups, more than %d deep", path, MAX_DEPTH);
    walk->depth++;
    BROOD_TRY(compare_names(walk, path, object, false, compare_link));
    walk->depth--;
done:
    return err;
}

static const char *link_text(H5L_type_t type) {
    return type == H5L_TYPE_HARD ? "an object" : type == H5L_TYPE_SOFT ? "a soft link" : "an external link";
}

/* Links other than hard ones are compared by what they say, and never followed: an external one would open a file. */
static brood_err_t compare_targets(walk_t *walk, const char *path, const hid_t group[2], const char *name,
                                   const H5L_info_t info[2]) {
    brood_err_t err = BROOD_OK;
    char        target[2][MAX_LINK] = {"", ""};
    for (int i = 0; i < 2; i++) {
        if (info[i].u.val_size > MAX_LINK)
            return brood_fail(BROOD_E_FORMAT, "%s: a link of %zu bytes, expected at most %d", path, info[i].u.val_size,
                              MAX_LINK);
        BROOD_TRY(readable(H5Lget_val(group[i], name, target[i], MAX_LINK, H5P_DEFAULT), path));
    }
    if (info[A].u.val_size != info[B].u.val_size || memcmp(target[A], target[B], info[A].u.val_size))
        differ(walk, path, "%s to another place", link_text(info[A].type));
done:
    return err;
}

static brood_err_t compare_link(walk_t *walk, const char *path, const hid_t group[2], const char *name) {
    brood_err_t  err = BROOD_OK;
    hid_t        object[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
    H5L_info_t   info[2];
    const char  *slash = path[1] ? "/" : "";
    const size_t size = strlen(path) + 1 + strlen(name) + 1;
    char        *where = malloc(size);
    if (!where) return brood_fail(BROOD_E_MEMORY, "%s: out of memory", path);
    snprintf(where, size, "%s%s%s", path, slash, name);
    for (int i = 0; i < 2; i++) BROOD_TRY(readable(H5Lget_info(group[i], name, &info[i], H5P_DEFAULT), where));
    if (info[A].type != info[B].type) {
        differ(walk, where, "%s in A, %s in B", link_text(info[A].type), link_text(info[B].type));
    } else if (info[A].type != H5L_TYPE_HARD) {
        walk->difference->objects++;
        BROOD_TRY(compare_targets(walk, where, group, name, info));
    } else {
        for (int i = 0; i < 2; i++) BROOD_TRY(readable(object[i] = H5Oopen(group[i], name, H5P_DEFAULT), where));
        BROOD_TRY(compare_object(walk, where, object));
    }
done:
    close_both(object);
    free(where);
    return err;
}

brood_err_t brood_walk(const brood_bytes_t *a, const brood_bytes_t *b, brood_difference_t *difference) {
    brood_err_t          err = BROOD_OK;
    brood_h5_voice_t     voice;
    const brood_bytes_t *bytes[2] = {a, b};
    hid_t                root[2] = {H5I_INVALID_HID, H5I_INVALID_HID};
    walk_t               walk = {.file = {H5I_INVALID_HID, H5I_INVALID_HID}, .difference = difference};
    difference->equal = true;
    brood_h5_begin(&voice);
    for (int i = 0; i < 2; i++) {
        err = brood_h5_open(bytes[i], &walk.file[i]);
        if (err == BROOD_OK) err = readable(root[i] = H5Gopen2(walk.file[i], "/", H5P_DEFAULT), "/");
        if (err != BROOD_OK) {
            err = brood_because(err, "%s", side[i]);
            goto done;
        }
    }
    BROOD_TRY(compare_object(&walk, "/", root));
done:
    close_both(root);
    close_both(walk.file);
    brood_h5_end(&voice);
    return err;
}
