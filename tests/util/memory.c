/* Bytes, arenas, lists of fields. */
#include <stdlib.h>
#include <string.h>

#include "brood/util/arena.h"
#include "brood/util/bytes.h"
#include "brood/util/field.h"
#include "cmocka_all.h"

static void bytes_hold_all_that_was_appended(void **state) {
    (void)state;
    brood_bytes_t bytes;
    unsigned char expected[5000], piece[100];
    size_t        size = 0;
    uint64_t      random = 3;
    brood_bytes_init(&bytes);
    while (size + sizeof piece < sizeof expected) {
        size_t length = random_bits(&random) % sizeof piece;
        for (size_t i = 0; i < length; i++) piece[i] = (unsigned char)random_bits(&random);
        memcpy(expected + size, piece, length);
        size += length;
        assert_int_equal(brood_bytes_append(&bytes, piece, length), BROOD_OK);
        assert_true(bytes.capacity >= bytes.size);
    }
    assert_int_equal(bytes.size, size);
    assert_memory_equal(bytes.data, expected, size);
    brood_bytes_fini(&bytes);
    assert_null(bytes.data);
    assert_int_equal(bytes.size + bytes.capacity, 0);
}

static void bytes_that_cannot_be_had_leave_what_there_is(void **state) {
    (void)state;
    brood_bytes_t bytes;
    brood_bytes_init(&bytes);
    assert_int_equal(brood_bytes_append(&bytes, "abc", 3), BROOD_OK);
    assert_int_equal(brood_bytes_append(&bytes, "abc", SIZE_MAX - 1), BROOD_E_MEMORY);
    assert_int_equal(brood_bytes_append(&bytes, NULL, 0), BROOD_OK);
    assert_int_equal(bytes.size, 3);
    assert_memory_equal(bytes.data, "abc", 3);
    brood_bytes_fini(&bytes);
}

/* The same calls count and lay out. */
static size_t lay_out(brood_arena_t *arena, unsigned char *part[3]) {
    part[0] = brood_arena_take(arena, 1);
    part[1] = brood_arena_take(arena, 64);
    part[2] = brood_arena_take(arena, 65);
    return arena->used;
}

static void an_arena_without_a_base_counts_what_one_with_it_needs(void **state) {
    (void)state;
    brood_arena_t  counter = {0}, arena;
    unsigned char *part[3];
    size_t         size = lay_out(&counter, part);
    assert_null(part[0]);
    assert_int_equal(size, 64 + 64 + 128);
    assert_int_equal(brood_arena_init(&arena, size), BROOD_OK);
    assert_int_equal(lay_out(&arena, part), size);
    for (int i = 0; i < 3; i++) assert_int_equal((uintptr_t)part[i] % BROOD_ARENA_ALIGN, 0);
    assert_ptr_equal(part[1], part[0] + 64);
    assert_ptr_equal(part[2], part[1] + 64);
    memset(part[2], 1, 65);
    brood_arena_fini(&arena);
    assert_null(arena.base);
}

static void what_an_arena_releases_is_taken_again(void **state) {
    (void)state;
    brood_arena_t arena;
    assert_int_equal(brood_arena_init(&arena, 256), BROOD_OK);
    (void)brood_arena_take(&arena, 10);
    size_t mark = arena.used;
    void  *first = brood_arena_take(&arena, 100);
    brood_arena_release(&arena, mark);
    assert_ptr_equal(brood_arena_take(&arena, 192), first);
    brood_arena_fini(&arena);
}

static void sizes_too_large_to_count_are_refused_not_wrapped(void **state) {
    (void)state;
    brood_arena_t counter = {0}, arena;
    (void)brood_arena_take(&counter, SIZE_MAX - 200);
    (void)brood_arena_take(&counter, 1000);
    assert_int_equal(counter.used, SIZE_MAX);
    assert_int_equal(brood_arena_init(&arena, counter.used), BROOD_E_MEMORY);
    assert_int_equal(brood_arena_init(&arena, SIZE_MAX - 10), BROOD_E_MEMORY);
    assert_null(arena.base);
    assert_int_equal(brood_arena_init(&arena, 0), BROOD_OK);
    brood_arena_fini(&arena);
}

