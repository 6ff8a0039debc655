/* Each allocation of reading, printing and checking a configuration fails once: an error, and never a crash. The
   program's own malloc stands in front of the C library's, for libyaml too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_sample.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

#define NEVER (-1)
static int64_t fails_from = NEVER, allocations;

#define VISIBLE __attribute__((visibility("default"))) /* to the libraries */

static bool fails(void) {
    return fails_from != NEVER && allocations++ >= fails_from;
}

VISIBLE void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

VISIBLE void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

VISIBLE void *realloc(void *block, size_t size) {
    return fails() ? NULL : __libc_realloc(block, size);
}

static sample_t sample;

static brood_err_t use_configuration(const char *file) {
    static const char *const set[] = {"run.seed=3", NULL};
    char                    *yaml = NULL;
    brood_err_t              err;
    sample_init(&sample);
    BROOD_TRY(brood_config_read(file, set, sample.sections, SAMPLE_SECTIONS));
    BROOD_TRY(brood_config_text(sample.sections, SAMPLE_SECTIONS, true, &yaml));
    BROOD_TRY(brood_config_check(sample.sections, SAMPLE_SECTIONS, yaml));
done:
    free(yaml);
    return err;
}

static void without_memory_there_is_an_error_and_no_crash(void **state) {
    (void)state;
    char  path[] = "/tmp/brood-config-XXXXXX";
    FILE *out = fdopen(mkstemp(path), "w");
    fputs("run: {round: 3}\nspace: {filters: [1, 2]}\nstrategy: {start: [a, b]}\n", out);
    fclose(out);
    int64_t failures = 0;
    for (brood_err_t err = BROOD_E_MEMORY; err != BROOD_OK; failures++) {
        fails_from = failures;
        allocations = 0;
        err = use_configuration(path);
        fails_from = NEVER;
        if (err == BROOD_OK) break;
        if (err != BROOD_E_MEMORY) fail_msg("%d after %d allocations: %s", (int)err, (int)failures, brood_message());
    }
    unlink(path);
    assert_int_equal(allocations, failures);
    assert_true(failures > 100);
    assert_int_equal(sample.main.round, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_memory_there_is_an_error_and_no_crash)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
