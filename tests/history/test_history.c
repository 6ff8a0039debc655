#include "field_bytes.h"

#include <math.h>
#include <stdio.h>

#include "brood/history/history.h"
#include "brood/math/function.h"
#include "brood/util/hash.h"
#include "rows.h"

enum { T = 3, K = 5, EPOCHS = 4 };

static const brood_epoch_t curve_of_four[EPOCHS] = {
    {0.1f, 2.0f, 2.5f}, {0.2f, 1.5f, 2.0f}, {0.3f, 1.25f, 1.5f}, {0.4f, 1.0f, 1.25f}};

static brood_history_t *create(void) {
    brood_history_t *history;
    assert_int_equal(brood_history_create(T, K, EPOCHS, &history), BROOD_OK);
    return history;
}

static void append(brood_history_t *history, int64_t round, const char *architecture, int64_t original) {
    int64_t         episode = brood_history_episodes(history);
    brood_episode_t row = {.round = round,
                           .original = original < 0 ? episode : original,
                           .log_probability = -1.5 - (double)episode,
                           .entropy = 0.5 + (double)episode,
                           .parameters = 100 + episode,
                           .flops = 200 + episode,
                           .bytes = 300 + episode};
    snprintf(row.architecture, sizeof row.architecture, "%s", architecture);
    int32_t tokens[T] = {(int32_t)(episode % K), 2, -1};
    double  log_p[T] = {-0.5, -1.0 - (double)episode, 0.0};
    assert_int_equal(brood_history_append(history, &row, tokens, log_p), BROOD_OK);
}

static void append_round(brood_history_t *history) {
    float probability[T * K];
    for (int i = 0; i < T * K; i++)
        probability[i] = i % K == K - 1 ? NAN : (float)(brood_history_rounds(history) * T * K + i);
    assert_int_equal(brood_history_append_round(history, probability), BROOD_OK);
}

static brood_result_t result_of(int64_t episode, int64_t epochs) {
    return (brood_result_t){.status = BROOD_STATUS_DONE,
                            .steps = 10 * (episode + 1),
                            .accuracy = 0.5 + 0.01 * (double)episode,
                            .loss = 1.0,
                            .training_loss = 0.75,
                            .test_accuracy = NAN,
                            .epochs = epochs,
                            .curve = curve_of_four};
}

static void finish(brood_history_t *history, int64_t episode, int64_t epochs) {
    brood_result_t result = result_of(episode, epochs);
    assert_int_equal(brood_history_finish(history, episode, &result, result.accuracy), BROOD_OK);
}

/* Three rounds of two episodes, the first told; results in the order given; episode 5 open, episode 4 waiting for 3. */
static brood_history_t *sample(const int64_t order[4]) {
    brood_history_t         *history = create();
    static const char *const text[] = {"3,8", "5,8", "7,8", "9,8", "9,8", "11,8"};
    for (int64_t e = 0; e < 6; e++) {
        append(history, e / 2, text[e], e == 4 ? 3 : -1);
        if (e % 2) append_round(history);
    }
    for (int i = 0; i < 4; i++)
        if (order[i] != 3) finish(history, order[i], order[i] % 3 + 2);
    brood_update_t update = {.mean_reward = 0.5,
                             .baseline = 0.25,
                             .policy_loss = -0.125,
                             .entropy = 1.0,
                             .gradient_norm = 2.0,
                             .learning_rate = NAN};
    assert_int_equal(brood_history_append_update(history, &update), BROOD_OK);
    brood_history_set_advantage(history, 0, -1.0);
    brood_history_set_advantage(history, 1, 1.0);
    return history;
}

static void list(brood_history_t *history, brood_fields_t *fields) {
    brood_fields_init(fields);
    assert_int_equal(brood_history_fields(history, fields), BROOD_OK);
}

static brood_bytes_t bytes_of(brood_history_t *history) {
    brood_bytes_t  bytes;
    brood_fields_t fields;
    brood_bytes_init(&bytes);
    list(history, &fields);
    append_fields(&bytes, &fields);
    brood_fields_fini(&fields);
    return bytes;
}

