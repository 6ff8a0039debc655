/* What is refused, and the words of each message: place, key, found, expected. */
#include "config_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static sample_t sample;

typedef struct {
    const char *yaml, *message; /* the whole message, or its begin where it ends in "…" */
} refusal_t;

static void assert_message(const char *input, const char *expected) {
    size_t length = strlen(expected);
    bool   begin = length > strlen("…") && !strcmp(expected + length - strlen("…"), "…");
    bool same = begin ? !strncmp(brood_message(), expected, length - strlen("…")) : !strcmp(brood_message(), expected);
    if (!same) fail_msg("%s\n  says     %s\n  expected %s", input, brood_message(), expected);
}

static void assert_refused(const refusal_t refusals[], size_t count) {
    for (size_t i = 0; i < count; i++) {
        sample_init(&sample);
        brood_err_t err = sample_read(&sample, refusals[i].yaml);
        if (err != BROOD_E_CONFIG) fail_msg("\"%s\" gives %d", refusals[i].yaml, (int)err);
        assert_message(refusals[i].yaml, refusals[i].message);
    }
}
#define ASSERT_REFUSED(refusals) assert_refused(refusals, sizeof(refusals) / sizeof *(refusals))

static void keys(void **state) {
    (void)state;
    static const refusal_t refusals[] = {
        {"run:\n  rond: 4\n", "c.yaml:2:3: run.rond: unknown key; did you mean run.round?"},
        {"runn:\n  round: 4\n", "c.yaml:1:1: runn: unknown key; did you mean run?"},
        {"seed: 4\n", "c.yaml:1:1: seed: unknown key; did you mean run.seed?"},
        {"child:\n  skip: true\n", "c.yaml:2:3: child.skip: unknown key; did you mean space.skip?"},
        {"strategy: {stop: {patence: 1}}",
         "c.yaml:1:19: strategy.stop.patence: unknown key; did you mean strategy.stop.patience?"},
        {"child: {lr: 4}", "c.yaml:1:9: child.lr: unknown key; `brood help keys` lists them all"},
        {"zzzzzz: 4\n", "c.yaml:1:1: zzzzzz: unknown key; `brood help keys` lists them all"},
        {"<<: {run: {round: 4}}\n", "c.yaml:1:1: <<: unknown key; `brood help keys` lists them all"},
        {"\"a\\x01b\": 4\n", "c.yaml:1:1: \"a?b\": unknown key; …"},
        {"\"\": 4\n", "c.yaml:1:1: \"\": unknown key; …"},
        {"run:\n  \"round\\0x\": 4\n", "c.yaml:2:3: run.\"round?x\": unknown key; …"},
        {"run:\n  round: 4\n  round: 5\n",
         "c.yaml:3:3: run.round: found a second time, expected once (it stands in line 2)"},
        {"run: {round: 4}\nchild: {}\nrun: {seed: 5}\n",
         "c.yaml:3:1: run: found a second time, expected once (it stands in line 1)"},
        {"run: {round: 4}\nrun.round: 4\n",
         "c.yaml:2:1: run.round: found a second time, expected once (it stands in line 1)"},
        {"run:\n", "c.yaml:1:5: run: found nothing, expected a section: keys below it, each with its value"},
        {"run: 5\n", "c.yaml:1:6: run: found \"5\", expected a section: …"},
        {"run: [round]\n", "c.yaml:1:6: run: found a list, expected a section: …"},
        {"run: !!map {round: 4}\nchild: !x {rate: 1}\n", "c.yaml:2:8: child: found a tag, expected a section: …"},
        {"- run\n", "c.yaml:1:1: found a list, expected a section: …"},
        {"4\n", "c.yaml:1:1: found \"4\", expected a section: …"},
        {"? [a, b]\n: 4\n", "c.yaml:1:3: found a list or mapping, expected the name of a key"},
        {"run: &r {run: *r}\n", "c.yaml:1:10: run.run: unknown key; …"},
    };
    ASSERT_REFUSED(refusals);
}

