#include "brood/util/number.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brood/util/quote.h"

/* The parts of [+-]digits[.digits][e[+-]digits]. */
typedef struct {
    bool        negative;
    const char *whole, *fraction;
    size_t      whole_digits, fraction_digits;
    int64_t     exponent; /* beyond ±EXPONENT_LIMIT: held there */
} decimal_t;

#define EXPONENT_LIMIT 1000000

static size_t count_digits(const char *text) {
    return strspn(text, "0123456789");
}

static bool read_sign(const char **at) {
    bool negative = **at == '-';
    if (**at == '-' || **at == '+') (*at)++;
    return negative;
}

/* What strtod accepts beyond that (nan, inf, hexadecimal, blanks) is no number here. */
static bool split_decimal(const char *text, decimal_t *parts) {
    const char *at = text;
    *parts = (decimal_t){0};
    parts->negative = read_sign(&at);
    parts->whole = at;
    parts->whole_digits = count_digits(at);
    at += parts->whole_digits;
    if (*at == '.') at++;
    parts->fraction = at;
    parts->fraction_digits = at > text && at[-1] == '.' ? count_digits(at) : 0;
    at += parts->fraction_digits;
    if (parts->whole_digits + parts->fraction_digits == 0) return false;
    if (*at == 'e' || *at == 'E') {
        at++;
        bool negative = read_sign(&at);
        if (count_digits(at) == 0) return false;
        for (; isdigit((unsigned char)*at); at++)
            if (parts->exponent < EXPONENT_LIMIT) parts->exponent = 10 * parts->exponent + (*at - '0');
        if (negative) parts->exponent = -parts->exponent;
    }
    return *at == '\0';
}

static char digit_at(const decimal_t *parts, size_t i) {
    return i < parts->whole_digits ? parts->whole[i] : parts->fraction[i - parts->whole_digits];
}

brood_err_t brood_real_parse(const char *text, double *value) {
    char      quoted[BROOD_QUOTE_SIZE];
    decimal_t parts;
    if (!split_decimal(text, &parts))
        return brood_fail(BROOD_E_USAGE, "found %s, expected a decimal number such as 0.01", brood_quote(text, quoted));
    double read = strtod(text, NULL);
    bool   zero = true;
    for (size_t i = 0; zero && i < parts.whole_digits + parts.fraction_digits; i++) zero = digit_at(&parts, i) == '0';
    if (!isfinite(read) || (read == 0 && !zero))
        return brood_fail(BROOD_E_USAGE, "found %s, expected a number between 4.9e-324 and 1.8e308, or 0",
                          brood_quote(text, quoted));
    *value = read;
    return BROOD_OK;
}

/* Digit by digit, never through a double, which would round 2^53 + 1 and take 1.00000000000000000001 for 1. */
brood_err_t brood_integer_parse(const char *text, int64_t *value) {
    char      quoted[BROOD_QUOTE_SIZE];
    decimal_t parts;
    if (!split_decimal(text, &parts))
        return brood_fail(BROOD_E_USAGE, "found %s, expected a whole number", brood_quote(text, quoted));
    size_t digits = parts.whole_digits + parts.fraction_digits;
    size_t significant = digits;
    while (significant > 0 && digit_at(&parts, significant - 1) == '0') significant--;
    /* value = significant digits × 10^zeros */
    int64_t zeros = parts.exponent - (int64_t)parts.fraction_digits + (int64_t)(digits - significant);
    if (significant > 0 && zeros < 0)
        return brood_fail(BROOD_E_USAGE, "found %s, expected a whole number", brood_quote(text, quoted));
    int64_t read = 0; /* built negative: the range is wider there */
    bool    fits = true;
    for (size_t i = 0; fits && i < significant; i++)
        fits = !__builtin_mul_overflow(read, 10, &read) &&
               !__builtin_sub_overflow(read, (int64_t)(digit_at(&parts, i) - '0'), &read);
    for (int64_t i = 0; fits && read != 0 && i < zeros; i++) fits = !__builtin_mul_overflow(read, 10, &read);
    if (fits && !parts.negative) fits = !__builtin_sub_overflow((int64_t)0, read, &read);
    if (!fits)
        return brood_fail(BROOD_E_USAGE, "found %s, expected a whole number between %lld and %lld",
                          brood_quote(text, quoted), LLONG_MIN, LLONG_MAX);
    *value = read;
    return BROOD_OK;
}

void brood_real_print(double value, char text[BROOD_REAL_SIZE]) {
    if (isnan(value)) {
        snprintf(text, BROOD_REAL_SIZE, "nan");
        return;
    }
    if (floor(value) == value && fabs(value) < 1e15) { /* %g would write 2000 as 2e+03 */
        snprintf(text, BROOD_REAL_SIZE, "%.0f", value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, BROOD_REAL_SIZE, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}

int brood_to_int(int64_t value) {
    if (value < INT_MIN || value > INT_MAX) {
        fprintf(stderr, "brood: internal error: %lld does not fit an int\n", (long long)value);
        abort();
    }
    return (int)value;
}
