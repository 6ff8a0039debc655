#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "brood/child/synthetic.h"
#include "brood/math/function.h"
#include "world.h"

static const brood_evaluator_t *const synthetic = &brood_evaluator_synthetic;

/* Tokens of architecture `index` in the space's mixed-radix order. */
static void tokens_of(const brood_space_t *space, int64_t index, int32_t tokens[]) {
    for (int64_t t = 0; t < brood_space_length(space); t++) {
        brood_decision_t decision;
        brood_space_decision(space, tokens, t, &decision);
        tokens[t] = (int32_t)(index % decision.choices);
        index /= decision.choices;
    }
}

/* z of an accuracy, by libm. */
static double z_of(double accuracy) {
    double sigmoid = (accuracy - 0.5) / 0.45;
    return log(sigmoid / (1 - sigmoid));
}

/* The header's formula, read naively: every coefficient looked up, every φ by libm. */
static double phi(int j, double a, double choices) {
    return sqrt(2) * cos(3.14159265358979323846 * j * (a + 0.5) / choices);
}

static double normal(int64_t landscape, int64_t t, int64_t part, uint32_t index) {
    brood_key4_t key = brood_key4((uint64_t)landscape, BROOD_PURPOSE_LANDSCAPE, 0, t, part);
    return brood_random_normal(&key, index);
}

static double reference_z(int64_t landscape, int64_t n, const int64_t choices[], const int32_t a[]) {
    double effects = 0, effect_squares = 0, pairs = 0, pair_squares = 0;
    for (int64_t t = 0; t < n; t++)
        for (int j = 1; j <= 3 && j < choices[t]; j++) {
            double c = normal(landscape, t, 0, (uint32_t)(j - 1)) / j;
            effects += c * phi(j, a[t], (double)choices[t]);
            effect_squares += c * c;
        }
    for (int64_t t = 1; t < n; t++)
        for (int i = 1; i <= 3 && i < choices[t - 1]; i++)
            for (int j = 1; j <= 3 && j < choices[t]; j++) {
                double d = normal(landscape, t, 1, (uint32_t)(3 * (i - 1) + j - 1)) / (i * j);
                pairs += d * phi(i, a[t - 1], (double)choices[t - 1]) * phi(j, a[t], (double)choices[t]);
                pair_squares += d * d;
            }
    return sqrt(0.5) * (effects / sqrt(effect_squares) + pairs / sqrt(pair_squares));
}

static void accuracy_is_the_formula_of_the_header(void **state) {
    (void)state;
    static const char *const set[] = {"space.kernel_size=[1, 3, 5, 7, 9]", "space.pool_size=2", NULL};
    static const int64_t     choices[] = {5, 2, 2, 5, 2, 2}; /* kernel size, filters, dropout of two layers */
    world_t                  world;
    world_create(&world, set);
    for (int64_t i = 0; i < 400; i++) {
        int32_t tokens[BROOD_MAX_POSITIONS], counted[6];
        int     n = 0;
        tokens_of(world.space, i, tokens);
        for (int64_t t = 0; t < brood_space_length(world.space); t++) {
            brood_decision_t decision;
            brood_space_decision(world.space, tokens, t, &decision);
            if (decision.choices > 1) counted[n++] = tokens[t];
        }
        assert_int_equal(n, 6);
        double z = z_of(brood_synthetic_accuracy(9, world.space, tokens));
        assert_true(fabs(z - reference_z(9, 6, choices, counted)) < 1e-12);
    }
    world_destroy(&world);
}

static void z_has_mean_0_and_variance_1_over_the_space(void **state) {
    (void)state;
    static const char *const set[] = {"space.filters=[4, 6, 8, 10, 12]", NULL};
    world_t                  world;
    world_create(&world, set);
    int64_t size = (int64_t)brood_space_size(world.space);
    assert_int_equal(size, 1600);
    for (int64_t landscape = 0; landscape < 5; landscape++) {
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < size; i++) {
            int32_t tokens[BROOD_MAX_POSITIONS];
            tokens_of(world.space, i, tokens);
            double accuracy = brood_synthetic_accuracy(landscape, world.space, tokens);
            assert_true(accuracy > 0.5 && accuracy < 0.95);
            sum += z_of(accuracy);
            squares += z_of(accuracy) * z_of(accuracy);
        }
        assert_true(fabs(sum / (double)size) < 1e-12);
        assert_true(fabs(squares / (double)size - 1) < 1e-11);
    }
    world_destroy(&world);
}

static void the_best_choice_of_a_decision_depends_on_its_neighbour(void **state) {
    (void)state;
    static const char *const set[] = {"space.layers=1",
                                      "space.kernel_size=[1, 3, 5, 7]",
                                      "space.filters=[4, 6, 8, 10, 12, 14]",
                                      "space.pool_size=1",
                                      "space.dropout=0",
                                      NULL};
    world_t                  world;
    world_create(&world, set);
    int64_t dependent = 0;
    for (int64_t landscape = 0; landscape < 10; landscape++) {
        int32_t best[6];
        for (int32_t filters = 0; filters < 6; filters++) {
            double highest = 0;
            for (int32_t kernel = 0; kernel < 4; kernel++) {
                int32_t tokens[] = {kernel, filters, 0, 0, 0};
                double  accuracy = brood_synthetic_accuracy(landscape, world.space, tokens);
                if (accuracy <= highest) continue;
                highest = accuracy;
                best[filters] = kernel;
            }
        }
        for (int i = 1; i < 6; i++)
            if (best[i] != best[0]) {
                dependent++;
                break;
            }
    }
    assert_true(dependent >= 5); /* of 10 landscapes */
    world_destroy(&world);
}

