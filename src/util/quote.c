#include "brood/util/quote.h"

#include <stdbool.h>
#include <string.h>

#define MOST 60 /* bytes shown of a text */

static bool continues(char byte) {
    return ((unsigned char)byte & 0xC0u) == 0x80u; /* of a UTF-8 sequence */
}

const char *brood_quote_bytes(const char *text, size_t length, char quoted[BROOD_QUOTE_SIZE]) {
    size_t shown = length;
    if (length > MOST) {
        shown = MOST;
        while (shown > MOST - 4 && continues(text[shown])) shown--;
    }
    char *to = quoted;
    *to++ = '"';
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)text[i];
        *to++ = byte < 0x20 || byte == 0x7F ? '?' : text[i];
    }
    if (shown < length) {
        memcpy(to, "…", strlen("…"));
        to += strlen("…");
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

const char *brood_quote(const char *text, char quoted[BROOD_QUOTE_SIZE]) {
    return brood_quote_bytes(text, strlen(text), quoted);
}
