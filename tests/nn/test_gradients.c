/* Gradients of whole networks against central differences: in double, where they can be checked to 1e-6. */
#include <math.h>

#include "support.h"

enum { IMAGES = 5, CLASSES = 4 };

static const uint8_t labels[IMAGES] = {0, 3, 1, 1, 2};

static double loss_of(fixture_t *f, brood_real_t *dlogits) {
    double loss[IMAGES], sum = 0;
    brood_net_forward(f->net, IMAGES, f->x, true, brood_key4(31, BROOD_PURPOSE_DROPOUT, 0, 0, 0), f->logits);
    brood_loss_softmax(IMAGES, CLASSES, f->logits, labels, loss, dlogits);
    for (int i = 0; i < IMAGES; i++) sum += loss[i] / IMAGES;
    return sum;
}

/* Relative to the array's gradient: ‖found − differences‖ / ‖differences‖ over up to 60 of its numbers. */
static void check(brood_net_spec_t spec, path_t by) {
    spec.classes = CLASSES;
    fixture_t f;
    fixture_create(&f, &spec, IMAGES + 2, by, 32);
    loss_of(&f, f.dlogits);
    brood_net_backward(f.net, f.dlogits);
    for (int64_t i = 0; i < brood_net_parameter_count(f.net); i++) {
        const brood_parameter_t *array = brood_net_parameter(f.net, i);
        double                   error = 0, norm = 0;
        int64_t                  stride = array->count / 60 + 1;
        for (int64_t j = 0; j < array->count; j += stride) {
            const double h = 1e-5;
            brood_real_t value = array->value[j];
            array->value[j] = value + h;
            double above = loss_of(&f, NULL);
            array->value[j] = value - h;
            double difference = (above - loss_of(&f, NULL)) / (2 * h);
            array->value[j] = value;
            error += (difference - array->gradient[j]) * (difference - array->gradient[j]);
            norm += difference * difference;
        }
        if (!(sqrt(error) < 1e-6 * sqrt(norm))) fail_msg("%s: relative error %.3g", array->name, sqrt(error / norm));
    }
    fixture_destroy(&f);
}

static void check_both(brood_net_spec_t spec) {
    check(spec, AVX2);
    if (has_path(AVX512)) check(spec, AVX512);
}

static void gradients_of_a_signal_network_are_the_differences(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(1, 30, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 7, 1, 1, .outputs = 5, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(1, 11, 1, 1, .bias = false));
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = 30));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(1, 40, 1, 1, .outputs = 6, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(1, 3, 1, 1, .bias = false));
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = CLASSES, .bias = true));
    check_both(spec);
}

static void gradients_of_an_image_network_are_the_differences(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(9, 8, 2);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 1, 1, .outputs = 6));
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(2, 2, 2, 2, .bias = false));
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = 20));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(5, 3, 1, 1, .outputs = 7));
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_AVERAGE, NULL);
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = CLASSES, .bias = true));
    check_both(spec);
}

static void gradients_of_a_strided_network_are_the_differences(void **state) {
    (void)state;
    brood_net_spec_t spec = spec_of(11, 10, 1);
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 4, 2, 1, .outputs = 5, .bias = true));
    add(&spec, BROOD_LAYER_MAX_POOL, WINDOW(3, 2, 1, 1, .bias = false));
    add(&spec, BROOD_LAYER_CONVOLUTION, WINDOW(3, 3, 2, 2, .outputs = 6));
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = 9, .bias = true));
    add(&spec, BROOD_LAYER_RELU, NULL);
    add(&spec, BROOD_LAYER_NORM, NULL);
    add(&spec, BROOD_LAYER_DROPOUT, ARGS(.percent = 10));
    add(&spec, BROOD_LAYER_DENSE, ARGS(.outputs = CLASSES));
    check_both(spec);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_a_signal_network_are_the_differences),
        cmocka_unit_test(gradients_of_an_image_network_are_the_differences),
        cmocka_unit_test(gradients_of_a_strided_network_are_the_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
