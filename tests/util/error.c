#include "brood/util/error.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "cmocka_all.h"

static void a_message_is_kept_and_preceded_by_what_was_being_done(void **state) {
    (void)state;
    assert_int_equal(brood_fail(BROOD_E_DATA, "found %d, expected %d", 3, 4), BROOD_E_DATA);
    assert_int_equal(brood_because(BROOD_E_CONFIG, "%s:%d", "a.yaml", 7), BROOD_E_CONFIG);
    assert_string_equal(brood_message(), "a.yaml:7: found 3, expected 4");
}

static void a_message_may_quote_the_one_it_replaces(void **state) {
    (void)state;
    (void)brood_fail(BROOD_E_IO, "first");
    (void)brood_fail(BROOD_E_IO, "second after %s", brood_message());
    assert_string_equal(brood_message(), "second after first");
    (void)brood_because(BROOD_E_IO, "third beside %s", brood_message());
    assert_string_equal(brood_message(), "third beside second after first: second after first");
}

static void a_message_too_long_loses_its_end_not_its_place(void **state) {
    (void)state;
    char longest[6000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    (void)brood_fail(BROOD_E_IO, "%s", longest);
    size_t most = strlen(brood_message());
    assert_in_range(most, 4000, 4096);
    (void)brood_because(BROOD_E_IO, "the place");
    assert_memory_equal(brood_message(), "the place: xxx", 14);
    assert_int_equal(strlen(brood_message()), most);
    (void)brood_because(BROOD_E_IO, "%s", longest);
    assert_int_equal(strlen(brood_message()), most);
}

static void full_disks_and_memory_have_codes_of_their_own(void **state) {
    (void)state;
    assert_int_equal(brood_fail_errno(ENOSPC, "w"), BROOD_E_FULL);
    assert_int_equal(brood_fail_errno(EDQUOT, "w"), BROOD_E_FULL);
    assert_int_equal(brood_fail_errno(ENOMEM, "w"), BROOD_E_MEMORY);
    assert_int_equal(brood_fail_errno(EACCES, "%s: cannot be opened", "a"), BROOD_E_IO);
    assert_string_equal(brood_message(), "a: cannot be opened: Permission denied");
}

static void every_outcome_has_an_exit_code_of_its_own(void **state) {
    (void)state;
    int codes[BROOD_ERROR_COUNT + BROOD_END_COUNT], count = 0;
    for (int i = 0; i < BROOD_ERROR_COUNT; i++) {
        codes[count++] = brood_exit_code((brood_err_t)i);
        assert_true(strlen(brood_error_text((brood_err_t)i)) > 0);
    }
    for (int i = BROOD_END_COMPLETE + 1; i < BROOD_END_COUNT; i++) {
        codes[count++] = brood_end_exit_code((brood_end_t)i);
        assert_true(strlen(brood_end_text((brood_end_t)i)) > 0);
    }
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) assert_int_not_equal(codes[i], codes[j]);
    assert_int_equal(brood_exit_code(BROOD_OK), 0);
    assert_int_equal(brood_end_exit_code(BROOD_END_COMPLETE), 0);
    assert_int_equal(brood_end_exit_code(BROOD_END_STOPPED), 75);
    assert_int_equal(brood_end_exit_code(BROOD_END_HALTED), 76);
}

static void *fail_elsewhere(void *nothing) {
    (void)brood_fail(BROOD_E_BUG, "another thread's");
    return nothing;
}

static void every_thread_has_its_own_message(void **state) {
    (void)state;
    pthread_t thread;
    (void)brood_fail(BROOD_E_IO, "mine");
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    assert_string_equal(brood_message(), "mine");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_kept_and_preceded_by_what_was_being_done),
        cmocka_unit_test(a_message_may_quote_the_one_it_replaces),
        cmocka_unit_test(a_message_too_long_loses_its_end_not_its_place),
        cmocka_unit_test(full_disks_and_memory_have_codes_of_their_own),
        cmocka_unit_test(every_outcome_has_an_exit_code_of_its_own),
        cmocka_unit_test(every_thread_has_its_own_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
