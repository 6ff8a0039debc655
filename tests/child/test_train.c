#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "brood/math/function.h"
#include "brood/nn/loss.h"
#include "world.h"

static const brood_evaluator_t *const train = &brood_evaluator_train;

static void a_child_learns_what_can_be_learned(void **state) {
    (void)state;
    static const char *const set[] = {"child.epochs=10", NULL};
    world_t                  world;
    world_create(&world, set);
    void          *self = create_evaluator(train, &world.setup);
    brood_result_t result = run_child(train, self, 0, SMALL, NULL);
    assert_int_equal(result.status, BROOD_STATUS_DONE);
    assert_int_equal(result.epochs, 10);
    assert_true(result.accuracy > 0.9);
    assert_true(result.training_loss < result.curve[0].training_loss / 2);
    assert_true(result.curve[9].accuracy == (float)result.accuracy && result.curve[9].loss == (float)result.loss);
    assert_true(result.curve[9].training_loss == (float)result.training_loss);
    assert_true(isnan(result.test_accuracy));
    train->destroy(&self);
    train->destroy(&self);
    world_destroy(&world);
}

/* What the evaluator is to do, as one plain loop without steps or phases. */
typedef struct {
    const world_t     *world;
    brood_arena_t      arena;
    brood_net_t       *net;
    brood_optimizer_t *optimizer;
    int64_t            episode, updates;
} plain_t;

enum { BATCH = 16, IMAGES = WORLD_TRAIN + WORLD_VALIDATION };

static void plain_create(plain_t *plain, const world_t *world, int64_t episode, const char *text) {
    brood_net_spec_t       spec;
    brood_measure_t        measure;
    size_t                 bytes;
    brood_optimizer_args_t args = {.kind = (brood_optimizer_kind_t)world->config.optimizer,
                                   .momentum = world->config.momentum,
                                   .weight_decay = world->config.weight_decay};
    *plain = (plain_t){.world = world, .episode = episode};
    assert_int_equal(brood_space_network(world->space, text, &spec), BROOD_OK);
    assert_int_equal(brood_net_measure(&spec, BATCH, &measure), BROOD_OK);
    assert_int_equal(brood_net_size(&spec, BATCH, world->math, &bytes), BROOD_OK);
    bytes += brood_optimizer_size(&args, measure.parameters);
    assert_int_equal(brood_arena_init(&plain->arena, bytes), BROOD_OK);
    assert_int_equal(brood_net_create(&spec, BATCH, world->math, &plain->arena, &plain->net), BROOD_OK);
    plain->optimizer = brood_optimizer_create(&args, plain->net, &plain->arena);
    brood_optimizer_reset(plain->optimizer);
    brood_net_initialise(plain->net, brood_key4(world->setup.seed, BROOD_PURPOSE_CHILD_INIT, episode, 0, 0));
}

/* Mean loss of the epoch; rate, or the cosine of it over `all` updates. */
static double plain_epoch(plain_t *plain, brood_part_t part, int64_t epoch, double rate, int64_t all) {
    const world_t     *world = plain->world;
    int64_t            count = world->data.count[part];
    static int32_t     order[IMAGES];
    static float       x[BATCH * WORLD_SIDE * WORLD_SIDE], logits[BATCH * WORLD_CLASSES], d[BATCH * WORLD_CLASSES];
    double             loss[BATCH], sum = 0;
    uint8_t            y[BATCH];
    const brood_key4_t shuffle = brood_key4(world->setup.seed, BROOD_PURPOSE_SHUFFLE, plain->episode, epoch, 0);
    brood_random_shuffle(&shuffle, count, order);
    for (int64_t at = 0; at < count; at += BATCH) {
        int64_t n = count - at < BATCH ? count - at : BATCH;
        for (int64_t i = 0; i < n; i++) {
            for (int64_t p = 0; p < WORLD_SIDE * WORLD_SIDE; p++)
                x[i * WORLD_SIDE * WORLD_SIDE + p] =
                    world->data.value[world->data.pixels[part][order[at + i] * WORLD_SIDE * WORLD_SIDE + p]];
            y[i] = world->data.labels[part][order[at + i]];
        }
        brood_net_forward(plain->net, n, x, true,
                          brood_key4(world->setup.seed, BROOD_PURPOSE_DROPOUT, plain->episode, plain->updates, 0),
                          logits);
        brood_loss_softmax(n, WORLD_CLASSES, logits, y, loss, d);
        for (int64_t i = 0; i < n; i++) sum += loss[i];
        brood_net_backward(plain->net, d);
        double share = all ? (1 + brood_cos(0x1.921fb54442d18p+1 * ((double)plain->updates / (double)all))) : 2;
        brood_optimizer_step(plain->optimizer, 0.5 * rate * share);
        plain->updates++;
    }
    return sum / (double)count;
}

