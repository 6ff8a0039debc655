/* The steps of a child take no memory, and what memory lacks for one child leaves the next alone: every way to malloc
   is counted by the linker's --wrap, and can be made to fail. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

static int64_t taken;
static int64_t fails_at = -1; /* this many later; -1: never */

static bool refuse(void) {
    taken++;
    return fails_at >= 0 && fails_at-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size) {
    return refuse() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    return refuse() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) {
    return refuse() ? NULL : __real_realloc(old, size);
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refuse() ? NULL : __real_aligned_alloc(alignment, size);
}

static const brood_evaluator_t *const train = &brood_evaluator_train;

static void steps_take_no_memory_and_children_only_where_they_need_more(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    world.setup.retrain = true; /* every phase */
    taken = 0;
    void *self = create_evaluator(train, &world.setup);
    assert_true(taken > 0); /* the counting itself works */
    begin_child(train, self, 0, SMALL);
    taken = 0;
    go_on(train, self, 0);
    assert_int_equal(taken, 0);
    run_child(train, self, 1, "3,16,1,1,0; 5,33,1,1,0", NULL);
    assert_true(taken > 0);
    taken = 0;
    run_child(train, self, 2, SMALL, NULL);
    assert_int_equal(taken, 0);
    train->destroy(&self);
    world_destroy(&world);
}

static void without_memory_nothing_is_created_or_lost(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    void   *self = NULL;
    int64_t at = 0;
    for (;; at++) {
        fails_at = at;
        brood_err_t err = train->create(&world.setup, &self);
        if (err == BROOD_OK) break;
        assert_int_equal(err, BROOD_E_MEMORY);
        assert_null(self);
    }
    assert_true(at > 0);
    fails_at = -1;
    train->destroy(&self);
    world_destroy(&world);
}

static void a_child_too_large_for_memory_is_refused_and_the_next_begins(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    void *self = create_evaluator(train, &world.setup);
    run_child(train, self, 0, SMALL, NULL);
    uint64_t hash = hash_child(train, self);
    fails_at = 0;
    assert_int_equal(train->begin(self, &(brood_task_t){.episode = 12, .architecture = "3,16,1,1,0; 5,33,1,1,0"}),
                     BROOD_E_MEMORY);
    assert_non_null(strstr(brood_message(), "child.batch"));
    fails_at = -1;
    run_child(train, self, 0, SMALL, NULL);
    assert_true(hash_child(train, self) == hash);
    train->destroy(&self);
    world_destroy(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_take_no_memory_and_children_only_where_they_need_more),
        cmocka_unit_test(without_memory_nothing_is_created_or_lost),
        cmocka_unit_test(a_child_too_large_for_memory_is_refused_and_the_next_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