static void whole_numbers(void **state) {
    (void)state;
#define WHOLE ", expected a whole number, 1 .. 1000"
    static const refusal_t refusals[] = {
        {"run: {round: 1e3x}", "c.yaml:1:14: run.round: found \"1e3x\"" WHOLE},
        {"run: {round: 0x10}", "c.yaml:1:14: run.round: found \"0x10\"" WHOLE},
        {"run: {round: 1.5}", "c.yaml:1:14: run.round: found \"1.5\"" WHOLE},
        {"run: {round: nan}", "c.yaml:1:14: run.round: found \"nan\"" WHOLE},
        {"run: {round: inf}", "c.yaml:1:14: run.round: found \"inf\"" WHOLE},
        {"run: {round: 1_0}", "c.yaml:1:14: run.round: found \"1_0\"" WHOLE},
        {"run: {round: 0}", "c.yaml:1:14: run.round: found \"0\"" WHOLE},
        {"run: {round: 1001}", "c.yaml:1:14: run.round: found \"1001\"" WHOLE},
        {"run: {round: 99999999999999999999}", "c.yaml:1:14: run.round: found \"99999999999999999999\"" WHOLE},
        {"run: {round: \"4\"}", "c.yaml:1:14: run.round: found \"4\" in quotes" WHOLE},
        {"run: {round: ''}", "c.yaml:1:14: run.round: found \"\" in quotes" WHOLE},
        {"run: {round: ' '}", "c.yaml:1:14: run.round: found \" \" in quotes" WHOLE},
        {"run:\n  round:\n", "c.yaml:2:9: run.round: found nothing" WHOLE},
        {"run: {round: ~}", "c.yaml:1:14: run.round: found \"~\"" WHOLE},
        {"run: {round: true}", "c.yaml:1:14: run.round: found \"true\"" WHOLE},
        {"run: {round: [4]}", "c.yaml:1:14: run.round: found a list" WHOLE},
        {"run: {round: {from: 1}}", "c.yaml:1:14: run.round: found a mapping" WHOLE},
        {"run: {round: !!int 4}", "c.yaml:1:14: run.round: found the tag \"tag:yaml.org,2002:int\"" WHOLE},
        {"run:\n  round: 4\n   5\n", "c.yaml:2:10: run.round: found \"4 5\"" WHOLE},
        {"run: {seed: -1}", "c.yaml:1:13: run.seed: found \"-1\", expected a whole number, 0 .."},
    };
    ASSERT_REFUSED(refusals);
}

static void reals_truths_words_and_durations(void **state) {
    (void)state;
#define REAL     ", expected a decimal number, (0 .. 1]"
#define DURATION ", expected a duration such as 0.2 s, 5 min or 3h50m, 0.1 s .. 1 d"
    static const refusal_t refusals[] = {
        {"child:\n  rate: 0,5\n", "c.yaml:2:9: child.rate: found \"0,5\"" REAL},
        {"child: {rate: 0}", "c.yaml:1:15: child.rate: found \"0\"" REAL},
        {"child: {rate: 1.0000001}", "c.yaml:1:15: child.rate: found \"1.0000001\"" REAL},
        {"strategy: {stop: {patience: 10}}",
         "c.yaml:1:29: strategy.stop.patience: found \"10\", expected a decimal number, [-10 .. 10)"},
        {"child: {rate: .nan}", "c.yaml:1:15: child.rate: found \".nan\"" REAL},
        {"child: {rate: .inf}", "c.yaml:1:15: child.rate: found \".inf\"" REAL},
        {"child: {rate: 1e999}", "c.yaml:1:15: child.rate: found \"1e999\"" REAL},
        {"child: {rate: \"0.5\"}", "c.yaml:1:15: child.rate: found \"0.5\" in quotes" REAL},
        {"space: {skip: yes}", "c.yaml:1:15: space.skip: found \"yes\", expected true or false"},
        {"space: {skip: 1}", "c.yaml:1:15: space.skip: found \"1\", expected true or false"},
        {"space: {skip: 'true'}", "c.yaml:1:15: space.skip: found \"true\" in quotes, expected true or false"},
        {"run: {numerics: nativ}", "c.yaml:1:17: run.numerics: found \"nativ\", expected portable | native"},
        {"run: {numerics: \"portable | native\"}",
         "c.yaml:1:17: run.numerics: found \"portable | native\", expected portable | native"},
        {"run: {numerics: ''}", "c.yaml:1:17: run.numerics: found \"\", expected portable | native"},
        {"run: {numerics: 0}", "c.yaml:1:17: run.numerics: found \"0\", expected portable | native"},
        {"checkpoint: {every: 30}", "c.yaml:1:21: checkpoint.every: found \"30\"" DURATION},
        {"checkpoint: {every: 2 d}", "c.yaml:1:21: checkpoint.every: found \"2 d\"" DURATION},
        {"checkpoint: {every: UNLIMITED}", "c.yaml:1:21: checkpoint.every: found \"UNLIMITED\"" DURATION},
    };
    ASSERT_REFUSED(refusals);
}

