#include "brood/run/compare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "await.h"
#include "brood/run/run.h"
#include "brood/util/limits.h"
#include "brood/util/utf8.h"
#include "fs.h"
#include "walk.h"

/* What a path means: a run's newest file, or the file itself. */
static brood_err_t read_side(const brood_fs_t *fs, const char *path, brood_bytes_t *image, bool *whole) {
    struct stat status;
    char        file[BROOD_MAX_PATH];
    if (fs->stat(fs->self, path, &status) < 0) return brood_fail_errno(errno, "%s", path);
    if (!S_ISDIR(status.st_mode)) return brood_store_get_any(fs, path, image, whole);
    if (strlen(path) + sizeof "/" BROOD_RUN_PREVIOUS_FILE > sizeof file)
        return brood_fail_errno(ENAMETOOLONG, "%s", path);
    brood_run_await_rotation(fs, path);
    sprintf(file, "%s/" BROOD_RUN_FILE, path);
    if (!brood_fs_exists(fs, file)) {
        sprintf(file, "%s/" BROOD_RUN_PREVIOUS_FILE, path);
        if (!brood_fs_exists(fs, file)) return brood_fail(BROOD_E_IO, "%s: there is no run here", path);
    }
    return brood_store_get_any(fs, file, image, whole);
}

/* Names in a damaged file may be anything, also what a terminal obeys. */
static void make_printable(char *text) {
    for (size_t size = strlen(text), i = 0; i < size;) {
        uint32_t character = 0;
        size_t   bytes = brood_utf8_next(text + i, size - i, &character);
        if (!bytes || character < ' ' || (character >= 127 && character < 160))
            memset(text + i, '?', bytes ? bytes : 1);
        i += bytes ? bytes : 1;
    }
}

/* What the walk, in a process of its own, reports. */
typedef struct {
    brood_err_t        err;
    char               message[1024];
    brood_difference_t difference;
} report_t;

/* A damaged length lets HDF5 clear gigabytes, time and again. The limits leave whole files far more than they need. */
static void set_limits(size_t images) {
    const rlim_t        memory = ((rlim_t)1 << 30) + 8 * (rlim_t)images, time = 30 + (rlim_t)images / 10000000;
    const struct rlimit seconds = {.rlim_cur = time, .rlim_max = time},
                        bytes = {.rlim_cur = memory, .rlim_max = memory};
    setrlimit(RLIMIT_CPU, &seconds);
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes */
    setrlimit(RLIMIT_DATA, &bytes);
#else
    (void)bytes;
#endif
}

static void walk_and_report(const brood_bytes_t *a, const brood_bytes_t *b, const brood_difference_t *so_far, int to) {
    report_t report = {.difference = *so_far};
    set_limits(a->size + b->size);
    report.err = brood_walk(a, b, &report.difference);
    /* More than its limit is what only a damaged file asks for. */
    if (report.err == BROOD_E_MEMORY && !(so_far->a_whole && so_far->b_whole)) report.err = BROOD_E_FORMAT;
    snprintf(report.message, sizeof report.message, "%s", brood_message());
    ssize_t wrote = write(to, &report, sizeof report);
    _exit(wrote == (ssize_t)sizeof report ? 0 : 1);
}

/* Walks in a process of its own: damaged files were seen to crash HDF5, or to hang it, and a trailer only says that a
   file is as it was sealed. */
static brood_err_t walk_apart(const brood_bytes_t *a, const brood_bytes_t *b, brood_difference_t *difference) {
    report_t report;
    int      pipes[2], status = 0;
    size_t   got = 0;
    if (pipe(pipes) < 0) return brood_fail_errno(errno, "a pipe");
    pid_t child = fork();
    if (child < 0) {
        int reason = errno;
        close(pipes[0]);
        close(pipes[1]);
        return brood_fail_errno(reason, "a process that walks the files");
    }
    if (child == 0) walk_and_report(a, b, difference, pipes[1]);
    close(pipes[1]);
    while (got < sizeof report) {
        ssize_t size = read(pipes[0], (unsigned char *)&report + got, sizeof report - got);
        if (size == 0 || (size < 0 && errno != EINTR)) break;
        if (size > 0) got += (size_t)size;
    }
    close(pipes[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (got < sizeof report)
        return brood_fail(BROOD_E_FORMAT, "damaged so badly that HDF5 does not survive it (%s)",
                          WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "no report");
    *difference = report.difference;
    return report.err == BROOD_OK ? BROOD_OK : brood_fail(report.err, "%s", report.message);
}

/* What comes from the files is made fit to be shown. */
static brood_err_t walk_safely(const brood_bytes_t *a, const brood_bytes_t *b, brood_difference_t *difference) {
    char        message[sizeof((report_t *)0)->message];
    brood_err_t err = walk_apart(a, b, difference);
    make_printable(difference->where);
    make_printable(difference->what);
    if (err == BROOD_OK) return BROOD_OK;
    snprintf(message, sizeof message, "%s", brood_message());
    make_printable(message);
    return brood_fail(err, "%s", message);
}

brood_err_t brood_run_compare(const brood_fs_t *fs, const char *a, const char *b, brood_difference_t *difference) {
    brood_err_t   err = BROOD_OK;
    brood_bytes_t image_a, image_b;
    memset(difference, 0, sizeof *difference);
    brood_bytes_init(&image_a);
    brood_bytes_init(&image_b);
    BROOD_TRY(read_side(fs, a, &image_a, &difference->a_whole));
    BROOD_TRY(read_side(fs, b, &image_b, &difference->b_whole));
    err = walk_safely(&image_a, &image_b, difference);
    if (err != BROOD_OK) err = brood_because(err, "comparing %s (A) with %s (B)", a, b);
done:
    brood_bytes_fini(&image_a);
    brood_bytes_fini(&image_b);
    return err;
}
