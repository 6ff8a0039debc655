#include "brood/util/number.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* digits[.digits][e[+-]digits], with an optional sign: what strtod accepts beyond that (nan, inf, hexadecimal, blanks)
 * is no number here. */
static bool is_decimal(const char *text) {
    const char *at = text;
    if (*at == '+' || *at == '-') at++;
    size_t whole = strspn(at, "0123456789");
    at += whole;
    size_t fraction = 0;
    if (*at == '.') {
        at++;
        fraction = strspn(at, "0123456789");
        at += fraction;
    }
    if (whole + fraction == 0) return false;
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-') at++;
        size_t exponent = strspn(at, "0123456789");
        if (exponent == 0) return false;
        at += exponent;
    }
    return *at == '\0';
}

brood_err_t brood_real_parse(const char *text, double *value) {
    if (!is_decimal(text))
        return brood_fail(BROOD_E_USAGE, "found \"%s\", expected a decimal number such as 0.01", text);
    double read = strtod(text, NULL);
    if (!isfinite(read)) return brood_fail(BROOD_E_USAGE, "found \"%s\", expected a number below 1.8e308", text);
    *value = read;
    return BROOD_OK;
}

brood_err_t brood_integer_parse(const char *text, int64_t *value) {
    if (!is_decimal(text)) return brood_fail(BROOD_E_USAGE, "found \"%s\", expected a whole number", text);
    if (!strpbrk(text, ".eE")) {
        errno = 0;
        long long read = strtoll(text, NULL, 10);
        if (errno == ERANGE)
            return brood_fail(BROOD_E_USAGE, "found \"%s\", expected a whole number of at most 19 digits", text);
        *value = read;
        return BROOD_OK;
    }
    double read = strtod(text, NULL);
    if (floor(read) != read || fabs(read) > 9007199254740992.0) /* 2^53: beyond, doubles skip whole numbers */
        return brood_fail(BROOD_E_USAGE, "found \"%s\", expected a whole number", text);
    *value = (int64_t)read;
    return BROOD_OK;
}

int brood_to_int(int64_t value) {
    if (value < INT_MIN || value > INT_MAX) {
        fprintf(stderr, "brood: internal error: %lld does not fit an int\n", (long long)value);
        abort();
    }
    return (int)value;
}
