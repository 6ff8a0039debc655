/* Quotes, UTF-8, hashes and the log. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "brood/util/hash.h"
#include "brood/util/log.h"
#include "brood/util/quote.h"
#include "brood/util/utf8.h"
#include "cmocka_all.h"

static void a_quote_is_short_and_of_one_line(void **state) {
    (void)state;
    char quoted[BROOD_QUOTE_SIZE];
    assert_string_equal(brood_quote("", quoted), "\"\"");
    assert_string_equal(brood_quote("a\nb\x1b[0m\x7f é", quoted), "\"a?b?[0m? é\"");
    assert_string_equal(brood_quote_bytes("a\0b", 3, quoted), "\"a?b\"");
}

static void a_quote_never_cuts_a_character(void **state) {
    (void)state;
    for (int before = 0; before < 5; before++) { /* the cut falls on each byte of a character in turn */
        char text[200] = "", quoted[BROOD_QUOTE_SIZE];
        for (int i = 0; i < before; i++) strcat(text, "b");
        for (int i = 0; i < 20; i++) strcat(text, "𝄞a");
        size_t length = strlen(brood_quote(text, quoted));
        assert_true(length < BROOD_QUOTE_SIZE);
        assert_string_equal(quoted + length - strlen("…\""), "…\"");
        for (size_t at = 0, step; at < length; at += step) {
            uint32_t character;
            step = brood_utf8_next(quoted + at, length - at, &character);
            assert_int_not_equal(step, 0);
        }
    }
}

/* Encodes by the table of RFC 3629, section 3. */
static size_t encode(uint32_t c, char out[4]) {
    if (c < 0x80) return out[0] = (char)c, 1;
    if (c < 0x800) return out[0] = (char)(0xC0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
    if (c < 0x10000)
        return out[0] = (char)(0xE0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)), out[2] = (char)(0x80 | (c & 63)),
               3;
    return out[0] = (char)(0xF0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 63)),
           out[2] = (char)(0x80 | (c >> 6 & 63)), out[3] = (char)(0x80 | (c & 63)), 4;
}

static void every_character_is_decoded_and_surrogates_are_none(void **state) {
    (void)state;
    for (uint32_t c = 0; c < 0x120000; c++) {
        char     text[4] = {0};
        uint32_t read = 0;
        size_t   length = encode(c, text);
        bool     valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        if (brood_utf8_next(text, length, &read) != (valid ? length : 0) || (valid && read != c))
            fail_msg("U+%04X", (unsigned)c);
        assert_int_equal(brood_utf8_next(text, length - 1, &read), 0);
    }
}

static void damaged_sequences_are_no_characters(void **state) {
    (void)state;
    static const char *const texts[] = {"\x80",     "\xBF",         "\xC0\x80",
                                        "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",
                                        "\xC3(",    "\xE2\x82(",    "\xF8\x88\x80\x80\x80",
                                        "\xFF"};
    uint32_t                 character;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(brood_utf8_next(texts[i], strlen(texts[i]), &character), 0);
}

/* draft-eastlake-fnv, section "Test vectors". */
static void the_hash_has_its_published_values(void **state) {
    (void)state;
    assert_true(brood_hash_text("") == UINT64_C(0xcbf29ce484222325));
    assert_true(brood_hash_text("a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(brood_hash_text("foobar") == UINT64_C(0x85944171f73967e8));
    uint64_t hash = brood_hash(BROOD_HASH_START, "foo", 3);
    assert_true(brood_hash(hash, "bar", 3) == UINT64_C(0x85944171f73967e8));
}

static void log_everything(void) {
    brood_log_write(BROOD_LOG_DEBUG, "d");
    brood_log_write(BROOD_LOG_INFO, "i %d", 1);
    brood_log_write(BROOD_LOG_WARNING, "w");
    brood_log_write(BROOD_LOG_ERROR, "e");
}

/* What `log_everything` writes to stderr at that level. */
static void logged(brood_log_level_t level, int speaks, char text[256]) {
    FILE *caught = tmpfile();
    int   saved = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
    brood_log_setup(level, speaks);
    log_everything();
    brood_log_setup(BROOD_LOG_INFO, 1);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(caught);
    text[fread(text, 1, 255, caught)] = '\0';
    fclose(caught);
}

static void the_log_drops_what_lies_above_its_level(void **state) {
    (void)state;
    char text[256];
    logged(BROOD_LOG_DEBUG, 1, text);
    assert_string_equal(text, "brood: debug: d\nbrood: i 1\nbrood: warning: w\nbrood: error: e\n");
    logged(BROOD_LOG_WARNING, 1, text);
    assert_string_equal(text, "brood: warning: w\nbrood: error: e\n");
}

static void a_silent_rank_still_says_errors(void **state) {
    (void)state;
    char text[256];
    logged(BROOD_LOG_DEBUG, 0, text);
    assert_string_equal(text, "brood: error: e\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_is_short_and_of_one_line),
        cmocka_unit_test(a_quote_never_cuts_a_character),
        cmocka_unit_test(every_character_is_decoded_and_surrogates_are_none),
        cmocka_unit_test(damaged_sequences_are_no_characters),
        cmocka_unit_test(the_hash_has_its_published_values),
        cmocka_unit_test(the_log_drops_what_lies_above_its_level),
        cmocka_unit_test(a_silent_rank_still_says_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
