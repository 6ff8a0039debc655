#include "world.h"

#include <math.h>
#include <string.h>

#include "brood/util/hash.h"
#include "history/field_bytes.h"

static const char *const keys_of_world[] = {
    "space.layers=2",     "space.kernel_size=[3, 5]", "space.filters=[4, 8]",
    "space.stride=1",     "space.pool_size=[1, 2]",   "space.dropout=[0, 20]",
    "space.tail=flatten", "child.batch=16",           "child.learning_rate=0.01"};
enum { WORLD_KEYS = sizeof keys_of_world / sizeof *keys_of_world, MAX_KEYS = 32 };

static void draw_images(world_t *world) {
    const int64_t images = WORLD_VALIDATION + WORLD_TRAIN + WORLD_TEST;
    for (int64_t i = 0; i < images; i++) {
        brood_key4_t key = brood_key4(77, BROOD_PURPOSE_BENCH, i, 0, 0);
        int64_t      label = brood_random_below(&key, 1000, WORLD_CLASSES);
        world->labels[i] = (uint8_t)label;
        for (int64_t p = 0; p < WORLD_SIDE * WORLD_SIDE; p++) {
            int64_t quadrant = 2 * (p / WORLD_SIDE / 4) + p % WORLD_SIDE / 4;
            int64_t noise = brood_random_below(&key, (uint32_t)p, 120);
            world->pixels[i][p] = (uint8_t)(quadrant == label ? 100 + noise : noise);
        }
    }
}

/* Validation images first, as in the files. */
static void view_images(world_t *world) {
    static const int64_t first[BROOD_PARTS] = {WORLD_VALIDATION, 0, WORLD_VALIDATION + WORLD_TRAIN, 0};
    static const int64_t count[BROOD_PARTS] = {WORLD_TRAIN, WORLD_VALIDATION, WORLD_TEST,
                                               WORLD_VALIDATION + WORLD_TRAIN};
    brood_data_t        *data = &world->data;
    data->shape = (brood_data_shape_t){.image = {WORLD_SIDE, WORLD_SIDE, 1},
                                       .images = WORLD_VALIDATION + WORLD_TRAIN,
                                       .validation = WORLD_VALIDATION,
                                       .train = WORLD_TRAIN,
                                       .test = WORLD_TEST,
                                       .classes = WORLD_CLASSES};
    for (int part = 0; part < BROOD_PARTS; part++) {
        data->pixels[part] = world->pixels[first[part]];
        data->labels[part] = world->labels + first[part];
        data->count[part] = count[part];
    }
    data->offset = 80;
    data->scale = 1.0 / 64;
    for (int p = 0; p < 256; p++) data->value[p] = (float)((p - data->offset) * data->scale);
}

/* A key may be given once in a list: what a test sets stands in place of the world's own. */
static bool is_set(const char *assignment, const char *const set[]) {
    size_t key = (size_t)(strchr(assignment, '=') - assignment) + 1;
    for (; set && *set; set++)
        if (!strncmp(*set, assignment, key)) return true;
    return false;
}

static void read_config(world_t *world, const char *const set[]) {
    const char *all[MAX_KEYS];
    int         n = 0;
    for (int i = 0; i < WORLD_KEYS; i++)
        if (!is_set(keys_of_world[i], set)) all[n++] = keys_of_world[i];
    for (; set && *set; set++) {
        assert_true(n < MAX_KEYS - 1);
        all[n++] = *set;
    }
    all[n] = NULL;
    brood_section_t sections[] = {{brood_child_keys, brood_child_key_count, &world->config},
                                  {brood_space_keys, brood_space_key_count, &world->space_config}};
    if (brood_config_read(NULL, all, sections, 2) != BROOD_OK) fail_msg("%s", brood_message());
}

bool world_has_path(brood_isa_t isa) {
    if (isa == BROOD_ISA_AVX2) return true;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

void world_create(world_t *world, const char *const set[]) {
    memset(world, 0, sizeof *world);
    read_config(world, set);
    draw_images(world);
    view_images(world);
    if (brood_space_create(&world->space_config, world->data.shape.image, WORLD_CLASSES, &world->space) != BROOD_OK)
        fail_msg("%s", brood_message());
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, BROOD_ISA_AVX2, 1, &world->math), BROOD_OK);
    world->setup = (brood_evaluator_setup_t){
        .config = &world->config, .space = world->space, .data = &world->data, .math = world->math, .seed = 5};
}

void world_destroy(world_t *world) {
    brood_math_destroy(&world->math);
    brood_space_destroy(&world->space);
}

void *create_evaluator(const brood_evaluator_t *evaluator, const brood_evaluator_setup_t *setup) {
    void *self;
    if (evaluator->create(setup, &self) != BROOD_OK) fail_msg("%s", brood_message());
    return self;
}

static void begin_task(const brood_evaluator_t *evaluator, void *self, const brood_task_t *task) {
    if (evaluator->begin(self, task) != BROOD_OK) fail_msg("%s", brood_message());
}

void begin_child(const brood_evaluator_t *evaluator, void *self, int64_t episode, const char *text) {
    begin_task(evaluator, self, &(brood_task_t){.episode = episode, .architecture = text});
}

brood_result_t go_on(const brood_evaluator_t *evaluator, void *self, int64_t steps_done) {
    brood_result_t result;
    int64_t        remaining, before = -1;
    do {
        assert_int_equal(evaluator->step(self, &remaining), BROOD_OK);
        steps_done++;
        if (before >= 0 && remaining > 0) assert_int_equal(remaining, before - 1);
        before = remaining;
    } while (remaining > 0);
    assert_int_equal(evaluator->result(self, &result), BROOD_OK);
    assert_int_equal(result.steps, steps_done);
    return result;
}

