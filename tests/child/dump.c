/* Prints a few children with all that they follow from, for reference.py: after a line "case OPTIMIZER", a line an
   array, "NAME SHAPE … : NUMBER …". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

enum { EPOCHS = 3, EPISODE = 9 };

static void print_reals(const char *name, int64_t rows, int64_t columns, const float *values) {
    printf("%s %" PRId64 " %" PRId64 " :", name, rows, columns);
    for (int64_t i = 0; i < rows * columns; i++) printf(" %.9g", (double)values[i]);
    printf("\n");
}

static void print_images(const world_t *world, const char *name, brood_part_t part) {
    static float x[WORLD_TRAIN * WORLD_SIDE * WORLD_SIDE];
    uint8_t      y[WORLD_TRAIN];
    int64_t      count = world->data.count[part];
    char         of_labels[32];
    brood_data_batch(&world->data, part, NULL, 0, count, x, y);
    print_reals(name, count, WORLD_SIDE * WORLD_SIDE, x);
    snprintf(of_labels, sizeof of_labels, "%s_labels", name);
    printf("%s 1 %" PRId64 " :", of_labels, count);
    for (int64_t i = 0; i < count; i++) printf(" %d", y[i]);
    printf("\n");
}

static void print_orders(const world_t *world) {
    int32_t order[WORLD_TRAIN];
    printf("order %d %d :", EPOCHS, WORLD_TRAIN);
    for (int64_t epoch = 0; epoch < EPOCHS; epoch++) {
        const brood_key4_t key = brood_key4(world->setup.seed, BROOD_PURPOSE_SHUFFLE, EPISODE, epoch, 0);
        brood_random_shuffle(&key, WORLD_TRAIN, order);
        for (int64_t i = 0; i < WORLD_TRAIN; i++) printf(" %d", order[i]);
    }
    printf("\n");
}

/* Of the network as it is now: the initial weights, right after begin. */
static void print_network(void *self) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_evaluator_train.fields(self, &fields);
    for (int64_t i = 0; i < fields.count; i++) {
        const brood_field_t *field = &fields.field[i];
        char                 name[2 * BROOD_MAX_NAME + 2];
        if (field->type != BROOD_TYPE_F32 || field->group[1] != 'n') continue;
        snprintf(name, sizeof name, "%s/%s", field->group, field->name);
        print_reals(name, 1, brood_field_count(field), field->base);
    }
    brood_fields_fini(&fields);
}

static void dump(const char *optimizer, const char *learning_rate, const char *schedule) {
    const char *const set[] = {
        optimizer, learning_rate, schedule, "child.epochs=3", "child.momentum=0.8", "child.weight_decay=0.02", NULL};
    world_t world;
    world_create(&world, set);
    printf("case %s\n", optimizer);
    print_images(&world, "train", BROOD_PART_TRAIN);
    print_images(&world, "validation", BROOD_PART_VALIDATION);
    print_orders(&world);
    void *self = create_evaluator(&brood_evaluator_train, &world.setup);
    begin_child(&brood_evaluator_train, self, EPISODE, "3,4,1,2,0; 5x3,6,2,1,0");
    print_network(self);
    brood_result_t result = go_on(&brood_evaluator_train, self, 0);
    print_reals("curve", EPOCHS, 3, &result.curve->accuracy); /* accuracy, loss, training loss */
    brood_evaluator_train.destroy(&self);
    world_destroy(&world);
}

int main(void) {
    dump("child.optimizer=adam", "child.learning_rate=0.005", "child.schedule=constant");
    dump("child.optimizer=sgd", "child.learning_rate=0.05", "child.schedule=cosine");
    return 0;
}
