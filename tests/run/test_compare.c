/* Comparing runs: whatever field of a run changes, in whatever way, is named. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/run/compare.h"
#include "brood/run/run.h"
#include "place.h"
#include "sample.h"
#include "walk.h"

#define EPISODES 17

/* What is compared need not be durable. */
static int no_fsync(void *self, int fd) {
    (void)self;
    (void)fd;
    return 0;
}

/* A run directory dir/name with these fields. */
static void save(const char *dir, const char *name, const brood_fields_t *fields) {
    brood_run_t      *run = NULL;
    brood_run_state_t state;
    brood_fs_t        fs = brood_fs_posix;
    fs.fsync = no_fsync;
    if (brood_run_open(&fs, place_path(dir, name), &run, &state) != BROOD_OK ||
        brood_run_take(run, "", 0, &brood_life_system, NULL) != BROOD_OK ||
        brood_run_save(run, fields, NULL) != BROOD_OK)
        fail_msg("%s", brood_message());
    brood_run_close(&run);
}

static brood_difference_t compare(const char *dir, const char *a, const char *b) {
    brood_difference_t difference;
    if (brood_run_compare(&brood_fs_posix, place_path(dir, a), place_path(dir, b), &difference) != BROOD_OK)
        fail_msg("%s", brood_message());
    return difference;
}

/* What the walk says of the fields as they are now beside the image `a`, in this process and without a disk. */
static brood_difference_t walk(const brood_bytes_t *a, const brood_fields_t *fields) {
    brood_bytes_t      b;
    brood_difference_t difference = {0};
    brood_bytes_init(&b);
    if (brood_image_write(BROOD_RUN_FORMAT, fields, &b) != BROOD_OK || brood_walk(a, &b, &difference) != BROOD_OK)
        fail_msg("%s", brood_message());
    brood_bytes_fini(&b);
    return difference;
}

typedef struct {
    sample_t       sample;
    brood_fields_t fields;
    brood_bytes_t  image; /* of them as they were at first */
} fixture_t;

static void fixture_init(fixture_t *fixture) {
    sample_init(&fixture->sample, EPISODES);
    brood_fields_init(&fixture->fields);
    sample_fields(&fixture->sample, &fixture->fields);
    brood_bytes_init(&fixture->image);
    if (brood_image_write(BROOD_RUN_FORMAT, &fixture->fields, &fixture->image) != BROOD_OK)
        fail_msg("%s", brood_message());
}

static void fixture_fini(fixture_t *fixture) {
    brood_fields_fini(&fixture->fields);
    brood_bytes_fini(&fixture->image);
    sample_fini(&fixture->sample);
}

static bool in_clock(const brood_field_t *field) {
    return !strncmp(field->group, "/clock", 6);
}

static const char *path_of(const brood_field_t *field, const char *behind) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s%s", field->group, field->name, behind);
    return path;
}

static void runs_of_the_same_content_are_equal(void **state) {
    const char *dir = *state;
    fixture_t   fixture;
    fixture_init(&fixture);
    save(dir, "a", &fixture.fields);
    /* Twice written, it is the second generation, and another file. */
    save(dir, "b", &fixture.fields);
    save(dir, "b", &fixture.fields);
    brood_difference_t difference = compare(dir, "a", "b");
    assert_true(difference.equal && difference.a_whole && difference.b_whole);
    assert_true(difference.objects > 80);
    difference = compare(dir, "a/run.h5", "b/run.prev.h5");
    assert_true(difference.equal);
    fixture_fini(&fixture);
}

static void one_changed_byte_of_any_dataset_is_named(void **state) {
    (void)state;
    fixture_t fixture;
    int       changed = 0;
    fixture_init(&fixture);
    for (int64_t i = 0; i < fixture.fields.count; i++) {
        const brood_field_t *field = &fixture.fields.field[i];
        const int64_t        rows = field->ndim ? field->shape[0] : 1;
        const size_t         row = (size_t)brood_field_row(field) * brood_field_size(field);
        if (!rows) continue;
        /* The last byte of the last row; of an enum and a text, the first. */
        const bool     first = field->type == BROOD_TYPE_ENUM || field->type == BROOD_TYPE_TEXT;
        unsigned char *byte = (unsigned char *)field->base + (size_t)(rows - 1) * (field->stride ? field->stride : row);
        if (!first) byte += row - 1;
        *byte ^= 1;
        brood_difference_t difference = walk(&fixture.image, &fixture.fields);
        *byte ^= 1;
        if (in_clock(field)) {
            assert_true(difference.equal);
            continue;
        }
        assert_false(difference.equal);
        assert_string_equal(difference.where, path_of(field, ""));
        assert_non_null(strstr(difference.what, " in A, "));
        changed++;
    }
    assert_true(changed > 20);
    fixture_fini(&fixture);
}

