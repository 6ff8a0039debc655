#include "config_sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sample_t sample, again; /* tens of KiB: not for the stack of every test */

static void read_well(const char *yaml) {
    sample_init(&sample);
    brood_err_t err = sample_read(&sample, yaml);
    if (err != BROOD_OK) print_error("%s\n", brood_message());
    assert_int_equal(err, BROOD_OK);
}

static void assert_choices(const brood_choices_t *choices, int64_t count, const int32_t value[],
                           const int32_t width[]) {
    assert_int_equal(choices->count, count);
    assert_memory_equal(choices->value, value, (size_t)count * sizeof *value);
    assert_memory_equal(choices->width, width, (size_t)count * sizeof *width);
}

static void nothing_given_is_all_defaults(void **state) {
    (void)state;
    static const char *const empty[] = {"", "\n", "# only a comment\n", "---\n...\n", "\xEF\xBB\xBF", "{}"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        read_well(empty[i]);
        assert_int_equal(sample.main.round, 8);
        assert_int_equal(sample.main.seed, 1);
        assert_true(sample.main.rate == 0.001);
        assert_true(sample.main.every == 30);
        assert_false(sample.main.skip);
        assert_string_equal(sample.main.dir, "");
        assert_int_equal(sample.other.numerics, 0);
        assert_choices(&sample.other.filters, 3, (int32_t[]){16, 32, 48}, (int32_t[]){16, 32, 48});
        assert_int_equal(sample.other.start.count, 0);
    }
}

static void every_kind_is_read(void **state) {
    (void)state;
    read_well("run: {round: 1e2, numerics: native, seed: 9223372036854775807}\n"
              "child:\n  rate: 1\n"
              "checkpoint: {every: 3h50m}\n"
              "space:\n  skip: true\n  filters: {from: 1, to: 10, step: 4}\n  kernel_size: [3, 5x3, 3x5, 7x7]\n"
              "data:\n  dir: ~/images of dogs\n"
              "strategy:\n  start: [\"5,32; 5,64\", 'é']\n  stop: {patience: -0}\n");
    assert_int_equal(sample.main.round, 100);
    assert_int_equal(sample.main.seed, INT64_MAX);
    assert_int_equal(sample.other.numerics, 1);
    assert_true(sample.main.rate == 1);
    assert_true(sample.main.every == 13800);
    assert_true(sample.main.skip);
    assert_choices(&sample.other.filters, 3, (int32_t[]){1, 5, 9}, (int32_t[]){1, 5, 9});
    assert_choices(&sample.other.kernel_size, 4, (int32_t[]){3, 5, 3, 7}, (int32_t[]){3, 3, 5, 7});
    assert_string_equal(sample.main.dir, "~/images of dogs");
    assert_int_equal(sample.other.start.count, 2);
    assert_string_equal(sample.other.start.text[0], "5,32; 5,64");
    assert_string_equal(sample.other.start.text[1], "é");
    assert_false(signbit(sample.other.patience));
}

static void one_value_is_a_list_of_one(void **state) {
    (void)state;
    read_well("space: {filters: 7, kernel_size: 5x3}\nstrategy: {start: '5,32'}");
    assert_choices(&sample.other.filters, 1, (int32_t[]){7}, (int32_t[]){7});
    assert_choices(&sample.other.kernel_size, 1, (int32_t[]){5}, (int32_t[]){3});
    assert_int_equal(sample.other.start.count, 1);
    assert_string_equal(sample.other.start.text[0], "5,32");
}

static void a_range_of_steps_of_one_needs_no_step(void **state) {
    (void)state;
    read_well("space: {filters: {from: 3, to: 5}}");
    assert_choices(&sample.other.filters, 3, (int32_t[]){3, 4, 5}, (int32_t[]){3, 4, 5});
}

static void dotted_paths_and_aliases_are_understood(void **state) {
    (void)state;
    read_well("run.round: &n 5\nrun: {seed: *n}\nspace: {filters: &f [2, 3], kernel_size: *f}");
    assert_int_equal(sample.main.round, 5);
    assert_int_equal(sample.main.seed, 5);
    assert_choices(&sample.other.kernel_size, 2, (int32_t[]){2, 3}, (int32_t[]){2, 3});
}

