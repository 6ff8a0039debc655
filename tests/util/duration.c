#include "brood/util/duration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmocka_all.h"

#define MINUTES(n) (60.0 * (n))
#define HOURS(n)   (3600.0 * (n))
#define DAYS(n)    (86400.0 * (n))

static void every_form_is_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double      seconds;
    } cases[] = {
        {"1-02:03:04", DAYS(1) + HOURS(2) + MINUTES(3) + 4},
        {"1-02:03", DAYS(1) + HOURS(2) + MINUTES(3)},
        {"1-02", DAYS(1) + HOURS(2)},
        {"1-2", DAYS(1) + HOURS(2)},
        {"1-2:3", DAYS(1) + HOURS(2) + MINUTES(3)},
        {"1:2", MINUTES(1) + 2}, /* as Slurm reads it */
        {"0-00:00:01", 1},
        {"02:03:04", HOURS(2) + MINUTES(3) + 4},
        {"48:00:00", HOURS(48)},
        {"90:30", MINUTES(90) + 30},
        {"0:05", 5},
        {"UNLIMITED", INFINITY},
        {"3h50m", HOURS(3) + MINUTES(50)},
        {"3 h 50 min", HOURS(3) + MINUTES(50)},
        {"3h 50min", HOURS(3) + MINUTES(50)},
        {"1d2h3m4s", DAYS(1) + HOURS(2) + MINUTES(3) + 4},
        {"0.2s", 0.2},
        {"0.2 s", 0.2},
        {"5 min", MINUTES(5)},
        {"1.5 h", MINUTES(90)},
        {"1e-3 s", 0.001},
        {"0 s", 0},
        {"100 d", DAYS(100)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double seconds = NAN;
        if (brood_duration_parse(cases[i].text, &seconds) != BROOD_OK) fail_msg("%s", brood_message());
        if (seconds != cases[i].seconds) fail_msg("%s is %g s", cases[i].text, seconds);
    }
}

static void what_is_no_duration_is_refused_and_changes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "30",
        "0",
        "5 minutes",
        "5 M",
        "-5 s",
        "5 s ",
        " 5 s",
        "s",
        "1m 1h",
        "1s 1s",
        "1m 2min",
        "1h,5m",
        "1:60",
        "60:60",
        "60:",
        "1:023",
        "1-24",
        "1-2:",
        "1-",
        "-1-2",
        "1:02:03:04",
        "1-2-3",
        "1:02x",
        "inf s",
        "nan s",
        "0x5 s",
        "1e999 s",
        "1.2.3 s",
        "5e s",
        "1 s 2",
        "unlimited",
        "UNLIMITED ",
        "5 ms",
        "5\ts",
        "1 - 02:00",
        "1234567890:00",
        "00000000000000000000000000000000000000000000000000000000000000001 s",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double seconds = 42;
        if (brood_duration_parse(texts[i], &seconds) != BROOD_E_USAGE) fail_msg("\"%s\" is read", texts[i]);
        assert_true(seconds == 42);
        assert_non_null(strstr(brood_message(), "expected a duration such as"));
    }
}

static void durations_are_printed_as_people_write_them(void **state) {
    (void)state;
    static const struct {
        double      seconds;
        const char *text;
    } cases[] = {{30, "30 s"},     {300, "5 min"}, {13800, "3 h 50 min"}, {93784, "1 d 2 h 3 min 4 s"}, {0.2, "0.2 s"},
                 {90.5, "90.5 s"}, {0, "0 s"},     {86400, "1 d"},        {INFINITY, "UNLIMITED"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        brood_duration_print(cases[i].seconds, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_printed_duration_reads_back_to_the_same_value(void **state) {
    (void)state;
    uint64_t random = 5;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = random_bits(&random) & ~(UINT64_C(1) << 63);
        double   seconds, again;
        char     text[64];
        memcpy(&seconds, &bits, sizeof seconds);
        if (i % 3 == 1) seconds = (double)(bits % 10000000);
        if (i % 3 == 2) seconds = (double)(bits % 10000000) / 1024;
        if (isnan(seconds)) continue;
        brood_duration_print(seconds, text, sizeof text);
        if (brood_duration_parse(text, &again) != BROOD_OK) fail_msg("%s", brood_message());
        if (again != seconds) fail_msg("%.17g is printed as %s", seconds, text);
    }
}

static void a_small_buffer_is_not_overrun(void **state) {
    (void)state;
    char text[8] = "xxxxxxx";
    brood_duration_print(93784, text, 6);
    assert_string_equal(text, "1 d 2");
    assert_int_equal(text[6], 'x');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(what_is_no_duration_is_refused_and_changes_nothing),
        cmocka_unit_test(durations_are_printed_as_people_write_them),
        cmocka_unit_test(a_printed_duration_reads_back_to_the_same_value),
        cmocka_unit_test(a_small_buffer_is_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
