#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "brood/rng/philox.h"

/* Random123 1.14, tests/kat_vectors, "philox 4x32 10". */
static void philox_gives_the_published_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        brood_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void purposes_are_unique_and_fit_eight_bits(void **state) {
    (void)state;
#define VALUE(symbol, value, text) BROOD_PURPOSE_##symbol,
    static const int purpose[] = {BROOD_PURPOSES(VALUE)};
#undef VALUE
    bool seen[256] = {false};
    for (size_t i = 0; i < sizeof purpose / sizeof *purpose; i++) {
        assert_in_range(purpose[i], 0, 255);
        assert_false(seen[purpose[i]]);
        seen[purpose[i]] = true;
    }
}

static void a_block_is_philox_of_index_step_episode_purpose_and_part(void **state) {
    (void)state;
    brood_key4_t   key = brood_key4(UINT64_C(0x0123456789abcdef), BROOD_PURPOSE_DROPOUT, 0xfffffffe, 77, 0xfffffd);
    const uint32_t counter[4] = {9, 77, 0xfffffffe, 0x05fffffd}, seed[2] = {0x89abcdef, 0x01234567};
    uint32_t       expected[4], out[4];
    brood_philox(counter, seed, expected);
    brood_random_block(&key, 9, out);
    assert_memory_equal(out, expected, sizeof out);
}

static void uniform_takes_the_upper_53_bits_of_the_first_two_words(void **state) {
    (void)state;
    brood_key4_t key = brood_key4(3, BROOD_PURPOSE_BENCH, 1, 2, 3);
    double       sum = 0, squares = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t word[4];
        brood_random_block(&key, i, word);
        uint64_t bits = ((uint64_t)word[1] << 32 | word[0]) >> 11;
        double   x = brood_random_uniform(&key, i);
        assert_true(x >= 0 && x < 1);
        assert_true(x * 0x1p53 == (double)bits);
        sum += x;
        squares += x * x;
    }
    assert_true(sum / 20000 > 0.49 && sum / 20000 < 0.51);
    assert_true(squares / 20000 > 0.323 && squares / 20000 < 0.343);
}

static void below_reaches_each_value_about_equally_often(void **state) {
    (void)state;
    brood_key4_t key = brood_key4(4, BROOD_PURPOSE_BENCH, 0, 0, 0);
    int          hits[7] = {0};
    for (uint32_t i = 0; i < 7000; i++) {
        int64_t x = brood_random_below(&key, i, 7);
        assert_in_range(x, 0, 6);
        hits[x]++;
    }
    for (int i = 0; i < 7; i++) assert_in_range(hits[i], 870, 1130); /* ± 4.4 standard deviations */
    for (uint32_t i = 0; i < 50; i++) assert_int_equal(brood_random_below(&key, i, 1), 0);
    for (uint32_t i = 0; i < 50; i++) assert_true(brood_random_below(&key, i, INT64_MAX) >= 0);
}

static void shuffle_gives_every_permutation_of_three_about_equally_often(void **state) {
    (void)state;
    int hits[27] = {0};
    for (int64_t episode = 0; episode < 6000; episode++) {
        brood_key4_t key = brood_key4(5, BROOD_PURPOSE_SHUFFLE, episode, 0, 0);
        int32_t      p[3];
        brood_random_shuffle(&key, 3, p);
        assert_int_equal((1 << p[0]) | (1 << p[1]) | (1 << p[2]), 7);
        hits[9 * p[0] + 3 * p[1] + p[2]]++;
    }
    int reached = 0;
    for (int i = 0; i < 27; i++) {
        if (hits[i] == 0) continue;
        reached++;
        assert_in_range(hits[i], 870, 1130);
    }
    assert_int_equal(reached, 6);
}

static void shuffle_permutes_any_count(void **state) {
    (void)state;
    enum { MOST = 1000 };
    for (int64_t count = 0; count <= MOST; count += count < 4 ? 1 : 249) {
        brood_key4_t key = brood_key4(6, BROOD_PURPOSE_SHUFFLE, 0, count, 0);
        int32_t      p[MOST];
        bool         seen[MOST] = {false};
        brood_random_shuffle(&key, count, p);
        for (int64_t i = 0; i < count; i++) {
            assert_in_range(p[i], 0, count - 1);
            assert_false(seen[p[i]]);
            seen[p[i]] = true;
        }
    }
}

static void streams_that_differ_in_one_thing_differ(void **state) {
    (void)state;
    const brood_key4_t key[] = {
        brood_key4(1, BROOD_PURPOSE_SAMPLE, 1, 1, 1),
        brood_key4(2, BROOD_PURPOSE_SAMPLE, 1, 1, 1),
        brood_key4(1, BROOD_PURPOSE_NOISE, 1, 1, 1),
        brood_key4(1, BROOD_PURPOSE_SAMPLE, 2, 1, 1),
        brood_key4(1, BROOD_PURPOSE_SAMPLE, 1, 2, 1),
        brood_key4(1, BROOD_PURPOSE_SAMPLE, 1, 1, 2),
        brood_key4(UINT64_C(1) << 32 | 1, BROOD_PURPOSE_SAMPLE, 1, 1, 1),
    };
    enum { KEYS = sizeof key / sizeof *key };
    uint32_t out[KEYS][4];
    for (int i = 0; i < KEYS; i++) {
        brood_random_block(&key[i], 0, out[i]);
        for (int j = 0; j < i; j++) assert_memory_not_equal(out[i], out[j], sizeof out[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_known_answers),
        cmocka_unit_test(purposes_are_unique_and_fit_eight_bits),
        cmocka_unit_test(a_block_is_philox_of_index_step_episode_purpose_and_part),
        cmocka_unit_test(uniform_takes_the_upper_53_bits_of_the_first_two_words),
        cmocka_unit_test(below_reaches_each_value_about_equally_often),
        cmocka_unit_test(shuffle_gives_every_permutation_of_three_about_equally_often),
        cmocka_unit_test(shuffle_permutes_any_count),
        cmocka_unit_test(streams_that_differ_in_one_thing_differ),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