static void words_texts_and_durations_may_be_quoted(void **state) {
    (void)state;
    read_well("run: {numerics: \"native\"}\ncheckpoint: {every: '5 min'}\ndata: {dir: \"~\"}");
    assert_int_equal(sample.other.numerics, 1);
    assert_true(sample.main.every == 300);
    assert_string_equal(sample.main.dir, "~");
}

static void set_comes_after_the_file(void **state) {
    (void)state;
    char  path[] = "/tmp/brood-config-XXXXXX";
    int   file = mkstemp(path);
    FILE *out = fdopen(file, "w");
    fputs("run:\n  round: 3\n  seed: 4\n", out);
    fclose(out);
    sample_init(&sample);
    const char *const set[] = {"run.round=5",
                               "space.filters=[16, 32]",
                               "data.dir=/a=b",
                               "checkpoint.every=5 min",
                               "strategy={stop: {patience: 2}}",
                               NULL};
    assert_int_equal(brood_config_read(path, set, sample.sections, SAMPLE_SECTIONS), BROOD_OK);
    unlink(path);
    assert_int_equal(sample.main.round, 5);
    assert_int_equal(sample.main.seed, 4);
    assert_choices(&sample.other.filters, 2, (int32_t[]){16, 32}, (int32_t[]){16, 32});
    assert_string_equal(sample.main.dir, "/a=b");
    assert_true(sample.main.every == 300);
    assert_true(sample.other.patience == 2);
}

static void set_comes_after_the_text_that_a_run_keeps(void **state) {
    (void)state;
    static const char *const set[] = {"run.round=5", NULL};
    sample_init(&sample);
    assert_int_equal(brood_config_read_text("kept", "run: {round: 3, seed: 4}", set, sample.sections, SAMPLE_SECTIONS),
                     BROOD_OK);
    assert_int_equal(sample.main.round, 5);
    assert_int_equal(sample.main.seed, 4);
}

static void the_text_is_sorted_nested_and_complete(void **state) {
    (void)state;
    read_well("strategy: {start: ['a \"b\" \\ c']}\nspace: {kernel_size: [5x3, 4x4]}");
    char *yaml;
    assert_int_equal(brood_config_text(sample.sections, SAMPLE_SECTIONS, false, &yaml), BROOD_OK);
    assert_string_equal(yaml, "checkpoint:\n  every: 30 s\n"
                              "child:\n  rate: 0.001\n"
                              "data:\n  dir: ~\n"
                              "run:\n  numerics: portable\n  round: 8\n  seed: 1\n"
                              "space:\n  filters: [16, 32, 48]\n  kernel_size: [5x3, 4]\n  skip: false\n"
                              "strategy:\n  start: [\"a \\\"b\\\" \\\\ c\"]\n  stop:\n    patience: 0\n");
    free(yaml);
}

static void the_frozen_text_leaves_out_free_keys_and_their_sections(void **state) {
    (void)state;
    read_well("");
    char *yaml;
    assert_int_equal(brood_config_text(sample.sections, SAMPLE_SECTIONS, true, &yaml), BROOD_OK);
    assert_string_equal(yaml, "child:\n  rate: 0.001\n"
                              "run:\n  numerics: portable\n  round: 8\n  seed: 1\n"
                              "space:\n  filters: [16, 32, 48]\n  kernel_size: [1, 3, 5]\n  skip: false\n"
                              "strategy:\n  start: []\n");
    free(yaml);
}

static void the_text_does_not_depend_on_the_order_of_tables(void **state) {
    (void)state;
    read_well("run: {round: 77}");
    const brood_section_t swapped[] = {sample.sections[1], sample.sections[0]};
    char                 *yaml, *of_swapped;
    assert_int_equal(brood_config_text(sample.sections, SAMPLE_SECTIONS, false, &yaml), BROOD_OK);
    assert_int_equal(brood_config_text(swapped, SAMPLE_SECTIONS, false, &of_swapped), BROOD_OK);
    assert_string_equal(yaml, of_swapped);
    free(yaml);
    free(of_swapped);
}

