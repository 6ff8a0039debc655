#include "spaces.h"

#include "brood/rng/philox.h"

static void check_round_trips(const brood_space_config_t *config) {
    brood_space_t *space = space_on(config, 28, 28, 1, 10);
    const int64_t  length = brood_space_length(space);
    for (int64_t episode = 0; episode < 500; episode++) {
        const brood_key4_t key = brood_key4(1, BROOD_PURPOSE_BENCH, episode, 0, 0);
        int32_t            tokens[BROOD_MAX_POSITIONS], again[BROOD_MAX_POSITIONS];
        char               text[BROOD_MAX_TEXT], canonical[BROOD_MAX_TEXT];
        for (int64_t t = 0; t < length; t++) {
            brood_decision_t decision;
            brood_space_decision(space, tokens, t, &decision);
            tokens[t] = (int32_t)brood_random_below(&key, (uint32_t)t, decision.choices);
        }
        brood_space_print(space, tokens, text);
        assert_int_equal(brood_space_parse(space, text, again, canonical), BROOD_OK);
        assert_string_equal(text, canonical);
        assert_memory_equal(tokens, again, (size_t)length * sizeof *tokens);
    }
    brood_space_destroy(&space);
}

static void tokens_survive_being_written_and_read(void **state) {
    (void)state;
    brood_space_config_t conv2d = small_conv2d(), conv1d = small_conv1d();
    conv2d.layers = 7;
    conv2d.stride = CHOICES(1);
    conv2d.pool_size = CHOICES(1);
    conv1d.layers = 24;
    check_round_trips(&conv2d);
    check_round_trips(&conv1d);
}

static void texts_hold_all_values_in_order(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    char                 text[BROOD_MAX_TEXT];
    brood_space_print(space, (const int32_t[]){2, 0, 1, 1, 1, 1, 1, 0, 0, 0}, text);
    assert_string_equal(text, "5x2,4,2,2,20; 3,8,1,1,0");
    brood_space_destroy(&space);

    config = small_conv1d();
    space = space_on(&config, 28, 28, 1, 10);
    brood_space_print(space, (const int32_t[]){2, 1, 1, 0, 0, 0, 0, 1}, text);
    assert_string_equal(text, "4,10,9,0; 7,3,1,50");
    brood_space_destroy(&space);
}

static void one_architecture_has_one_canonical_text(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    const char *const    variants[] = {"5x2,4,2,2,20; 3,8,1,1,0", "5x2,4,2,2,20;3,8,1,1,0",
                                       " 5x2 , 4,2 ,2,20\t;  3x3,8,1,1,0  ", "05x02,4,2,02,20; 3x3,08,1,1,00"};
    const int32_t        expected[] = {2, 0, 1, 1, 1, 1, 1, 0, 0, 0};
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        int32_t tokens[10];
        char    canonical[BROOD_MAX_TEXT];
        assert_int_equal(brood_space_parse(space, variants[i], tokens, canonical), BROOD_OK);
        assert_string_equal(canonical, "5x2,4,2,2,20; 3,8,1,1,0");
        assert_memory_equal(tokens, expected, sizeof expected);
        assert_int_equal(brood_space_parse(space, variants[i], NULL, canonical), BROOD_OK);
    }
    brood_space_destroy(&space);
}

static void values_outside_the_choices_have_token_minus_one(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    int32_t              tokens[10];
    char                 canonical[BROOD_MAX_TEXT];
    /* 5 is 5x5, which is not the choice 5x2; nor is 2x5. */
    assert_int_equal(brood_space_parse(space, "5,4,1,1,0; 2x5,16,3,2,90", tokens, canonical), BROOD_OK);
    assert_string_equal(canonical, "5,4,1,1,0; 2x5,16,3,2,90");
    assert_memory_equal(tokens, ((const int32_t[]){-1, 0, 0, 0, 0, -1, -1, -1, 1, -1}), sizeof tokens);

    const int32_t none[] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    assert_int_equal(brood_space_parse(space, "3,4,1,1,0", tokens, canonical), BROOD_OK);
    assert_memory_equal(tokens, none, sizeof none);
    assert_int_equal(brood_space_parse(space, "3,4,1,1,0; 3,4,1,1,0; 3,4,1,1,0", tokens, canonical), BROOD_OK);
    assert_memory_equal(tokens, none, sizeof none);
    brood_space_destroy(&space);
}

