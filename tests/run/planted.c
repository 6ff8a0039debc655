#include "planted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "brood/run/run.h"
#include "trailer.h"

/* A planted brood_fs_t is another one with some of its functions replaced: they are called with that one's self, and
   find it here. One is planted at a time. */
static brood_fs_t under;
static int        late = -1; /* a descriptor whose fsync and close are put off */

#define TMP      ".tmp"
#define NEWEST   JUDGE_DIR "/" BROOD_RUN_FILE
#define PREVIOUS JUDGE_DIR "/" BROOD_RUN_PREVIOUS_FILE

static bool is_directory(void *self, int fd) {
    struct stat status;
    return under.fstat(self, fd, &status) == 0 && S_ISDIR(status.st_mode);
}

/* ---- fsync ---- */

static int skip_file(void *self, int fd) {
    return is_directory(self, fd) ? under.fsync(self, fd) : 0;
}

static int child_fd = -1;

static int open_child(void *self, const char *path, int flags, mode_t mode) {
    int fd = under.open(self, path, flags, mode);
    if (strstr(path, BROOD_RUN_INFLIGHT "/") && strstr(path, TMP)) child_fd = fd;
    return fd;
}

static int skip_child(void *self, int fd) {
    bool child = fd == child_fd;
    child_fd = -1;
    return child ? 0 : under.fsync(self, fd);
}

static void no_child_fsync(brood_fs_t *fs) {
    under = *fs;
    fs->open = open_child;
    fs->fsync = skip_child;
}

static void no_file_fsync(brood_fs_t *fs) {
    under = *fs;
    fs->fsync = skip_file;
}

static int skip_directory(void *self, int fd) {
    return is_directory(self, fd) ? 0 : under.fsync(self, fd);
}

static void no_directory_fsync(brood_fs_t *fs) {
    under = *fs;
    fs->fsync = skip_directory;
}

static int believe_directory(void *self, int fd) {
    int result = under.fsync(self, fd);
    return is_directory(self, fd) ? 0 : result;
}

static void believe_directory_fsync(brood_fs_t *fs) {
    under = *fs;
    fs->fsync = believe_directory;
}

static int sync_twice(void *self, int fd) {
    return under.fsync(self, fd) < 0 && errno != EINVAL ? under.fsync(self, fd) : 0;
}

static void fsync_again(brood_fs_t *fs) {
    under = *fs;
    fs->fsync = sync_twice;
}

/* The file is synced and closed once it has its name. */
static int put_off_fsync(void *self, int fd) {
    if (is_directory(self, fd)) return under.fsync(self, fd);
    late = fd;
    return 0;
}

static int put_off_close(void *self, int fd) {
    return fd == late ? 0 : under.close(self, fd);
}

static int rename_first(void *self, const char *from, const char *to) {
    int result = under.rename(self, from, to);
    if (late < 0 || !strstr(from, TMP)) return result;
    (void)under.fsync(self, late);
    (void)under.close(self, late);
    late = -1;
    return result;
}

static void rename_before_fsync(brood_fs_t *fs) {
    under = *fs;
    late = -1;
    fs->fsync = put_off_fsync;
    fs->close = put_off_close;
    fs->rename = rename_first;
}

/* ---- names ---- */

/* Whatever run.h5 is, it becomes the previous generation. */
static int rotate_any(void *self, const char *from, const char *to) {
    if (!strcmp(to, NEWEST)) {
        (void)under.unlink(self, PREVIOUS);
        (void)under.link(self, NEWEST, PREVIOUS);
    }
    return under.rename(self, from, to);
}

static void rotate_broken(brood_fs_t *fs) {
    under = *fs;
    fs->rename = rotate_any;
}

static int refuse_link(void *self, const char *from, const char *to) {
    if (strcmp(from, NEWEST)) return under.link(self, from, to);
    errno = EPERM;
    return -1;
}

static void rename_away(brood_fs_t *fs) {
    under = *fs;
    fs->link = refuse_link;
}

/* Where tmp should be written, the file itself is. */
static int open_in_place(void *self, const char *path, int flags, mode_t mode) {
    if (!strstr(path, TMP) || strncmp(path, NEWEST, sizeof NEWEST - 1)) return under.open(self, path, flags, mode);
    return under.open(self, NEWEST, (flags & ~O_EXCL) | O_TRUNC, mode);
}