static void a_token_outside_the_choices_counts_as_their_mean(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    int32_t tokens[BROOD_MAX_POSITIONS];
    tokens_of(world.space, 91, tokens);
    for (int64_t t = 0; t < brood_space_length(world.space); t++) {
        brood_decision_t decision;
        brood_space_decision(world.space, tokens, t, &decision);
        int32_t own = tokens[t];
        double  mean = 0;
        for (tokens[t] = 0; tokens[t] < decision.choices; tokens[t]++)
            mean += z_of(brood_synthetic_accuracy(1, world.space, tokens)) / decision.choices;
        tokens[t] = -1;
        assert_true(fabs(z_of(brood_synthetic_accuracy(1, world.space, tokens)) - mean) < 1e-12);
        tokens[t] = own;
    }
    world_destroy(&world);
}

static void a_child_ends_with_the_accuracy_of_its_tokens(void **state) {
    (void)state;
    static const char *const set[] = {"evaluator.noise=0", "evaluator.landscape=7", "evaluator.steps=3",
                                      "child.epochs=4", NULL};
    world_t                  world;
    int32_t                  tokens[BROOD_MAX_POSITIONS];
    char                     canonical[BROOD_MAX_TEXT];
    world_create(&world, set);
    void *self = create_evaluator(synthetic, &world.setup);
    assert_int_equal(brood_space_parse(world.space, SMALL, tokens, canonical), BROOD_OK);
    brood_result_t result = run_child(synthetic, self, 0, SMALL, NULL);
    assert_int_equal(result.status, BROOD_STATUS_DONE);
    assert_int_equal(result.steps, 12);
    assert_int_equal(result.epochs, 4);
    assert_true(result.accuracy == brood_synthetic_accuracy(7, world.space, tokens));
    assert_true(result.curve[3].accuracy == (float)result.accuracy);
    for (int i = 1; i < 4; i++) {
        assert_true(result.curve[i].accuracy > result.curve[i - 1].accuracy);
        assert_true(result.curve[i].loss < result.curve[i - 1].loss);
        assert_true(result.curve[i].training_loss < result.curve[i - 1].training_loss);
    }
    assert_true(isnan(result.test_accuracy));
    synthetic->destroy(&self);
    world_destroy(&world);
}

static void an_architecture_outside_the_choices_has_an_accuracy(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    void *self = create_evaluator(synthetic, &world.setup);
    assert_true(run_child(synthetic, self, 0, "7,5,2,3,50; 3,4,1,1,0", NULL).accuracy > 0.4);
    assert_true(run_child(synthetic, self, 1, "3,4,1,1,0; 3,4,1,1,0; 3,4,1,1,0", NULL).accuracy > 0.4);
    synthetic->destroy(&self);
    world_destroy(&world);
}

static void what_is_no_architecture_is_refused_and_the_next_child_begins(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    void *self = create_evaluator(synthetic, &world.setup);
    assert_int_equal(synthetic->begin(self, &(brood_task_t){.architecture = "3,4,1"}), BROOD_E_DATA);
    assert_int_equal(synthetic->begin(self, &(brood_task_t){.architecture = "3,4,1,9,0"}), BROOD_E_DATA);
    assert_int_equal(run_child(synthetic, self, 0, SMALL, NULL).status, BROOD_STATUS_DONE);
    synthetic->destroy(&self);
    synthetic->destroy(&self);
    world_destroy(&world);
}

static void noise_is_keyed_by_seed_and_episode_and_has_the_deviation_asked_for(void **state) {
    (void)state;
    enum { EPISODES = 2000 };
    static const char *const set[] = {"evaluator.noise=0.02", "child.epochs=1", "evaluator.steps=1", NULL};
    world_t                  world;
    world_create(&world, set);
    void *self = create_evaluator(synthetic, &world.setup);
    world.setup.seed++;
    void  *of_other_seed = create_evaluator(synthetic, &world.setup);
    double sum = 0, squares = 0, first = 0;
    for (int64_t i = 0; i < EPISODES; i++) {
        double accuracy = run_child(synthetic, self, i, SMALL, NULL).accuracy;
        assert_true(run_child(synthetic, self, i, SMALL, NULL).accuracy == accuracy);
        assert_true(run_child(synthetic, of_other_seed, i, SMALL, NULL).accuracy != accuracy);
        if (i == 0) first = accuracy;
        sum += accuracy - first;
        squares += (accuracy - first) * (accuracy - first);
    }
    double mean = sum / EPISODES, deviation = sqrt(squares / EPISODES - mean * mean);
    assert_true(fabs(deviation - 0.02) < 4 * 0.02 / sqrt(2.0 * EPISODES)); /* four standard errors */
    synthetic->destroy(&self);
    synthetic->destroy(&of_other_seed);
    world_destroy(&world);
}

