/* A directory of one's own for a test, and what is in it. */
#ifndef TESTS_RUN_PLACE_H
#define TESTS_RUN_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACE_SIZE 512

/* cmocka's set-up and tear-down: *state is the path of an empty directory; it is removed with all that is in it. */
int place_setup(void **state);
int place_teardown(void **state);

/* dir/name, in one of several static buffers. */
const char *place_path(const char *dir, const char *name);
void        place_write(const char *dir, const char *name, const void *data, size_t size);
bool        place_has(const char *dir, const char *name);
/* One byte of a file changed, whatever its mode. */
void place_flip(const char *dir, const char *name, size_t offset, unsigned char mask);
/* Names (those that contain `part`) in a directory; −1: none such. */
int place_count(const char *dir, const char *part);
/* A hash of the names, sizes and bytes of all files in a directory: what has changed changes it. */
uint64_t place_hash(const char *dir);

#endif