static void choices_and_sizes(void **state) {
    (void)state;
#define CHOICES ", expected whole numbers (a list of up to 256, one value, or {from, to[, step]}), 1 .. 4096"
#define SIZES   ", expected sizes such as 3 or 5x3 (a list of up to 256, one value, or {from, to[, step]}), 1 .. 100"
    static const refusal_t refusals[] = {
        {"space: {filters: []}", "c.yaml:1:18: space.filters: found an empty list" CHOICES},
        {"space: {filters: [3, 0]}", "c.yaml:1:22: space.filters: found \"0\"" CHOICES},
        {"space: {filters: [3, 4097]}", "c.yaml:1:22: space.filters: found \"4097\"" CHOICES},
        {"space: {filters: [3, 4294967299]}", "c.yaml:1:22: space.filters: found \"4294967299\"" CHOICES},
        {"space:\n  filters:\n  - 3\n  - 4\n  - 3.0\n", "c.yaml:5:5: space.filters: found \"3.0\" twice" CHOICES},
        {"space: {filters: [3, '4']}", "c.yaml:1:22: space.filters: found \"4\" in quotes" CHOICES},
        {"space: {filters: [3, [4]]}", "c.yaml:1:22: space.filters: found a list" CHOICES},
        {"space: {filters: [5x3]}", "c.yaml:1:19: space.filters: found \"5x3\"" CHOICES},
        {"space: {filters: ~}", "c.yaml:1:18: space.filters: found \"~\"" CHOICES},
        {"space: {filters: !!set {3: }}",
         "c.yaml:1:18: space.filters: found the tag \"tag:yaml.org,2002:set\"" CHOICES},
        {"space: {filters: {from: 1}}", "c.yaml:1:18: space.filters: found a mapping without from or to" CHOICES},
        {"space: {filters: {from: 5, to: 3}}", "c.yaml:1:18: space.filters: found from 5 to 3 by 1" CHOICES},
        {"space: {filters: {from: 1, to: 3, step: 0}}", "c.yaml:1:18: space.filters: found from 1 to 3 by 0" CHOICES},
        {"space: {filters: {from: 1, to: 3, by: 1}}", "c.yaml:1:35: space.filters: found \"by\"" CHOICES},
        {"space: {filters: {from: 1, to: 3, to: 1}}", "c.yaml:1:35: space.filters: found \"to\" twice" CHOICES},
        {"space: {filters: {from: 1, to: x}}", "c.yaml:1:32: space.filters: found \"x\"" CHOICES},
        {"space: {filters: {from: 0, to: 3}}", "c.yaml:1:18: space.filters: found 0" CHOICES},
        {"space: {filters: {from: 4000, to: 4097, step: 97}}", "c.yaml:1:18: space.filters: found 4097" CHOICES},
        {"space: {filters: {from: 1, to: 1000}}",
         "c.yaml:1:18: space.filters: found 1000 of them (256 are the most)" CHOICES},
        {"space: {filters: {from: -2000000000, to: 2000000000}}",
         "c.yaml:1:18: space.filters: found 4000000001 of them (256 are the most)" CHOICES},
        {"space: {kernel_size: [3, 5x]}", "c.yaml:1:26: space.kernel_size: found \"5x\"" SIZES},
        {"space: {kernel_size: [3, x5]}", "c.yaml:1:26: space.kernel_size: found \"x5\"" SIZES},
        {"space: {kernel_size: [3, 5x3x1]}", "c.yaml:1:26: space.kernel_size: found \"5x3x1\"" SIZES},
        {"space: {kernel_size: [3, 5x101]}", "c.yaml:1:26: space.kernel_size: found \"5x101\"" SIZES},
        {"space: {kernel_size: [3, 5 x 3]}", "c.yaml:1:26: space.kernel_size: found \"5 x 3\"" SIZES},
        {"space: {kernel_size: [3, 5x3, 3x3]}", "c.yaml:1:31: space.kernel_size: found \"3x3\" twice" SIZES},
    };
    ASSERT_REFUSED(refusals);
}