static double seconds_of(void *self, const char *text) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    run_child(synthetic, self, 0, text, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

static double flops_of(const world_t *world, const char *text) {
    brood_net_spec_t spec;
    brood_measure_t  measure;
    assert_int_equal(brood_space_network(world->space, text, &spec), BROOD_OK);
    assert_int_equal(brood_net_measure(&spec, world->config.batch, &measure), BROOD_OK);
    return (double)measure.flops;
}

static void delay_takes_time_in_proportion_to_flops_and_leaves_no_trace(void **state) {
    (void)state;
    static const char *const set[] = {"evaluator.delay=0.1", NULL};
    world_t                  world;
    world_create(&world, set);
    void *self = create_evaluator(synthetic, &world.setup);
    assert_true(seconds_of(self, SMALL) >= 0.0999 * 1e-6 * flops_of(&world, SMALL));
    assert_true(seconds_of(self, OTHER) >= 0.0999 * 1e-6 * flops_of(&world, OTHER));
    uint64_t delayed = hash_child(synthetic, self);
    synthetic->destroy(&self);
    world.config.delay = 0;
    self = create_evaluator(synthetic, &world.setup);
    run_child(synthetic, self, 0, OTHER, NULL);
    assert_true(hash_child(synthetic, self) == delayed);
    synthetic->destroy(&self);
    world_destroy(&world);
}

static void every_step_can_be_resumed(void **state) {
    (void)state;
    static const char *const set[] = {"child.epochs=3", NULL};
    world_t                  world;
    world_create(&world, set);
    check_every_step_can_be_resumed(synthetic, &world.setup, NULL);
    world.setup.retrain = true;
    check_every_step_can_be_resumed(synthetic, &world.setup, NULL);
    world_destroy(&world);
}

static void a_state_that_contradicts_itself_is_refused(void **state) {
    (void)state;
    world_t world;
    world_create(&world, NULL);
    check_contradictions_are_refused(synthetic, &world.setup, "steps");
    world_destroy(&world);
}

static void a_child_below_its_threshold_stops_after_that_epoch(void **state) {
    (void)state;
    static const char *const set[] = {"child.epochs=4", "evaluator.steps=3", NULL};
    world_t                  world;
    world_create(&world, set);
    void          *self = create_evaluator(synthetic, &world.setup);
    double         threshold[] = {NAN, 0, 1, 0};
    brood_result_t result = run_child(synthetic, self, 0, SMALL, threshold);
    assert_int_equal(result.status, BROOD_STATUS_STOPPED);
    assert_int_equal(result.epochs, 3);
    assert_int_equal(result.steps, 9);
    assert_true(result.curve[2].accuracy == (float)result.accuracy);
    check_every_step_can_be_resumed(synthetic, &world.setup, threshold);
    synthetic->destroy(&self);
    world_destroy(&world);
}

static void retraining_knows_a_test_accuracy_and_validates_only_where_images_are_left(void **state) {
    (void)state;
    for (int images = 0; images < 2; images++) {
        const char *const set[] = {images ? "retrain.images=train" : "retrain.images=all", "retrain.epochs=3", NULL};
        world_t           world;
        world_create(&world, set);
        world.setup.retrain = true;
        void          *self = create_evaluator(synthetic, &world.setup);
        brood_result_t result = run_child(synthetic, self, 0, SMALL, NULL);
        assert_int_equal(result.epochs, 3);
        assert_true(result.test_accuracy > 0.4 && result.test_accuracy < 1);
        assert_int_equal(!isnan(result.accuracy), images);
        assert_int_equal(!isnan(result.curve[0].loss), images);
        assert_true(!isnan(result.curve[2].training_loss));
        synthetic->destroy(&self);
        world_destroy(&world);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy_is_the_formula_of_the_header),
        cmocka_unit_test(z_has_mean_0_and_variance_1_over_the_space),
        cmocka_unit_test(the_best_choice_of_a_decision_depends_on_its_neighbour),
        cmocka_unit_test(a_token_outside_the_choices_counts_as_their_mean),
        cmocka_unit_test(a_child_ends_with_the_accuracy_of_its_tokens),
        cmocka_unit_test(an_architecture_outside_the_choices_has_an_accuracy),
        cmocka_unit_test(what_is_no_architecture_is_refused_and_the_next_child_begins),
        cmocka_unit_test(noise_is_keyed_by_seed_and_episode_and_has_the_deviation_asked_for),
        cmocka_unit_test(delay_takes_time_in_proportion_to_flops_and_leaves_no_trace),
        cmocka_unit_test(every_step_can_be_resumed),
        cmocka_unit_test(a_state_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_child_below_its_threshold_stops_after_that_epoch),
        cmocka_unit_test(retraining_knows_a_test_accuracy_and_validates_only_where_images_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