static double plain_accuracy(plain_t *plain, brood_part_t part) {
    const world_t *world = plain->world;
    int64_t        correct = 0;
    for (int64_t i = 0; i < world->data.count[part]; i++) { /* one by one: the size of a mini-batch leaves no trace */
        float        x[WORLD_SIDE * WORLD_SIDE], logits[WORLD_CLASSES];
        uint8_t      y;
        double       loss;
        brood_key4_t unused = {0};
        brood_data_batch(&world->data, part, NULL, i, 1, x, &y);
        brood_net_forward(plain->net, 1, x, false, unused, logits);
        correct += brood_loss_softmax(1, WORLD_CLASSES, logits, &y, &loss, NULL);
    }
    return (double)correct / (double)world->data.count[part];
}

static void a_child_is_trained_as_by_a_plain_loop(void **state) {
    (void)state;
    static const char *const sgd[] = {"child.optimizer=sgd",
                                      "child.momentum=0.8",
                                      "child.weight_decay=0.01",
                                      "child.epochs=3",
                                      "child.learning_rate=0.05",
                                      "child.schedule=cosine",
                                      NULL};
    static const char *const adam[] = {"child.optimizer=adam", "child.weight_decay=0.001", "child.epochs=3", NULL};
    for (int i = 0; i < 2; i++) {
        world_t world;
        plain_t plain;
        world_create(&world, i ? adam : sgd);
        void          *self = create_evaluator(train, &world.setup);
        brood_result_t result = run_child(train, self, 4, SMALL, NULL);
        assert_int_equal(result.steps, 3 * (9 + 4)); /* of 16 images; the last of 2 */
        plain_create(&plain, &world, 4, SMALL);
        for (int64_t epoch = 0; epoch < 3; epoch++) {
            double loss = plain_epoch(&plain, BROOD_PART_TRAIN, epoch, world.config.learning_rate, i ? 0 : 3 * 9);
            assert_true(result.curve[epoch].training_loss == (float)loss);
            assert_true(result.curve[epoch].accuracy == (float)plain_accuracy(&plain, BROOD_PART_VALIDATION));
        }
        brood_arena_fini(&plain.arena);
        train->destroy(&self);
        world_destroy(&world);
    }
}

static void retraining_uses_its_own_keys_and_the_test_images(void **state) {
    (void)state;
    for (int all = 0; all < 2; all++) {
        const char *const  set[] = {all ? "retrain.images=all" : "retrain.images=train", "retrain.epochs=4",
                                   "retrain.learning_rate=0.02", "retrain.schedule=cosine", NULL};
        const brood_part_t part = all ? BROOD_PART_ALL : BROOD_PART_TRAIN;
        const int64_t      updates = all ? 12 : 9; /* an epoch, of 180 or 130 images */
        world_t            world;
        plain_t            plain;
        world_create(&world, set);
        world.setup.retrain = true;
        void          *self = create_evaluator(train, &world.setup);
        brood_result_t result = run_child(train, self, 2, SMALL, NULL);
        assert_int_equal(result.status, BROOD_STATUS_DONE);
        assert_int_equal(result.epochs, 4);
        assert_int_equal(result.steps, 4 * (updates + (all ? 0 : 4)) + 3);
        plain_create(&plain, &world, 2, SMALL);
        for (int64_t epoch = 0; epoch < 4; epoch++) {
            double loss = plain_epoch(&plain, part, epoch, 0.02, 4 * updates);
            assert_true(result.curve[epoch].training_loss == (float)loss);
            assert_int_equal(isnan(result.curve[epoch].accuracy), all);
        }
        assert_true(result.test_accuracy == plain_accuracy(&plain, BROOD_PART_TEST));
        if (all)
            assert_true(isnan(result.accuracy) && isnan(result.loss));
        else
            assert_true(result.accuracy == plain_accuracy(&plain, BROOD_PART_VALIDATION));
        brood_arena_fini(&plain.arena);
        train->destroy(&self);
        world_destroy(&world);
    }
}

