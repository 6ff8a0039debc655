#include "gather.h"

#include <string.h>

#include "h5.h"

#define BLOCK_BYTES 131072 /* of structs, which all columns of them find in the cache */

void gather_init(gather_t *gather) {
    brood_bytes_init(&gather->rows);
    brood_bytes_init(&gather->texts);
}

void gather_fini(gather_t *gather) {
    brood_bytes_fini(&gather->rows);
    brood_bytes_fini(&gather->texts);
}

static int64_t rows_of(const brood_field_t *field) {
    return field->ndim ? field->shape[0] : 1;
}

static size_t stride_of(const brood_field_t *field) {
    return field->stride ? field->stride : (size_t)brood_field_row(field) * brood_field_size(field);
}

/* Bytes of a cell as HDF5 takes it. */
static size_t given(const brood_field_t *field) {
    if (field->type == BROOD_TYPE_TEXT) return sizeof(char *);
    return field->type == BROOD_TYPE_ENUM ? 1 : brood_field_size(field);
}

static bool lies_ready(const brood_field_t *field) {
    return given(field) == brood_field_size(field) &&
           stride_of(field) == (size_t)brood_field_row(field) * brood_field_size(field);
}

int64_t gather_count(const brood_field_t fields[], int64_t n) {
    const char *lowest = fields[0].base, *highest = lowest;
    int64_t     count = 1;
    if (!fields[0].stride) return 1;
    for (; count < n && count < GATHER_MOST; count++) {
        const brood_field_t *field = &fields[count];
        const char          *base = field->base;
        if (field->stride != fields[0].stride || rows_of(field) != rows_of(fields)) break;
        if (base < lowest) lowest = base;
        if (base > highest) highest = base;
        if ((size_t)(highest - lowest) >= field->stride) break;
    }
    return count;
}

/* Texts are copied side by side: what counts then is not where they lie in memory, but how long they are. Kept as an
   offset until all are there, since what they are copied into may move. */
static brood_err_t take_text(gather_t *gather, const brood_field_t *field, int64_t row, const char *text, void *to) {
    size_t size = brood_field_size(field), length = strnlen(text, size), at = gather->texts.size;
    char   path[BROOD_H5_MAX_PATH];
    if (length == size) {
        brood_h5_path(field, path);
        return brood_fail(BROOD_E_BUG, "%s: row %lld: a text without end", path, (long long)row);
    }
    memcpy(to, &at, sizeof at);
    return brood_bytes_append(&gather->texts, text, length + 1);
}

static brood_err_t take_enum(const brood_field_t *field, int64_t row, const unsigned char *from, unsigned char *to) {
    int32_t value;
    char    path[BROOD_H5_MAX_PATH];
    memcpy(&value, from, sizeof value);
    if (value < 0 || value >= field->members->count) {
        brood_h5_path(field, path);
        return brood_fail(BROOD_E_BUG, "%s: row %lld: %d is no value of enum %s", path, (long long)row, (int)value,
                          field->members->name);
    }
    *to = (unsigned char)value;
    return BROOD_OK;
}

static brood_err_t take_block(gather_t *gather, const brood_field_t *field, int64_t first, int64_t end,
                              unsigned char *to) {
    const int64_t columns = brood_field_row(field);
    const size_t  size = brood_field_size(field), cell = given(field), stride = stride_of(field);
    brood_err_t   err = BROOD_OK;
    to += (size_t)(first * columns) * cell;
    for (int64_t r = first; r < end; r++) {
        const unsigned char *from = (const unsigned char *)field->base + (size_t)r * stride;
        if (field->type != BROOD_TYPE_TEXT && field->type != BROOD_TYPE_ENUM) {
            if (columns == 1 && cell == 8)
                memcpy(to, from, 8); /* nearly all are of this kind: an instruction, not a call */
            else
                memcpy(to, from, (size_t)columns * cell);
            to += (size_t)columns * cell;
            continue;
        }
        for (int64_t c = 0; c < columns; c++, from += size, to += cell)
            BROOD_TRY(field->type == BROOD_TYPE_TEXT ? take_text(gather, field, r, (const char *)from, to)
                                                     : take_enum(field, r, from, to));
    }
done:
    return err;
}

static void point_at_texts(const gather_t *gather, const brood_field_t *field, unsigned char *cells) {
    int64_t count = brood_field_count(field);
    for (int64_t i = 0; i < count; i++, cells += sizeof(char *)) {
        size_t at;
        memcpy(&at, cells, sizeof at);
        const char *text = (const char *)gather->texts.data + at;
        memcpy(cells, &text, sizeof text);
    }
}

brood_err_t gather(gather_t *gather, const brood_field_t fields[], int64_t n, const void *values[GATHER_MOST]) {
    const int64_t rows = rows_of(fields), block = 1 + (int64_t)(BLOCK_BYTES / (stride_of(fields) + 1));
    size_t        at[GATHER_MOST], size = 0;
    brood_err_t   err = BROOD_OK;
    for (int64_t i = 0; i < n; i++) {
        at[i] = size;
        if (!lies_ready(&fields[i])) size += ((size_t)brood_field_count(&fields[i]) * given(&fields[i]) + 7) / 8 * 8;
    }
    gather->texts.size = 0;
    BROOD_TRY(brood_bytes_reserve(&gather->rows, size));
    for (int64_t first = 0; first < rows; first += block) {
        int64_t end = first + block < rows ? first + block : rows;
        for (int64_t i = 0; i < n; i++)
            if (!lies_ready(&fields[i]))
                BROOD_TRY(take_block(gather, &fields[i], first, end, gather->rows.data + at[i]));
    }
    for (int64_t i = 0; i < n; i++) {
        values[i] = lies_ready(&fields[i]) ? fields[i].base : gather->rows.data + at[i];
        if (fields[i].type == BROOD_TYPE_TEXT) point_at_texts(gather, &fields[i], gather->rows.data + at[i]);
    }
done:
    return err;
}
