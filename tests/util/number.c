#include "brood/util/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

static void whole_numbers_are_read_exactly(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t     value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"007", 7},
        {"1e6", 1000000},
        {"1E+6", 1000000},
        {"1.5e3", 1500},
        {"-12.50e1", -125},
        {"5.", 5},
        {".5e1", 5},
        {"1500e-2", 15},
        {"0e999999999999999999999", 0},
        {"0.000e-5", 0},
        {"9007199254740993", INT64_C(9007199254740993)}, /* 2^53 + 1: no double */
        {"9007199254740993e0", INT64_C(9007199254740993)},
        {"9.223372036854775807e18", INT64_MAX},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-92233720368547758080e-1", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = -1;
        if (brood_integer_parse(cases[i].text, &value) != BROOD_OK) fail_msg("%s", brood_message());
        assert_int_equal(value, cases[i].value);
    }
}

static void whole_numbers_are_read_wherever_the_point_stands(void **state) {
    (void)state;
    uint64_t random = 7;
    for (int i = 0; i < 20000; i++) {
        int64_t expected = (int64_t)(random_bits(&random) >> (random_bits(&random) % 64)), value;
        char    digits[32], text[64];
        if (i % 2) expected = -(expected & INT64_MAX);
        snprintf(digits, sizeof digits, "%0*" PRIu64, (int)(random_bits(&random) % 25),
                 expected < 0 ? -(uint64_t)expected : (uint64_t)expected);
        int length = (int)strlen(digits), point = (int)(random_bits(&random) % (uint64_t)(length + 1));
        snprintf(text, sizeof text, "%s%.*s.%se%d", expected < 0 ? "-" : "", point, digits, digits + point,
                 length - point);
        if (brood_integer_parse(text, &value) != BROOD_OK) fail_msg("%s", brood_message());
        assert_int_equal(value, expected);
    }
}

static void what_is_no_whole_number_is_refused_and_changes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "1 ",
                                        " 1",
                                        "1e3x",
                                        "0,5",
                                        "nan",
                                        "inf",
                                        "0x10",
                                        "1.5",
                                        "1e-1",
                                        "1e-400",
                                        "--1",
                                        "+-1",
                                        ".",
                                        "e5",
                                        "1e",
                                        "1e+",
                                        "-",
                                        "1_000",
                                        "1e1.5",
                                        "true",
                                        "1.2.3",
                                        "0.5e0",
                                        "1.00000000000000000001",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "1e19",
                                        "1e300",
                                        "1e999999999999999999999",
                                        "٣"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t value = 42;
        if (brood_integer_parse(texts[i], &value) != BROOD_E_USAGE) fail_msg("\"%s\" is read", texts[i]);
        assert_int_equal(value, 42);
        assert_non_null(strstr(brood_message(), "expected a whole number"));
    }
}

static void reals_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double      value;
    } cases[] = {{"0.01", 0.01}, {"-1e-3", -0.001}, {"+.5", 0.5},          {"1e308", 1e308},
                 {"5", 5},       {"0e-999", 0},     {"5e-324", 0x1p-1074}, {"0.1e1", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = NAN;
        assert_int_equal(brood_real_parse(cases[i].text, &value), BROOD_OK);
        assert_true(value == cases[i].value);
    }
}

static void what_is_no_real_is_refused_and_changes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"",     " ",     "1e3x",   "0,5", "nan", "inf",   "-inf", "infinity", "0x1p3",
                                        "0x10", "1e309", "1e-400", " 1",  "1\n", "1.2.3", "1e",   "NaN",      ".e1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = 42;
        if (brood_real_parse(texts[i], &value) != BROOD_E_USAGE) fail_msg("\"%s\" is read", texts[i]);
        assert_true(value == 42);
        assert_non_null(strstr(brood_message(), "expected a"));
    }
}

static int significant_digits(const char *text) {
    int digits = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (digits == 0 && *text == '0')) continue;
        digits += *text == '0' ? 0 : 1 + zeros;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return digits;
}

static void reals_are_printed_shortest_and_read_back(void **state) {
    (void)state;
    uint64_t random = 11;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_bits(&random);
        double   value, again;
        memcpy(&value, &bits, sizeof value);
        if (i % 4 == 1) value = (double)(bits % 100000) / 1000;
        if (i % 4 == 2) value = (double)(int64_t)(bits % 2000000) - 1000000;
        if (!isfinite(value)) continue;
        char text[BROOD_REAL_SIZE], shorter[64];
        brood_real_print(value, text);
        assert_int_equal(brood_real_parse(text, &again), BROOD_OK);
        assert_true(again == value);
        int digits = significant_digits(text);
        if (digits < 2) continue;
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, value);
        assert_true(strtod(shorter, NULL) != value);
    }
}

static void reals_are_printed_as_people_write_them(void **state) {
    (void)state;
    static const struct {
        double      value;
        const char *text;
    } cases[] = {{0, "0"},
                 {0.1, "0.1"},
                 {2000, "2000"},
                 {1e6, "1000000"},
                 {-3, "-3"},
                 {1e-5, "1e-05"},
                 {1.0 / 3, "0.3333333333333333"},
                 {1e15, "1e+15"},
                 {123456.75, "123456.75"},
                 {NAN, "nan"},
                 {INFINITY, "inf"},
                 {-INFINITY, "-inf"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[BROOD_REAL_SIZE];
        brood_real_print(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void what_fits_an_int_is_narrowed(void **state) {
    (void)state;
    assert_int_equal(brood_to_int(INT32_MAX), INT32_MAX);
    assert_int_equal(brood_to_int(INT32_MIN), INT32_MIN);
}

static void narrow_too_much(void) {
    (void)brood_to_int((int64_t)INT32_MAX + 1);
}

static void what_does_not_fit_an_int_ends_the_program(void **state) {
    (void)state;
    assert_aborts(narrow_too_much);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_read_exactly),
        cmocka_unit_test(whole_numbers_are_read_wherever_the_point_stands),
        cmocka_unit_test(what_is_no_whole_number_is_refused_and_changes_nothing),
        cmocka_unit_test(reals_are_read),
        cmocka_unit_test(what_is_no_real_is_refused_and_changes_nothing),
        cmocka_unit_test(reals_are_printed_shortest_and_read_back),
        cmocka_unit_test(reals_are_printed_as_people_write_them),
        cmocka_unit_test(what_fits_an_int_is_narrowed),
        cmocka_unit_test(what_does_not_fit_an_int_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