static void texts(void **state) {
    (void)state;
#define TEXT ", expected a text, or ~ for none"
    static const refusal_t refusals[] = {
        {"data:\n  dir:\n", "c.yaml:2:7: data.dir: found nothing" TEXT},
        {"data: {dir: null}", "c.yaml:1:13: data.dir: found \"null\"" TEXT},
        {"data: {dir: ''}", "c.yaml:1:13: data.dir: found a blank text" TEXT},
        {"data: {dir: '  '}", "c.yaml:1:13: data.dir: found a blank text" TEXT},
        {"data: {dir: [a]}", "c.yaml:1:13: data.dir: found a list" TEXT},
        {"data: {dir: \"a\\nb\"}",
         "c.yaml:1:13: data.dir: found a line break or control character at byte 2 of the text" TEXT},
        {"data: {dir: \"\\u2028\"}",
         "c.yaml:1:13: data.dir: found a line break or control character at byte 1 of the text" TEXT},
        {"data: {dir: \"a\\0b\"}", "c.yaml:1:13: data.dir: found \"a?b\"" TEXT},
        {"strategy: {start: [a, ~]}", "c.yaml:1:23: strategy.start: found \"~\", expected a list of texts"},
        {"strategy: {start: [a, ]}", NULL}, /* valid: see below */
    };
    assert_refused(refusals, sizeof refusals / sizeof *refusals - 1);
    sample_init(&sample);
    assert_int_equal(sample_read(&sample, refusals[sizeof refusals / sizeof *refusals - 1].yaml), BROOD_OK);
}

static char *repeated(const char *before, const char *piece, size_t count, const char *after) {
    char  *text;
    size_t size;
    FILE  *out = open_memstream(&text, &size);
    fputs(before, out);
    while (count-- > 0) fputs(piece, out);
    fputs(after, out);
    fclose(out);
    return text;
}