static bool same_bytes(const brood_bytes_t *a, const brood_bytes_t *b) {
    return a->size == b->size && !memcmp(a->data, b->data, a->size);
}

/* A second history with room for what the first holds, loaded with it but not restored. */
static brood_history_t *load(brood_history_t *history) {
    brood_history_t *second = create();
    brood_fields_t   from, to;
    list(history, &from);
    const brood_field_t *value = brood_fields_find(&from, "/curves", "value");
    assert_non_null(value);
    assert_int_equal(brood_history_reserve(second, brood_history_episodes(history), brood_history_rounds(history),
                                           brood_history_updates(history), value->shape[0]),
                     BROOD_OK);
    list(second, &to);
    copy_fields(&from, &to);
    brood_fields_fini(&from);
    brood_fields_fini(&to);
    return second;
}

static void an_appended_row_is_open_and_knows_no_result(void **state) {
    (void)state;
    brood_history_t *history = create();
    append(history, 0, "3,8", -1);
    const brood_episode_t *row = brood_history_episode(history, 0);
    assert_int_equal(row->status, BROOD_STATUS_OPEN);
    assert_string_equal(row->architecture, "3,8");
    assert_int_equal(row->steps, 0);
    assert_int_equal(row->epochs, 0);
    uint64_t     bits, expected;
    const double nan = brood_nan();
    memcpy(&expected, &nan, sizeof expected);
    const double unknown[] = {row->reward,        row->validation_accuracy, row->validation_loss,
                              row->training_loss, row->test_accuracy,       row->advantage};
    for (int i = 0; i < 6; i++) {
        memcpy(&bits, &unknown[i], sizeof bits);
        assert_int_equal(bits, expected);
    }
    brood_history_destroy(&history);
    assert_null(history);
}

static void any_nan_is_stored_as_the_canonical_one(void **state) {
    (void)state;
    brood_history_t *history = create();
    append(history, 0, "3,8", -1);
    brood_epoch_t  curve[1] = {{-NAN, -NAN, 1.0f}};
    brood_result_t result = {
        .status = BROOD_STATUS_DIVERGED, .accuracy = -NAN, .loss = -NAN, .epochs = 1, .curve = curve};
    assert_int_equal(brood_history_finish(history, 0, &result, 0.0), BROOD_OK);
    uint64_t bits;
    uint32_t bits32;
    memcpy(&bits, &brood_history_episode(history, 0)->validation_loss, sizeof bits);
    assert_int_equal(bits, UINT64_C(0x7ff8000000000000));
    memcpy(&bits32, &brood_history_curve(history, 0)->loss, sizeof bits32);
    assert_int_equal(bits32, UINT32_C(0x7fc00000));
    brood_history_destroy(&history);
}

static void a_row_is_finished_once_and_within_its_shape(void **state) {
    (void)state;
    brood_history_t *history = create();
    append(history, 0, "3,8", -1);
    brood_result_t result = result_of(0, EPOCHS + 1);
    assert_int_equal(brood_history_finish(history, 0, &result, 0.5), BROOD_E_BUG);
    result = result_of(0, 1);
    result.status = BROOD_STATUS_OPEN;
    assert_int_equal(brood_history_finish(history, 0, &result, 0.5), BROOD_E_BUG);
    assert_int_equal(brood_history_finish(history, 1, &result, 0.5), BROOD_E_BUG);
    finish(history, 0, EPOCHS);
    result = result_of(0, 1);
    assert_int_equal(brood_history_finish(history, 0, &result, 0.5), BROOD_E_BUG);
    assert_int_equal(brood_history_episode(history, 0)->epochs, EPOCHS);
    brood_history_destroy(&history);
}