brood_result_t run_child(const brood_evaluator_t *evaluator, void *self, int64_t episode, const char *text,
                         const double *threshold) {
    begin_task(evaluator, self, &(brood_task_t){.episode = episode, .architecture = text, .threshold = threshold});
    return go_on(evaluator, self, 0);
}

uint64_t hash_child(const brood_evaluator_t *evaluator, void *self) {
    brood_fields_t fields;
    brood_bytes_t  bytes;
    brood_fields_init(&fields);
    brood_bytes_init(&bytes);
    evaluator->fields(self, &fields);
    assert_int_equal(brood_fields_error(&fields), BROOD_OK);
    append_fields(&bytes, &fields);
    uint64_t hash = brood_hash(BROOD_HASH_START, bytes.data, bytes.size);
    brood_bytes_fini(&bytes);
    brood_fields_fini(&fields);
    return hash;
}

static void hand_over_task(const brood_evaluator_t *evaluator, void *from, void *to, const brood_task_t *task) {
    brood_fields_t saved, loaded;
    begin_task(evaluator, to, task);
    brood_fields_init(&saved);
    brood_fields_init(&loaded);
    evaluator->fields(from, &saved);
    evaluator->fields(to, &loaded);
    copy_fields(&saved, &loaded);
    assert_int_equal(evaluator->check(to), BROOD_OK);
    brood_fields_fini(&saved);
    brood_fields_fini(&loaded);
}

void hand_over(const brood_evaluator_t *evaluator, void *from, void *to, int64_t episode, const char *text) {
    hand_over_task(evaluator, from, to, &(brood_task_t){.episode = episode, .architecture = text});
}

/* The counter set to values that contradict the others. */
static void spoil_counter(const brood_evaluator_t *evaluator, void *self, const brood_field_t *field, bool free) {
    int64_t kept = *(int64_t *)field->base, wrong[] = {free ? INT64_MIN : kept + 1, -1, INT64_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        *(int64_t *)field->base = wrong[i];
        if (evaluator->check(self) != BROOD_E_FORMAT || !strstr(brood_message(), "/child/"))
            fail_msg("%s %lld, set to %lld, is believed", field->name, (long long)kept, (long long)wrong[i]);
    }
    *(int64_t *)field->base = kept;
}

void check_contradictions_are_refused(const brood_evaluator_t *evaluator, const brood_evaluator_setup_t *setup,
                                      const char *free_counter) {
    const brood_task_t task = {.episode = 3, .architecture = SMALL, .begun = true};
    void              *self = create_evaluator(evaluator, setup);
    int64_t            remaining = 1, spoilt = 0;
    begin_task(evaluator, self, &task);
    for (;;) {
        brood_fields_t fields;
        brood_fields_init(&fields);
        evaluator->fields(self, &fields);
        for (int64_t i = 0; i < fields.count; i++) {
            const brood_field_t *field = &fields.field[i];
            if (strcmp(field->group, "/child") != 0) continue;
            if (field->type == BROOD_TYPE_I64) {
                spoil_counter(evaluator, self, field, !strcmp(field->name, free_counter));
                spoilt++;
            } else if (field->type == BROOD_TYPE_ENUM) {
                *(int32_t *)field->base = BROOD_STATUS_DONE;
                assert_int_equal(evaluator->check(self), BROOD_E_FORMAT);
                *(int32_t *)field->base = BROOD_STATUS_OPEN;
            }
        }
        brood_fields_fini(&fields);
        assert_int_equal(evaluator->check(self), BROOD_OK);
        assert_int_equal(evaluator->step(self, &remaining), BROOD_OK);
        if (remaining == 0) break;
    }
    assert_int_equal(evaluator->check(self), BROOD_E_FORMAT); /* a finished child has nothing to go on with */
    assert_true(spoilt > 10);
    evaluator->destroy(&self);
}

void check_every_step_can_be_resumed(const brood_evaluator_t *evaluator, const brood_evaluator_setup_t *setup,
                                     const double *threshold) {
    const brood_task_t task = {.episode = 3, .architecture = SMALL, .threshold = threshold, .begun = true};
    void              *straight = create_evaluator(evaluator, setup);
    brood_result_t     expected = run_child(evaluator, straight, task.episode, SMALL, threshold);
    void              *current = create_evaluator(evaluator, setup);
    int64_t            remaining = 1, steps = 0;
    begin_task(evaluator, current, &task);
    for (; remaining > 0; steps++) {
        void *next = create_evaluator(evaluator, setup);
        begin_child(evaluator, next, 8, OTHER);
        assert_int_equal(evaluator->step(next, &remaining), BROOD_OK);
        hand_over_task(evaluator, current, next, &task);
        evaluator->destroy(&current);
        assert_null(current);
        current = next;
        assert_int_equal(evaluator->step(current, &remaining), BROOD_OK);
    }
    assert_int_equal(steps, expected.steps);
    assert_true(hash_child(evaluator, straight) == hash_child(evaluator, current));
    brood_result_t found;
    assert_int_equal(evaluator->result(current, &found), BROOD_OK);
    assert_int_equal(found.status, expected.status);
    assert_int_equal(found.epochs, expected.epochs);
    assert_memory_equal(found.curve, expected.curve, (size_t)expected.epochs * sizeof *expected.curve);
    assert_memory_equal(&found.accuracy, &expected.accuracy, sizeof found.accuracy);
    assert_memory_equal(&found.test_accuracy, &expected.test_accuracy, sizeof found.test_accuracy);
    evaluator->destroy(&straight);
    evaluator->destroy(&current);
}
