/* HDF5 as this room uses it: silent, its own words put into our messages, files only in memory. */
#ifndef BROOD_SRC_RUN_H5_H
#define BROOD_SRC_RUN_H5_H

#include <hdf5.h>

#include "brood/util/bytes.h"
#include "brood/util/field.h"

#define BROOD_H5_MAX_PATH  (2 * BROOD_MAX_NAME)
#define BROOD_H5_MAX_SHAPE 128 /* bytes of a shape as text */

/* HDF5 prints its error stack to stderr; between begin and end it is silent. Every public function of the room that
   calls HDF5 is wrapped in the two. */
typedef struct {
    H5E_auto2_t print;
    void       *data;
} brood_h5_voice_t;
void brood_h5_begin(brood_h5_voice_t *voice);
void brood_h5_end(const brood_h5_voice_t *voice);

/* BROOD_OK for a result that HDF5 gives in success (not negative). Otherwise `code`, or BROOD_E_MEMORY where HDF5 says
   so, with the message "WHAT: HDF5: its innermost words". */
brood_err_t brood_h5_check(int64_t result, brood_err_t code, const char *what) BROOD_WARN_UNUSED;

/* Closes an object of whatever kind and sets *id to H5I_INVALID_HID; nothing where there is none. */
void brood_h5_close(hid_t *id);

/* Opens an image for reading, without copying it: `bytes` outlives the file. BROOD_E_FORMAT: no HDF5. */
brood_err_t brood_h5_open(const brood_bytes_t *bytes, hid_t *file) BROOD_WARN_UNUSED;

/* Begins a file in `bytes`, in the earliest format, which every reader knows. Until it is finished, or closed by
   brood_h5_close to be given up, only HDF5 touches them. brood_h5_finish closes the file and sets bytes->size; whatever
   is open in it has been closed before. BROOD_E_MEMORY, BROOD_E_BUG. */
brood_err_t brood_h5_create(brood_bytes_t *bytes, hid_t *file) BROOD_WARN_UNUSED;
brood_err_t brood_h5_finish(brood_bytes_t *bytes, hid_t *file) BROOD_WARN_UNUSED;

/* GROUP/NAME. */
void brood_h5_path(const brood_field_t *field, char path[BROOD_H5_MAX_PATH]);

/* The type of a field in a file. To be closed by the caller. In memory numbers have the same type (Brood runs on
   little-endian machines only), an enum's values are bytes, texts are pointers to char. BROOD_E_BUG: an enum without
   members, or too many. */
brood_err_t brood_h5_type(const brood_field_t *field, hid_t *type) BROOD_WARN_UNUSED;

/* For messages: "float64", "text", "enum (open, done)"; "[12, 3]" or "a scalar". */
void brood_h5_type_text(hid_t type, char *text, size_t size);
void brood_h5_shape_text(int ndim, const hsize_t shape[], char text[BROOD_H5_MAX_SHAPE]);

#endif
