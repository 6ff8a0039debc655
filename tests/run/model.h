/* A file system in memory that knows what a crash may take: a brood_fs_t that keeps, beside what its callers see, which
 * writes and which directory operations have not reached the disk. */
#ifndef TESTS_RUN_MODEL_H
#define TESTS_RUN_MODEL_H

#include "brood/run/store.h"

#define MODEL_FILES       72 /* files and directories ever made */
#define MODEL_WRITES      24 /* of one file */
#define MODEL_ENTRIES     16 /* of one directory */
#define MODEL_OPERATIONS  64 /* of directories, not yet durable */
#define MODEL_DESCRIPTORS 8
#define MODEL_NAME        40
#define MODEL_SIZE        32768 /* bytes of one file, at most */
#define MODEL_NONE        (-1)

typedef enum {
    MODEL_PENDING, /* may be on the disk, the next fsync brings it there */
    MODEL_LOST,    /* may be on the disk, no fsync brings it there: one has failed since */
    MODEL_DURABLE
} model_fate_t;

typedef struct {
    const unsigned char *bytes; /* NULL: zeros */
    size_t               offset, size;
    uint64_t             hash; /* of the bytes */
    model_fate_t         fate;
    bool                 cuts; /* no bytes: the file loses what it has (O_TRUNC) */
} model_write_t;

typedef struct {
    char name[MODEL_NAME];
    int  file; /* MODEL_NONE: the name is gone */
} model_entry_t;

/* A file is its writes in order, a directory the entries that are durable. */
typedef struct {
    bool          directory;
    int           writes, entries;
    model_write_t write[MODEL_WRITES];
    model_entry_t entry[MODEL_ENTRIES];
} model_file_t;

/* What one call changes in a directory, all of it or nothing; on top of the entries and the operations before. */
typedef struct {
    int           directory, changes;
    model_entry_t change[2];
    bool          covered; /* by an fsync that was refused */
} model_operation_t;

/* Where written bytes live; models that are copies of each other share it. */
typedef struct {
    unsigned char *bytes;
    size_t         used, capacity;
} model_arena_t;

typedef struct model model_t;
struct model {
    brood_fs_t     fs;
    model_arena_t *arena;
    /* After each call that has changed something, in words; NULL: nobody is told. */
    void (*changed)(void *with, const model_t *model, const char *call);
    void *with;
    bool  refuses_directory_sync;
    struct {
        bool   open;
        int    file;
        size_t offset;
    } descriptor[MODEL_DESCRIPTORS];
    int               operations, files;
    model_operation_t operation[MODEL_OPERATIONS];
    model_file_t      file[MODEL_FILES]; /* the first one is / */
};

void model_init(model_t *model, model_arena_t *arena);
/* A copy with nobody to tell and no open descriptors, that writes to `arena`. */
void model_copy(model_t *to, const model_t *from, model_arena_t *arena);

void model_arena_init(model_arena_t *arena, size_t capacity);
void model_arena_fini(model_arena_t *arena);

/* Everything reaches the disk. */
void model_settle(model_t *model);
/* The operation's changes are in its directory's durable entries. */
void model_apply(model_t *model, const model_operation_t *operation);
/* The fsync of this descriptor has failed: its pages are marked clean, and none of them is tried again. */
void model_lose(void *model, int descriptor);

/* By its path; MODEL_NONE: there is none. */
int model_find(const model_t *model, const char *path);
/* The content as callers see it, in `bytes`[MODEL_SIZE]. Returns the size. */
size_t model_read(const model_t *model, int file, unsigned char *bytes);
/* A byte of a file changed on the disk. */
void model_flip(model_t *model, const char *path, size_t offset);
/* What is in a directory: `visit` is told every name and its file. */
void model_each(const model_t *model, int directory, void (*visit)(void *with, const char *name, int file), void *with);

#endif