static void a_changed_or_missing_attribute_of_any_dataset_is_named(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture);
    for (int64_t i = 0; i < fixture.fields.count; i++) {
        brood_field_t      *field = &fixture.fields.field[i];
        const brood_field_t kept = *field;
        const bool number = field->type != BROOD_TYPE_ENUM && field->type != BROOD_TYPE_TEXT; /* of "1" at least */
        const struct {
            const char *behind;
            const char *label, *doc, *unit;
        } cases[] = {{"@long_name", "another", kept.doc, kept.unit},
                     {"@description", kept.label, "Another.", kept.unit},
                     {"@units", kept.label, kept.doc,
                      number      ? "furlong"
                      : kept.unit ? NULL
                                  : "furlong"}};
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            field->label = cases[c].label;
            field->doc = cases[c].doc;
            field->unit = cases[c].unit;
            brood_difference_t difference = walk(&fixture.image, &fixture.fields);
            *field = kept;
            if (in_clock(field)) {
                assert_true(difference.equal);
                continue;
            }
            assert_false(difference.equal);
            assert_string_equal(difference.where, path_of(field, cases[c].behind));
        }
    }
    fixture_fini(&fixture);
}

/* The sample with one of its fields changed, beside the unchanged one. */
static brood_difference_t with_changed(fixture_t *fixture, const char *group, const char *name,
                                       void (*change)(brood_field_t *field)) {
    for (int64_t i = 0; i < fixture->fields.count; i++) {
        brood_field_t *field = &fixture->fields.field[i], kept = *field;
        if (strcmp(field->group, group) || strcmp(field->name, name)) continue;
        change(field);
        brood_difference_t difference = walk(&fixture->image, &fixture->fields);
        *field = kept;
        return difference;
    }
    fail_msg("no field %s/%s", group, name);
    return (brood_difference_t){0};
}

static void into_float32(brood_field_t *field) {
    field->type = BROOD_TYPE_F32;
}

static void into_int64(brood_field_t *field) {
    field->type = BROOD_TYPE_I64;
}

static void into_matrix(brood_field_t *field) {
    field->ndim = 2;
    field->shape[1] = 1;
}

static void into_scalar(brood_field_t *field) {
    field->ndim = 0;
}

static void without_scale(brood_field_t *field) {
    field->dimension[0] = NULL;
}

static void under_another_name(brood_field_t *field) {
    strcat(field->name, "_too");
}

static void with_another_enum(brood_field_t *field) {
    static const char *const  names[] = {"open", "done", "stopped", "lost"};
    static const brood_enum_t other = {.name = "status", .value = names, .count = 4};
    field->members = &other;
}

static void with_an_enum_of_another_name(brood_field_t *field) {
    static const char *const  names[] = {"open", "done", "stopped", "reused"};
    static const brood_enum_t other = {.name = "state", .value = names, .count = 4};
    field->members = &other;
}

