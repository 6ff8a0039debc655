/* Some saves on a real file system. Each call of the table is written down: one_save DIR LOG [stray]. With `stray` it
 * also does what the table does not know of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content.h"

#define DESCRIPTORS 64

static FILE *record;
static char  opened[DESCRIPTORS][BROOD_MAX_PATH];

static void note(const char *call, const char *path) {
    fprintf(record, "%s %s\n", call, path);
    fflush(record);
}

static int note_open(void *self, const char *path, int flags, mode_t mode) {
    int fd = brood_fs_posix.open(self, path, flags, mode);
    note("open", path);
    if (fd >= DESCRIPTORS) abort();
    if (fd >= 0) snprintf(opened[fd], sizeof opened[fd], "%s", path);
    return fd;
}

static ssize_t note_pread(void *self, int fd, void *buffer, size_t size, off_t offset) {
    note("pread", opened[fd]);
    return brood_fs_posix.pread(self, fd, buffer, size, offset);
}

static ssize_t note_write(void *self, int fd, const void *buffer, size_t size) {
    note("write", opened[fd]);
    return brood_fs_posix.write(self, fd, buffer, size);
}

static int note_fsync(void *self, int fd) {
    note("fsync", opened[fd]);
    return brood_fs_posix.fsync(self, fd);
}

static int note_close(void *self, int fd) {
    note("close", opened[fd]);
    return brood_fs_posix.close(self, fd);
}

static int note_fstat(void *self, int fd, struct stat *status) {
    note("fstat", opened[fd]);
    return brood_fs_posix.fstat(self, fd, status);
}

static int note_stat(void *self, const char *path, struct stat *status) {
    note("stat", path);
    return brood_fs_posix.stat(self, path, status);
}

static int note_link(void *self, const char *from, const char *to) {
    note("link", from);
    return brood_fs_posix.link(self, from, to);
}

static int note_rename(void *self, const char *from, const char *to) {
    note("rename", from);
    return brood_fs_posix.rename(self, from, to);
}

static int note_unlink(void *self, const char *path) {
    note("unlink", path);
    return brood_fs_posix.unlink(self, path);
}

static int note_mkdir(void *self, const char *path, mode_t mode) {
    note("mkdir", path);
    return brood_fs_posix.mkdir(self, path, mode);
}

static int note_rmdir(void *self, const char *path) {
    note("rmdir", path);
    return brood_fs_posix.rmdir(self, path);
}

static int note_list(void *self, const char *path, void (*visit)(void *with, const char *name), void *with) {
    note("list", path);
    return brood_fs_posix.list(self, path, visit, with);
}

static void must(brood_err_t err) {
    if (err == BROOD_OK) return;
    fprintf(stderr, "%s\n", brood_message());
    exit(1);
}

static const brood_fs_t noted = {
    .open = note_open,
    .pread = note_pread,
    .write = note_write,
    .fsync = note_fsync,
    .close = note_close,
    .fstat = note_fstat,
    .stat = note_stat,
    .link = note_link,
    .rename = note_rename,
    .unlink = note_unlink,
    .mkdir = note_mkdir,
    .rmdir = note_rmdir,
    .list = note_list,
};

/* A new run and one that is gone on with, a child that is saved, taken up and forgotten. */
static void save_some(const char *dir) {
    const int64_t episode = 3;
    for (int job = 0; job < 2; job++) {
        brood_run_t      *run = NULL;
        brood_run_state_t state;
        must(brood_run_open(&noted, dir, &run, &state));
        must(brood_run_take(run, "", job, &brood_life_system, NULL));
        must(content_save(run, 1));
        must(content_save_child(run, episode, 10));
        if (content_load_child(run, episode) != 10) exit(1);
        must(content_save(run, 2));
        if (job == 1) brood_run_forget(run, &episode, 1);
        brood_run_close(&run);
    }
}

static void stray(const char *dir) {
    char path[BROOD_MAX_PATH];
    snprintf(path, sizeof path, "%s/" BROOD_RUN_FILE, dir);
    if (access(path, F_OK) < 0) exit(1);
}

int main(int argc, char **argv) {
    if (argc < 3 || !(record = fopen(argv[2], "w"))) return 2;
    save_some(argv[1]);
    if (argc > 3) stray(argv[1]);
    return fclose(record) ? 1 : 0;
}