static void without_test_images_the_test_accuracy_is_not_known(void **state) {
    (void)state;
    static const char *const set[] = {"retrain.epochs=1", NULL};
    world_t                  world;
    world_create(&world, set);
    world.setup.retrain = true;
    world.data.shape.test = world.data.count[BROOD_PART_TEST] = 0;
    void          *self = create_evaluator(train, &world.setup);
    brood_result_t result = run_child(train, self, 0, SMALL, NULL);
    assert_int_equal(result.status, BROOD_STATUS_DONE);
    assert_true(isnan(result.test_accuracy));
    train->destroy(&self);
    world_destroy(&world);
}

static void both_paths_give_the_same_bits(void **state) {
    (void)state;
    if (!world_has_path(BROOD_ISA_AVX512)) skip();
    world_t       world;
    brood_math_t *wide;
    world_create(&world, NULL);
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, BROOD_ISA_AVX512, 1, &wide), BROOD_OK);
    void *narrow = create_evaluator(train, &world.setup);
    world.setup.math = wide;
    void *other = create_evaluator(train, &world.setup);
    run_child(train, narrow, 0, SMALL, NULL);
    run_child(train, other, 0, SMALL, NULL);
    assert_true(hash_child(train, narrow) == hash_child(train, other));
    train->destroy(&narrow);
    train->destroy(&other);
    brood_math_destroy(&wide);
    world_destroy(&world);
}

static void the_child_before_leaves_no_trace(void **state) {
    (void)state;
    static const char *const before[] = {OTHER, SMALL, "3,16,1,1,0; 5,33,1,1,0; 3,8,1,1,50"};
    world_t                  world;
    world_create(&world, NULL);
    void *fresh = create_evaluator(train, &world.setup);
    run_child(train, fresh, 6, SMALL, NULL);
    uint64_t expected = hash_child(train, fresh);
    void    *used = create_evaluator(train, &world.setup);
    for (int i = 0; i < 3; i++) {
        int64_t remaining;
        run_child(train, used, 100 + i, before[i], NULL);
        run_child(train, used, 6, SMALL, NULL);
        assert_true(hash_child(train, used) == expected);
        begin_child(train, used, 200 + i, before[i]); /* and one that is given up */
        assert_int_equal(train->step(used, &remaining), BROOD_OK);
        run_child(train, used, 6, SMALL, NULL);
        assert_true(hash_child(train, used) == expected);
    }
    train->destroy(&fresh);
    train->destroy(&used);
    world_destroy(&world);
}

static void episodes_and_seeds_differ_in_weights_order_and_dropout(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    void *self = create_evaluator(train, &world.setup);
    world.setup.seed++;
    void *of_other_seed = create_evaluator(train, &world.setup);
    run_child(train, self, 1, SMALL, NULL);
    uint64_t first = hash_child(train, self);
    run_child(train, self, 2, SMALL, NULL);
    assert_true(hash_child(train, self) != first);
    run_child(train, of_other_seed, 1, SMALL, NULL);
    assert_true(hash_child(train, of_other_seed) != first);
    train->destroy(&self);
    train->destroy(&of_other_seed);
    world_destroy(&world);
}

