/* The one descriptor of state. What a module wants saved, loaded, compared or printed, it lists as fields; nobody
   else knows the layout of its memory. A field points at the owner's memory, never at a copy: a list is made where it
   is used, and is valid until the owner next grows. */
#ifndef BROOD_UTIL_FIELD_H
#define BROOD_UTIL_FIELD_H

#include <stddef.h>
#include <stdint.h>

#include "brood/util/error.h"

typedef enum {
    BROOD_TYPE_U8,
    BROOD_TYPE_I32,
    BROOD_TYPE_I64,
    BROOD_TYPE_U64,
    BROOD_TYPE_F32,
    BROOD_TYPE_F64,
    BROOD_TYPE_ENUM, /* an int32_t in memory, one byte with named values in a file */
    BROOD_TYPE_TEXT  /* `text_size` bytes a cell in memory, NUL-terminated UTF-8; variable length in a file */
} brood_type_t;

/* The names of an enum's values 0 … count − 1. */
typedef struct {
    const char        *name; /* of the committed type, in the root of a file: "status" */
    const char *const *value;
    int32_t            count;
} brood_enum_t;

#define BROOD_MAX_DIMENSIONS 3
#define BROOD_MAX_NAME       64

typedef struct {
    char                group[BROOD_MAX_NAME]; /* absolute, no slash at the end: "/episodes" ("" is the root) */
    char                name[BROOD_MAX_NAME];  /* "reward" */
    const char         *label;                 /* long_name: a few words for an axis */
    const char         *unit;                  /* "1", "s", "bytes" …; NULL where there is none */
    const char         *doc;                   /* description: one or two sentences */
    brood_type_t        type;
    const brood_enum_t *members; /* BROOD_TYPE_ENUM only */
    int                 ndim;    /* 0: a scalar */
    int64_t             shape[BROOD_MAX_DIMENSIONS];
    const char *dimension[BROOD_MAX_DIMENSIONS]; /* path of the dimension scale, or NULL; a field whose own path this
                                                    is, is that scale */
    void  *base;
    size_t stride;    /* bytes from one row (first index) to the next; 0: contiguous. What follows the first index is
                         contiguous */
    size_t text_size; /* BROOD_TYPE_TEXT only: bytes of a cell */
} brood_field_t;

/* A growing list of fields. It remembers that memory ran out, so that filling it needs no checks: whoever consumes the
   list asks brood_fields_error first. */
typedef struct {
    brood_field_t *field;
    int64_t        count, capacity;
    brood_err_t    error;
} brood_fields_t;

void brood_fields_init(brood_fields_t *fields);
void brood_fields_fini(brood_fields_t *fields); /* leaves it as after init */
void brood_fields_add(brood_fields_t *fields, const brood_field_t *field);
/* BROOD_E_MEMORY when an add failed. */
brood_err_t brood_fields_error(const brood_fields_t *fields) BROOD_WARN_UNUSED;
/* The field of that group and name, or NULL. */
const brood_field_t *brood_fields_find(const brood_fields_t *fields, const char *group, const char *name);

/* Bytes of one element in memory (text: the cell). */
size_t brood_field_size(const brood_field_t *field);
/* Elements in one row (the product of shape[1 …]), and in all. */
int64_t brood_field_row(const brood_field_t *field);
int64_t brood_field_count(const brood_field_t *field);

#endif
