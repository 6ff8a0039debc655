/* Bytes <-> disk: durable, whole or not at all, two generations. Behind the image comes a trailer; every system call
 * goes through one table that tests replace. */
#ifndef BROOD_RUN_STORE_H
#define BROOD_RUN_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "brood/util/bytes.h"

/* Each as the call of that name; −1 and errno on failure. */
typedef struct {
    void *self;
    int (*open)(void *self, const char *path, int flags, mode_t mode);
    ssize_t (*read)(void *self, int fd, void *buffer, size_t size);
    ssize_t (*write)(void *self, int fd, const void *buffer, size_t size);
    int (*fsync)(void *self, int fd);
    int (*close)(void *self, int fd);
    int (*stat)(void *self, const char *path, struct stat *status);
    int (*link)(void *self, const char *from, const char *to);
    int (*rename)(void *self, const char *from, const char *to);
    int (*unlink)(void *self, const char *path);
    int (*mkdir)(void *self, const char *path, mode_t mode);
} brood_fs_t;
extern const brood_fs_t brood_fs_posix;

/* The trailer: 40 bytes, little-endian, behind the image. HDF5 and its readers ignore what follows the end of a file.
 */
typedef struct {
    char     magic[8]; /* "BROODEND" */
    uint32_t format;   /* 1 */
    uint32_t checksum; /* CRC-32 (zlib's) of all bytes before it and of the trailer with this word 0 */
    uint64_t generation, length /* of the image */, reserved;
} brood_trailer_t;

/* Asked before the renames: is the run still ours? */
typedef struct {
    bool (*ours)(void *self);
    void *self;
} brood_owner_t;

/* Replaces dir/name by `image` and its trailer: open(dir/name.TOKEN.tmp, O_EXCL, 0444 less umask), write, fsync, close;
   still ours?; where keep_previous: unlink(previous), link(name, previous) or, where link says anything but yes,
   rename(name, previous); rename(tmp, name); fsync of the directory (where that is refused, it is tolerated). Success
   is judged by reading dir/name's trailer: our generation. `previous` is name with `.prev` before its suffix:
   run.prev.h5. Errors leave dir/name as it was or, after the renames, as `previous`; tmp is removed. BROOD_E_FULL,
   BROOD_E_IO, BROOD_E_LOCKED (no longer ours). */
brood_err_t brood_store_put(const brood_fs_t *fs, const char *dir, const char *name, const char *token,
                            const brood_owner_t *owner /* NULL: ours */, bool keep_previous, uint64_t generation,
                            const brood_bytes_t *image) BROOD_WARN_UNUSED;

/* The image of dir/name, its trailer verified and cut off. BROOD_E_IO: unreadable (errno ENOENT: *missing is true).
 * BROOD_E_FORMAT: the trailer is missing or says damaged. */
brood_err_t brood_store_get(const brood_fs_t *fs, const char *dir, const char *name, brood_bytes_t *image,
                            uint64_t *generation, bool *missing) BROOD_WARN_UNUSED;

/* The same without the verdict: the image as far as it goes, and whether its trailer is whole. For comparing damaged
 * files. */
brood_err_t brood_store_get_any(const brood_fs_t *fs, const char *path, brood_bytes_t *image,
                                bool *whole) BROOD_WARN_UNUSED;

#endif
