/* Fields <-> an HDF5 file in memory. HDF5 never touches a disk here: its core driver without backing store makes and
 * reads the bytes. */
#ifndef BROOD_RUN_IMAGE_H
#define BROOD_RUN_IMAGE_H

#include "brood/util/bytes.h"
#include "brood/util/field.h"

/* The same bytes for the same fields: earliest file format, no object times. Root attributes: `format` and its version.
   Every dataset has long_name, description and, where it has one, units; dimension scales are attached; enum types are
   committed in the root. BROOD_E_MEMORY; BROOD_E_BUG with HDF5's own words. */
brood_err_t brood_image_write(const char *format, const brood_fields_t *fields, brood_bytes_t *bytes) BROOD_WARN_UNUSED;

/* Rows (first extent) of a dataset, for the owner's reserve. BROOD_E_FORMAT: no HDF5, or no such dataset. */
brood_err_t brood_image_rows(const brood_bytes_t *bytes, const char *dataset, int64_t *rows) BROOD_WARN_UNUSED;

/* Fills every field. BROOD_E_FORMAT: another format or version, a dataset missing, of another type or shape; the
   message names dataset, found and expected. The fields' memory is then unspecified. */
brood_err_t brood_image_read(const char *format, const brood_bytes_t *bytes,
                             const brood_fields_t *fields) BROOD_WARN_UNUSED;

/* A scalar text dataset, malloc'ed: for the configuration of a run, whose length is not known. */
brood_err_t brood_image_text(const brood_bytes_t *bytes, const char *dataset, char **text) BROOD_WARN_UNUSED;

#define BROOD_IMAGE_VERSION 1

#endif
