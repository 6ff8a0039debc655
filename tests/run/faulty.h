/* A brood_fs_t that does what POSIX does, or another brood_fs_t, but for the faults it is told of. */
#ifndef TESTS_RUN_FAULTY_H
#define TESTS_RUN_FAULTY_H

#include "brood/run/store.h"

typedef enum {
    CALL_OPEN,
    CALL_PREAD,
    CALL_WRITE,
    CALL_FSYNC,
    CALL_CLOSE,
    CALL_FSTAT,
    CALL_STAT,
    CALL_LINK,
    CALL_RENAME,
    CALL_UNLINK,
    CALL_MKDIR,
    CALL_RMDIR,
    CALL_LIST,
    CALL_COUNT
} call_t;

/* Of the calls of one kind whose (first) path contains `path` (NULL: all; calls on descriptors: the path that was
   opened), `skip` go well, then `times` meet the fault. */
typedef struct {
    call_t      call;
    const char *path;
    int         skip, times;
    int         error;       /* the errno; 0: success is reported */
    bool        takes_place; /* the call is made all the same */
} fault_t;

#define FAULTY_MAX_FD 1024

typedef struct {
    brood_fs_t        fs;
    const brood_fs_t *real;
    void (*lose)(void *self, int fd); /* what a failed fsync does to a file of `real`; may be NULL */
    fault_t fault[4];
    int     count;
    size_t  most; /* bytes that one read or write moves; 0: any number */
    int     calls[CALL_COUNT];
    int     synced_again; /* fsyncs of a descriptor whose fsync had failed */
    bool    sync_failed[FAULTY_MAX_FD];
    char    opened[FAULTY_MAX_FD][256];
} faulty_t;

void faulty_init(faulty_t *faulty);
void faulty_add(faulty_t *faulty, fault_t fault);

#endif
