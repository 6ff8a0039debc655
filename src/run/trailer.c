#include "trailer.h"

#include <string.h>
#include <zlib.h>

#define MAGIC  "BROODEND"
#define FORMAT 1

_Static_assert(sizeof(brood_trailer_t) == 40, "the trailer is written as it lies in memory");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the trailer is written as it lies in memory");

static uint32_t checksum(const void *image, size_t size, brood_trailer_t trailer) {
    trailer.checksum = 0;
    uLong crc = crc32_z(crc32_z(0, NULL, 0), image, size);
    return (uint32_t)crc32_z(crc, (const void *)&trailer, sizeof trailer);
}

brood_trailer_t brood_trailer_make(uint64_t generation, const brood_bytes_t *image) {
    brood_trailer_t trailer = {.format = FORMAT, .generation = generation, .length = image->size};
    memcpy(trailer.magic, MAGIC, sizeof trailer.magic);
    trailer.checksum = checksum(image->data, image->size, trailer);
    return trailer;
}

brood_err_t brood_trailer_fits(const brood_trailer_t *trailer, uint64_t size, const char *path) {
    if (size < sizeof *trailer || memcmp(trailer->magic, MAGIC, sizeof trailer->magic))
        return brood_fail(BROOD_E_FORMAT,
                          "%s: damaged, or not one of Brood's: %llu bytes that do not end in its trailer", path,
                          (unsigned long long)size);
    if (trailer->format != FORMAT)
        return brood_fail(BROOD_E_FORMAT,
                          "%s: found a trailer of format %u, expected format %d; it needs another Brood", path,
                          (unsigned)trailer->format, FORMAT);
    if (trailer->length != size - sizeof *trailer)
        return brood_fail(BROOD_E_FORMAT, "%s: damaged: found %llu bytes before the trailer, expected %llu", path,
                          (unsigned long long)(size - sizeof *trailer), (unsigned long long)trailer->length);
    return BROOD_OK;
}

brood_err_t brood_trailer_verify(const brood_bytes_t *file, const char *path, brood_trailer_t *trailer) {
    memset(trailer, 0, sizeof *trailer);
    if (file->size >= sizeof *trailer) memcpy(trailer, file->data + file->size - sizeof *trailer, sizeof *trailer);
    brood_err_t err = brood_trailer_fits(trailer, file->size, path);
    if (err != BROOD_OK) return err;
    uint32_t found = checksum(file->data, file->size - sizeof *trailer, *trailer);
    if (found != trailer->checksum)
        return brood_fail(BROOD_E_FORMAT, "%s: damaged: found the checksum %08x, expected %08x", path, (unsigned)found,
                          (unsigned)trailer->checksum);
    return BROOD_OK;
}
