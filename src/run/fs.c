#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "brood/util/limits.h"

#define READABLE 0444 /* an analyst's mode 'a' must not change a run file */

static int posix_open(void *self, const char *path, int flags, mode_t mode) {
    (void)self;
    return open(path, flags, mode);
}

static ssize_t posix_pread(void *self, int fd, void *buffer, size_t size, off_t offset) {
    (void)self;
    return pread(fd, buffer, size, offset);
}

static ssize_t posix_write(void *self, int fd, const void *buffer, size_t size) {
    (void)self;
    return write(fd, buffer, size);
}

static int posix_fsync(void *self, int fd) {
    (void)self;
    return fsync(fd);
}

static int posix_close(void *self, int fd) {
    (void)self;
    return close(fd);
}

static int posix_fstat(void *self, int fd, struct stat *status) {
    (void)self;
    return fstat(fd, status);
}

static int posix_stat(void *self, const char *path, struct stat *status) {
    (void)self;
    return stat(path, status);
}

static int posix_link(void *self, const char *from, const char *to) {
    (void)self;
    return link(from, to);
}

static int posix_rename(void *self, const char *from, const char *to) {
    (void)self;
    return rename(from, to);
}

static int posix_unlink(void *self, const char *path) {
    (void)self;
    return unlink(path);
}

static int posix_mkdir(void *self, const char *path, mode_t mode) {
    (void)self;
    return mkdir(path, mode);
}

static int posix_rmdir(void *self, const char *path) {
    (void)self;
    return rmdir(path);
}

static int posix_list(void *self, const char *path, void (*visit)(void *with, const char *name), void *with) {
    (void)self;
    DIR *listing = opendir(path);
    if (!listing) return -1;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) visit(with, entry->d_name);
    return closedir(listing);
}

const brood_fs_t brood_fs_posix = {
    .self = NULL,
    .open = posix_open,
    .pread = posix_pread,
    .write = posix_write,
    .fsync = posix_fsync,
    .close = posix_close,
    .fstat = posix_fstat,
    .stat = posix_stat,
    .link = posix_link,
    .rename = posix_rename,
    .unlink = posix_unlink,
    .mkdir = posix_mkdir,
    .rmdir = posix_rmdir,
    .list = posix_list,
};

int brood_fs_open(const brood_fs_t *fs, const char *path, int flags) {
    int fd;
    do fd = fs->open(fs->self, path, flags | O_CLOEXEC, READABLE);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int brood_fs_rename(const brood_fs_t *fs, const char *from, const char *to) {
    int result;
    do result = fs->rename(fs->self, from, to);
    while (result < 0 && errno == EINTR);
    return result;
}

int brood_fs_unlink(const brood_fs_t *fs, const char *path) {
    int result;
    do result = fs->unlink(fs->self, path);
    while (result < 0 && errno == EINTR);
    return result;
}

int brood_fs_fsync(const brood_fs_t *fs, int fd) {
    int result;
    /* Interrupted is not failed: nothing has been reported as lost, so that this may be asked again. */
    do result = fs->fsync(fs->self, fd);
    while (result < 0 && errno == EINTR);
    return result;
}

int brood_fs_close(const brood_fs_t *fs, int fd) {
    /* Linux frees the descriptor even where it says EINTR: asking again could close another's. */
    int result = fs->close(fs->self, fd);
    return result < 0 && errno == EINTR ? 0 : result;
}

bool brood_fs_exists(const brood_fs_t *fs, const char *path) {
    struct stat status;
    return fs->stat(fs->self, path, &status) == 0;
}

brood_err_t brood_fs_write(const brood_fs_t *fs, int fd, const char *path, const void *data, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t wrote = fs->write(fs->self, fd, (const unsigned char *)data + done, size - done);
        if (wrote > 0)
            done += (size_t)wrote;
        else if (wrote == 0)
            return brood_fail_errno(EIO, "%s: nothing more is written after %zu bytes", path, done);
        else if (errno != EINTR)
            return brood_fail_errno(errno, "%s: cannot be written", path);
    }
    return BROOD_OK;
}

brood_err_t brood_fs_read(const brood_fs_t *fs, int fd, const char *path, void *data, size_t size, off_t offset,
                          size_t *read) {
    for (*read = 0; *read < size;) {
        ssize_t got = fs->pread(fs->self, fd, (unsigned char *)data + *read, size - *read, offset + (off_t)*read);
        if (got == 0) break;
        if (got > 0)
            *read += (size_t)got;
        else if (errno != EINTR)
            return brood_fail_errno(errno, "%s: cannot be read", path);
    }
    return BROOD_OK;
}

bool brood_fs_sync_directory(const brood_fs_t *fs, const char *dir) {
    int fd = brood_fs_open(fs, dir, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return false;
    bool synced = brood_fs_fsync(fs, fd) == 0;
    (void)brood_fs_close(fs, fd);
    return synced;
}

static brood_err_t make_directory(const brood_fs_t *fs, const char *path, int *made) {
    struct stat status;
    if (fs->stat(fs->self, path, &status) < 0) {
        int failed = fs->mkdir(fs->self, path, 0777);
        if (!failed) ++*made;
        if (!failed || errno == EEXIST) return BROOD_OK;
        return brood_fail_errno(errno, "%s: cannot be made", path);
    }
    if (!S_ISDIR(status.st_mode)) return brood_fail_errno(ENOTDIR, "%s", path);
    return BROOD_OK;
}

brood_err_t brood_fs_make_directories(const brood_fs_t *fs, const char *dir, int *made) {
    char   path[BROOD_MAX_PATH];
    size_t size = strlen(dir), parent = 0; /* the slash before the last component */
    int    count = 0;
    if (!made) made = &count;
    *made = 0;
    if (brood_fs_exists(fs, dir)) return make_directory(fs, dir, made);
    memcpy(path, dir, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (dir[i] != '/' && dir[i] != '\0') continue;
        path[i] = '\0';
        brood_err_t err = make_directory(fs, path, made);
        if (err != BROOD_OK) return err;
        /* The entry is durable when the directory that it stands in is. */
        if (parent) path[parent] = '\0';
        (void)brood_fs_sync_directory(fs, parent ? path : dir[0] == '/' ? "/" : ".");
        if (parent) path[parent] = '/';
        path[i] = dir[i];
        parent = i;
    }
    return BROOD_OK;
}

void brood_fs_remove_directories(const brood_fs_t *fs, const char *dir, int count) {
    char   path[BROOD_MAX_PATH];
    size_t size = strlen(dir);
    memcpy(path, dir, size + 1);
    while (count > 0) {
        while (size > 1 && path[size - 1] == '/') path[--size] = '\0';
        if (fs->rmdir(fs->self, path) == 0)
            count--;
        else if (errno != ENOENT) /* the last ones could not be made */
            return;
        while (size > 0 && path[size - 1] != '/') path[--size] = '\0';
        if (size == 0) return;
    }
}
