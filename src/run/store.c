#include "brood/run/store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "brood/util/limits.h"
#include "fs.h"
#include "trailer.h"

brood_err_t brood_token(char token[BROOD_TOKEN_SIZE]) {
    uint64_t number = 0;
    ssize_t  got;
    do got = getrandom(&number, sizeof number, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof number) return brood_fail_errno(errno, "a random token");
    snprintf(token, BROOD_TOKEN_SIZE, "%016llx", (unsigned long long)number);
    return BROOD_OK;
}

bool brood_store_leftover(const char *name) {
    const size_t digits = BROOD_TOKEN_SIZE - 1, suffix = sizeof ".tmp" - 1, size = strlen(name);
    if (size < 1 + 1 + digits + suffix || strcmp(name + size - suffix, ".tmp")) return false;
    const char *token = name + size - suffix - digits;
    for (size_t i = 0; i < digits; i++)
        if (!isdigit((unsigned char)token[i]) && !(token[i] >= 'a' && token[i] <= 'f')) return false;
    return token[-1] == '.';
}

/* tmp, durable, or an error and no tmp. A file whose fsync failed is never synced again: its pages are marked clean by
   then, and the next fsync would call it durable. */
static brood_err_t write_durably(const brood_fs_t *fs, const char *tmp, const brood_bytes_t *image,
                                 const brood_trailer_t *trailer) {
    const int   flags = O_WRONLY | O_CREAT | O_EXCL;
    brood_err_t err = BROOD_OK;
    int         fd = brood_fs_open(fs, tmp, flags);
    if (fd < 0 && errno == EEXIST) { /* an earlier try of this job could not remove it */
        brood_fs_unlink(fs, tmp);
        fd = brood_fs_open(fs, tmp, flags);
    }
    if (fd < 0) return brood_fail_errno(errno, "%s: cannot be made", tmp);
    BROOD_TRY(brood_fs_write(fs, fd, tmp, image->data, image->size));
    BROOD_TRY(brood_fs_write(fs, fd, tmp, trailer, sizeof *trailer));
    if (brood_fs_fsync(fs, fd) < 0) err = brood_fail_errno(errno, "%s: cannot be brought to the disk (fsync)", tmp);
done:
    if (brood_fs_close(fs, fd) < 0 && err == BROOD_OK) err = brood_fail_errno(errno, "%s: cannot be closed", tmp);
    if (err != BROOD_OK) brood_fs_unlink(fs, tmp);
    return err;
}

/* The last bytes of a file, and its size. */
static brood_err_t read_trailer(const brood_fs_t *fs, const char *path, brood_trailer_t *trailer, uint64_t *size) {
    brood_err_t err = BROOD_OK;
    struct stat status;
    size_t      read = 0;
    int         fd = brood_fs_open(fs, path, O_RDONLY);
    if (fd < 0) return brood_fail_errno(errno, "%s: cannot be opened", path);
    if (fs->fstat(fs->self, fd, &status) < 0) {
        err = brood_fail_errno(errno, "%s: its size cannot be read", path);
        goto done;
    }
    *size = (uint64_t)status.st_size;
    memset(trailer, 0, sizeof *trailer);
    if (*size < sizeof *trailer) goto done;
    BROOD_TRY(brood_fs_read(fs, fd, path, trailer, sizeof *trailer, status.st_size - (off_t)sizeof *trailer, &read));
done:
    brood_fs_close(fs, fd);
    return err;
}

static bool ends_whole(const brood_fs_t *fs, const char *path) {
    brood_trailer_t trailer;
    uint64_t        size = 0;
    return read_trailer(fs, path, &trailer, &size) == BROOD_OK && brood_trailer_fits(&trailer, size, path) == BROOD_OK;
}

/* name becomes the previous generation. */
static brood_err_t rotate(const brood_fs_t *fs, const char *path, const char *previous) {
    if (!ends_whole(fs, path)) return BROOD_OK;
    brood_fs_unlink(fs, previous);
    if (fs->link(fs->self, path, previous) == 0) return BROOD_OK;
    if (brood_fs_rename(fs, path, previous) == 0) return BROOD_OK;
    int reason = errno;
    /* A network file system may report a failure for what took place. */
    if (!brood_fs_exists(fs, path) && ends_whole(fs, previous)) return BROOD_OK;
    return brood_fail_errno(reason, "%s: cannot be renamed to %s", path, previous);
}

/* The new generation takes its name: believed when it is read there. */
static brood_err_t replace(const brood_fs_t *fs, const char *tmp, const char *path, const brood_trailer_t *ours) {
    brood_trailer_t found;
    uint64_t        size = 0;
    int             reason = brood_fs_rename(fs, tmp, path) < 0 ? errno : 0;
    brood_err_t     err = read_trailer(fs, path, &found, &size);
    if (err == BROOD_OK && !memcmp(&found, ours, sizeof found) && size == ours->length + sizeof found) return BROOD_OK;
    if (reason) return brood_fail_errno(reason, "%s: cannot be renamed to %s", tmp, path);
    if (err != BROOD_OK) return brood_because(err, "%s: not as it was written", path);
    return brood_fail(BROOD_E_IO, "%s: read back, it is not what was written (found generation %llu, expected %llu)",
                      path, (unsigned long long)found.generation, (unsigned long long)ours->generation);
}

