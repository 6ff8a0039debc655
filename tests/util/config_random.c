/* Random configurations come back from their text; damaged ones are refused with a place, and never crash. */
#include "config_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sample_t sample, again;

static uint64_t random_state;

static int64_t random_below(int64_t n) {
    return (int64_t)(random_bits(&random_state) >> 11) % n;
}

/* Any double of [low, high]: plain fractions, or random bits of the mantissa at a random scale. */
static double random_real(double low, double high) {
    double fraction = (double)(random_bits(&random_state) >> 11) * 0x1p-53;
    for (int64_t halvings = random_below(60); halvings > 0; halvings--) fraction *= 0.5;
    if (random_below(4) == 0) fraction = (double)random_below(1000) / 1000;
    double value = low + (high - low) * fraction;
    return value == 0 ? 0 : value;
}

static void random_text(char *text, int64_t size) {
    static const char *const characters[] = {"a", "Z", "0", "9", " ", ",",  ";", ":", "#", "\"", "\\", "'",
                                             "~", "-", "[", "]", "{", "}",  "&", "*", "!", "|",  ">",  "%",
                                             "@", "`", "?", "/", "é", "日", "𝄞", "ß", "=", ".",  "<",  "$"};
    int64_t                  length = 1 + random_below(random_below(4) ? 20 : size / 4 - 1);
    text[0] = '\0';
    for (int64_t i = 0; i < length; i++)
        strcat(text, characters[random_below((int64_t)(sizeof characters / sizeof *characters))]);
    if (strspn(text, " ") == strlen(text)) strcpy(text, "x");
}

static void random_choices(brood_choices_t *choices, int32_t most, bool sizes) {
    bool    used[128][128] = {{false}};
    int64_t wanted = 1 + random_below(random_below(4) ? 6 : BROOD_MAX_CHOICES);
    memset(choices, 0, sizeof *choices);
    for (int64_t tries = 0; tries < 2 * wanted && choices->count < wanted; tries++) {
        int32_t value = 1 + (int32_t)random_below(most), width = sizes ? 1 + (int32_t)random_below(most) : value;
        bool   *seen = &used[value % 128][width % 128];
        if (*seen) continue;
        *seen = true;
        choices->value[choices->count] = value;
        choices->width[choices->count++] = width;
    }
}

static void random_sample(sample_t *to) {
    sample_init(to);
    to->main.round = 1 + random_below(1000);
    to->main.seed = (int64_t)(random_bits(&random_state) >> 1);
    to->main.seed >>= random_below(63);
    to->main.rate = random_real(1e-300, 1);
    to->main.every = random_below(2) ? (double)(1 + random_below(86400)) : random_real(0.1, 86400);
    to->main.skip = random_below(2) != 0;
    if (random_below(4)) random_text(to->main.dir, BROOD_MAX_PATH);
    to->other.numerics = (int32_t)random_below(2);
    random_choices(&to->other.filters, 4096, false);
    random_choices(&to->other.kernel_size, 100, true);
    to->other.start.count = random_below(random_below(8) ? 4 : BROOD_MAX_TEXTS + 1);
    for (int64_t i = 0; i < to->other.start.count; i++) random_text(to->other.start.text[i], BROOD_MAX_TEXT);
    to->other.patience = random_real(-10, 9.999);
}

static char *text_of(const sample_t *of, bool frozen_only) {
    char *yaml;
    assert_int_equal(brood_config_text(of->sections, SAMPLE_SECTIONS, frozen_only, &yaml), BROOD_OK);
    return yaml;
}

static void a_text_reads_back_to_the_same_structs(void **state) {
    (void)state;
    random_state = 20240607;
    for (int i = 0; i < 500; i++) {
        random_sample(&sample);
        char *yaml = text_of(&sample, false);
        sample_init(&again);
        if (sample_read(&again, yaml) != BROOD_OK) fail_msg("%s\n%s", brood_message(), yaml);
        assert_memory_equal(&again.main, &sample.main, sizeof sample.main);
        assert_memory_equal(&again.other, &sample.other, sizeof sample.other);
        char *yaml_again = text_of(&again, false);
        assert_string_equal(yaml_again, yaml);
        free(yaml_again);
        char *frozen = text_of(&sample, true);
        assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS, frozen), BROOD_OK);
        free(frozen);
        free(yaml);
    }
}

/* Bytes that matter to YAML come more often. */
static char random_byte(void) {
    static const char interesting[] = "[]{}:,-#&*!|>'\"%@`?~ \n\t\\0e.x=\x01\x7f\xc3\xff\xef";
    return random_below(4) ? interesting[random_below((int64_t)sizeof interesting)] : (char)random_below(256);
}

/* One damage: a byte replaced, inserted or deleted, a stretch deleted, doubled or moved. Returns the new size. */
static size_t damage(char *text, size_t size, size_t capacity) {
    size_t at = (size_t)random_below((int64_t)size + 1), length = (size_t)random_below(30);
    if (at + length > size) length = size - at;
    switch (random_below(5)) {
    case 0:
        if (at < size) text[at] = random_byte();
        return size;
    case 1:
        if (size + 1 >= capacity) return size;
        memmove(text + at + 1, text + at, size - at);
        text[at] = random_byte();
        return size + 1;
    case 2:
        memmove(text + at, text + at + length, size - at - length);
        return size - length;
    case 3:
        if (size + length >= capacity) return size;
        memmove(text + at + length, text + at, size - at);
        return size + length;
    default: {
        size_t to = (size_t)random_below((int64_t)(size - length) + 1);
        memmove(text + to, text + at, length);
        return size;
    }
    }
}

static void assert_place(const char *message) {
    unsigned line, column;
    int      end = 0;
    if (sscanf(message, "c.yaml:%u:%u: %n", &line, &column, &end) != 2 || end == 0 || line == 0 || column == 0)
        fail_msg("no place in \"%s\"", message);
}

static void a_damaged_configuration_is_read_or_refused_with_its_place(void **state) {
    (void)state;
    static char text[2 * BROOD_MAX_CONFIG];
    int64_t     good = 0, refused = 0;
    random_state = 424242;
    for (int i = 0; i < 2000; i++) {
        random_sample(&sample);
        if (random_below(8)) sample.other.start.count = 0; /* shorter texts: the damage hits more keys */
        char  *yaml = text_of(&sample, false);
        size_t size = strlen(yaml);
        memcpy(text, yaml, size);
        free(yaml);
        for (int64_t times = 1 + random_below(3); times > 0; times--) size = damage(text, size, sizeof text);
        char *exact = malloc(size + 1); /* of its own size, so that reading beyond it is seen */
        memcpy(exact, text, size);
        exact[size] = '\0';
        sample_init(&again);
        brood_err_t err = sample_read(&again, exact);
        if (err != BROOD_OK) {
            assert_int_equal(err, BROOD_E_CONFIG);
            assert_place(brood_message());
            refused++;
        } else {
            good++;
            free(text_of(&again, false));
        }
        free(exact);
    }
    print_message("%d read, %d refused\n", (int)good, (int)refused);
    assert_true(good > 50 && refused > 500); /* else the damages test nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_reads_back_to_the_same_structs),
        cmocka_unit_test(a_damaged_configuration_is_read_or_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
