#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "forecast.h"

#define COUNT(list) (int64_t)(sizeof(list) / sizeof *(list))

static double wall(const forecast_t *forecast, int64_t trainers) {
    double seconds;
    assert_int_equal(forecast_wall(forecast, trainers, &seconds), BROOD_OK);
    return seconds;
}

static void assert_close(double found, double expected) {
    if (!(fabs(found - expected) <= 1e-9 * fabs(expected))) fail_msg("found %.9g, expected %.9g", found, expected);
}

/* Two rounds of four: 1 2 3 2 and 5 1 1 1. */
static const double     eight[] = {1, 2, 3, 2, 5, 1, 1, 1};
static const forecast_t two_rounds = {.known = eight, .known_count = 8, .rounds = 2, .round = 4};

static void one_rank_takes_what_the_children_take_together(void **state) {
    (void)state;
    assert_close(forecast_work(&two_rounds), 16);
    assert_close(wall(&two_rounds, 1), 16);
}

static void the_costliest_goes_first_and_a_round_waits_for_the_one_before(void **state) {
    (void)state;
    assert_close(wall(&two_rounds, 2), 4 + 5);  /* 3 1 beside 2 2; then 5 beside 1 1 1 */
    assert_close(wall(&two_rounds, 3), 3 + 5);  /* 3 beside 2 1 beside 2 */
    assert_close(wall(&two_rounds, 99), 3 + 5); /* the slowest of each */
}

static void with_lag_the_next_round_begins_while_the_last_children_are_trained(void **state) {
    (void)state;
    forecast_t lagging = two_rounds;
    lagging.lag = 1;
    assert_close(wall(&lagging, 2), 9);  /* 3 1 1 1 1 beside 2 2 5 */
    assert_close(wall(&lagging, 3), 7);  /* 5 behind the first that is done, at 2 */
    assert_close(wall(&lagging, 99), 5); /* all at once */
    const double four[] = {4, 1, 1, 1};
    forecast_t   chain = {.known = four, .known_count = 4, .rounds = 4, .round = 1, .lag = 1};
    assert_close(wall(&chain, 9), 4 + 1); /* rounds 2 and 3 wait for round 0, since it is told first */
}

static void children_that_are_trained_already_take_no_time(void **state) {
    (void)state;
    const double rest[] = {0, 0, 3, 0, 0, 1, 0, 0};
    forecast_t   forecast = {.known = rest, .known_count = 8, .rounds = 2, .round = 4};
    assert_close(wall(&forecast, 2), 4);
    const double none[] = {0, 0};
    forecast = (forecast_t){.known = none, .known_count = 2, .rounds = 1, .round = 2};
    assert_true(wall(&forecast, 2) == 0 && forecast_work(&forecast) == 0);
}

static void those_to_come_are_as_the_typical_ones(void **state) {
    (void)state;
    const double typical[] = {1, 3};
    forecast_t   forecast = {
          .known = eight, .known_count = 8, .typical = typical, .typical_count = 2, .rounds = 3, .round = 4};
    assert_close(forecast_work(&forecast), 16 + 4 * 2);
    assert_close(wall(&forecast, 2), 4 + 5 + 4);
}

static void of_very_many_rounds_the_first_stand_for_all(void **state) {
    (void)state;
    const double typical[] = {1, 2, 3, 2, 1, 2, 3, 2};
    forecast_t   forecast = {.typical = typical, .typical_count = 8, .rounds = 100000000, .round = 4};
    assert_close(forecast_work(&forecast), 8e8);
    assert_close(wall(&forecast, 2), 4e8);
    assert_close(wall(&forecast, 4), 3e8);
}

static void a_quantile_is_of_the_values_in_order(void **state) {
    (void)state;
    double ten[] = {9, 1, 8, 2, 7, 3, 6, 4, 0, 5};
    assert_true(forecast_quantile(COUNT(ten), ten, 0.5) == 5);
    assert_true(forecast_quantile(COUNT(ten), ten, 0.9) == 9);
    assert_true(forecast_quantile(COUNT(ten), ten, 0) == 0);
    assert_true(forecast_quantile(COUNT(ten), ten, 1) == 9);
    assert_true(isnan(forecast_quantile(0, ten, 0.5)));
}

static void times_are_printed_no_finer_than_an_estimate_is_worth(void **state) {
    (void)state;
    static const struct {
        double      seconds;
        const char *text;
    } known[] = {{0, "0 s"},      {0.0123, "0.012 s"},      {9.4, "9.4 s"},
                 {9.6, "10 s"},   {83.7, "1 min 24 s"},     {3661, "1 h 1 min"},
                 {40000, "11 h"}, {86400 * 3.2, "3 d 5 h"}, {86400 * 12.3, "12 d"}};
    for (int64_t i = 0; i < COUNT(known); i++) {
        char text[FORECAST_TEXT_SIZE];
        assert_string_equal(forecast_print(known[i].seconds, text), known[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_takes_what_the_children_take_together),
        cmocka_unit_test(the_costliest_goes_first_and_a_round_waits_for_the_one_before),
        cmocka_unit_test(with_lag_the_next_round_begins_while_the_last_children_are_trained),
        cmocka_unit_test(children_that_are_trained_already_take_no_time),
        cmocka_unit_test(those_to_come_are_as_the_typical_ones),
        cmocka_unit_test(of_very_many_rounds_the_first_stand_for_all),
        cmocka_unit_test(a_quantile_is_of_the_values_in_order),
        cmocka_unit_test(times_are_printed_no_finer_than_an_estimate_is_worth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