static brood_err_t join(char path[BROOD_MAX_PATH], const char *dir, const char *name) {
    int size = snprintf(path, BROOD_MAX_PATH, "%s/%s", dir, name);
    if (size >= 0 && size < BROOD_MAX_PATH) return BROOD_OK;
    return brood_fail(BROOD_E_IO, "%s/%s: a path of %d bytes, expected at most %d", dir, name, size,
                      BROOD_MAX_PATH - 1);
}

static brood_err_t previous_path(char path[BROOD_MAX_PATH], const char *dir, const char *name) {
    char        previous[BROOD_MAX_PATH];
    const char *dot = strrchr(name, '.');
    int         stem = dot ? (int)(dot - name) : (int)strlen(name);
    snprintf(previous, sizeof previous, "%.*s.prev%s", stem, name, name + stem);
    return join(path, dir, previous);
}

static brood_err_t still_ours(const brood_writer_t *writer, const char *path) {
    brood_err_t err = writer->ours ? writer->ours(writer->self) : BROOD_OK;
    return err == BROOD_OK ? BROOD_OK : brood_because(err, "%s: not written", path);
}

brood_err_t brood_store_put(const brood_writer_t *writer, const char *dir, const char *name, bool keep_previous,
                            uint64_t generation, const brood_bytes_t *image, bool *durable) {
    const brood_fs_t     *fs = writer->fs;
    bool                  synced = false;
    brood_err_t           err = BROOD_OK;
    const brood_trailer_t trailer = brood_trailer_make(generation, image);
    char                  path[BROOD_MAX_PATH], previous[BROOD_MAX_PATH], tmp[BROOD_MAX_PATH], leaf[BROOD_MAX_PATH];
    snprintf(leaf, sizeof leaf, "%s.%s.tmp", name, writer->token);
    BROOD_TRY(join(tmp, dir, leaf));
    BROOD_TRY(join(path, dir, name));
    BROOD_TRY(previous_path(previous, dir, name));
    BROOD_TRY(write_durably(fs, tmp, image, &trailer));
    err = still_ours(writer, path);
    if (err == BROOD_OK) {
        if (keep_previous) err = rotate(fs, path, previous);
        if (err == BROOD_OK) err = replace(fs, tmp, path, &trailer);
        /* A job that has taken the run over since then removes our tmp and writes its own file: no fault of the
           disk's. */
        brood_err_t now = err == BROOD_OK ? BROOD_OK : still_ours(writer, path);
        if (now != BROOD_OK) err = now;
    }
    if (err == BROOD_OK)
        synced = brood_fs_sync_directory(fs, dir);
    else
        brood_fs_unlink(fs, tmp);
done:
    if (durable) *durable = synced;
    return err;
}

brood_err_t brood_store_generation(const brood_fs_t *fs, const char *dir, const char *name, uint64_t *generation) {
    brood_trailer_t trailer;
    uint64_t        size = 0;
    char            path[BROOD_MAX_PATH];
    brood_err_t     err = BROOD_OK;
    BROOD_TRY(join(path, dir, name));
    BROOD_TRY(read_trailer(fs, path, &trailer, &size));
    BROOD_TRY(brood_trailer_fits(&trailer, size, path));
    *generation = trailer.generation;
done:
    return err;
}

static brood_err_t read_file(const brood_fs_t *fs, const char *path, brood_bytes_t *file, bool *missing) {
    brood_err_t err = BROOD_OK;
    struct stat status;
    int         fd = brood_fs_open(fs, path, O_RDONLY);
    file->size = 0;
    if (missing) *missing = fd < 0 && errno == ENOENT;
    if (fd < 0) return brood_fail_errno(errno, "%s: cannot be opened", path);
    if (fs->fstat(fs->self, fd, &status) < 0) {
        err = brood_fail_errno(errno, "%s: its size cannot be read", path);
        goto done;
    }
    BROOD_TRY(brood_bytes_reserve(file, (size_t)status.st_size));
    BROOD_TRY(brood_fs_read(fs, fd, path, file->data, (size_t)status.st_size, 0, &file->size));
done:
    (void)brood_fs_close(fs, fd);
    return err;
}

brood_err_t brood_store_get(const brood_fs_t *fs, const char *dir, const char *name, brood_bytes_t *image,
                            uint64_t *generation, bool *missing) {
    brood_err_t     err = BROOD_OK;
    brood_trailer_t trailer;
    char            path[BROOD_MAX_PATH];
    if (missing) *missing = false;
    BROOD_TRY(join(path, dir, name));
    BROOD_TRY(read_file(fs, path, image, missing));
    BROOD_TRY(brood_trailer_verify(image, path, &trailer));
    image->size = (size_t)trailer.length;
    *generation = trailer.generation;
done:
    if (err != BROOD_OK) brood_bytes_fini(image);
    return err;
}

brood_err_t brood_store_get_any(const brood_fs_t *fs, const char *path, brood_bytes_t *image, bool *whole) {
    brood_trailer_t trailer;
    brood_err_t     err = read_file(fs, path, image, NULL);
    if (err != BROOD_OK) {
        brood_bytes_fini(image);
        return err;
    }
    *whole = brood_trailer_verify(image, path, &trailer) == BROOD_OK;
    if (*whole) image->size = (size_t)trailer.length;
    return BROOD_OK;
}