static void sections_whose_names_begin_alike_stay_apart(void **state) {
    (void)state;
    const brood_key_t     keys[] = {{.path = "run.b", .kind = BROOD_KEY_INTEGER, .standard = "3"},
                                    {.path = "run-time.a", .kind = BROOD_KEY_INTEGER, .standard = "1"},
                                    {.path = "runs.a", .kind = BROOD_KEY_INTEGER, .standard = "4"},
                                    {.path = "run.a", .kind = BROOD_KEY_INTEGER, .standard = "2"}};
    int64_t               value;
    const brood_section_t section = {keys, 4, &value};
    char                 *yaml;
    value = 7; /* they all share it: this is about their names */
    assert_int_equal(brood_config_text(&section, 1, false, &yaml), BROOD_OK);
    assert_string_equal(yaml, "run-time:\n  a: 7\nrun:\n  a: 7\n  b: 7\nruns:\n  a: 7\n");
    free(yaml);
}

static void a_run_checks_against_its_own_keys(void **state) {
    (void)state;
    read_well("run: {round: 3}\ncheckpoint: {every: 1 min}");
    char *yaml;
    assert_int_equal(brood_config_text(sample.sections, SAMPLE_SECTIONS, true, &yaml), BROOD_OK);
    assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS, yaml), BROOD_OK);
    sample.main.every = 5; /* free */
    strcpy(sample.main.dir, "/elsewhere");
    assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS, yaml), BROOD_OK);
    free(yaml);
}

static void the_check_lists_every_frozen_key_that_differs_with_both_values(void **state) {
    (void)state;
    read_well("run: {round: 3, seed: 9}\nspace: {filters: [1, 2], skip: true}\ndata: {dir: /a}");
    assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS,
                                        "run: {round: 4, seed: 9}\nspace: {filters: [1], skip: true}\ndata: {dir: /b}"),
                     BROOD_E_CONFIG);
    assert_string_equal(brood_message(),
                        "2 keys that a run can't change differ from the run's own:\n"
                        "  run.round: found 3, expected 4 as in the run\n"
                        "  space.filters: found [1, 2], expected [1] as in the run\n"
                        "Give the run's values, or leave the configuration out to go on with them; other values need a "
                        "run directory of their own");
}

static void a_key_that_an_older_run_lacks_had_its_default(void **state) {
    (void)state;
    read_well("");
    assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS, "run: {round: 8}"), BROOD_OK);
    read_well("run: {seed: 2}");
    assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS, "run: {round: 8}"), BROOD_E_CONFIG);
    assert_non_null(strstr(brood_message(), "run.seed: found 2, expected 1"));
}

static void the_check_refuses_a_key_of_the_run_that_nobody_knows(void **state) {
    (void)state;
    read_well("");
    assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS, "run:\n  magic: 8\n"), BROOD_E_CONFIG);
    assert_non_null(strstr(brood_message(), "the run's configuration:2:3: run.magic: unknown key"));
}

static void the_check_cuts_long_values_to_where_they_differ(void **state) {
    (void)state;
    read_well("space: {filters: {from: 1, to: 200}}");
    assert_int_equal(brood_config_check(sample.sections, SAMPLE_SECTIONS, "space: {filters: {from: 1, to: 199}}"),
                     BROOD_E_CONFIG);
    assert_non_null(strstr(brood_message(), "199, 200], expected …"));
    assert_non_null(strstr(brood_message(), "198, 199] as in the run"));
    assert_true(strlen(brood_message()) < 500);
}

static int occurrences(const char *text, const char *word) {
    int count = 0;
    for (; (text = strstr(text, word)); text++) count++;
    return count;
}

static void the_check_counts_what_its_message_has_no_room_for(void **state) {
    (void)state;
    enum { KEYS = 200 };
    static char    paths[KEYS][64];
    static int64_t now[KEYS];
    brood_key_t    keys[KEYS];
    char          *yaml;
    for (int i = 0; i < KEYS; i++) {
        snprintf(paths[i], sizeof paths[i], "section.key_with_a_rather_long_name_%03d", i);
        keys[i] = (brood_key_t){.path = paths[i],
                                .kind = BROOD_KEY_INTEGER,
                                .offset = (size_t)i * sizeof *now,
                                .frozen = true,
                                .standard = "1"};
        now[i] = 1;
    }
    const brood_section_t section = {keys, KEYS, now};
    assert_int_equal(brood_config_text(&section, 1, true, &yaml), BROOD_OK);
    for (int i = 0; i < KEYS; i++) now[i] = 2;
    assert_int_equal(brood_config_check(&section, 1, yaml), BROOD_E_CONFIG);
    free(yaml);
    const char *more = strstr(brood_message(), "\n  and ");
    int         listed = occurrences(brood_message(), "found 2, expected 1 as in the run"), unlisted = 0;
    assert_non_null(more);
    assert_int_equal(sscanf(more, "\n  and %d more", &unlisted), 1);
    assert_int_equal(listed + unlisted, KEYS);
    assert_true(listed > 30);
    assert_non_null(strstr(brood_message(), "run directory of their own")); /* the end is there */
}

