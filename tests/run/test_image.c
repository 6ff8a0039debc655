/* Images: what is written is read, the same bytes each time, and nothing that does not fit is let in. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <malloc.h>

#include <cmocka.h>

#include "brood/run/image.h"
#include "sample.h"

#define FORMAT "brood test"

static void write_sample(sample_t *sample, brood_bytes_t *bytes) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    sample_fields(sample, &fields);
    assert_int_equal(brood_image_write(FORMAT, &fields, bytes), BROOD_OK);
    brood_fields_fini(&fields);
}

/* Every byte of every field, gaps between rows apart. */
static void assert_same_fields(const brood_fields_t *a, const brood_fields_t *b) {
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const brood_field_t *f = &a->field[i], *g = &b->field[i];
        const size_t  row = (size_t)brood_field_row(f) * brood_field_size(f), stride = f->stride ? f->stride : row;
        const int64_t rows = f->ndim ? f->shape[0] : 1;
        for (int64_t r = 0; r < rows; r++)
            assert_memory_equal((char *)f->base + (size_t)r * stride, (char *)g->base + (size_t)r * stride, row);
    }
}

static void every_type_and_shape_is_read_as_it_was_written(void **state) {
    (void)state;
    for (int64_t episodes = 0; episodes < 40; episodes += 13) {
        sample_t       sample, read;
        brood_fields_t written, expected;
        brood_bytes_t  bytes;
        brood_bytes_init(&bytes);
        sample_init(&sample, episodes);
        sample_init(&read, episodes);
        sample_clear(&read);
        write_sample(&sample, &bytes);
        brood_fields_init(&written);
        brood_fields_init(&expected);
        sample_fields(&read, &written);
        sample_fields(&sample, &expected);
        assert_int_equal(brood_image_read(FORMAT, &bytes, &written), BROOD_OK);
        assert_same_fields(&expected, &written);
        brood_fields_fini(&written);
        brood_fields_fini(&expected);
        brood_bytes_fini(&bytes);
        sample_fini(&sample);
        sample_fini(&read);
    }
}

static void the_same_fields_give_the_same_bytes(void **state) {
    (void)state;
    sample_t      sample;
    brood_bytes_t a, b;
    brood_bytes_init(&a);
    brood_bytes_init(&b);
    sample_init(&sample, 1000);
    /* Memory that nobody wrote to has other bytes each time. */
    mallopt(M_PERTURB, 0x55);
    write_sample(&sample, &a);
    mallopt(M_PERTURB, 0xa3);
    write_sample(&sample, &b);
    mallopt(M_PERTURB, 0);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    /* So has memory that is used again. */
    memset(b.data, 0xff, b.capacity);
    write_sample(&sample, &b);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    brood_bytes_fini(&a);
    brood_bytes_fini(&b);
    sample_fini(&sample);
}

static void rows_and_texts_are_found_by_name(void **state) {
    (void)state;
    sample_t      sample;
    brood_bytes_t bytes;
    int64_t       rows = -1;
    char         *text = NULL;
    brood_bytes_init(&bytes);
    sample_init(&sample, 17);
    write_sample(&sample, &bytes);
    assert_int_equal(brood_image_rows(&bytes, "/episodes/tokens", &rows), BROOD_OK);
    assert_int_equal(rows, 17);
    assert_int_equal(brood_image_rows(&bytes, "/strategy/queue", &rows), BROOD_OK);
    assert_int_equal(rows, 0);
    assert_int_equal(brood_image_rows(&bytes, "/episodes/token", &rows), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/episodes/token: missing; expected a dataset with rows");
    assert_int_equal(brood_image_rows(&bytes, "/nowhere/at/all", &rows), BROOD_E_FORMAT);
    assert_int_equal(brood_image_rows(&bytes, "/episodes", &rows), BROOD_E_FORMAT);
    assert_int_equal(brood_image_rows(&bytes, "/rng/seed", &rows), BROOD_E_FORMAT);
    assert_int_equal(brood_image_text(&bytes, "/config/text", &text), BROOD_OK);
    assert_string_equal(text, sample.config);
    free(text);
    assert_int_equal(brood_image_text(&bytes, "/rng/algorithm", &text), BROOD_OK);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(brood_image_text(&bytes, "/rng/seed", &text), BROOD_E_FORMAT);
    assert_null(text);
    assert_int_equal(brood_image_text(&bytes, "/episodes/architecture", &text), BROOD_E_FORMAT);
    assert_null(text);
    brood_bytes_fini(&bytes);
    sample_fini(&sample);
}

/* One field of its own, for what is refused. */
typedef struct {
    int32_t       memory[8];
    char          texts[2][16];
    brood_field_t field;
} one_t;

static const char *const  colour_names[] = {"red", "green", "blue"};
static const brood_enum_t colours = {.name = "colour", .value = colour_names, .count = 3};
static const brood_enum_t fewer = {.name = "colour", .value = colour_names, .count = 2};

static void one_init(one_t *one) {
    *one = (one_t){.memory = {0, 1, 2, 1}, .texts = {"short", "fifteen letters"}};
    one->field = (brood_field_t){.group = "/g",
                                 .name = "x",
                                 .label = "x",
                                 .doc = "An x.",
                                 .type = BROOD_TYPE_I32,
                                 .ndim = 1,
                                 .shape = {4},
                                 .base = one->memory};
}

static brood_err_t write_one(const brood_field_t *field, brood_bytes_t *bytes) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_fields_add(&fields, field);
    brood_err_t err = brood_image_write(FORMAT, &fields, bytes);
    brood_fields_fini(&fields);
    return err;
}

