#include "brood/util/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (64 * 1024) /* bytes asked of one read */

static brood_err_t too_long(const char *path, size_t max_bytes) {
    return brood_fail(BROOD_E_FORMAT, "%s: found more than %zu bytes, expected at most that", path, max_bytes);
}

static brood_err_t read_rest(const char *path, int file, size_t max_bytes, brood_bytes_t *bytes) {
    size_t start = bytes->size;
    for (;;) {
        size_t room = max_bytes - (bytes->size - start);
        size_t asked = room < PIECE ? room + 1 : PIECE; /* one more than allowed tells a file that is too long */
        if (asked > SIZE_MAX - bytes->size) return too_long(path, max_bytes);
        brood_err_t err = brood_bytes_reserve(bytes, bytes->size + asked);
        if (err != BROOD_OK) return brood_because(err, "%s", path);
        ssize_t got = read(file, bytes->data + bytes->size, asked);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return brood_fail_errno(errno, "%s: cannot be read", path);
        if (got == 0) return BROOD_OK;
        if ((size_t)got > room) return too_long(path, max_bytes);
        bytes->size += (size_t)got;
    }
}

brood_err_t brood_file_read_all(const char *path, size_t max_bytes, brood_bytes_t *bytes) {
    brood_err_t err = BROOD_OK;
    size_t      before = bytes->size;
    struct stat status;
    int         file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return brood_fail_errno(errno, "%s: cannot be opened", path);
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && (uintmax_t)status.st_size > max_bytes)
        err = too_long(path, max_bytes);
    else
        err = read_rest(path, file, max_bytes, bytes);
    if (err != BROOD_OK) bytes->size = before;
    close(file);
    return err;
}
