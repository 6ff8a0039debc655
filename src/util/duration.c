#include "brood/util/duration.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "brood/util/number.h"
#include "brood/util/quote.h"

#define MINUTE 60.0
#define HOUR   3600.0
#define DAY    86400.0

/* The longest names first: "min" before "m". */
static const struct {
    const char *name;
    double      seconds;
} units[] = {{"min", MINUTE}, {"d", DAY}, {"h", HOUR}, {"m", MINUTE}, {"s", 1}};

/* A field of a Slurm time: one or two digits (the first field: up to nine) below `limit`. */
static bool read_field(const char **at, size_t most_digits, double limit, double *value) {
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || digits > most_digits) return false;
    double read = 0;
    for (size_t i = 0; i < digits; i++) read = 10 * read + ((*at)[i] - '0');
    if (read >= limit) return false;
    *at += digits;
    *value = read;
    return true;
}

/* D-HH[:MM[:SS]], HH:MM:SS or MM:SS. */
static bool parse_slurm(const char *text, double *seconds) {
    const char *at = text;
    double      field[3] = {0}, days = 0;
    int         count = 1;
    if (!read_field(&at, 9, INFINITY, &field[0])) return false;
    bool has_days = *at == '-';
    if (has_days) {
        days = field[0];
        at++;
        if (!read_field(&at, 2, 24, &field[0])) return false;
    }
    while (*at == ':' && count < 3) {
        at++;
        if (!read_field(&at, 2, 60, &field[count++])) return false;
    }
    if (*at != '\0' || (!has_days && count == 1)) return false;
    bool from_hours = has_days || count == 3;
    *seconds =
        days * DAY + (from_hours ? field[0] * HOUR + field[1] * MINUTE + field[2] : field[0] * MINUTE + field[1]);
    return true;
}

static const char *skip_spaces(const char *at) {
    return at + strspn(at, " ");
}

/* A number without a sign: digits[.digits][e[+-]digits]. */
static bool read_number(const char **at, double *value) {
    char   number[64];
    size_t length = strspn(*at, "0123456789.");
    if (length == 0) return false;
    if ((*at)[length] == 'e') {
        size_t exponent = length + 1;
        if ((*at)[exponent] == '-' || (*at)[exponent] == '+') exponent++;
        length = exponent + strspn(*at + exponent, "0123456789");
    }
    if (length >= sizeof number) return false;
    memcpy(number, *at, length);
    number[length] = '\0';
    if (brood_real_parse(number, value) != BROOD_OK) return false;
    *at += length;
    return true;
}

static bool read_unit(const char **at, double *seconds) {
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t length = strlen(units[i].name);
        if (strncmp(*at, units[i].name, length) != 0 || isalpha((unsigned char)(*at)[length])) continue;
        *at += length;
        *seconds = units[i].seconds;
        return true;
    }
    return false;
}

/* Numbers with units, the units falling. */
static bool parse_units(const char *text, double *seconds) {
    double total = 0, previous = INFINITY;
    for (const char *at = text; *at != '\0';) {
        double number, unit;
        if (!read_number(&at, &number)) return false;
        at = skip_spaces(at);
        if (!read_unit(&at, &unit) || unit >= previous) return false;
        total += number * unit;
        previous = unit;
        const char *next = skip_spaces(at);
        if (*next == '\0' && next > at) return false; /* blanks at the end */
        at = next;
    }
    *seconds = total;
    return isfinite(total) && previous < INFINITY;
}

brood_err_t brood_duration_parse(const char *text, double *seconds) {
    double read;
    if (!strcmp(text, "UNLIMITED")) {
        *seconds = INFINITY;
        return BROOD_OK;
    }
    if (!parse_slurm(text, &read) && !parse_units(text, &read)) {
        char quoted[BROOD_QUOTE_SIZE];
        return brood_fail(
            BROOD_E_USAGE,
            "found %s, expected a duration such as 0.2 s, 5 min, 3h50m, 03:50:00, 1-12:00:00 or UNLIMITED",
            brood_quote(text, quoted));
    }
    *seconds = read;
    return BROOD_OK;
}

/* 3 h 50 min; what is nought is left out. */
static void print_whole(double seconds, char *text, size_t size) {
    static const struct {
        const char *name;
        double      seconds;
    } printed[] = {{"d", DAY}, {"h", HOUR}, {"min", MINUTE}, {"s", 1}};
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof printed / sizeof *printed && used < size; i++) {
        double count = floor(seconds / printed[i].seconds);
        if (count == 0) continue;
        seconds -= count * printed[i].seconds;
        used += (size_t)snprintf(text + used, size - used, "%s%.0f %s", used ? " " : "", count, printed[i].name);
    }
}

void brood_duration_print(double seconds, char *text, size_t size) {
    if (isinf(seconds)) {
        snprintf(text, size, "UNLIMITED");
    } else if (seconds >= 1 && floor(seconds) == seconds && seconds < 1e15) {
        print_whole(seconds, text, size);
    } else { /* a fraction, split into minutes and seconds, would not always add up to the same double again */
        char number[BROOD_REAL_SIZE];
        brood_real_print(seconds, number);
        snprintf(text, size, "%s s", number);
    }
}
