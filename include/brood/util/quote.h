/* Texts from outside, as a message may show them. */
#ifndef BROOD_UTIL_QUOTE_H
#define BROOD_UTIL_QUOTE_H

#include <stddef.h>

#define BROOD_QUOTE_SIZE 72 /* bytes of a quoted text, its NUL included */

/* `length` bytes of `text` in double quotes, at most some 60 of them (then "…" before the closing quote), no UTF-8
   sequence cut; control characters become '?'. Returns `quoted`. */
const char *brood_quote_bytes(const char *text, size_t length, char quoted[BROOD_QUOTE_SIZE]);
const char *brood_quote(const char *text, char quoted[BROOD_QUOTE_SIZE]);

#endif
