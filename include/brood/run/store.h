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
    ssize_t (*pread)(void *self, int fd, void *buffer, size_t size, off_t offset);
    ssize_t (*write)(void *self, int fd, const void *buffer, size_t size);
    int (*fsync)(void *self, int fd);
    int (*close)(void *self, int fd);
    int (*fstat)(void *self, int fd, struct stat *status);
    int (*stat)(void *self, const char *path, struct stat *status);
    int (*link)(void *self, const char *from, const char *to);
    int (*rename)(void *self, const char *from, const char *to);
    int (*unlink)(void *self, const char *path);
    int (*mkdir)(void *self, const char *path, mode_t mode);
    int (*rmdir)(void *self, const char *path);
    /* opendir and readdir: names each entry, `.` and `..` left out. */
    int (*list)(void *self, const char *path, void (*visit)(void *with, const char *name), void *with);
} brood_fs_t;
extern const brood_fs_t brood_fs_posix;

/* The trailer: 40 bytes, little-endian, behind the image. HDF5 and its readers ignore what follows the end of a
   file. */
typedef struct {
    char     magic[8]; /* "BROODEND" */
    uint32_t format;   /* 1 */
    uint32_t checksum; /* CRC-32 (zlib's) of all bytes before it and of the trailer with this word 0 */
    uint64_t generation, length /* of the image */, reserved /* 0 */;
} brood_trailer_t;

#define BROOD_TOKEN_SIZE 17 /* bytes of a token's text: 16 hexadecimal digits and a NUL */

/* A random token: the name of one job on this run. BROOD_E_IO: the system has no random numbers. */
brood_err_t brood_token(char token[BROOD_TOKEN_SIZE]) BROOD_WARN_UNUSED;

/* True for the name of a file that a writer with whatever token left behind: ANYTHING.TOKEN.tmp. */
bool brood_store_leftover(const char *name);

/* Who writes. */
typedef struct {
    const brood_fs_t *fs;
    const char       *token; /* of the job: in the names of its temporary files */
    /* Asked before the renames: is the run still ours? BROOD_OK; BROOD_E_LOCKED: another job has taken it over;
       BROOD_E_IO: that cannot be seen. NULL: ours. */
    brood_err_t (*ours)(void *self);
    void *self;
} brood_writer_t;

/* Replaces dir/name by `image` and its trailer: open(dir/name.TOKEN.tmp, O_EXCL, 0444 less umask), write, fsync, close;
   still ours?; where keep_previous: unlink(previous), link(name, previous) or, where link says anything but yes,
   rename(name, previous); rename(tmp, name); fsync of the directory (where that is refused, it is tolerated).
   `previous` is name with `.prev` before its suffix: run.prev.h5. A name that is missing or cut off by then is not
   rotated: `previous` may be the only good one. Success is judged by reading dir/name's trailer, whatever rename
   said: it is ours, or the call has failed.
   *durable (may be NULL): the directory was synced, so that this generation outlives a crash; else one of the two
   latest does. Errors leave dir/name as it was or, where the second rename fails after link was refused, as `previous`;
   tmp is removed, and the call may be tried again. BROOD_E_FULL (no space, a quota), BROOD_E_IO, BROOD_E_LOCKED (no
   longer ours), BROOD_E_MEMORY. */
brood_err_t brood_store_put(const brood_writer_t *writer, const char *dir, const char *name, bool keep_previous,
                            uint64_t generation, const brood_bytes_t *image, bool *durable) BROOD_WARN_UNUSED;

/* The generation that the trailer of dir/name says, its length being right; the image is not read. Errors as
   brood_store_get. */
brood_err_t brood_store_generation(const brood_fs_t *fs, const char *dir, const char *name,
                                   uint64_t *generation) BROOD_WARN_UNUSED;

/* The image of dir/name, its trailer verified and cut off. *missing (may be NULL): there is no such file. BROOD_E_IO:
   missing or unreadable. BROOD_E_FORMAT: the trailer is missing, of another format, or says damaged. BROOD_E_MEMORY.
   After an error *image is empty. */
brood_err_t brood_store_get(const brood_fs_t *fs, const char *dir, const char *name, brood_bytes_t *image,
                            uint64_t *generation, bool *missing) BROOD_WARN_UNUSED;

/* The same without the verdict, for comparing and checking damaged files: the image as far as it goes, and whether its
   trailer is whole (where not, brood_message says why). BROOD_E_IO, BROOD_E_MEMORY. */
brood_err_t brood_store_get_any(const brood_fs_t *fs, const char *path, brood_bytes_t *image,
                                bool *whole) BROOD_WARN_UNUSED;

#endif
