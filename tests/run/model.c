#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/hash.h"

/* The test itself is at fault. */
static void must(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "the model file system: %s\n", what);
    abort();
}

static int refuse(int error) {
    errno = error;
    return -1;
}

/* Says what has happened, and leaves errno alone: the caller may not have looked at it yet. */
static void tell(const model_t *model, const char *call, const char *path, const char *to) {
    char text[256];
    int  error = errno;
    if (!model->changed) return;
    snprintf(text, sizeof text, "%s%s%s%s%s", call, *path ? " " : "", path, *to ? " " : "", to);
    model->changed(model->with, model, text);
    errno = error;
}

/* ---- names ---- */

static int lookup(const model_t *model, int directory, const char *name) {
    for (int i = model->operations - 1; i >= 0; i--) {
        const model_operation_t *operation = &model->operation[i];
        if (operation->directory != directory) continue;
        for (int j = operation->changes - 1; j >= 0; j--)
            if (!strcmp(operation->change[j].name, name)) return operation->change[j].file;
    }
    const model_file_t *file = &model->file[directory];
    for (int i = 0; i < file->entries; i++)
        if (!strcmp(file->entry[i].name, name)) return file->entry[i].file;
    return MODEL_NONE;
}

/* The directory that a path's last name stands in, and that name; MODEL_NONE and errno. */
static int walk(const model_t *model, const char *path, char name[MODEL_NAME]) {
    int         directory = 0;
    const char *at = path + strspn(path, "/");
    must(*path == '/', "a path that does not begin at /");
    for (name[0] = '\0'; *at; at += strspn(at, "/")) {
        size_t size = strcspn(at, "/");
        if (*name) directory = lookup(model, directory, name);
        if (directory == MODEL_NONE) return refuse(ENOENT);
        if (!model->file[directory].directory) return refuse(ENOTDIR);
        must(size < MODEL_NAME, "a name too long");
        memcpy(name, at, size);
        name[size] = '\0';
        at += size;
    }
    return directory;
}

int model_find(const model_t *model, const char *path) {
    char name[MODEL_NAME];
    int  directory = walk(model, path, name);
    if (directory == MODEL_NONE || !*name) return directory;
    int file = lookup(model, directory, name);
    if (file == MODEL_NONE) errno = ENOENT;
    return file;
}

void model_each(const model_t *model, int directory, void (*visit)(void *with, const char *name, int file),
                void *with) {
    model_entry_t seen[MODEL_ENTRIES + 2 * MODEL_OPERATIONS];
    int           count = 0;
    memcpy(seen, model->file[directory].entry, (size_t)model->file[directory].entries * sizeof *seen);
    count = model->file[directory].entries;
    for (int i = 0; i < model->operations; i++)
        for (int j = 0; j < model->operation[i].changes && model->operation[i].directory == directory; j++)
            seen[count++] = model->operation[i].change[j];
    for (int i = 0; i < count; i++) {
        bool first = true;
        for (int j = 0; j < i; j++) first = first && strcmp(seen[i].name, seen[j].name);
        int file = lookup(model, directory, seen[i].name);
        if (first && file != MODEL_NONE) visit(with, seen[i].name, file);
    }
}

static void change(model_operation_t *operation, const char *name, int file) {
    model_entry_t *entry = &operation->change[operation->changes++];
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->file = file;
}

static model_operation_t *begin(model_t *model, int directory) {
    must(model->operations < MODEL_OPERATIONS, "too many operations that are not durable");
    model_operation_t *operation = &model->operation[model->operations++];
    *operation = (model_operation_t){.directory = directory};
    return operation;
}

void model_apply(model_t *model, const model_operation_t *operation) {
    model_file_t *directory = &model->file[operation->directory];
    for (int i = 0; i < operation->changes; i++) {
        const model_entry_t *entry = &operation->change[i];
        int                  at = 0;
        while (at < directory->entries && strcmp(directory->entry[at].name, entry->name)) at++;
        if (entry->file == MODEL_NONE && at < directory->entries) {
            directory->entry[at] = directory->entry[--directory->entries];
        } else if (entry->file != MODEL_NONE) {
            must(at < MODEL_ENTRIES, "too many names in a directory");
            directory->entry[at] = *entry;
            if (at == directory->entries) directory->entries++;
        }
    }
}

