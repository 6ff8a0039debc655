#include "place.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "brood/util/hash.h"

static void must(bool holds, const char *what) {
    if (holds) return;
    perror(what);
    abort();
}

int place_setup(void **state) {
    char *dir = strdup("/tmp/brood_test_XXXXXX");
    must(dir && mkdtemp(dir), "mkdtemp");
    *state = dir;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

int place_teardown(void **state) {
    int result = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

const char *place_path(const char *dir, const char *name) {
    static char path[4][2 * PLACE_SIZE];
    static int  next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
    return path[next];
}

void place_write(const char *dir, const char *name, const void *data, size_t size) {
    const char *path = place_path(dir, name);
    unlink(path);
    FILE *file = fopen(path, "wb");
    must(file && fwrite(data, 1, size, file) == size && fclose(file) == 0, path);
}

bool place_has(const char *dir, const char *name) {
    return access(place_path(dir, name), F_OK) == 0;
}

void place_flip(const char *dir, const char *name, size_t offset, unsigned char mask) {
    const char   *path = place_path(dir, name);
    unsigned char byte;
    must(chmod(path, 0644) == 0, path);
    int fd = open(path, O_RDWR);
    must(fd >= 0 && pread(fd, &byte, 1, (off_t)offset) == 1, path);
    byte ^= mask;
    must(pwrite(fd, &byte, 1, (off_t)offset) == 1 && close(fd) == 0, path);
}

int place_count(const char *dir, const char *part) {
    DIR *listing = opendir(dir);
    if (!listing) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        count += entry->d_name[0] != '.' && strstr(entry->d_name, part) != NULL;
    closedir(listing);
    return count;
}

uint64_t place_hash(const char *dir) {
    uint64_t sum = 0; /* of the hashes of the files: their order means nothing */
    DIR     *listing = opendir(dir);
    must(listing, dir);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        uint64_t hash = brood_hash_text(entry->d_name);
        FILE    *file = fopen(place_path(dir, entry->d_name), "rb");
        must(file, entry->d_name);
        char   buffer[4096];
        size_t got;
        while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) hash = brood_hash(hash, buffer, got);
        fclose(file);
        sum += hash;
    }
    closedir(listing);
    return sum;
}
