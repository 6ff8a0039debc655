/* What /clock keeps: all of it is in a field, and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "brood/sched/clock.h"
#include "history/field_bytes.h"

#define ROWS 3

static brood_clock_t *filled(void) {
    brood_clock_t *clock;
    assert_int_equal(brood_clock_create(&clock), BROOD_OK);
    assert_int_equal(brood_clock_reserve(clock, ROWS, ROWS), BROOD_OK);
    return clock;
}

static brood_bytes_t bytes_of(brood_clock_t *clock) {
    brood_bytes_t  bytes;
    brood_fields_t fields;
    brood_bytes_init(&bytes);
    brood_fields_init(&fields);
    brood_clock_fields(clock, &fields);
    assert_int_equal(brood_fields_error(&fields), BROOD_OK);
    append_fields(&bytes, &fields);
    brood_fields_fini(&fields);
    return bytes;
}

/* Text of full length in every text: each of its bytes counts. */
#define FILL(text) memset(text, 'x', sizeof(text) - 1)

typedef struct {
    size_t from, to; /* bytes that belong to no member, or end a text */
} gap_t;

#define AFTER(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#define TEXT_END(type, member)                                                                                         \
    { AFTER(type, member) - 1, AFTER(type, member) }

static void check_every_byte(brood_clock_t *clock, void *row, size_t size, const gap_t gaps[], size_t count) {
    unsigned char *byte = row;
    brood_bytes_t  before = bytes_of(clock);
    size_t         tried = 0;
    for (size_t i = 0; i < size; i++) {
        bool gap = false;
        for (size_t g = 0; g < count; g++) gap = gap || (i >= gaps[g].from && i < gaps[g].to);
        if (gap) continue;
        byte[i] ^= 0x40;
        brood_bytes_t after = bytes_of(clock);
        if (before.size == after.size && !memcmp(before.data, after.data, before.size))
            fail_msg("byte %zu of a row is in no field", i);
        brood_bytes_fini(&after);
        byte[i] ^= 0x40;
        tried++;
    }
    assert_true(tried > size * 9 / 10);
    brood_bytes_fini(&before);
}

static void every_byte_of_an_episodes_row_is_in_a_field(void **state) {
    (void)state;
    brood_clock_t         *clock = filled();
    brood_clock_episode_t *row = brood_clock_episode(clock, 1);
    FILL(row->host);
    const gap_t gaps[] = {
        TEXT_END(brood_clock_episode_t, host),
        {AFTER(brood_clock_episode_t, attempts), offsetof(brood_clock_episode_t, worked)},
        {AFTER(brood_clock_episode_t, resumed_rank), sizeof *row},
    };
    check_every_byte(clock, row, sizeof *row, gaps, sizeof gaps / sizeof *gaps);
    brood_clock_destroy(&clock);
}

static void every_byte_of_a_jobs_row_is_in_a_field(void **state) {
    (void)state;
    brood_clock_t     *clock = filled();
    brood_clock_job_t *row = brood_clock_job(clock, 1);
    FILL(row->id);
    FILL(row->hosts);
    FILL(row->why);
    FILL(row->software);
    FILL(row->libraries);
    FILL(row->numerics);
    FILL(row->command);
    const gap_t gaps[] = {
        TEXT_END(brood_clock_job_t, id),        TEXT_END(brood_clock_job_t, hosts),
        TEXT_END(brood_clock_job_t, why),       TEXT_END(brood_clock_job_t, software),
        TEXT_END(brood_clock_job_t, libraries), TEXT_END(brood_clock_job_t, numerics),
        TEXT_END(brood_clock_job_t, command),
    };
    check_every_byte(clock, row, sizeof *row, gaps, sizeof gaps / sizeof *gaps);
    brood_clock_destroy(&clock);
}

static void rows_come_back(void **state) {
    (void)state;
    brood_clock_t *from = filled(), *to = filled();
    brood_clock_episode(from, 2)->worked = 17;
    strcpy(brood_clock_job(from, 0)->why, "complete");
    brood_fields_t of_from, of_to;
    brood_fields_init(&of_from);
    brood_fields_init(&of_to);
    brood_clock_fields(from, &of_from);
    brood_clock_fields(to, &of_to);
    copy_fields(&of_from, &of_to);
    assert_int_equal(brood_clock_episode(to, 2)->worked, 17);
    assert_string_equal(brood_clock_job(to, 0)->why, "complete");
    brood_fields_fini(&of_from);
    brood_fields_fini(&of_to);
    brood_clock_destroy(&from);
    brood_clock_destroy(&to);
}

static void new_rows_say_not_yet(void **state) {
    (void)state;
    brood_clock_t *clock = filled();
    brood_clock_episode(clock, 2)->rank = 5;
    assert_int_equal(brood_clock_reserve(clock, ROWS + 2, ROWS), BROOD_OK);
    assert_int_equal(brood_clock_episode(clock, 2)->rank, 5);
    assert_int_equal(brood_clock_episode(clock, ROWS + 1)->rank, -1);
    assert_int_equal(brood_clock_episode(clock, ROWS + 1)->job, -1);
    assert_int_equal(brood_clock_episodes(clock), ROWS + 2);
    brood_clock_destroy(&clock);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_of_an_episodes_row_is_in_a_field),
        cmocka_unit_test(every_byte_of_a_jobs_row_is_in_a_field),
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(new_rows_say_not_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