static int make(model_t *model, bool directory) {
    must(model->files < MODEL_FILES, "too many files");
    model_file_t *file = &model->file[model->files];
    *file = (model_file_t){.directory = directory};
    return model->files++;
}

/* ---- contents ---- */

static model_write_t *add_write(model_t *model, int file) {
    model_file_t *to = &model->file[file];
    must(to->writes < MODEL_WRITES, "too many writes to a file");
    return &to->write[to->writes++];
}

size_t model_read(const model_t *model, int file, unsigned char *bytes) {
    size_t size = 0;
    for (int i = 0; i < model->file[file].writes; i++) {
        const model_write_t *write = &model->file[file].write[i];
        if (write->cuts) size = 0;
        if (write->size == 0) continue;
        if (write->offset > size) memset(bytes + size, 0, write->offset - size);
        if (write->bytes)
            memcpy(bytes + write->offset, write->bytes, write->size);
        else
            memset(bytes + write->offset, 0, write->size);
        if (write->offset + write->size > size) size = write->offset + write->size;
    }
    return size;
}

static const unsigned char *keep(model_arena_t *arena, const void *bytes, size_t size) {
    must(arena->used + size <= arena->capacity, "too many bytes written");
    unsigned char *kept = memcpy(arena->bytes + arena->used, bytes, size);
    arena->used += size;
    return kept;
}

static void write_at(model_t *model, int file, const void *bytes, size_t size, size_t offset) {
    must(offset + size <= MODEL_SIZE, "a file too long");
    *add_write(model, file) = (model_write_t){.bytes = keep(model->arena, bytes, size),
                                              .offset = offset,
                                              .size = size,
                                              .hash = brood_hash(BROOD_HASH_START, bytes, size)};
}

/* ---- the calls ---- */

static int model_open(void *self, const char *path, int flags, mode_t mode) {
    model_t *model = self;
    char     name[MODEL_NAME];
    int      descriptor = 0, directory = walk(model, path, name);
    (void)mode;
    if (directory == MODEL_NONE) return -1;
    int file = *name ? lookup(model, directory, name) : directory;
    if (file != MODEL_NONE && flags & O_CREAT && flags & O_EXCL) return refuse(EEXIST);
    if (file == MODEL_NONE && !(flags & O_CREAT)) return refuse(ENOENT);
    if (file != MODEL_NONE && flags & O_DIRECTORY && !model->file[file].directory) return refuse(ENOTDIR);
    if (file != MODEL_NONE && model->file[file].directory && flags & (O_ACCMODE | O_CREAT)) return refuse(EISDIR);
    while (descriptor < MODEL_DESCRIPTORS && model->descriptor[descriptor].open) descriptor++;
    must(descriptor < MODEL_DESCRIPTORS, "too many open files");
    bool makes = file == MODEL_NONE, cuts = !makes && flags & O_TRUNC;
    if (makes) change(begin(model, directory), name, file = make(model, false));
    if (cuts) *add_write(model, file) = (model_write_t){.cuts = true};
    model->descriptor[descriptor].open = true;
    model->descriptor[descriptor].file = file;
    model->descriptor[descriptor].offset = 0;
    if (makes || cuts) tell(model, makes ? "create" : "cut", path, "");
    return descriptor;
}

static ssize_t model_pread(void *self, int descriptor, void *buffer, size_t size, off_t offset) {
    const model_t *model = self;
    unsigned char  bytes[MODEL_SIZE];
    if (model->file[model->descriptor[descriptor].file].directory) return refuse(EISDIR);
    size_t whole = model_read(model, model->descriptor[descriptor].file, bytes), from = (size_t)offset;
    if (from >= whole) return 0;
    if (size > whole - from) size = whole - from;
    memcpy(buffer, bytes + from, size);
    return (ssize_t)size;
}

static ssize_t model_write(void *self, int descriptor, const void *buffer, size_t size) {
    model_t *model = self;
    size_t  *offset = &model->descriptor[descriptor].offset;
    write_at(model, model->descriptor[descriptor].file, buffer, size, *offset);
    *offset += size;
    tell(model, "write", "", "");
    return (ssize_t)size;
}

