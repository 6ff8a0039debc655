/* A training step takes no memory: every way to malloc is counted by the linker's --wrap. */
#include "support.h"

static int64_t taken;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size) {
    taken++;
    return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    taken++;
    return __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) {
    taken++;
    return __real_realloc(old, size);
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    taken++;
    return __real_aligned_alloc(alignment, size);
}

static void nothing_is_allocated_after_create(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(14, 14, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(5, 5, 1, 1, .outputs = 9));
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(3, 3, 1, 1, .bias = false));
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = 20));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 2, 2, .outputs = 70, .bias = true));
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 10, .bias = true));
    fixture_t f;
    taken = 0;
    fixture_create(&f, &spec, 12, AVX2, 51);
    assert_true(taken > 0); /* the counting itself works */
    brood_optimizer_args_t args = {.kind = BROOD_OPTIMIZER_ADAM};
    brood_measure_t        measure;
    assert_int_equal(brood_net_measure(&f.spec, 12, &measure), BROOD_OK);
    brood_arena_t arena;
    assert_int_equal(brood_arena_init(&arena, brood_optimizer_size(&args, measure.parameters)), BROOD_OK);
    brood_optimizer_t *optimizer = brood_optimizer_create(&args, f.net, &arena);
    assert_int_equal(arena.used, arena.size);
    taken = 0;
    uint8_t labels[12] = {0};
    double  loss[12];
    for (int64_t step = 0; step < 3; step++) {
        brood_net_forward(f.net, 12, f.x, true, brood_key4(1, BROOD_PURPOSE_DROPOUT, 0, step, 0), f.logits);
        brood_loss_softmax(12, 10, f.logits, labels, loss, f.dlogits);
        brood_net_backward(f.net, f.dlogits);
        brood_optimizer_step(optimizer, 0.01);
    }
    assert_int_equal(taken, 0);
    brood_arena_fini(&arena);
    fixture_destroy(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_allocated_after_create)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