static void take_too_much(void) {
    brood_arena_t arena;
    if (brood_arena_init(&arena, 128) == BROOD_OK && brood_arena_take(&arena, 64)) (void)brood_arena_take(&arena, 65);
}

static void an_arena_too_small_ends_the_program(void **state) {
    (void)state;
    assert_aborts(take_too_much);
}

static brood_field_t field_named(const char *group, const char *name) {
    brood_field_t field = {.type = BROOD_TYPE_F64};
    strcpy(field.group, group);
    strcpy(field.name, name);
    return field;
}

static void fields_are_found_by_group_and_name(void **state) {
    (void)state;
    brood_fields_t fields;
    brood_fields_init(&fields);
    char name[BROOD_MAX_NAME] = "a0";
    for (int i = 0; i < 200; i++) { /* beyond the first capacity */
        name[0] = (char)('a' + i % 26);
        name[1] = (char)('0' + i / 26);
        brood_field_t field = field_named(i % 2 ? "/episodes" : "/curves", name);
        brood_fields_add(&fields, &field);
    }
    assert_int_equal(brood_fields_error(&fields), BROOD_OK);
    assert_int_equal(fields.count, 200);
    assert_ptr_equal(brood_fields_find(&fields, "/episodes", "b3"), &fields.field[79]);
    assert_null(brood_fields_find(&fields, "/curves", "b3"));
    assert_null(brood_fields_find(&fields, "/episodes", "zz"));
    brood_fields_fini(&fields);
    assert_null(fields.field);
}

static void a_list_that_could_not_grow_says_so_when_it_is_consumed(void **state) {
    (void)state;
    brood_fields_t fields;
    brood_fields_init(&fields);
    fields.error = BROOD_E_MEMORY;
    brood_field_t field = field_named("", "a");
    brood_fields_add(&fields, &field);
    assert_int_equal(fields.count, 0);
    assert_int_equal(brood_fields_error(&fields), BROOD_E_MEMORY);
    brood_fields_fini(&fields);
}

static void a_field_knows_its_sizes(void **state) {
    (void)state;
    brood_field_t field = {.type = BROOD_TYPE_F32, .ndim = 3, .shape = {5, 3, 2}};
    assert_int_equal(brood_field_size(&field), sizeof(float));
    assert_int_equal(brood_field_row(&field), 6);
    assert_int_equal(brood_field_count(&field), 30);
    field = (brood_field_t){.type = BROOD_TYPE_TEXT, .ndim = 1, .shape = {7}, .text_size = 512};
    assert_int_equal(brood_field_size(&field), 512);
    assert_int_equal(brood_field_row(&field), 1);
    assert_int_equal(brood_field_count(&field), 7);
    field = (brood_field_t){.type = BROOD_TYPE_ENUM};
    assert_int_equal(brood_field_size(&field), sizeof(int32_t));
    assert_int_equal(brood_field_count(&field), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_hold_all_that_was_appended),
        cmocka_unit_test(bytes_that_cannot_be_had_leave_what_there_is),
        cmocka_unit_test(an_arena_without_a_base_counts_what_one_with_it_needs),
        cmocka_unit_test(what_an_arena_releases_is_taken_again),
        cmocka_unit_test(sizes_too_large_to_count_are_refused_not_wrapped),
        cmocka_unit_test(fields_are_found_by_group_and_name),
        cmocka_unit_test(a_list_that_could_not_grow_says_so_when_it_is_consumed),
        cmocka_unit_test(a_field_knows_its_sizes),
        cmocka_unit_test(an_arena_too_small_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