/* Operations of a directory, all or those that an earlier, refused fsync has covered, become durable. */
static void commit(model_t *model, int directory, bool covered_only) {
    int left = 0;
    for (int i = 0; i < model->operations; i++) {
        model_operation_t *operation = &model->operation[i];
        if (operation->directory == directory && (operation->covered || !covered_only))
            model_apply(model, operation);
        else
            model->operation[left++] = *operation;
    }
    model->operations = left;
}

static int model_fsync(void *self, int descriptor) {
    model_t      *model = self;
    int           number = model->descriptor[descriptor].file;
    model_file_t *file = &model->file[number];
    bool          refused = file->directory && model->refuses_directory_sync;
    for (int i = 0; i < file->writes; i++)
        if (file->write[i].fate == MODEL_PENDING) file->write[i].fate = MODEL_DURABLE;
    int cut = file->writes;
    while (cut > 0 && !file->write[cut - 1].cuts) cut--;
    if (cut > 0 && file->write[cut - 1].fate == MODEL_DURABLE) { /* nothing before it comes back */
        file->writes -= cut - 1;
        memmove(file->write, file->write + cut - 1, (size_t)file->writes * sizeof *file->write);
    }
    if (file->directory) commit(model, number, refused);
    /* What is promised where it is refused: an operation is durable a save later. */
    for (int i = 0; i < model->operations; i++)
        if (model->operation[i].directory == number) model->operation[i].covered = true;
    tell(model, file->directory ? "fsync of a directory" : "fsync", "", "");
    return refused ? refuse(EINVAL) : 0;
}

void model_lose(void *self, int descriptor) {
    model_t      *model = self;
    model_file_t *file = &model->file[model->descriptor[descriptor].file];
    for (int i = 0; i < file->writes; i++)
        if (file->write[i].fate == MODEL_PENDING) file->write[i].fate = MODEL_LOST;
    tell(model, "failed fsync", "", "");
}

static int model_close(void *self, int descriptor) {
    model_t *model = self;
    must(model->descriptor[descriptor].open, "a close of what is not open");
    model->descriptor[descriptor].open = false;
    return 0;
}

static void state_of(const model_t *model, int file, struct stat *status) {
    unsigned char bytes[MODEL_SIZE];
    memset(status, 0, sizeof *status);
    status->st_mode = model->file[file].directory ? S_IFDIR | 0755 : S_IFREG | 0444;
    status->st_size = (off_t)model_read(model, file, bytes);
}

static int model_fstat(void *self, int descriptor, struct stat *status) {
    const model_t *model = self;
    state_of(model, model->descriptor[descriptor].file, status);
    return 0;
}

static int model_stat(void *self, const char *path, struct stat *status) {
    int file = model_find(self, path);
    if (file == MODEL_NONE) return -1;
    state_of(self, file, status);
    return 0;
}

static int model_link(void *self, const char *from, const char *to) {
    model_t *model = self;
    char     name[MODEL_NAME];
    int      file = model_find(model, from);
    if (file == MODEL_NONE) return -1;
    int directory = walk(model, to, name);
    if (directory == MODEL_NONE) return -1;
    if (lookup(model, directory, name) != MODEL_NONE) return refuse(EEXIST);
    change(begin(model, directory), name, file);
    tell(model, "link", from, to);
    return 0;
}

static int model_rename(void *self, const char *from, const char *to) {
    model_t *model = self;
    char     old[MODEL_NAME], name[MODEL_NAME];
    int      file = model_find(model, from);
    if (file == MODEL_NONE) return -1;
    int source = walk(model, from, old), directory = walk(model, to, name);
    must(source == directory, "a rename from one directory to another");
    if (lookup(model, directory, name) == file) return 0; /* two names of one file: POSIX leaves both */
    model_operation_t *operation = begin(model, directory);
    change(operation, old, MODEL_NONE);
    change(operation, name, file);
    tell(model, "rename", from, to);
    return 0;
}

static int model_unlink(void *self, const char *path) {
    model_t *model = self;
    char     name[MODEL_NAME];
    int      file = model_find(model, path);
    if (file == MODEL_NONE) return -1;
    int directory = walk(model, path, name);
    if (model->file[file].directory) return refuse(EISDIR);
    change(begin(model, directory), name, MODEL_NONE);
    tell(model, "unlink", path, "");
    return 0;
}