static void every_step_can_be_resumed(void **state) {
    (void)state;
    static const char *const set[] = {"retrain.epochs=2", "retrain.images=train", NULL};
    static const char *const sgd[] = {"child.optimizer=sgd", "retrain.epochs=2", "retrain.images=all", NULL};
    world_t                  world;
    world_create(&world, set);
    check_every_step_can_be_resumed(train, &world.setup, NULL);
    world.setup.retrain = true;
    check_every_step_can_be_resumed(train, &world.setup, NULL);
    world_destroy(&world);
    world_create(&world, sgd);
    world.setup.retrain = true;
    check_every_step_can_be_resumed(train, &world.setup, NULL);
    world_destroy(&world);
}

static void a_state_that_contradicts_itself_is_refused(void **state) {
    (void)state;
    static const char *const set[] = {"retrain.epochs=2", "retrain.images=train", NULL};
    world_t                  world;
    world_create(&world, set);
    check_contradictions_are_refused(train, &world.setup, "correct");
    world.setup.retrain = true;
    check_contradictions_are_refused(train, &world.setup, "correct");
    world_destroy(&world);
}

static void assert_diverged(const brood_result_t *result) {
    assert_int_equal(result->status, BROOD_STATUS_DIVERGED);
    assert_true(isnan(result->accuracy) && isnan(result->loss) && isnan(result->training_loss));
    assert_true(isnan(result->test_accuracy));
}

static void a_child_that_diverges_ends_at_once(void **state) {
    (void)state;
    static const char *const set[] = {"child.optimizer=sgd", "child.learning_rate=1000", "child.epochs=20",
                                      "space.batch_norm=false", NULL};
    world_t                  world;
    world_create(&world, set);
    void          *self = create_evaluator(train, &world.setup);
    brood_result_t result = run_child(train, self, 0, SMALL, NULL);
    assert_diverged(&result);
    assert_true(result.steps < 20 * (9 + 4));
    assert_int_equal(result.epochs, result.steps / (9 + 4)); /* whole epochs */
    train->destroy(&self);
    world_destroy(&world);
}

/* Weights that the last update of an epoch has spoilt are first seen by the evaluation. */
static void a_child_whose_logits_are_no_numbers_has_diverged(void **state) {
    (void)state;
    world_t world;
    int64_t remaining;
    world_create(&world, NULL);
    void *self = create_evaluator(train, &world.setup);
    begin_child(train, self, 0, SMALL);
    for (int i = 0; i < 9 + 4 + 9; i++) assert_int_equal(train->step(self, &remaining), BROOD_OK);
    brood_fields_t fields;
    brood_fields_init(&fields);
    train->fields(self, &fields);
    for (int64_t i = 0; i < fields.count; i++)
        if (!strncmp(fields.field[i].group, "/network", 8) && !strcmp(fields.field[i].name, "bias"))
            ((float *)fields.field[i].base)[0] = NAN;
    brood_fields_fini(&fields);
    assert_int_equal(remaining, 4);
    brood_result_t result = go_on(train, self, 9 + 4 + 9);
    assert_diverged(&result);
    assert_int_equal(result.steps, 9 + 4 + 9 + 1);
    assert_int_equal(result.epochs, 1);
    assert_true(result.curve[0].accuracy > 0);
    train->destroy(&self);
    world_destroy(&world);
}

static void a_child_below_its_threshold_stops_after_that_epoch(void **state) {
    (void)state;
    static const char *const set[] = {"child.epochs=4", NULL};
    world_t                  world;
    world_create(&world, set);
    void          *self = create_evaluator(train, &world.setup);
    brood_result_t whole = run_child(train, self, 0, SMALL, NULL);
    double         equal[4], above[4] = {NAN, NAN, NAN, NAN}, at_the_end[4] = {NAN, NAN, NAN, 1.5};
    for (int i = 0; i < 4; i++) equal[i] = (double)whole.curve[i].accuracy;
    above[1] = equal[1] + 1e-6;
    assert_int_equal(run_child(train, self, 0, SMALL, equal).status, BROOD_STATUS_DONE);
    assert_int_equal(run_child(train, self, 0, SMALL, at_the_end).status, BROOD_STATUS_DONE);
    brood_result_t result = run_child(train, self, 0, SMALL, above);
    assert_int_equal(result.status, BROOD_STATUS_STOPPED);
    assert_int_equal(result.epochs, 2);
    assert_int_equal(result.steps, 2 * (9 + 4));
    assert_true((float)result.accuracy == (float)equal[1]);
    check_every_step_can_be_resumed(train, &world.setup, (const double[]){NAN, 1.5, NAN, NAN});
    train->destroy(&self);
    world_destroy(&world);
}

