/* The calls of a brood_fs_t as the protocol wants them: repeated while signals interrupt them, short ones continued. */
#ifndef BROOD_SRC_RUN_FS_H
#define BROOD_SRC_RUN_FS_H

#include "brood/run/store.h"

/* As the calls of these names; −1 and errno. A file is made with mode 0444, less the umask. */
int  brood_fs_open(const brood_fs_t *fs, const char *path, int flags);
int  brood_fs_rename(const brood_fs_t *fs, const char *from, const char *to);
int  brood_fs_unlink(const brood_fs_t *fs, const char *path);
int  brood_fs_fsync(const brood_fs_t *fs, int fd);
int  brood_fs_close(const brood_fs_t *fs, int fd);
bool brood_fs_exists(const brood_fs_t *fs, const char *path);

/* All of `size` bytes. BROOD_E_FULL, BROOD_E_IO; `path` is for the message. */
brood_err_t brood_fs_write(const brood_fs_t *fs, int fd, const char *path, const void *data,
                           size_t size) BROOD_WARN_UNUSED;

/* From `offset` to the end of the file, at most `size` bytes; *read is how many. BROOD_E_IO. */
brood_err_t brood_fs_read(const brood_fs_t *fs, int fd, const char *path, void *data, size_t size, off_t offset,
                          size_t *read) BROOD_WARN_UNUSED;

/* False where a directory can't be synced: no error, the file system then decides when the names are durable. */
bool brood_fs_sync_directory(const brood_fs_t *fs, const char *dir);

/* A directory and those above it, durably; `dir` has less than BROOD_MAX_PATH bytes. *made (may be NULL): how many
   there were not, at the end of the path. BROOD_E_FULL, BROOD_E_IO. */
brood_err_t brood_fs_make_directories(const brood_fs_t *fs, const char *dir, int *made) BROOD_WARN_UNUSED;

/* The last `count` directories of a path, as far as they are empty. */
void brood_fs_remove_directories(const brood_fs_t *fs, const char *dir, int count);

#endif
