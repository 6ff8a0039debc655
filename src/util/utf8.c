#include "brood/util/utf8.h"

size_t brood_utf8_next(const char *text, size_t size, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* of a sequence of that length: else overlong */
    if (size == 0) return 0;
    unsigned char first = (unsigned char)text[0];
    size_t length = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;
    if (length == 0 || length > size) return 0;
    uint32_t read = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte & 0xC0u) != 0x80u) return 0;
        read = read << 6 | (byte & 0x3Fu);
    }
    if (read < least[length] || (read >= 0xD800 && read <= 0xDFFF) || read > 0x10FFFF) return 0;
    *character = read;
    return length;
}
