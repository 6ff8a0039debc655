#include "brood/util/field.h"

#include <stdlib.h>
#include <string.h>

void brood_fields_init(brood_fields_t *fields) {
    *fields = (brood_fields_t){0};
}

void brood_fields_fini(brood_fields_t *fields) {
    free(fields->field);
    brood_fields_init(fields);
}

void brood_fields_add(brood_fields_t *fields, const brood_field_t *field) {
    if (fields->error != BROOD_OK) return;
    if (fields->count == fields->capacity) {
        int64_t        capacity = fields->capacity ? 2 * fields->capacity : 64;
        brood_field_t *grown = realloc(fields->field, (size_t)capacity * sizeof *grown);
        if (!grown) {
            fields->error = BROOD_E_MEMORY;
            return;
        }
        fields->field = grown;
        fields->capacity = capacity;
    }
    fields->field[fields->count++] = *field;
}

brood_err_t brood_fields_error(const brood_fields_t *fields) {
    return fields->error == BROOD_OK ? BROOD_OK : brood_fail(fields->error, "out of memory while listing fields");
}

const brood_field_t *brood_fields_find(const brood_fields_t *fields, const char *group, const char *name) {
    for (int64_t i = 0; i < fields->count; i++)
        if (!strcmp(fields->field[i].group, group) && !strcmp(fields->field[i].name, name)) return &fields->field[i];
    return NULL;
}

size_t brood_field_size(const brood_field_t *field) {
    switch (field->type) {
    case BROOD_TYPE_U8:
        return 1;
    case BROOD_TYPE_I32:
    case BROOD_TYPE_F32:
    case BROOD_TYPE_ENUM:
        return 4;
    case BROOD_TYPE_I64:
    case BROOD_TYPE_U64:
    case BROOD_TYPE_F64:
        return 8;
    case BROOD_TYPE_TEXT:
        return field->text_size;
    }
    return 0;
}

int64_t brood_field_row(const brood_field_t *field) {
    int64_t elements = 1;
    for (int i = 1; i < field->ndim; i++) elements *= field->shape[i];
    return elements;
}

int64_t brood_field_count(const brood_field_t *field) {
    return field->ndim == 0 ? 1 : field->shape[0] * brood_field_row(field);
}
