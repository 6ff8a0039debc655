#include "faulty.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The fault that this call meets, or NULL. */
static const fault_t *meet(faulty_t *faulty, call_t call, const char *path) {
    faulty->calls[call]++;
    for (int i = 0; i < faulty->count; i++) {
        fault_t *fault = &faulty->fault[i];
        if (fault->call != call || (fault->path && !strstr(path, fault->path))) continue;
        if (fault->skip-- > 0) continue;
        if (fault->times-- > 0) return fault;
    }
    return NULL;
}

/* What the caller is told, when `result` is what the call would say. */
#define MEET(call, path, what)                                                                                         \
    const fault_t *fault = meet(self, call, path);                                                                     \
    if (!fault) return what;                                                                                           \
    if (fault->takes_place) (void)!what;                                                                               \
    errno = fault->error;                                                                                              \
    return fault->error ? -1 : 0

static int faulty_open(void *self, const char *path, int flags, mode_t mode) {
    faulty_t      *faulty = self;
    const fault_t *fault = meet(faulty, CALL_OPEN, path);
    if (fault) {
        errno = fault->error;
        return -1;
    }
    int fd = faulty->real->open(faulty->real->self, path, flags, mode);
    if (fd >= 0 && fd < FAULTY_MAX_FD) {
        faulty->sync_failed[fd] = false;
        snprintf(faulty->opened[fd], sizeof faulty->opened[fd], "%s", path);
    }
    return fd;
}

static size_t some(const faulty_t *faulty, size_t size) {
    return faulty->most && faulty->most < size ? faulty->most : size;
}

static ssize_t faulty_pread(void *self, int fd, void *buffer, size_t size, off_t offset) {
    faulty_t *faulty = self;
    MEET(CALL_PREAD, faulty->opened[fd],
         faulty->real->pread(faulty->real->self, fd, buffer, some(faulty, size), offset));
}

static ssize_t faulty_write(void *self, int fd, const void *buffer, size_t size) {
    faulty_t *faulty = self;
    MEET(CALL_WRITE, faulty->opened[fd], faulty->real->write(faulty->real->self, fd, buffer, some(faulty, size)));
}

static int faulty_fsync(void *self, int fd) {
    faulty_t      *faulty = self;
    const fault_t *fault = meet(faulty, CALL_FSYNC, faulty->opened[fd]);
    faulty->synced_again += faulty->sync_failed[fd];
    if (!fault) return faulty->real->fsync(faulty->real->self, fd);
    faulty->sync_failed[fd] = fault->error != EINTR;
    if (faulty->sync_failed[fd] && faulty->lose) faulty->lose(faulty->real->self, fd);
    errno = fault->error;
    return -1;
}

/* A close that fails has closed, as Linux does it. */
static int faulty_close(void *self, int fd) {
    faulty_t      *faulty = self;
    const fault_t *fault = meet(faulty, CALL_CLOSE, faulty->opened[fd]);
    int            result = faulty->real->close(faulty->real->self, fd);
    if (!fault) return result;
    errno = fault->error;
    return -1;
}

static int faulty_fstat(void *self, int fd, struct stat *status) {
    faulty_t *faulty = self;
    MEET(CALL_FSTAT, faulty->opened[fd], faulty->real->fstat(faulty->real->self, fd, status));
}

static int faulty_stat(void *self, const char *path, struct stat *status) {
    faulty_t *faulty = self;
    MEET(CALL_STAT, path, faulty->real->stat(faulty->real->self, path, status));
}

static int faulty_link(void *self, const char *from, const char *to) {
    faulty_t *faulty = self;
    MEET(CALL_LINK, from, faulty->real->link(faulty->real->self, from, to));
}

static int faulty_rename(void *self, const char *from, const char *to) {
    faulty_t *faulty = self;
    MEET(CALL_RENAME, from, faulty->real->rename(faulty->real->self, from, to));
}

static int faulty_unlink(void *self, const char *path) {
    faulty_t *faulty = self;
    MEET(CALL_UNLINK, path, faulty->real->unlink(faulty->real->self, path));
}

static int faulty_mkdir(void *self, const char *path, mode_t mode) {
    faulty_t *faulty = self;
    MEET(CALL_MKDIR, path, faulty->real->mkdir(faulty->real->self, path, mode));
}

static int faulty_rmdir(void *self, const char *path) {
    faulty_t *faulty = self;
    MEET(CALL_RMDIR, path, faulty->real->rmdir(faulty->real->self, path));
}

static int faulty_list(void *self, const char *path, void (*visit)(void *with, const char *name), void *with) {
    faulty_t *faulty = self;
    MEET(CALL_LIST, path, faulty->real->list(faulty->real->self, path, visit, with));
}

void faulty_init(faulty_t *faulty) {
    memset(faulty, 0, sizeof *faulty);
    faulty->real = &brood_fs_posix;
    faulty->fs = (brood_fs_t){
        .self = faulty,
        .open = faulty_open,
        .pread = faulty_pread,
        .write = faulty_write,
        .rmdir = faulty_rmdir,
        .list = faulty_list,
        .fsync = faulty_fsync,
        .close = faulty_close,
        .fstat = faulty_fstat,
        .stat = faulty_stat,
        .link = faulty_link,
        .rename = faulty_rename,
        .unlink = faulty_unlink,
        .mkdir = faulty_mkdir,
    };
}

void faulty_add(faulty_t *faulty, fault_t fault) {
    faulty->fault[faulty->count++] = fault;
}