static char *help_text(const char *only, bool markdown) {
    char  *text;
    size_t size;
    FILE  *out = open_memstream(&text, &size);
    assert_int_equal(brood_config_help(sample.sections, SAMPLE_SECTIONS, only, markdown, out), BROOD_OK);
    fclose(out);
    return text;
}

static void help_shows_every_key_once_below_its_section(void **state) {
    (void)state;
    sample_init(&sample);
    char *text = help_text(NULL, false), *markdown = help_text(NULL, true);
    for (int64_t s = 0; s < SAMPLE_SECTIONS; s++)
        for (int64_t k = 0; k < sample.sections[s].count; k++) {
            const brood_key_t *key = &sample.sections[s].keys[k];
            char               row[160];
            snprintf(row, sizeof row, "  %s = %s\n", key->path, key->standard);
            assert_int_equal(occurrences(text, row), 1);
            snprintf(row, sizeof row, "| `%s` | `%s` |", key->path, key->standard);
            assert_int_equal(occurrences(markdown, row), 1);
        }
    assert_int_equal(occurrences(text, "\nrun\n"), 1);
    assert_int_equal(occurrences(markdown, "\n## run\n"), 1);
    assert_int_equal(occurrences(markdown, "\n## strategy\n"), 1);
    assert_true(strstr(text, "run.numerics") < strstr(text, "\nchild\n")); /* another table's key of the same section */
    assert_non_null(strstr(markdown, "portable \\| native"));
    assert_non_null(strstr(text, "More is calmer."));
    assert_non_null(strstr(text, "\n      [a whole number, 1 .. 1000; in episodes]\n"));
    assert_non_null(strstr(text, "0.1 s .. 1 d; free]"));
    assert_non_null(strstr(markdown, "| frozen | Step \\| size. "));
    assert_non_null(strstr(markdown, "| free | Between saves. "));
    free(text);
    free(markdown);
}

static void help_can_be_of_one_section_or_key(void **state) {
    (void)state;
    sample_init(&sample);
    char *section = help_text("child", false), *key = help_text("run.seed", false);
    assert_int_equal(occurrences(section, "\nchild\n"), 1);
    assert_int_equal(occurrences(section, "\n  child."), occurrences(section, " = ") - 1); /* KEY = DEFAULT */
    assert_int_equal(occurrences(key, "\n  run.seed = "), 1);
    assert_int_equal(occurrences(key, " = "), 2);
    assert_int_equal(occurrences(key, "\nchild\n"), 0);
    free(section);
    free(key);
    assert_int_equal(brood_config_help(sample.sections, SAMPLE_SECTIONS, "run.sede", false, stdout), BROOD_E_USAGE);
    assert_string_equal(brood_message(), "there is no key \"run.sede\"; did you mean run.seed?");
    assert_int_equal(brood_config_help(sample.sections, SAMPLE_SECTIONS, "zzz", false, stdout), BROOD_E_USAGE);
    assert_string_equal(brood_message(), "there is no key \"zzz\"");
}

static void help_stays_within_eighty_columns(void **state) {
    (void)state;
    const brood_key_t     wordy = {.path = "a.b",
                                   .kind = BROOD_KEY_CHOICES,
                                   .standard = "1",
                                   .range = "1 .. 1000000",
                                   .unit = "pixels of an image",
                                   .help = "wörds and words and words and more words until the line is full, and some more",
                                   .effect = "Words and words and words and more words until the line is full, and more"};
    const brood_section_t section = {&wordy, 1, NULL};
    char                 *text;
    size_t                size;
    FILE                 *out = open_memstream(&text, &size);
    assert_int_equal(brood_config_help(&section, 1, NULL, false, out), BROOD_OK);
    fclose(out);
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        *end = '\0';
        int width = 0;
        for (const char *byte = line; *byte; byte++) width += ((unsigned char)*byte & 0xC0u) != 0x80u;
        assert_in_range(width, 0, 80);
    }
    free(text);
}

