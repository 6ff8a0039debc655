#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xmmintrin.h>

#include "brood/math/isa.h"
#include "brood/math/math.h"

static int unset(void **state) {
    (void)state;
    return unsetenv("BROOD_ISA");
}

static void assert_message_has(const char *part) {
    if (!strstr(brood_message(), part)) fail_msg("\"%s\" does not contain \"%s\"", brood_message(), part);
}

static void the_environment_chooses_a_path(void **state) {
    (void)state;
    brood_isa_t widest, isa;
    assert_int_equal(brood_isa_choose(&widest), BROOD_OK);
    for (int i = 0; i <= (int)widest; i++) {
        setenv("BROOD_ISA", brood_isa_name((brood_isa_t)i), 1);
        assert_int_equal(brood_isa_choose(&isa), BROOD_OK);
        assert_int_equal(isa, i);
    }
    setenv("BROOD_ISA", "", 1);
    assert_int_equal(brood_isa_choose(&isa), BROOD_OK);
    assert_int_equal(isa, widest);
    if (widest == BROOD_ISA_AVX512) return;
    setenv("BROOD_ISA", "avx512", 1);
    assert_int_equal(brood_isa_choose(&isa), BROOD_E_NUMERICS);
    assert_message_has("AVX-512");
}

static void an_unknown_path_is_refused_with_the_known_ones(void **state) {
    (void)state;
    brood_isa_t isa;
    setenv("BROOD_ISA", "AVX2", 1);
    assert_int_equal(brood_isa_choose(&isa), BROOD_E_NUMERICS);
    assert_message_has("BROOD_ISA=AVX2");
    assert_message_has("avx2 or avx512");
}

static void changed_floating_point_control_is_refused(void **state) {
    (void)state;
    static const struct {
        unsigned    bits;
        const char *word;
    } changes[] = {{0x8000, "FTZ"}, {0x0040, "DAZ"}, {0x2000, "round"}, {0x4000, "round"}, {0x6000, "round"}};
    unsigned kept = _mm_getcsr();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        brood_isa_t isa;
        _mm_setcsr(kept | changes[i].bits);
        brood_err_t err = brood_isa_choose(&isa);
        _mm_setcsr(kept);
        assert_int_equal(err, BROOD_E_NUMERICS);
        assert_message_has(changes[i].word);
    }
}

static void flags_that_earlier_arithmetic_raised_do_not_matter(void **state) {
    (void)state;
    brood_isa_t isa;
    unsigned    kept = _mm_getcsr();
    _mm_setcsr(kept | 0x3f);
    brood_err_t err = brood_isa_choose(&isa);
    _mm_setcsr(kept);
    assert_int_equal(err, BROOD_OK);
}

static void the_cpu_has_a_name_that_fits(void **state) {
    (void)state;
    char name[64], cut[5];
    brood_isa_cpu(name, sizeof name);
    assert_true(strlen(name) > 0 && name[0] != ' ' && name[strlen(name) - 1] != ' ');
    brood_isa_cpu(cut, sizeof cut);
    assert_true(strlen(cut) < sizeof cut && strncmp(cut, name, strlen(cut)) == 0);
}

static void a_math_says_who_makes_the_products(void **state) {
    (void)state;
    brood_isa_t   isa;
    brood_math_t *math;
    assert_int_equal(brood_isa_choose(&isa), BROOD_OK);
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, BROOD_ISA_AVX2, 1, &math), BROOD_OK);
    assert_string_equal(brood_math_describe(math), "portable avx2");
    assert_int_equal(brood_math_numerics(math), BROOD_NUMERICS_PORTABLE);
    assert_int_equal(brood_math_isa(math), BROOD_ISA_AVX2);
    brood_math_destroy(&math);
    assert_null(math);
    brood_math_destroy(&math);
    assert_int_equal(brood_math_create(BROOD_NUMERICS_NATIVE, isa, 1, &math), BROOD_OK);
    char        version[32], core[32];
    const char *text = brood_math_describe(math);
    assert_int_equal(sscanf(text, "openblas %31[0-9.] %31s", version, core), 2);
    assert_int_equal(brood_math_numerics(math), BROOD_NUMERICS_NATIVE);
    brood_math_destroy(&math);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_environment_chooses_a_path, unset, unset),
        cmocka_unit_test_setup_teardown(an_unknown_path_is_refused_with_the_known_ones, unset, unset),
        cmocka_unit_test_setup_teardown(changed_floating_point_control_is_refused, unset, unset),
        cmocka_unit_test_setup_teardown(flags_that_earlier_arithmetic_raised_do_not_matter, unset, unset),
        cmocka_unit_test(the_cpu_has_a_name_that_fits),
        cmocka_unit_test(a_math_says_who_makes_the_products),
    };
    return cmocka_run_group_tests_name("math_isa", tests, NULL, NULL);
}
