#include <string.h>

#include "brood/util/number.h"
#include "command.h"

bool wants_help(int argc, char *argv[]) {
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
    return false;
}

/* The option that shares the longest beginning with what was typed. */
static const char *nearest(const char *typed, const option_t options[]) {
    const char *best = NULL;
    size_t      length = 2; /* every option begins with -- */
    for (const option_t *option = options; option->name; option++) {
        size_t same = 0;
        while (typed[same] && typed[same] == option->name[same]) same++;
        if (same > length) {
            length = same;
            best = option->name;
        }
    }
    return best;
}

static const option_t *find(const char *typed, size_t length, const option_t options[]) {
    for (const option_t *option = options; option->name; option++)
        if (strlen(option->name) == length && !strncmp(option->name, typed, length)) return option;
    return NULL;
}

static brood_err_t unknown(const char *typed, const option_t options[]) {
    const char *meant = nearest(typed, options);
    return meant ? brood_fail(BROOD_E_USAGE, "unknown option %s; did you mean %s?", typed, meant)
                 : brood_fail(BROOD_E_USAGE, "unknown option %s; --help lists those there are", typed);
}

static brood_err_t take(const option_t *option, const char *value) {
    if (option->list) {
        int n = 0;
        while (option->list[n]) n++;
        option->list[n] = value;
        option->list[n + 1] = NULL;
        return BROOD_OK;
    }
    if (option->value ? *option->value != NULL : *option->given)
        return brood_fail(BROOD_E_USAGE, "%s is given twice", option->name);
    if (option->value) *option->value = value;
    if (option->given) *option->given = true;
    return BROOD_OK;
}

brood_err_t parse_options(int argc, char *argv[], const option_t options[], const char *positional[], int most) {
    int count = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            if (count == most) return brood_fail(BROOD_E_USAGE, "unexpected argument \"%s\"", argv[i]);
            positional[count++] = argv[i];
            continue;
        }
        const char     *equals = strchr(argv[i], '=');
        size_t          length = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);
        const option_t *option = find(argv[i], length, options);
        if (!option) return unknown(argv[i], options);
        bool        takes = option->value || option->list;
        const char *value = equals ? equals + 1 : NULL;
        if (!takes && value) return brood_fail(BROOD_E_USAGE, "%s takes no value", option->name);
        if (takes && !value) {
            if (i + 1 == argc) return brood_fail(BROOD_E_USAGE, "%s needs a value", option->name);
            value = argv[++i];
        }
        brood_err_t err = take(option, value);
        if (err != BROOD_OK) return err;
    }
    return BROOD_OK;
}

brood_err_t count_option(const char *name, const char *text, int64_t least, int64_t most, int64_t *value) {
    if (!text) return BROOD_OK;
    brood_err_t err = brood_integer_parse(text, value);
    if (err != BROOD_OK) return brood_because(err, "%s", name);
    if (*value >= least && *value <= most) return BROOD_OK;
    return brood_fail(BROOD_E_USAGE, "%s: found %s, expected %lld .. %lld", name, text, (long long)least,
                      (long long)most);
}