static void a_type_shape_scale_or_name_that_differs_is_named(void **state) {
    (void)state;
    fixture_t fixture;
    fixture_init(&fixture);
    const struct {
        const char *group, *name;
        void (*change)(brood_field_t *field);
        const char *where, *what;
    } cases[] = {
        {"/strategy", "baseline", into_float32, "/strategy/baseline", "type: float64 in A, float32 in B"},
        {"/rng", "seed", into_int64, "/rng/seed", "type: uint64 in A, int64 in B"},
        {"/policy/cell", "bits", into_matrix, "/policy/cell/bits", "shape: [7] in A, [7, 1] in B"},
        {"/policy/cell", "bits", into_scalar, "/policy/cell/bits", "shape: [7] in A, a scalar in B"},
        {"/episodes", "reward", without_scale, "/episodes/reward@DIMENSION_LIST", "only in A"},
        {"/episodes", "loss", under_another_name, "/episodes/loss", "only in A"},
        {"/policy/cell", "bits", under_another_name, "/policy/cell/bits", "only in A"},
        {"/episodes", "status", with_another_enum, "/episodes/status",
         "type: enum (open, done, stopped, reused) in A, enum (open, done, stopped, lost) in B"},
        {"/episodes", "status", with_an_enum_of_another_name, "/episodes/status",
         "type: committed as \"/status\" in A, as \"/state\" in B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        brood_difference_t difference = with_changed(&fixture, cases[i].group, cases[i].name, cases[i].change);
        assert_false(difference.equal);
        assert_string_equal(difference.where, cases[i].where);
        assert_string_equal(difference.what, cases[i].what);
    }
    fixture_fini(&fixture);
}

static void a_difference_says_where_and_what(void **state) {
    (void)state;
    fixture_t fixture;
    sample_t *s = &fixture.sample;
    fixture_init(&fixture);

    s->episode[5].reward = 0.75;
    assert_string_equal(walk(&fixture.image, &fixture.fields).what, "row 5: 0.5048828125 in A, 0.75 in B");
    s->episode[5].reward = 0.5 + 5.0 / 1024;

    s->episode[4].status = 3;
    assert_string_equal(walk(&fixture.image, &fixture.fields).what, "row 4: open in A, reused in B");
    s->episode[4].status = 0;

    s->tokens[2 * SAMPLE_POSITIONS + 3] = 7;
    assert_string_equal(walk(&fixture.image, &fixture.fields).what, "[2, 3]: 1 in A, 7 in B");
    s->tokens[2 * SAMPLE_POSITIONS + 3] = 1;

    strcpy(s->config, "run.round: 8\nrun.name: \"two\"\n");
    assert_string_equal(walk(&fixture.image, &fixture.fields).what,
                        "…\"run.name: \\\"été\\\"\"… in A, …\"run.name: \\\"two\\\"\"… in B");
    fixture_fini(&fixture);
}

static void bits_that_read_alike_are_told_apart(void **state) {
    (void)state;
    const uint64_t nan = UINT64_C(0x7ff8000000000000), another = nan + 1;
    double         number = -0.0;
    brood_fields_t fields;
    brood_bytes_t  a;
    brood_bytes_init(&a);
    brood_fields_init(&fields);
    brood_fields_add(
        &fields,
        &(brood_field_t){
            .group = "/g", .name = "x", .label = "x", .doc = "An x.", .type = BROOD_TYPE_F64, .base = &number});
    assert_int_equal(brood_image_write(BROOD_RUN_FORMAT, &fields, &a), BROOD_OK);
    assert_true(walk(&a, &fields).equal);
    number = 0.0;
    assert_string_equal(walk(&a, &fields).what, "-0 in A, 0 in B");
    memcpy(&number, &nan, sizeof nan);
    assert_int_equal(brood_image_write(BROOD_RUN_FORMAT, &fields, &a), BROOD_OK);
    assert_true(walk(&a, &fields).equal);
    memcpy(&number, &another, sizeof another);
    assert_string_equal(walk(&a, &fields).what,
                        "nan (bytes 00 00 00 00 00 00 f8 7f) in A, nan (bytes 01 00 00 00 00 00 f8 7f) in B");
    brood_fields_fini(&fields);
    brood_bytes_fini(&a);
}

static void a_file_without_its_trailer_is_compared_and_that_is_said(void **state) {
    const char *dir = *state;
    fixture_t   fixture;
    fixture_init(&fixture);
    save(dir, "a", &fixture.fields);
    save(dir, "b", &fixture.fields);
    struct stat status;
    assert_int_equal(stat(place_path(dir, "b/run.h5"), &status), 0);
    assert_int_equal(truncate(place_path(dir, "b/run.h5"), status.st_size - (off_t)sizeof(brood_trailer_t)), 0);
    brood_difference_t difference = compare(dir, "a", "b");
    assert_true(difference.equal && difference.a_whole);
    assert_false(difference.b_whole);
    assert_true(difference.objects > 80);
    difference = compare(dir, "b", "a");
    assert_true(difference.equal && difference.b_whole);
    assert_false(difference.a_whole);

    brood_difference_t refused;
    assert_int_equal(truncate(place_path(dir, "b/run.h5"), 40), 0);
    assert_int_equal(brood_run_compare(&brood_fs_posix, place_path(dir, "a"), place_path(dir, "b"), &refused),
                     BROOD_E_FORMAT);
    assert_non_null(strstr(brood_message(), ": B: not readable as HDF5: HDF5: "));
    fixture_fini(&fixture);
}

static void what_is_no_run_is_refused(void **state) {
    const char        *dir = *state;
    brood_difference_t difference;
    assert_int_equal(brood_run_compare(&brood_fs_posix, dir, dir, &difference), BROOD_E_IO);
    assert_non_null(strstr(brood_message(), "there is no run here"));
    assert_int_equal(brood_run_compare(&brood_fs_posix, place_path(dir, "none"), dir, &difference), BROOD_E_IO);
    assert_non_null(strstr(brood_message(), strerror(ENOENT)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(runs_of_the_same_content_are_equal),
        TEST(one_changed_byte_of_any_dataset_is_named),
        TEST(a_changed_or_missing_attribute_of_any_dataset_is_named),
        TEST(a_type_shape_scale_or_name_that_differs_is_named),
        TEST(a_difference_says_where_and_what),
        TEST(bits_that_read_alike_are_told_apart),
        TEST(a_file_without_its_trailer_is_compared_and_that_is_said),
        TEST(what_is_no_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
