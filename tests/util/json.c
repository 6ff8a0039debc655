#include "brood/util/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

typedef struct {
    brood_json_t json;
    FILE        *out;
    char        *text;
    size_t       size;
} written_t;

static void begin(written_t *written) {
    written->out = open_memstream(&written->text, &written->size);
    brood_json_init(&written->json, written->out);
}

static void assert_written(written_t *written, const char *expected) {
    assert_int_equal(brood_json_finish(&written->json), BROOD_OK);
    fclose(written->out);
    assert_string_equal(written->text, expected);
    free(written->text);
}

static void values_nest_with_names_in_objects_and_none_in_arrays(void **state) {
    (void)state;
    written_t written;
    begin(&written);
    brood_json_begin_object(&written.json, NULL);
    brood_json_text(&written.json, "run", "runs/a");
    brood_json_begin_array(&written.json, "best");
    brood_json_begin_object(&written.json, NULL);
    brood_json_integer(&written.json, "episode", INT64_MIN);
    brood_json_real(&written.json, "reward", 0.1);
    brood_json_end_object(&written.json);
    brood_json_begin_array(&written.json, NULL);
    brood_json_end_array(&written.json);
    brood_json_integer(&written.json, NULL, 7);
    brood_json_end_array(&written.json);
    brood_json_bool(&written.json, "complete", false);
    brood_json_bool(&written.json, "going", true);
    brood_json_null(&written.json, "end");
    brood_json_begin_object(&written.json, "empty");
    brood_json_end_object(&written.json);
    brood_json_end_object(&written.json);
    assert_written(&written,
                   "{\"run\": \"runs/a\", \"best\": [{\"episode\": -9223372036854775808, \"reward\": 0.1}, [], "
                   "7], \"complete\": false, \"going\": true, \"end\": null, \"empty\": {}}\n");
}

static void texts_and_names_are_escaped(void **state) {
    (void)state;
    written_t written;
    begin(&written);
    brood_json_begin_object(&written.json, NULL);
    brood_json_text(&written.json, "a\"b", "\\ / \" \n \t \r \x01 \x1f \x7f é 𝄞");
    brood_json_end_object(&written.json);
    assert_written(&written, "{\"a\\\"b\": \"\\\\ / \\\" \\n \\t \\u000d \\u0001 \\u001f \x7f é 𝄞\"}\n");
}

static void bytes_that_are_no_utf8_are_replaced(void **state) {
    (void)state;
    written_t written;
    begin(&written);
    brood_json_text(&written.json, NULL, "a\xff\xc3(\xed\xa0\x80z");
    assert_written(&written, "\"a\uFFFD\uFFFD(\uFFFD\uFFFD\uFFFDz\"\n");
}

static void what_json_has_no_number_for_is_null(void **state) {
    (void)state;
    written_t written;
    begin(&written);
    brood_json_begin_array(&written.json, NULL);
    brood_json_real(&written.json, NULL, NAN);
    brood_json_real(&written.json, NULL, INFINITY);
    brood_json_real(&written.json, NULL, -INFINITY);
    brood_json_real(&written.json, NULL, 1e300);
    brood_json_real(&written.json, NULL, 2000);
    brood_json_end_array(&written.json);
    assert_written(&written, "[null, null, null, 1e+300, 2000]\n");
}

static void a_stream_that_takes_nothing_is_an_error(void **state) {
    (void)state;
    FILE        *full = fopen("/dev/full", "w");
    brood_json_t json;
    assert_non_null(full);
    brood_json_init(&json, full);
    brood_json_integer(&json, NULL, 1);
    assert_int_equal(brood_json_finish(&json), BROOD_E_FULL);
    fclose(full);
}

static void name_in_an_array(void) {
    brood_json_t json;
    brood_json_init(&json, stdout);
    brood_json_begin_array(&json, NULL);
    brood_json_integer(&json, "a", 1);
}

static void no_name_in_an_object(void) {
    brood_json_t json;
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    brood_json_null(&json, NULL);
}

static void an_end_that_does_not_fit(void) {
    brood_json_t json;
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    brood_json_end_array(&json);
}

static void nested_too_deep(void) {
    brood_json_t json;
    brood_json_init(&json, stdout);
    for (int i = 0; i <= BROOD_JSON_DEPTH; i++) brood_json_begin_array(&json, NULL);
}

static void finished_too_early(void) {
    brood_json_t json;
    brood_json_init(&json, stdout);
    brood_json_begin_object(&json, NULL);
    (void)!brood_json_finish(&json);
}

static void what_would_be_no_json_ends_the_program(void **state) {
    (void)state;
    assert_aborts(name_in_an_array);
    assert_aborts(no_name_in_an_object);
    assert_aborts(an_end_that_does_not_fit);
    assert_aborts(nested_too_deep);
    assert_aborts(finished_too_early);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_nest_with_names_in_objects_and_none_in_arrays),
        cmocka_unit_test(texts_and_names_are_escaped),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
        cmocka_unit_test(what_json_has_no_number_for_is_null),
        cmocka_unit_test(a_stream_that_takes_nothing_is_an_error),
        cmocka_unit_test(what_would_be_no_json_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
