/* Ranges as tables write them: "1 .. 10", "(0 .. 1]", "0 ..", "adam | sgd". */
#include "config_value.h"

#include <string.h>

#include "brood/util/duration.h"
#include "brood/util/number.h"

typedef struct {
    char low[64], high[64]; /* "" where there is none */
    bool low_open, high_open;
} range_t;

static brood_err_t no_range(const brood_key_t *key) {
    return brood_fail(BROOD_E_BUG, "%s: its table has the range \"%s\", expected one such as \"(0 .. 1]\"", key->path,
                      key->range);
}

static bool copy_trimmed(const char *from, size_t length, char to[64]) {
    while (length > 0 && *from == ' ') from++, length--;
    while (length > 0 && from[length - 1] == ' ') length--;
    if (length >= 64) return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

static brood_err_t split_range(const brood_key_t *key, range_t *range) {
    const char *begin = key->range, *end = begin + strlen(begin), *dots = strstr(begin, "..");
    *range = (range_t){0};
    if (!dots) return no_range(key);
    range->low_open = *begin == '(';
    range->high_open = end[-1] == ')';
    if (*begin == '(' || *begin == '[') begin++;
    if (end[-1] == ')' || end[-1] == ']') end--;
    if (end < dots + 2 || !copy_trimmed(begin, (size_t)(dots - begin), range->low) ||
        !copy_trimmed(dots + 2, (size_t)(end - dots - 2), range->high))
        return no_range(key);
    return BROOD_OK;
}

/* An end of a duration's range may be a duration, or seconds. */
static brood_err_t read_end(const brood_key_t *key, const char *text, double *value) {
    if (key->kind == BROOD_KEY_DURATION && brood_duration_parse(text, value) == BROOD_OK) return BROOD_OK;
    return brood_real_parse(text, value) == BROOD_OK ? BROOD_OK : no_range(key);
}

static void print_end(const brood_key_t *key, const char *text, char end[64]) {
    double seconds;
    end[0] = '\0';
    if (text[0] && read_end(key, text, &seconds) == BROOD_OK) brood_duration_print(seconds, end, 64);
}

void brood_config_range_print(const brood_key_t *key, char *text, size_t size) {
    range_t range;
    char    low[64], high[64];
    snprintf(text, size, "%s", key->range ? key->range : "");
    if (!key->range || key->kind != BROOD_KEY_DURATION || split_range(key, &range) != BROOD_OK) return;
    print_end(key, range.low, low);
    print_end(key, range.high, high);
    bool brackets = range.low_open || range.high_open;
    snprintf(text, size, "%s%s ..%s%s%s",
             !brackets        ? ""
             : range.low_open ? "("
                              : "[",
             low, *high ? " " : "", high,
             !brackets         ? ""
             : range.high_open ? ")"
                               : "]");
}

brood_err_t brood_config_in_range(const brood_key_t *key, double value, bool *within) {
    brood_err_t err = BROOD_OK;
    range_t     range;
    double      end;
    *within = true;
    if (!key->range) return BROOD_OK;
    BROOD_TRY(split_range(key, &range));
    if (range.low[0]) {
        BROOD_TRY(read_end(key, range.low, &end));
        if (value < end || (range.low_open && value == end)) *within = false;
    }
    if (range.high[0]) {
        BROOD_TRY(read_end(key, range.high, &end));
        if (value > end || (range.high_open && value == end)) *within = false;
    }
done:
    return err;
}

/* Apart from the reals', since a double does not hold every int64_t. */
brood_err_t brood_config_integer_in_range(const brood_key_t *key, int64_t value, bool *within) {
    range_t range;
    int64_t end;
    *within = true;
    if (!key->range) return BROOD_OK;
    brood_err_t err = split_range(key, &range);
    if (err != BROOD_OK) return err;
    if (range.low[0]) {
        if (brood_integer_parse(range.low, &end) != BROOD_OK) return no_range(key);
        if (value < end || (range.low_open && value == end)) *within = false;
    }
    if (range.high[0]) {
        if (brood_integer_parse(range.high, &end) != BROOD_OK) return no_range(key);
        if (value > end || (range.high_open && value == end)) *within = false;
    }
    return BROOD_OK;
}

const char *brood_config_word(const char *range, int32_t index, size_t *length) {
    const char *word = range;
    for (; index > 0; index--) {
        word = strchr(word, '|');
        if (!word) return NULL;
        word++;
    }
    word += strspn(word, " ");
    *length = strcspn(word, " |");
    return *length > 0 ? word : NULL;
}
