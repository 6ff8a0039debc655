/* What a file would hold of a list of fields, without a file: for tests that save, load and compare. */
#ifndef BROOD_TESTS_FIELD_BYTES_H
#define BROOD_TESTS_FIELD_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "brood/util/bytes.h"
#include "brood/util/field.h"

static inline unsigned char *field_row(const brood_field_t *field, int64_t row) {
    size_t contiguous = (size_t)brood_field_row(field) * brood_field_size(field);
    return (unsigned char *)field->base + (size_t)row * (field->stride ? field->stride : contiguous);
}

static inline int64_t field_rows(const brood_field_t *field) {
    return field->ndim == 0 ? 1 : field->shape[0];
}

/* Path, shape and elements of one field; of a text what stands before its end. */
static inline void append_field(brood_bytes_t *bytes, const brood_field_t *field) {
    assert_int_equal(brood_bytes_append(bytes, field->group, strlen(field->group) + 1), BROOD_OK);
    assert_int_equal(brood_bytes_append(bytes, field->name, strlen(field->name) + 1), BROOD_OK);
    for (int i = 0; i < field->ndim; i++)
        assert_int_equal(brood_bytes_append(bytes, &field->shape[i], sizeof field->shape[i]), BROOD_OK);
    size_t size = brood_field_size(field), elements = (size_t)brood_field_row(field);
    for (int64_t row = 0; row < field_rows(field); row++) {
        const unsigned char *at = field_row(field, row);
        if (field->type != BROOD_TYPE_TEXT) {
            assert_int_equal(brood_bytes_append(bytes, at, elements * size), BROOD_OK);
            continue;
        }
        for (size_t i = 0; i < elements; i++) {
            const char *text = (const char *)at + i * size;
            assert_int_equal(brood_bytes_append(bytes, text, strlen(text) + 1), BROOD_OK);
        }
    }
}

static inline void append_fields(brood_bytes_t *bytes, const brood_fields_t *fields) {
    for (int64_t i = 0; i < fields->count; i++) append_field(bytes, &fields->field[i]);
}

/* Loads `to` with what `from` holds: same paths, types and shapes. */
static inline void copy_fields(const brood_fields_t *from, const brood_fields_t *to) {
    assert_int_equal(from->count, to->count);
    for (int64_t i = 0; i < to->count; i++) {
        const brood_field_t *into = &to->field[i], *of = brood_fields_find(from, into->group, into->name);
        assert_non_null(of);
        assert_int_equal(of->type, into->type);
        assert_int_equal(of->ndim, into->ndim);
        for (int d = 0; d < of->ndim; d++) assert_int_equal(of->shape[d], into->shape[d]);
        size_t size = (size_t)brood_field_row(of) * brood_field_size(of);
        for (int64_t row = 0; row < field_rows(of); row++) memcpy(field_row(into, row), field_row(of, row), size);
    }
}

#endif