static void a_key_is_found_by_its_path(void **state) {
    (void)state;
    sample_init(&sample);
    assert_string_equal(brood_config_find(sample.sections, SAMPLE_SECTIONS, "space.filters")->path, "space.filters");
    assert_null(brood_config_find(sample.sections, SAMPLE_SECTIONS, "space"));
}

static void both_values_of_every_key_are_valid_and_differ(void **state) {
    (void)state;
    sample_init(&sample);
    sample_init(&again);
    assert_int_equal(sample_set(&sample, NULL), BROOD_OK);
    for (int64_t s = 0; s < SAMPLE_SECTIONS; s++)
        for (int64_t k = 0; k < sample.sections[s].count; k++) {
            char set[256];
            snprintf(set, sizeof set, "%s=%s", sample.sections[s].keys[k].path, sample.sections[s].keys[k].other);
            assert_int_equal(sample_set(&again, set, NULL), BROOD_OK);
            assert_true(memcmp(&again.main, &sample.main, sizeof again.main) != 0 ||
                        memcmp(&again.other, &sample.other, sizeof again.other) != 0);
        }
}

static void assert_bug(const brood_key_t *keys, int64_t count, const char *expected) {
    int64_t               values[8];
    const brood_section_t section = {keys, count, values};
    assert_int_equal(brood_config_read(NULL, NULL, &section, 1), BROOD_E_BUG);
    if (!strstr(brood_message(), expected)) fail_msg("\"%s\" lacks \"%s\"", brood_message(), expected);
}

static void a_wrong_table_is_an_error_of_the_program(void **state) {
    (void)state;
    const brood_key_t bad_default = {.path = "a.b", .kind = BROOD_KEY_INTEGER, .standard = "0", .range = "1 .. 2"};
    const brood_key_t bad_range = {.path = "a.b", .kind = BROOD_KEY_INTEGER, .standard = "0", .range = "1 to 2"};
    const brood_key_t no_default = {.path = "a.b", .kind = BROOD_KEY_INTEGER};
    const brood_key_t twice[] = {{.path = "a.b", .standard = "0"}, {.path = "a.b", .standard = "0"}};
    const brood_key_t nested[] = {{.path = "a", .standard = "0"}, {.path = "a.b", .standard = "0"}};
    assert_bug(&bad_default, 1, "the default of a.b: found \"0\", expected a whole number, 1 .. 2");
    assert_bug(&bad_range, 1, "range \"1 to 2\"");
    assert_bug(&no_default, 1, "no default");
    assert_bug(twice, 2, "two tables");
    assert_bug(nested, 2, "as a section");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_is_all_defaults),
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(one_value_is_a_list_of_one),
        cmocka_unit_test(a_range_of_steps_of_one_needs_no_step),
        cmocka_unit_test(dotted_paths_and_aliases_are_understood),
        cmocka_unit_test(words_texts_and_durations_may_be_quoted),
        cmocka_unit_test(set_comes_after_the_file),
        cmocka_unit_test(set_comes_after_the_text_that_a_run_keeps),
        cmocka_unit_test(the_text_is_sorted_nested_and_complete),
        cmocka_unit_test(the_frozen_text_leaves_out_free_keys_and_their_sections),
        cmocka_unit_test(the_text_does_not_depend_on_the_order_of_tables),
        cmocka_unit_test(sections_whose_names_begin_alike_stay_apart),
        cmocka_unit_test(a_run_checks_against_its_own_keys),
        cmocka_unit_test(the_check_lists_every_frozen_key_that_differs_with_both_values),
        cmocka_unit_test(a_key_that_an_older_run_lacks_had_its_default),
        cmocka_unit_test(the_check_refuses_a_key_of_the_run_that_nobody_knows),
        cmocka_unit_test(the_check_cuts_long_values_to_where_they_differ),
        cmocka_unit_test(the_check_counts_what_its_message_has_no_room_for),
        cmocka_unit_test(help_shows_every_key_once_below_its_section),
        cmocka_unit_test(help_can_be_of_one_section_or_key),
        cmocka_unit_test(help_stays_within_eighty_columns),
        cmocka_unit_test(a_key_is_found_by_its_path),
        cmocka_unit_test(both_values_of_every_key_are_valid_and_differ),
        cmocka_unit_test(a_wrong_table_is_an_error_of_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