static int rename_in_place(void *self, const char *from, const char *to) {
    return strcmp(to, NEWEST) ? under.rename(self, from, to) : 0;
}

static void write_in_place(brood_fs_t *fs) {
    under = *fs;
    fs->open = open_in_place;
    fs->rename = rename_in_place;
}

/* A rename that reports a failure is not looked into: reading back is made to fail. */
static bool distrusted;

static int rename_trusted(void *self, const char *from, const char *to) {
    int result = under.rename(self, from, to);
    distrusted = result < 0 && strstr(from, TMP);
    return result;
}

static int open_trusted(void *self, const char *path, int flags, mode_t mode) {
    bool fails = distrusted && !strcmp(path, NEWEST);
    if (!fails) return under.open(self, path, flags, mode);
    distrusted = false;
    errno = EIO;
    return -1;
}

static void trust_rename(brood_fs_t *fs) {
    under = *fs;
    distrusted = false;
    fs->rename = rename_trusted;
    fs->open = open_trusted;
}

/* ---- reading ---- */

/* Every file seems to end in the trailer that its bytes should have. */
static ssize_t read_any(void *self, int fd, void *buffer, size_t size, off_t offset) {
    struct stat     status;
    ssize_t         got = under.pread(self, fd, buffer, size, offset);
    brood_trailer_t trailer;
    if (got < (ssize_t)sizeof trailer || under.fstat(self, fd, &status) < 0 || status.st_size != got) return got;
    unsigned char      *end = (unsigned char *)buffer + got - sizeof trailer;
    const brood_bytes_t image = {.data = buffer, .size = (size_t)got - sizeof trailer};
    memcpy(&trailer, end, sizeof trailer);
    trailer = brood_trailer_make(trailer.generation, &image);
    memcpy(end, &trailer, sizeof trailer);
    return got;
}

static void check_no_trailer(brood_fs_t *fs) {
    under = *fs;
    fs->pread = read_any;
}

/* ---- the list ---- */

#define LOST "a start goes on from"

const planted_t planted_faults[] = {
    {.name = "no fsync of the file", .sign = LOST, .saves = {.begins = BEGINS_WHOLE}, .plant = no_file_fsync},
    {.name = "no fsync of an in-flight file",
     .sign = "an in-flight file is not as it was saved",
     .saves = {.begins = BEGINS_WHOLE},
     .plant = no_child_fsync},
    {.name = "no fsync of the directory", .sign = LOST, .saves = {.begins = BEGINS_WHOLE}, .plant = no_directory_fsync},
    {.name = "fsync tried again after a failure",
     .sign = LOST,
     .saves = {.begins = BEGINS_WHOLE, .fault = {CALL_FSYNC, "run.h5.", 1, 1, EIO, false}},
     .plant = fsync_again},
    {.name = "the rename before the fsync",
     .sign = LOST,
     .saves = {.begins = BEGINS_WHOLE},
     .plant = rename_before_fsync},
    {.name = "no check of the trailer", .sign = LOST, .saves = {.begins = BEGINS_DAMAGED}, .replant = check_no_trailer},
    {.name = "a broken file rotated over the good one",
     .sign = "a start is refused",
     .saves = {.begins = BEGINS_DAMAGED},
     .plant = rotate_broken},
    {.name = "the last rename's error trusted",
     .sign = LOST,
     .saves = {.begins = BEGINS_WHOLE, .fault = {CALL_RENAME, "run.h5.", 1, 1, EIO, true}},
     .plant = trust_rename},
    {.name = "an in-flight file deleted before the save",
     .sign = "an in-flight file is gone",
     .saves = {.begins = BEGINS_WHOLE},
     .forgets_early = true},
    {.name = "a save taken for durable where the directory's fsync is refused",
     .sign = "an in-flight file is gone",
     .saves = {.begins = BEGINS_WHOLE, .unsynced = true},
     .plant = believe_directory_fsync},
    {.name = "run.h5 written in place", .sign = LOST, .saves = {.begins = BEGINS_WHOLE}, .plant = write_in_place},
    {.name = "run.h5 renamed away where it could be linked",
     .sign = "run.h5 is not whole",
     .saves = {.begins = BEGINS_WHOLE},
     .plant = rename_away},
};
const size_t planted_count = sizeof planted_faults / sizeof *planted_faults;