static int model_mkdir(void *self, const char *path, mode_t mode) {
    model_t *model = self;
    char     name[MODEL_NAME];
    int      directory = walk(model, path, name);
    (void)mode;
    if (directory == MODEL_NONE) return -1;
    if (!*name || lookup(model, directory, name) != MODEL_NONE) return refuse(EEXIST);
    change(begin(model, directory), name, make(model, true));
    tell(model, "mkdir", path, "");
    return 0;
}

static void count_one(void *with, const char *name, int file) {
    (void)name;
    (void)file;
    ++*(int *)with;
}

static int model_rmdir(void *self, const char *path) {
    model_t *model = self;
    char     name[MODEL_NAME];
    int      count = 0, file = model_find(model, path);
    if (file == MODEL_NONE) return -1;
    int directory = walk(model, path, name);
    if (!model->file[file].directory) return refuse(ENOTDIR);
    model_each(model, file, count_one, &count);
    if (count > 0) return refuse(ENOTEMPTY);
    change(begin(model, directory), name, MODEL_NONE);
    tell(model, "rmdir", path, "");
    return 0;
}

typedef struct {
    int  count;
    char name[MODEL_ENTRIES][MODEL_NAME];
} names_t;

static void add_name(void *with, const char *name, int file) {
    names_t *names = with;
    (void)file;
    must(names->count < MODEL_ENTRIES, "too many names in a directory");
    strcpy(names->name[names->count++], name);
}

static int model_list(void *self, const char *path, void (*visit)(void *with, const char *name), void *with) {
    const model_t *model = self;
    names_t        names = {0};
    int            file = model_find(model, path);
    if (file == MODEL_NONE) return -1;
    if (!model->file[file].directory) return refuse(ENOTDIR);
    model_each(model, file, add_name, &names); /* first: the visitor may remove what it is told of */
    for (int i = 0; i < names.count; i++) visit(with, names.name[i]);
    return 0;
}

/* ---- as a whole ---- */

void model_init(model_t *model, model_arena_t *arena) {
    memset(model, 0, sizeof *model);
    model->arena = arena;
    model->files = 1;
    model->file[0].directory = true;
    model->fs = (brood_fs_t){
        .self = model,
        .open = model_open,
        .pread = model_pread,
        .write = model_write,
        .fsync = model_fsync,
        .close = model_close,
        .fstat = model_fstat,
        .stat = model_stat,
        .link = model_link,
        .rename = model_rename,
        .unlink = model_unlink,
        .mkdir = model_mkdir,
        .rmdir = model_rmdir,
        .list = model_list,
    };
}

void model_copy(model_t *to, const model_t *from, model_arena_t *arena) {
    memcpy(to, from, offsetof(model_t, file) + (size_t)from->files * sizeof *from->file);
    memset(to->descriptor, 0, sizeof to->descriptor);
    to->fs.self = to;
    to->arena = arena;
    to->changed = NULL;
}

void model_arena_init(model_arena_t *arena, size_t capacity) {
    *arena = (model_arena_t){.bytes = malloc(capacity), .capacity = capacity};
    must(arena->bytes, "out of memory");
}

void model_arena_fini(model_arena_t *arena) {
    free(arena->bytes);
    *arena = (model_arena_t){0};
}

void model_settle(model_t *model) {
    for (int i = 0; i < model->operations; i++) model_apply(model, &model->operation[i]);
    model->operations = 0;
    for (int i = 0; i < model->files; i++)
        for (int j = 0; j < model->file[i].writes; j++) model->file[i].write[j].fate = MODEL_DURABLE;
}

void model_flip(model_t *model, const char *path, size_t offset) {
    unsigned char bytes[MODEL_SIZE];
    int           file = model_find(model, path);
    must(file != MODEL_NONE && offset < model_read(model, file, bytes), "no such byte to flip");
    bytes[offset] ^= 1;
    write_at(model, file, &bytes[offset], 1, offset);
    model->file[file].write[model->file[file].writes - 1].fate = MODEL_DURABLE;
}
