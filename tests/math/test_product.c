/* The products against the scalar loop that defines them: bit by bit, on every path of this CPU. A, B, C and the packed
   B end where a page begins that nobody may touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "brood/math/product.h"
#include "brood/rng/philox.h"

#define BLOCKS     7
#define BLOCK_SIZE ((size_t)6 << 20)

static brood_math_t *maths[BROOD_ISA_COUNT], *native;
static int           path_count;
static char         *guarded[BLOCKS];
static void         *plain[BLOCKS];
static uint32_t      drawn;

static double uniform(void) {
    const brood_key4_t key = {.key = {7, 7}, .counter = {0, 0, BROOD_PURPOSE_BENCH << 24}};
    return brood_random_uniform(&key, drawn++);
}

static int64_t below(int64_t bound) {
    return bound < 1 ? 0 : (int64_t)(uniform() * (double)bound);
}

/* Elements from the first to the last of `rows` rows. */
static int64_t extent(int64_t rows, int64_t row, int64_t ld) {
    return rows == 0 || row == 0 ? 0 : (rows - 1) * ld + row;
}

static void *before_guard(int block, int64_t bytes) {
    assert_true((size_t)bytes <= BLOCK_SIZE);
    return guarded[block] + BLOCK_SIZE - bytes;
}

static void *scratch(int block) {
    return plain[block];
}

#define REAL    float
#define TYPE(x) x##_f32
#define FMA     fmaf
#include "test_product_cases.h"
#undef REAL
#undef TYPE
#undef FMA

#define REAL    double
#define TYPE(x) x##_f64
#define FMA     fma
#include "test_product_cases.h"

/* At 20,000 terms, relative to the sums in double: chains of 256 stay below 1e-6, one long chain does not. */
static void long_sums_are_as_exact_as_blocked_ones(void **state) {
    (void)state;
    enum { M = 12, N = 10, K = 20000 };
    float *a = scratch(0), *b = scratch(1), *c = scratch(2);
    for (int64_t i = 0; i < M * K; i++) a[i] = (float)uniform();
    for (int64_t i = 0; i < N * K; i++) b[i] = (float)uniform();
    brood_product_f32(maths[0], BROOD_PLAIN, BROOD_PLAIN, M, N, K, a, K, b, N, false, c, N);
    double error = 0, error_one = 0, norm = 0;
    for (int64_t i = 0; i < M; i++) {
        for (int64_t j = 0; j < N; j++) {
            double exact = 0;
            float  one = 0;
            for (int64_t p = 0; p < K; p++) {
                exact += (double)a[i * K + p] * (double)b[p * N + j];
                one = fmaf(a[i * K + p], b[p * N + j], one);
            }
            error += pow((double)c[i * N + j] - exact, 2);
            error_one += pow((double)one - exact, 2);
            norm += exact * exact;
        }
    }
    print_message("           chains of 256: %.2g, one chain: %.2g\n", sqrt(error / norm), sqrt(error_one / norm));
    assert_true(sqrt(error / norm) < 1e-6);
    assert_true(error_one > 2 * error);
}

static void a_product_of_depth_zero_clears_or_leaves_c(void **state) {
    (void)state;
    for (int i = 0; i <= path_count; i++) {
        brood_math_t *math = i < path_count ? maths[i] : native;
        float         c[6] = {1, 2, 3, 4, 5, 6}, one = 1;
        brood_product_f32(math, BROOD_PLAIN, BROOD_PLAIN, 2, 2, 0, &one, 1, &one, 2, true, c, 3);
        assert_true(c[0] == 1 && c[1] == 2 && c[3] == 4 && c[4] == 5);
        brood_product_f32(math, BROOD_PLAIN, BROOD_PLAIN, 2, 2, 0, &one, 1, &one, 2, false, c, 3);
        assert_true(c[0] == 0 && c[1] == 0 && c[2] == 3 && c[3] == 0 && c[4] == 0 && c[5] == 6);
    }
}

static int create(void **state) {
    (void)state;
    brood_isa_t widest;
    size_t      page = (size_t)sysconf(_SC_PAGESIZE);
    if (brood_isa_choose(&widest) != BROOD_OK) return -1;
    for (; path_count <= (int)widest; path_count++)
        if (brood_math_create(BROOD_NUMERICS_PORTABLE, (brood_isa_t)path_count, 1, &maths[path_count]) != BROOD_OK)
            return -1;
    if (brood_math_create(BROOD_NUMERICS_NATIVE, widest, 1, &native) != BROOD_OK) return -1;
    for (int i = 0; i < BLOCKS; i++) {
        plain[i] = calloc(1, BLOCK_SIZE);
        guarded[i] = mmap(NULL, BLOCK_SIZE + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (!plain[i] || guarded[i] == MAP_FAILED || mprotect(guarded[i] + BLOCK_SIZE, page, PROT_NONE) != 0) return -1;
    }
    print_message("           paths: %d\n", path_count);
    return 0;
}

static int destroy(void **state) {
    (void)state;
    for (int i = 0; i < path_count; i++) brood_math_destroy(&maths[i]);
    brood_math_destroy(&native);
    for (int i = 0; i < BLOCKS; i++) {
        free(plain[i]);
        munmap(guarded[i], BLOCK_SIZE + (size_t)sysconf(_SC_PAGESIZE));
    }
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_have_the_bits_of_a_scalar_loop_f32),
        cmocka_unit_test(products_have_the_bits_of_a_scalar_loop_f64),
        cmocka_unit_test(small_products_of_every_shape_have_the_bits_of_a_scalar_loop_f32),
        cmocka_unit_test(small_products_of_every_shape_have_the_bits_of_a_scalar_loop_f64),
        cmocka_unit_test(products_around_the_cuts_have_the_bits_of_a_scalar_loop_f32),
        cmocka_unit_test(products_around_the_cuts_have_the_bits_of_a_scalar_loop_f64),
        cmocka_unit_test(an_output_does_not_depend_on_the_rows_and_columns_beside_it_f32),
        cmocka_unit_test(an_output_does_not_depend_on_the_rows_and_columns_beside_it_f64),
        cmocka_unit_test(native_products_are_close_to_the_scalar_loop_f32),
        cmocka_unit_test(native_products_are_close_to_the_scalar_loop_f64),
        cmocka_unit_test(long_sums_are_as_exact_as_blocked_ones),
        cmocka_unit_test(a_product_of_depth_zero_clears_or_leaves_c),
    };
    return cmocka_run_group_tests_name("math_product", tests, create, destroy);
}