static void what_is_no_architecture_is_refused_with_layer_found_and_expected(void **state) {
    (void)state;
    static const struct {
        brood_space_kind_t kind;
        const char        *text, *words;
    } bad[] = {
        {BROOD_SPACE_CONV2D, "",
         "layer 1|0 values in \"\"|expected 5 (kernel size, filters, stride, pool size, dropout)"},
        {BROOD_SPACE_CONV2D, " ", "layer 1|0 values"},
        {BROOD_SPACE_CONV2D, "5,32,2,0; 5,64,2,0", "layer 1|4 values in \"5,32,2,0\"|expected 5|such as 5,32,1,2,0"},
        {BROOD_SPACE_CONV1D, "5,32,1,2,0",
         "layer 1|5 values in \"5,32,1,2,0\"|expected 4 (kernel size, filters, pool size, dropout)"},
        {BROOD_SPACE_CONV2D, "5,32,1,2,0;", "layer 2|0 values in \"\""},
        {BROOD_SPACE_CONV2D, ";5,32,1,2,0", "layer 1|0 values in \"\""},
        {BROOD_SPACE_CONV2D, "5,32,1,2,0; 5", "layer 2|1 value in \"5\""},
        {BROOD_SPACE_CONV2D, "5,32,1,2,0/1", "layer 1, dropout|\"0/1\"|0 .. 90"},
        {BROOD_SPACE_CONV2D, "5,32,1,2,0; 5,,1,2,0", "layer 2, filters|found \"\"|1 .. 4096"},
        {BROOD_SPACE_CONV2D, "5,32,1,2,0; 5,abc,1,2,0", "layer 2, filters|found \"abc\"|1 .. 4096"},
        {BROOD_SPACE_CONV2D, "5,4097,1,2,0", "layer 1, filters|\"4097\"|1 .. 4096"},
        {BROOD_SPACE_CONV2D, "5,99999999999999999999999,1,2,0", "layer 1, filters|99999999999999999999999"},
        {BROOD_SPACE_CONV2D, "5,0,1,2,0", "layer 1, filters|\"0\""},
        {BROOD_SPACE_CONV2D, "5,-3,1,2,0", "layer 1, filters|\"-3\""},
        {BROOD_SPACE_CONV2D, "5,+3,1,2,0", "layer 1, filters|\"+3\""},
        {BROOD_SPACE_CONV2D, "5,1e2,1,2,0", "layer 1, filters|\"1e2\""},
        {BROOD_SPACE_CONV2D, "5,32.5,1,2,0", "layer 1, filters|\"32.5\""},
        {BROOD_SPACE_CONV2D, "5,3 2,1,2,0", "layer 1, filters|\"3 2\""},
        {BROOD_SPACE_CONV2D, "5,32,1,2x2,0", "layer 1, pool size|\"2x2\"|1 .. 1024"},
        {BROOD_SPACE_CONV2D, "5,32,0,2,0", "layer 1, stride|\"0\"|1 .. 1024"},
        {BROOD_SPACE_CONV2D, "5,32,1,2,91", "layer 1, dropout|\"91\"|0 .. 90"},
        {BROOD_SPACE_CONV2D, "5x,32,1,2,0", "layer 1, kernel size|\"5x\"|such as 5x3"},
        {BROOD_SPACE_CONV2D, "x5,32,1,2,0", "layer 1, kernel size|\"x5\""},
        {BROOD_SPACE_CONV2D, "5x5x5,32,1,2,0", "layer 1, kernel size|\"5x5x5\""},
        {BROOD_SPACE_CONV2D, "5x1025,32,1,2,0", "layer 1, kernel size|\"5x1025\"|1 .. 1024"},
        {BROOD_SPACE_CONV2D, "5X3,32,1,2,0", "layer 1, kernel size|\"5X3\""},
        {BROOD_SPACE_CONV1D, "5x3,32,2,0", "layer 1, kernel size|\"5x3\"|1 .. 1024"},
    };
    brood_space_config_t config[] = {[BROOD_SPACE_CONV1D] = small_conv1d(), [BROOD_SPACE_CONV2D] = small_conv2d()};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        brood_space_t *space = space_on(&config[bad[i].kind], 28, 28, 1, 10);
        int32_t        tokens[BROOD_MAX_POSITIONS];
        char           canonical[BROOD_MAX_TEXT];
        assert_int_equal(brood_space_parse(space, bad[i].text, tokens, canonical), BROOD_E_DATA);
        assert_message_has("architecture|found|expected");
        assert_message_has(bad[i].words);
        brood_net_spec_t spec;
        assert_int_equal(brood_space_network(space, bad[i].text, &spec), BROOD_E_DATA);
        brood_space_destroy(&space);
    }
}

static void texts_are_bounded_in_layers_and_length(void **state) {
    (void)state;
    brood_space_config_t config = small_conv2d();
    brood_space_t       *space = space_on(&config, 28, 28, 1, 10);
    char                 text[2048] = "", canonical[BROOD_MAX_TEXT];
    for (int layer = 0; layer < 19; layer++) strcat(strcat(text, layer ? ";" : ""), "1,4,1,1,0");
    assert_int_equal(brood_space_parse(space, text, NULL, canonical), BROOD_OK);
    strcat(text, ";1,4,1,1,0");
    assert_int_equal(brood_space_parse(space, text, NULL, canonical), BROOD_E_DATA);
    assert_message_has("more than 19 layers|conv2d");

    text[0] = '\0'; /* 19 layers of 27 characters each */
    for (int layer = 0; layer < 19; layer++) strcat(strcat(text, layer ? ";" : ""), "1000x1001,4000,1000,1000,10");
    assert_int_equal(brood_space_parse(space, text, NULL, canonical), BROOD_E_DATA);
    assert_message_has("too long|511 characters");
    brood_space_destroy(&space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_survive_being_written_and_read),
        cmocka_unit_test(texts_hold_all_values_in_order),
        cmocka_unit_test(one_architecture_has_one_canonical_text),
        cmocka_unit_test(values_outside_the_choices_have_token_minus_one),
        cmocka_unit_test(what_is_no_architecture_is_refused_with_layer_found_and_expected),
        cmocka_unit_test(texts_are_bounded_in_layers_and_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