static void rows_survive_growth(void **state) {
    (void)state;
    enum { ROWS = 1000 };
    brood_history_t *history = create();
    for (int64_t e = 0; e < ROWS; e++) {
        char text[32];
        snprintf(text, sizeof text, "%d,8", (int)e);
        append(history, e, text, -1);
        append_round(history);
        finish(history, e, e % (EPOCHS + 1));
        assert_int_equal(brood_history_append_update(history, &(brood_update_t){.mean_reward = (double)e}), BROOD_OK);
    }
    for (int64_t e = 0; e < ROWS; e++) {
        const brood_episode_t *row = brood_history_episode(history, e);
        assert_int_equal(row->episode, e);
        assert_int_equal(row->parameters, 100 + e);
        assert_int_equal(brood_history_tokens(history, e)[0], e % K);
        assert_true(brood_history_token_log_p(history, e)[1] == -1.0 - (double)e);
        assert_true(brood_history_update(history, e)->mean_reward == (double)e);
        assert_true(brood_history_probability(history, e)[1] == (float)(e * T * K + 1));
        assert_memory_equal(brood_history_curve(history, e), curve_of_four,
                            (size_t)row->epochs * sizeof curve_of_four[0]);
    }
    brood_history_destroy(&history);
}

static void find_gives_the_earliest_row_before(void **state) {
    (void)state;
    brood_history_t         *history = create();
    static const char *const text[] = {"3,8", "5,8", "3,8", "7,8", "3,8"};
    for (int64_t e = 0; e < 5; e++) append(history, 0, text[e], -1);
    assert_int_equal(brood_history_find(history, "3,8", 5), 0);
    assert_int_equal(brood_history_find(history, "3,8", 0), -1);
    assert_int_equal(brood_history_find(history, "7,8", 3), -1);
    assert_int_equal(brood_history_find(history, "7,8", 4), 3);
    assert_int_equal(brood_history_find(history, "7,80", 5), -1);
    /* A hash says where to look, not what is there. */
    history->hash[1] = brood_hash_text("9,8");
    assert_int_equal(brood_history_find(history, "9,8", 5), -1);
    brood_history_destroy(&history);
}

static void order_of_arrival_leaves_no_trace(void **state) {
    (void)state;
    brood_history_t *a = sample((int64_t[]){0, 1, 2, 3}), *b = sample((int64_t[]){2, 1, 3, 0});
    brood_bytes_t    bytes_a = bytes_of(a), bytes_b = bytes_of(b);
    assert_true(same_bytes(&bytes_a, &bytes_b));
    brood_bytes_fini(&bytes_a);
    brood_bytes_fini(&bytes_b);
    brood_history_destroy(&a);
    brood_history_destroy(&b);
}

static void curves_stand_end_to_end_in_episode_order(void **state) {
    (void)state;
    brood_history_t *history = sample((int64_t[]){2, 0, 1, 3});
    brood_fields_t   fields;
    list(history, &fields);
    const brood_field_t *offset = brood_fields_find(&fields, "/curves", "offset");
    const brood_field_t *length = brood_fields_find(&fields, "/curves", "length");
    const brood_field_t *loss = brood_fields_find(&fields, "/curves", "loss");
    const int64_t        expected_offset[] = {0, 2, 5, 9, 9, 9}, expected_length[] = {2, 3, 4, 0, 0, 0};
    assert_memory_equal(offset->base, expected_offset, sizeof expected_offset);
    assert_memory_equal(length->base, expected_length, sizeof expected_length);
    assert_int_equal(loss->shape[0], 9);
    for (int64_t e = 0; e < 3; e++)
        for (int64_t i = 0; i < expected_length[e]; i++) {
            float value;
            memcpy(&value, field_row(loss, expected_offset[e] + i), sizeof value);
            assert_true(value == curve_of_four[i].loss);
        }
    brood_fields_fini(&fields);
    brood_history_destroy(&history);
}