static void an_architecture_outside_the_choices_is_trained_as_its_text_says(void **state) {
    (void)state;
    world_t        world;
    brood_fields_t fields;
    world_create(&world, NULL);
    void *self = create_evaluator(train, &world.setup);
    assert_int_equal(run_child(train, self, 0, "7x3,5,2,1,50", NULL).status, BROOD_STATUS_DONE);
    brood_fields_init(&fields);
    train->fields(self, &fields);
    const brood_field_t *weights = NULL;
    for (int64_t i = 0; i < fields.count && !weights; i++)
        if (!strcmp(fields.field[i].name, "weights")) weights = &fields.field[i];
    assert_non_null(weights);
    assert_int_equal(brood_field_count(weights), 7 * 3 * 5);
    brood_fields_fini(&fields);
    train->destroy(&self);
    world_destroy(&world);
}

static void what_is_no_network_is_refused_and_the_next_child_begins(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    void *self = create_evaluator(train, &world.setup);
    assert_int_equal(train->begin(self, &(brood_task_t){.episode = 12, .architecture = "3,4,1,9,0; 3,4,1,1,0"}),
                     BROOD_E_DATA);
    assert_int_equal(run_child(train, self, 0, SMALL, NULL).status, BROOD_STATUS_DONE);
    train->destroy(&self);
    world_destroy(&world);
}

static void a_child_not_finished_has_no_result(void **state) {
    (void)state;
    world_t        world;
    brood_result_t result;
    world_create(&world, NULL);
    void *self = create_evaluator(train, &world.setup);
    begin_child(train, self, 0, SMALL);
    assert_int_equal(train->result(self, &result), BROOD_E_BUG);
    train->destroy(&self);
    world_destroy(&world);
}

static void the_cosine_schedule_falls_from_the_rate_to_nothing(void **state) {
    (void)state;
    assert_true(brood_child_rate(BROOD_SCHEDULE_CONSTANT, 0.3, 7, 10) == 0.3);
    assert_true(brood_child_rate(BROOD_SCHEDULE_COSINE, 0.3, 0, 1) == 0.3);
    for (int64_t step = 0; step <= 50; step++) {
        double expected = 0.3 * (1 + cos(3.14159265358979323846 * (double)step / 50)) / 2;
        assert_true(fabs(brood_child_rate(BROOD_SCHEDULE_COSINE, 0.3, step, 50) - expected) < 1e-16);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_learns_what_can_be_learned),
        cmocka_unit_test(a_child_is_trained_as_by_a_plain_loop),
        cmocka_unit_test(retraining_uses_its_own_keys_and_the_test_images),
        cmocka_unit_test(without_test_images_the_test_accuracy_is_not_known),
        cmocka_unit_test(both_paths_give_the_same_bits),
        cmocka_unit_test(the_child_before_leaves_no_trace),
        cmocka_unit_test(episodes_and_seeds_differ_in_weights_order_and_dropout),
        cmocka_unit_test(every_step_can_be_resumed),
        cmocka_unit_test(a_state_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_child_that_diverges_ends_at_once),
        cmocka_unit_test(a_child_whose_logits_are_no_numbers_has_diverged),
        cmocka_unit_test(a_child_below_its_threshold_stops_after_that_epoch),
        cmocka_unit_test(an_architecture_outside_the_choices_is_trained_as_its_text_says),
        cmocka_unit_test(what_is_no_network_is_refused_and_the_next_child_begins),
        cmocka_unit_test(a_child_not_finished_has_no_result),
        cmocka_unit_test(the_cosine_schedule_falls_from_the_rate_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
