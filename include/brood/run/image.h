/* Fields <-> an HDF5 file in memory. HDF5 never touches a disk here: its core driver without backing store makes and
 * reads the bytes. */
#ifndef BROOD_RUN_IMAGE_H
#define BROOD_RUN_IMAGE_H

#include "brood/util/bytes.h"
#include "brood/util/field.h"

#define BROOD_IMAGE_VERSION 1

/* The same bytes for the same fields in the same order: earliest file format, no object times. Root attributes:
   `format` and `version` (BROOD_IMAGE_VERSION). Every dataset has long_name, description and, where it has one, units;
   dimension scales are attached; enum types are committed in the root. BROOD_E_MEMORY. BROOD_E_BUG: a field without
   label or doc, a text without its NUL, a value that its enum does not have, a scale that is not among the fields or of
   another length; otherwise HDF5's own words. *bytes is then unspecified. Memory that *bytes
   already has is used again. */
brood_err_t brood_image_write(const char *format, const brood_fields_t *fields, brood_bytes_t *bytes) BROOD_WARN_UNUSED;

/* Rows (first extent) of a dataset, for the owner's reserve. BROOD_E_FORMAT: no HDF5, no such dataset, or a scalar. */
brood_err_t brood_image_rows(const brood_bytes_t *bytes, const char *dataset, int64_t *rows) BROOD_WARN_UNUSED;

/* Fills every field. BROOD_E_FORMAT: another format or version, a dataset missing, of another type or shape, a text too
   long for its cell, an enum value without a name; the message names dataset, found and expected. BROOD_E_MEMORY. The
   fields' memory is then unspecified. */
brood_err_t brood_image_read(const char *format, const brood_bytes_t *bytes,
                             const brood_fields_t *fields) BROOD_WARN_UNUSED;

/* A scalar text dataset, malloc'ed: for the configuration of a run, whose length is not known. BROOD_E_FORMAT,
   BROOD_E_MEMORY; *text is then NULL. */
brood_err_t brood_image_text(const brood_bytes_t *bytes, const char *dataset, char **text) BROOD_WARN_UNUSED;

#endif