static void every_field_is_labelled_for_a_newcomer(void **state) {
    (void)state;
    brood_history_t *history = sample((int64_t[]){0, 1, 2, 3});
    brood_fields_t   fields;
    list(history, &fields);
    for (int64_t i = 0; i < fields.count; i++) {
        const brood_field_t *field = &fields.field[i];
        assert_true(field->label && *field->label && field->doc && strlen(field->doc) > 20);
        assert_true(field->unit || field->type == BROOD_TYPE_ENUM || field->type == BROOD_TYPE_TEXT);
        /* Every axis has a scale that is listed and as long, so that xarray opens every group. */
        for (int d = 0; d < field->ndim; d++) {
            bool found = false;
            for (int64_t j = 0; j < fields.count && !found; j++) {
                char path[2 * BROOD_MAX_NAME];
                snprintf(path, sizeof path, "%s/%s", fields.field[j].group, fields.field[j].name);
                found = field->dimension[d] && !strcmp(path, field->dimension[d]) &&
                        fields.field[j].shape[0] == field->shape[d];
            }
            assert_true(found);
        }
    }
    brood_fields_fini(&fields);
    brood_history_destroy(&history);
}

static void what_was_saved_is_restored(void **state) {
    (void)state;
    brood_history_t *history = sample((int64_t[]){1, 0, 2, 3}), *second = load(history);
    assert_int_equal(brood_history_restore(second), BROOD_OK);
    brood_bytes_t a = bytes_of(history), b = bytes_of(second);
    assert_true(same_bytes(&a, &b));
    assert_int_equal(brood_history_find(second, "9,8", 6), 3);
    assert_memory_equal(brood_history_curve(second, 2), curve_of_four, sizeof curve_of_four);
    /* And it goes on: the waiting episode, then a new one. */
    finish(second, 3, 1);
    append(second, 3, "13,8", -1);
    assert_int_equal(brood_history_episodes(second), 7);
    brood_bytes_fini(&a);
    brood_bytes_fini(&b);
    brood_history_destroy(&history);
    brood_history_destroy(&second);
}

static void an_empty_history_is_saved_and_restored(void **state) {
    (void)state;
    brood_history_t *history = create(), *second = load(history);
    assert_int_equal(brood_history_restore(second), BROOD_OK);
    assert_int_equal(brood_history_episodes(second), 0);
    brood_history_destroy(&history);
    brood_history_destroy(&second);
}

/* Flips each byte of an array; what is not padding or derived must show in the fields. */
static void flip(brood_history_t *history, const brood_bytes_t *before, void *array, size_t size, const bool silent[]) {
    unsigned char *byte = array;
    for (size_t i = 0; i < size; i++) {
        if (silent && silent[i]) continue;
        byte[i] ^= 0x40;
        brood_bytes_t after = bytes_of(history);
        assert_false(same_bytes(before, &after));
        brood_bytes_fini(&after);
        byte[i] ^= 0x40;
    }
}

static void every_byte_of_state_is_in_a_field(void **state) {
    (void)state;
    brood_history_t *history = sample((int64_t[]){1, 0, 2, 3});
    brood_bytes_t    before = bytes_of(history);
    bool             silent[sizeof(brood_episode_t)] = {0};
    /* Behind the text's end, and padding. `epochs` is the curve's length: it is tried apart, since it moves memory. */
    for (size_t i = offsetof(brood_episode_t, architecture) + 4; i < offsetof(brood_episode_t, reward); i++)
        silent[i] = true;
    for (size_t i = 0; i < 8; i++) silent[offsetof(brood_episode_t, epochs) + i] = true;
    for (int64_t e = 0; e < 6; e++) flip(history, &before, &history->row[e], sizeof history->row[e], silent);
    for (int64_t e = 0; e < 6; e++)
        flip(history, &before, history->curve + e * EPOCHS, (size_t)history->row[e].epochs * sizeof *history->curve,
             NULL);
    flip(history, &before, history->tokens, 6 * T * sizeof *history->tokens, NULL);
    flip(history, &before, history->token_log_p, 6 * T * sizeof *history->token_log_p, NULL);
    flip(history, &before, history->probability, 3 * T * K * sizeof *history->probability, NULL);
    flip(history, &before, history->update, sizeof *history->update, NULL);
    history->row[0].epochs = 1;
    brood_bytes_t after = bytes_of(history);
    assert_false(same_bytes(&before, &after));
    brood_bytes_fini(&after);
    brood_bytes_fini(&before);
    brood_history_destroy(&history);
}