static brood_err_t read_one(const brood_bytes_t *bytes, const brood_field_t *field) {
    brood_fields_t fields;
    brood_fields_init(&fields);
    brood_fields_add(&fields, field);
    brood_err_t err = brood_image_read(FORMAT, bytes, &fields);
    brood_fields_fini(&fields);
    return err;
}

static void what_does_not_fit_is_refused_with_both_named(void **state) {
    (void)state;
    one_t         one;
    brood_bytes_t bytes;
    brood_bytes_init(&bytes);
    one_init(&one);
    assert_int_equal(write_one(&one.field, &bytes), BROOD_OK);

    brood_field_t field = one.field;
    field.type = BROOD_TYPE_F32;
    assert_int_equal(read_one(&bytes, &field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/x: found int32, [4]; expected float32, [4]");

    field = one.field;
    field.shape[0] = 3;
    assert_int_equal(read_one(&bytes, &field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/x: found int32, [4]; expected int32, [3]");

    field = one.field;
    field.ndim = 2;
    field.shape[1] = 1;
    assert_int_equal(read_one(&bytes, &field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/x: found int32, [4]; expected int32, [4, 1]");

    field = one.field;
    field.ndim = 0;
    assert_int_equal(read_one(&bytes, &field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/x: found int32, [4]; expected int32, a scalar");

    field = one.field;
    strcpy(field.name, "y");
    assert_int_equal(read_one(&bytes, &field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/y: missing; expected int32, [4]");

    brood_bytes_fini(&bytes);
}

static void enums_with_other_members_and_values_without_name_are_refused(void **state) {
    (void)state;
    one_t         one;
    brood_bytes_t bytes;
    brood_bytes_init(&bytes);
    one_init(&one);
    one.field.type = BROOD_TYPE_ENUM;
    one.field.members = &colours;
    assert_int_equal(write_one(&one.field, &bytes), BROOD_OK);

    brood_field_t field = one.field;
    field.members = &fewer;
    assert_int_equal(read_one(&bytes, &field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/x: found enum (red, green, blue), [4]; expected enum (red, green), [4]");

    /* The four bytes of the column, as they lie in the file, with a value too large among them. */
    const unsigned char values[4] = {0, 1, 2, 1};
    unsigned char      *at = memmem(bytes.data, bytes.size, values, sizeof values);
    assert_non_null(at);
    at[2] = 3;
    assert_int_equal(read_one(&bytes, &one.field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/x: row 2: found 3, expected a value of enum colour: 0 to 2");

    one.memory[1] = -1;
    assert_int_equal(write_one(&one.field, &bytes), BROOD_E_BUG);
    assert_string_equal(brood_message(), "/g/x: row 1: -1 is no value of enum colour");
    brood_bytes_fini(&bytes);
}

static void a_text_longer_than_its_cell_is_refused(void **state) {
    (void)state;
    one_t         one;
    brood_bytes_t bytes;
    brood_bytes_init(&bytes);
    one_init(&one);
    one.field.type = BROOD_TYPE_TEXT;
    one.field.shape[0] = 2;
    one.field.base = one.texts;
    one.field.text_size = sizeof one.texts[0];
    assert_int_equal(write_one(&one.field, &bytes), BROOD_OK);

    memset(one.texts, 'x', sizeof one.texts);
    assert_int_equal(read_one(&bytes, &one.field), BROOD_OK);
    assert_memory_equal(one.texts[0], "short\0\0\0\0\0\0\0\0\0\0", 16);
    assert_string_equal(one.texts[1], "fifteen letters");

    one.field.text_size = 15;
    assert_int_equal(read_one(&bytes, &one.field), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "/g/x: row 1: found a text of 15 bytes, expected at most 14");

    one.field.text_size = 16;
    memset(one.texts[1], 'x', sizeof one.texts[1]);
    assert_int_equal(write_one(&one.field, &bytes), BROOD_E_BUG);
    assert_string_equal(brood_message(), "/g/x: row 1: a text without end");
    brood_bytes_fini(&bytes);
}

static void fields_that_contradict_each_other_are_a_bug(void **state) {
    (void)state;
    one_t          one;
    brood_bytes_t  bytes;
    brood_fields_t fields;
    brood_field_t  scale;
    brood_bytes_init(&bytes);
    brood_fields_init(&fields);
    one_init(&one);

    one.field.doc = NULL;
    assert_int_equal(write_one(&one.field, &bytes), BROOD_E_BUG);
    one.field.doc = "An x.";
    one.field.dimension[0] = "/scale";
    assert_int_equal(write_one(&one.field, &bytes), BROOD_E_BUG);

    scale = one.field;
    scale.group[0] = '\0';
    strcpy(scale.name, "scale");
    scale.shape[0] = 3;
    brood_fields_add(&fields, &one.field);
    brood_fields_add(&fields, &scale);
    assert_int_equal(brood_image_write(FORMAT, &fields, &bytes), BROOD_E_BUG);
    assert_string_equal(brood_message(), "/g/x: dimension 0 has 4 values, its scale /scale 3");

    brood_fields_add(&fields, &one.field);
    assert_int_equal(brood_image_write(FORMAT, &fields, &bytes), BROOD_E_BUG);
    assert_non_null(strstr(brood_message(), "/g/x: HDF5: "));
    brood_fields_fini(&fields);
    brood_bytes_fini(&bytes);
}

static void another_format_version_or_no_hdf5_is_refused(void **state) {
    (void)state;
    one_t          one;
    brood_bytes_t  bytes;
    brood_fields_t none;
    brood_bytes_init(&bytes);
    brood_fields_init(&none);
    one_init(&one);

    assert_int_equal(brood_image_read(FORMAT, &bytes, &none), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "an empty file, where HDF5 was expected");
    assert_int_equal(brood_bytes_append(&bytes, "This is a letter to my mother.", 30), BROOD_OK);
    assert_int_equal(brood_image_read(FORMAT, &bytes, &none), BROOD_E_FORMAT);
    assert_non_null(strstr(brood_message(), "not readable as HDF5: HDF5: "));

    assert_int_equal(write_one(&one.field, &bytes), BROOD_OK);
    assert_int_equal(brood_image_read("brood model", &bytes, &none), BROOD_E_FORMAT);
    assert_string_equal(brood_message(), "found a \"brood test\", expected a \"brood model\"");
    assert_int_equal(brood_image_read(FORMAT, &bytes, &none), BROOD_OK);

    /* Somewhere behind its name stands the version: the only 1 that can become a 2 and leave a file of this format. */
    unsigned char *at = memmem(bytes.data, bytes.size, "version", sizeof "version");
    int            seen = 0;
    assert_non_null(at);
    for (size_t i = 0; i < 64; i++) {
        if (at[i] != 1) continue;
        at[i] = 2;
        seen +=
            brood_image_read(FORMAT, &bytes, &none) == BROOD_E_FORMAT &&
            !strcmp(brood_message(), "found a \"brood test\" of version 2, expected version 1; it needs another Brood");
        at[i] = 1;
    }
    assert_int_equal(seen, 1);
    brood_bytes_fini(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_and_shape_is_read_as_it_was_written),
        cmocka_unit_test(the_same_fields_give_the_same_bytes),
        cmocka_unit_test(rows_and_texts_are_found_by_name),
        cmocka_unit_test(what_does_not_fit_is_refused_with_both_named),
        cmocka_unit_test(enums_with_other_members_and_values_without_name_are_refused),
        cmocka_unit_test(a_text_longer_than_its_cell_is_refused),
        cmocka_unit_test(fields_that_contradict_each_other_are_a_bug),
        cmocka_unit_test(another_format_version_or_no_hdf5_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