static void texts_and_lists_that_are_too_long(void **state) {
    (void)state;
    static const struct {
        const char *before, *piece;
        size_t      count;
        const char *after, *message;
    } cases[] = {
        {"data: {dir: ", "a", BROOD_MAX_PATH, "}",
         "c.yaml:1:13: data.dir: found a text of 1024 bytes (1023 are the most), expected a text, or ~ for none"},
        {"strategy: {start: [", "a", BROOD_MAX_TEXT, "]}",
         "c.yaml:1:20: strategy.start: found a text of 512 bytes (511 are the most), expected a list of texts"},
        {"strategy: {start: [", "a, ", BROOD_MAX_TEXTS + 1, "]}",
         "c.yaml:1:19: strategy.start: found 65 of them (64 are the most), expected a list of texts"},
        {"space: {filters: [", "1, ", BROOD_MAX_CHOICES + 1, "]}",
         "c.yaml:1:18: space.filters: found 257 of them (256 are the most), expected whole numbers …"},
        {"", "k", 300, ": 4",
         "c.yaml:1:1: \"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk…\": unknown key; …"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char           *yaml = repeated(cases[i].before, cases[i].piece, cases[i].count, cases[i].after);
        const refusal_t refusal = {yaml, cases[i].message};
        assert_refused(&refusal, 1);
        free(yaml);
    }
    char *longest = repeated("data: {dir: ", "a", BROOD_MAX_PATH - 1, "}");
    sample_init(&sample);
    assert_int_equal(sample_read(&sample, longest), BROOD_OK);
    free(longest);
}

static void what_is_no_yaml(void **state) {
    (void)state;
    static const refusal_t refusals[] = {
        {"run:\n  round: [4\nchild: 5\n",
         "c.yaml:3:6: no YAML: did not find expected ',' or ']', while parsing a flow sequence"},
        {"run:\n\tround: 4\n",
         "c.yaml:2:1: no YAML: found character that cannot start any token, while scanning for the next token"},
        {"run: {round: *a}", "c.yaml:1:14: no YAML: found undefined alias"},
        {"a: 'b", "c.yaml:1:6: no YAML: found unexpected end of stream, while scanning a quoted scalar"},
        {"run: {round: 4}\nb: \xff\n", "c.yaml:2:4: no YAML: invalid leading UTF-8 octet"},
        {"\xff\xfe\x3a\x62", "c.yaml:1:1: no YAML: invalid leading UTF-8 octet"}, /* UTF-16, though without NULs */
        {"# é\nb: \x01\n", "c.yaml:2:4: no YAML: control characters are not allowed"},
        {"run: {round: 4}\n---\nrun: {round: 5}\n", "c.yaml:2:1: found a second YAML document, expected one"},
        {"run: {round: 4}\n---\n...\n", "c.yaml:2:1: found a second YAML document, expected one"},
        {"%YAML 3.0\n---\nrun: {}\n", "c.yaml:1:1: no YAML: found incompatible YAML document"},
    };
    ASSERT_REFUSED(refusals);
}

static void nested_brackets_are_refused_at_once(void **state) {
    (void)state;
    static const char *const pieces[] = {"[", "{", "- ", "? ", "[\n", "{a: ", "[{"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char   *yaml = repeated("", pieces[i], BROOD_MAX_CONFIG / strlen(pieces[i]), "");
        clock_t start = clock();
        sample_init(&sample);
        assert_int_equal(sample_read(&sample, yaml), BROOD_E_CONFIG);
        assert_non_null(strstr(brood_message(), "nested 17 deep, expected at most 16"));
        assert_true(clock() - start < CLOCKS_PER_SEC);
        free(yaml);
    }
}

static brood_err_t read_bytes(const char *bytes, size_t size, char path[32]) {
    strcpy(path, "/tmp/brood-config-XXXXXX");
    int file = mkstemp(path);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
    sample_init(&sample);
    brood_err_t err = brood_config_read(path, NULL, sample.sections, SAMPLE_SECTIONS);
    unlink(path);
    return err;
}

static void assert_file_refused(const char *bytes, size_t size, const char *message) {
    char path[32], expected[256];
    assert_int_equal(read_bytes(bytes, size, path), BROOD_E_CONFIG);
    snprintf(expected, sizeof expected, "%s%s", path, message);
    assert_message("a file", expected);
}

static void files_too_large_or_with_nuls(void **state) {
    (void)state;
    char  path[32];
    char *most = repeated("#", " ", BROOD_MAX_CONFIG - 1, "");
    assert_int_equal(read_bytes(most, BROOD_MAX_CONFIG, path), BROOD_OK);
    free(most);
    char *larger = repeated("", "[", BROOD_MAX_CONFIG + 1, "");
    assert_file_refused(larger, BROOD_MAX_CONFIG + 1, ": found more than 65536 bytes, expected at most that");
    free(larger);
    assert_file_refused("run:\n  a\0b: 4\n", 14, ":2:4: found a NUL byte, expected YAML in UTF-8");
    assert_file_refused("\xff\xfer\0u\0n\0", 8, ":1:4: found a NUL byte, expected YAML in UTF-8");
}

static void files_that_cannot_be_read(void **state) {
    (void)state;
    sample_init(&sample);
    assert_int_equal(brood_config_read("/nowhere/c.yaml", NULL, sample.sections, SAMPLE_SECTIONS), BROOD_E_IO);
    assert_message("missing", "/nowhere/c.yaml: cannot be opened: No such file or directory");
    assert_int_equal(brood_config_read("/tmp", NULL, sample.sections, SAMPLE_SECTIONS), BROOD_E_IO);
    assert_message("directory", "/tmp: cannot be read: Is a directory");
    assert_int_equal(brood_config_read("/dev/zero", NULL, sample.sections, SAMPLE_SECTIONS), BROOD_E_CONFIG);
    assert_message("endless", "/dev/zero: found more than 65536 bytes, expected at most that");
}

static void sets(void **state) {
    (void)state;
    static const struct {
        const char *first, *second, *message;
        brood_err_t code;
    } cases[] = {
        {"run.rond=4", NULL, "--set run.rond: unknown key; did you mean run.round?", BROOD_E_CONFIG},
        {"run.round=x", NULL, "--set run.round: found \"x\", expected a whole number, 1 .. 1000", BROOD_E_CONFIG},
        {"run.round=", NULL, "--set run.round: found nothing, expected a whole number, 1 .. 1000", BROOD_E_CONFIG},
        {"run.round= ", NULL, "--set run.round: found nothing, expected a whole number, 1 .. 1000", BROOD_E_CONFIG},
        {"run.round=\"4\"", NULL, "--set run.round: found \"4\" in quotes, expected …", BROOD_E_CONFIG},
        {"space.filters=[1, 2", NULL, "--set space.filters: no YAML: did not find expected ',' or ']', …",
         BROOD_E_CONFIG},
        {"space.filters=[1, 1]", NULL, "--set space.filters: found \"1\" twice, expected …", BROOD_E_CONFIG},
        {"run.round=4\n--- 5", NULL, "--set run.round: found a second YAML document, expected one", BROOD_E_CONFIG},
        {"run=4", NULL, "--set run: found \"4\", expected a section: …", BROOD_E_CONFIG},
        {"run={rond: 4}", NULL, "--set run.rond: unknown key; did you mean run.round?", BROOD_E_CONFIG},
        {"run.round=4", "run.round=5", "--set run.round: found a second time, expected once", BROOD_E_CONFIG},
        {"run.\x01=4", NULL, "--set \"run.?\": unknown key; …", BROOD_E_CONFIG},
        {"run.round =4", NULL, "--set \"run.round \": unknown key; …", BROOD_E_CONFIG},
        {"data.dir=\xff", NULL, "--set data.dir: no YAML: invalid leading UTF-8 octet", BROOD_E_CONFIG},
        {"run.round", NULL, "--set \"run.round\": expected KEY=VALUE, such as run.round=4", BROOD_E_USAGE},
        {"=4", NULL, "--set \"=4\": expected KEY=VALUE, such as run.round=4", BROOD_E_USAGE},
        {"", NULL, "--set \"\": expected KEY=VALUE, such as run.round=4", BROOD_E_USAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sample_init(&sample);
        assert_int_equal(sample_set(&sample, cases[i].first, cases[i].second, NULL), cases[i].code);
        assert_message(cases[i].first, cases[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(reals_truths_words_and_durations),
        cmocka_unit_test(choices_and_sizes),
        cmocka_unit_test(texts),
        cmocka_unit_test(texts_and_lists_that_are_too_long),
        cmocka_unit_test(what_is_no_yaml),
        cmocka_unit_test(nested_brackets_are_refused_at_once),
        cmocka_unit_test(files_too_large_or_with_nuls),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(sets),
    };
    return cmocka_run_group_tests_name("a configuration is refused for", tests, NULL, NULL);
}
