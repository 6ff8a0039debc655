/* UTF-8 (RFC 3629), one character at a time. */
#ifndef BROOD_UTIL_UTF8_H
#define BROOD_UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of the character that text[0 … size) begins with, 1 to 4, and its number in *character. 0: it begins with
   none (size is 0, a stray or missing continuation, an overlong form, a surrogate, beyond U+10FFFF). */
size_t brood_utf8_next(const char *text, size_t size, uint32_t *character);

#endif