static void contradictions_are_refused(void **state) {
    (void)state;
    /* What another program could have written: one number each. */
    brood_history_t *history = sample((int64_t[]){0, 1, 2, 3});
    enum {
        EPISODE,
        ROUND,
        ROUND_JUMPS,
        VERSION,
        STATUS,
        NAMELESS,
        OPEN_RESULT,
        OPEN_STEPS,
        TOLD_OPEN,
        EARLY_ADVANTAGE,
        LONG_CURVE,
        SELF_REUSED,
        LATER_ORIGINAL,
        OTHER_ORIGINAL,
        EARLY_REUSE,
        TOKEN,
        UNREWARDED,
        OFFSET,
        LENGTH,
        UPDATE,
        SCALE,
        CASES
    };
    for (int i = 0; i < CASES; i++) {
        brood_history_t *bad = load(history);
        brood_episode_t *row = bad->row;
        switch (i) {
        case EPISODE:
            row[2].episode = 3;
            break;
        case ROUND:
            row[2].round = 0;
            row[3].round = 0;
            break;
        case ROUND_JUMPS:
            row[4].round = row[5].round = 3;
            break;
        case VERSION:
            row[5].policy_version = 2;
            break;
        case STATUS:
            row[0].status = BROOD_STATUS_COUNT;
            break;
        case NAMELESS:
            memset(row[0].architecture, 'x', BROOD_MAX_TEXT);
            break;
        case OPEN_RESULT:
            row[5].validation_accuracy = 0.5;
            break;
        case OPEN_STEPS:
            row[5].steps = 1;
            break;
        case TOLD_OPEN:
            row[1] = row[5];
            row[1].episode = row[1].original = 1;
            row[1].round = 0;
            break;
        case EARLY_ADVANTAGE:
            row[2].advantage = 1.0;
            break;
        case LONG_CURVE:
            row[0].epochs = EPOCHS + 1;
            break;
        case SELF_REUSED:
            row[0].status = BROOD_STATUS_REUSED;
            row[0].steps = 0;
            break;
        case LATER_ORIGINAL:
            row[0].original = 1;
            break;
        case OTHER_ORIGINAL:
            row[4].original = 2;
            break;
        case EARLY_REUSE:
            row[4].status = BROOD_STATUS_REUSED;
            row[4].reward = 0.5;
            break;
        case TOKEN:
            bad->tokens[4] = K;
            break;
        case UNREWARDED:
            row[2].reward = NAN;
            break;
        case OFFSET:
            bad->offset[2] = 4;
            break;
        case LENGTH:
            bad->length[1] = 2;
            break;
        case UPDATE:
            bad->update[0].update = 1;
            break;
        case SCALE:
            bad->choice[1] = 2;
            break;
        default:
            break;
        }
        brood_err_t err = brood_history_restore(bad);
        if (err != BROOD_E_FORMAT) print_error("case %d was not refused\n", i);
        assert_int_equal(err, BROOD_E_FORMAT);
        brood_history_destroy(&bad);
    }
    brood_history_t *empty = create();
    assert_int_equal(brood_history_reserve(empty, 2, 0, 1, 0), BROOD_E_FORMAT);
    assert_int_equal(brood_history_reserve(empty, -1, 0, 0, 0), BROOD_E_FORMAT);
    brood_history_destroy(&empty);
    brood_history_destroy(&history);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_appended_row_is_open_and_knows_no_result),
                                       cmocka_unit_test(any_nan_is_stored_as_the_canonical_one),
                                       cmocka_unit_test(a_row_is_finished_once_and_within_its_shape),
                                       cmocka_unit_test(rows_survive_growth),
                                       cmocka_unit_test(find_gives_the_earliest_row_before),
                                       cmocka_unit_test(order_of_arrival_leaves_no_trace),
                                       cmocka_unit_test(curves_stand_end_to_end_in_episode_order),
                                       cmocka_unit_test(every_field_is_labelled_for_a_newcomer),
                                       cmocka_unit_test(what_was_saved_is_restored),
                                       cmocka_unit_test(an_empty_history_is_saved_and_restored),
                                       cmocka_unit_test(every_byte_of_state_is_in_a_field),
                                       cmocka_unit_test(contradictions_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
