/* The fingerprint is equal where bits are, and differs where one does not. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "../../src/nn/layer.h"
#include "brood/nn/fingerprint.h"
#include "spoil.h"
#include "support.h"

static brood_math_t       *math;
static brood_fingerprint_t sound; /* of nothing spoiled */

/* ---- memory ---- */

static int64_t held;          /* blocks taken and not freed */
static int64_t fails_at = -1; /* this many later; −1: never */

static void *take(void *block) {
    held += block != NULL;
    return block;
}
static bool refuse(void) {
    return fails_at >= 0 && fails_at-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void  __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void  __wrap_free(void *block);

void *__wrap_malloc(size_t size) {
    return refuse() ? NULL : take(__real_malloc(size));
}
void *__wrap_calloc(size_t count, size_t size) {
    return refuse() ? NULL : take(__real_calloc(count, size));
}
void *__wrap_realloc(void *old, size_t size) {
    if (refuse()) return NULL;
    return old ? __real_realloc(old, size) : take(__real_realloc(NULL, size));
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refuse() ? NULL : take(__real_aligned_alloc(alignment, size));
}
void __wrap_free(void *block) {
    held -= block != NULL;
    __real_free(block);
}

/* ---- how mini-batches are cut ---- */

enum { PARTS, BLOCKS, TOOM_BLOCKS, PANELS, CUTS };
static int64_t cut[CUTS]; /* passes in which there are fewer parts than usual; more than one of the others */
static int64_t with_points[BROOD_TOOM_POINTS + 1]; /* passes through tiles of so many along an axis */

void __real_brood_net_backward(brood_net_t *net, const brood_real_t *dlogits);
void __wrap_brood_net_backward(brood_net_t *net, const brood_real_t *dlogits);

void __wrap_brood_net_backward(brood_net_t *net, const brood_real_t *dlogits) {
    int64_t room = brood_net_part_room(net);
    cut[PARTS] += net->parts < BROOD_MOST_THREADS;
    for (int64_t i = 0; i < net->backward.count; i++) {
        const brood_planned_t *planned = &net->backward.planned[i];
        const brood_layer_t   *layer = planned->layer;
        int64_t                block = planned->grain < room ? planned->grain : room;
        if (planned->step->pieces) continue;
        cut[BLOCKS] += block < room;
        cut[TOOM_BLOCKS] += block < room && layer->ops == &brood_convolution_toom;
        cut[PANELS] += layer->ops == &brood_convolution_direct &&
                       layer->as.direct.forward.panel_rows < layer->as.direct.forward.height.out;
    }
    for (int64_t i = 0; i < net->count; i++) {
        if (net->layer[i].ops != &brood_convolution_toom) continue;
        for (int axis = 0; axis < 2; axis++) with_points[net->layer[i].as.toom.axes[axis].points]++;
    }
    __real_brood_net_backward(net, dlogits);
}

/* ---- tests ---- */

enum {
    PRODUCTS_PART = 1 << BROOD_FINGERPRINT_PRODUCTS,
    KERNELS_PART = 1 << BROOD_FINGERPRINT_KERNELS,
    FUNCTIONS_PART = 1 << BROOD_FINGERPRINT_FUNCTIONS,
    TRAINING_PART = 1 << BROOD_FINGERPRINT_TRAINING,
    NETWORK_PARTS = KERNELS_PART | TRAINING_PART
};

/* The parts in which two fingerprints differ. */
static int difference(const brood_fingerprint_t *a, const brood_fingerprint_t *b) {
    int parts = 0;
    for (int i = 0; i < BROOD_FINGERPRINT_PARTS; i++) parts |= (a->part[i] != b->part[i]) << i;
    assert_int_equal(a->all != b->all, parts != 0);
    return parts;
}

static brood_fingerprint_t fingerprint_of(brood_math_t *by) {
    brood_fingerprint_t fingerprint;
    assert_int_equal(brood_fingerprint(by, &fingerprint), BROOD_OK);
    return fingerprint;
}

/* The parts that differ from sound ones. */
static int changed(void) {
    brood_fingerprint_t now = fingerprint_of(math);
    return difference(&now, &sound);
}

static int changed_by(const char *name, int64_t call, int64_t *calls) {
    spoil_begin(name, call);
    int     parts = changed();
    int64_t made = spoil_end();
    if (calls) *calls = made;
    return parts;
}

static void it_is_the_same_whatever_was_computed_before(void **state) {
    (void)state;
    assert_int_equal(changed(), 0);
    enum { N = 300 };
    float *x = malloc(N * N * sizeof *x), *y = malloc(N * N * sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    for (int64_t i = 0; i < N * N; i++) x[i] = NAN;
    brood_product_f32(math, BROOD_PLAIN, BROOD_TRANSPOSED, N, N, N, x, N, x, N, false, y, N);
    free(x);
    free(y);
    assert_int_equal(changed(), 0);
    brood_math_t *other;
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, brood_math_isa(math), 1, &other), BROOD_OK);
    brood_fingerprint_t again = fingerprint_of(other);
    assert_int_equal(difference(&again, &sound), 0);
    brood_math_destroy(&other);
}

/* Else another size of a block could change the bits of children, but not the fingerprint. */
static void mini_batches_are_cut_in_every_way(void **state) {
    (void)state;
    memset(cut, 0, sizeof cut);
    assert_int_equal(changed(), 0);
    for (int i = 0; i < CUTS; i++)
        if (cut[i] == 0)
            fail_msg("nothing is cut into %s", (const char *[]){"parts", "blocks", "blocks of Toom-Cook", "panels"}[i]);
}

static void tiles_have_any_number_of_points(void **state) {
    (void)state;
    memset(with_points, 0, sizeof with_points);
    assert_int_equal(changed(), 0);
    for (int64_t points = 3; points <= BROOD_TOOM_POINTS; points++)
        if (with_points[points] == 0) fail_msg("no tile has %lld points along an axis", (long long)points);
}

static void both_paths_have_the_same(void **state) {
    (void)state;
    if (!has_path(AVX512)) skip();
    brood_math_t *wide;
    assert_int_equal(brood_math_create(BROOD_NUMERICS_PORTABLE, BROOD_ISA_AVX512, 1, &wide), BROOD_OK);
    brood_fingerprint_t other = fingerprint_of(wide);
    brood_math_destroy(&wide);
    assert_int_equal(difference(&other, &sound), 0);
}

static void one_input_changes_its_part_alone(void **state) {
    (void)state;
    enum { SAMPLES = 12 };
    for (int64_t part = 0; part < BROOD_FINGERPRINT_PARTS; part++) {
        spoil_draw_begin(part, -1);
        assert_int_equal(changed(), 0);
        int64_t all = spoil_draw_end();
        assert_true(all > 200);
        for (int64_t i = 0; i < SAMPLES; i++) {
            int64_t number = i * (all - 1) / (SAMPLES - 1);
            spoil_draw_begin(part, number);
            int parts = changed();
            spoil_draw_end();
            if (parts != 1 << part)
                fail_msg("number %lld of %lld drawn for %s changes the parts %x", (long long)number, (long long)all,
                         brood_fingerprint_parts[part], (unsigned)parts);
        }
    }
}

/* That one call changes at least the parts `needed`, and none but those `allowed`; returns the parts. */
static int spoil_one(const char *name, int64_t call, int needed, int allowed) {
    int parts = changed_by(name, call, NULL);
    if ((parts & needed) != needed || parts & ~allowed)
        fail_msg("call %lld of %s changes the parts %x: needed %x, allowed %x", (long long)call, name, (unsigned)parts,
                 (unsigned)needed, (unsigned)allowed);
    return parts;
}

/* That all calls together change these parts, and no others; returns the number of calls. */
static int64_t spoil_all(const char *name, int expected) {
    int64_t calls;
    int     parts = changed_by(name, -1, &calls);
    if (parts != expected || calls == 0)
        fail_msg("%s, called %lld times, changes the parts %x: expected %x", name, (long long)calls, (unsigned)parts,
                 (unsigned)expected);
    return calls;
}

/* Networks use products too, in float alone: there a bit may be lost in a later sum. */
static void one_bit_of_a_product_changes_products(void **state) {
    (void)state;
    static const char *const names[] = {"product_f64", "product_packed_f64", "product_f32", "product_packed_f32"};
    int64_t                  cases = spoil_all("product_f64", PRODUCTS_PART);
    assert_true(cases > 12);
    for (int i = 0; i < 4; i++) {
        bool    in_networks = i >= 2;
        int64_t calls = spoil_all(names[i], PRODUCTS_PART | (in_networks ? NETWORK_PARTS : 0));
        assert_int_equal(calls > cases, in_networks);
        for (int64_t call = 0; call < cases; call++) spoil_one(names[i], call, PRODUCTS_PART, PRODUCTS_PART);
    }
}

/* A call may find nothing but the zeros of a ReLU, but not most of them. */
static void other_bits_of_any_kernel_change_kernels(void **state) {
    (void)state;
    for (const char *const *name = spoil_kernels; *name; name++) {
        int64_t calls, noticed = 0;
        assert_true(changed_by(*name, -1, &calls) & KERNELS_PART);
        for (int64_t i = 0; i < 3; i++)
            noticed += spoil_one(*name, i * (calls - 1) / 2, i == 0 ? KERNELS_PART : 0, NETWORK_PARTS) != 0;
        if (noticed < 2) fail_msg("%s: only %lld of 3 calls are noticed", *name, (long long)noticed);
    }
}

/* exp and log are used by the loss as well; sin and cos by the Fourier transforms, which round them to float. */
static void one_result_of_any_function_changes_functions(void **state) {
    (void)state;
    for (const char *const *name = spoil_functions; *name; name++) {
        if (!strcmp(*name, "sin") || !strcmp(*name, "cos")) {
            spoil_one(*name, -1, FUNCTIONS_PART, FUNCTIONS_PART | NETWORK_PARTS);
            continue;
        }
        bool    in_loss = !strcmp(*name, "exp") || !strcmp(*name, "log");
        int64_t calls = spoil_all(*name, FUNCTIONS_PART | (in_loss ? NETWORK_PARTS : 0));
        for (int64_t i = 0; i < 3 && !in_loss; i++)
            spoil_one(*name, calls - 1 - i * calls / 3, FUNCTIONS_PART, FUNCTIONS_PART);
    }
}

static void the_sign_of_a_nan_changes_nothing(void **state) {
    (void)state;
    int64_t nans;
    assert_int_equal(changed_by("nan", -1, &nans), 0);
    assert_true(nans > 100);
}

static void other_rounding_and_flushed_denormals_change_it(void **state) {
    (void)state;
    unsigned kept = _mm_getcsr();
    _mm_setcsr(kept | 0x4000); /* upwards */
    brood_fingerprint_t upwards = fingerprint_of(math);
    _mm_setcsr(kept | 0x8000); /* FTZ */
    brood_fingerprint_t flushed = fingerprint_of(math);
    _mm_setcsr(kept | 0x0040); /* DAZ */
    brood_fingerprint_t zeroed = fingerprint_of(math);
    _mm_setcsr(kept);
    assert_int_equal(difference(&upwards, &sound), PRODUCTS_PART | FUNCTIONS_PART | NETWORK_PARTS);
    assert_int_equal(difference(&flushed, &sound) & (PRODUCTS_PART | FUNCTIONS_PART), PRODUCTS_PART | FUNCTIONS_PART);
    assert_int_equal(difference(&zeroed, &sound) & FUNCTIONS_PART, FUNCTIONS_PART);
}

static void without_memory_it_says_so_and_holds_none(void **state) {
    (void)state;
    int64_t at = 0, held_before = held;
    for (;; at++) {
        brood_fingerprint_t fingerprint = {.all = 7};
        fails_at = at;
        brood_err_t err = brood_fingerprint(math, &fingerprint);
        assert_int_equal(held, held_before);
        if (err == BROOD_OK) {
            assert_int_equal(difference(&fingerprint, &sound), 0);
            break;
        }
        assert_int_equal(err, BROOD_E_MEMORY);
        assert_int_equal(fingerprint.all, 7);
        assert_non_null(strstr(brood_message(), "fingerprint"));
    }
    fails_at = -1;
    assert_true(at > 8);
    assert_int_equal(changed(), 0);
}

/* ---- another process, with other kernels of OpenBLAS ---- */

typedef struct {
    char                core[32];
    brood_fingerprint_t native, portable;
} other_t;

static int print_fingerprints(void) {
    static const brood_numerics_t numerics[] = {BROOD_NUMERICS_NATIVE, BROOD_NUMERICS_PORTABLE};
    for (int i = 0; i < 2; i++) {
        brood_math_t       *by;
        brood_fingerprint_t f;
        if (brood_math_create(numerics[i], BROOD_ISA_AVX2, 1, &by) != BROOD_OK) return 1;
        if (brood_fingerprint(by, &f) != BROOD_OK) return 1;
        const char *core = strrchr(brood_math_describe(by), ' ');
        printf("%s %llx %llx %llx %llx %llx\n", core + 1, (unsigned long long)f.all, (unsigned long long)f.part[0],
               (unsigned long long)f.part[1], (unsigned long long)f.part[2], (unsigned long long)f.part[3]);
        brood_math_destroy(&by);
    }
    return 0;
}

static void read_fingerprint(FILE *from, char core[32], brood_fingerprint_t *f) {
    unsigned long long number[1 + BROOD_FINGERPRINT_PARTS];
    assert_int_equal(
        fscanf(from, "%31s %llx %llx %llx %llx %llx", core, &number[0], &number[1], &number[2], &number[3], &number[4]),
        6);
    f->all = number[0];
    for (int i = 0; i < BROOD_FINGERPRINT_PARTS; i++) f->part[i] = number[1 + i];
}

static other_t with_core(const char *core) {
    char    self[1024], command[1200], path[32];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = 0;
    snprintf(command, sizeof command, "OPENBLAS_CORETYPE=%s '%s' print", core, self);
    FILE *from = popen(command, "r");
    assert_non_null(from);
    other_t other;
    read_fingerprint(from, other.core, &other.native);
    read_fingerprint(from, path, &other.portable);
    assert_int_equal(pclose(from), 0);
    return other;
}

static void native_ones_differ_with_the_kernels_of_openblas_and_portable_ones_do_not(void **state) {
    (void)state;
    other_t haswell = with_core("Haswell"), nehalem = with_core("Nehalem"), again = with_core("Haswell");
    assert_int_equal(difference(&haswell.portable, &sound), 0);
    assert_int_equal(difference(&nehalem.portable, &sound), 0);
    if (strcmp(haswell.core, "Haswell") || strcmp(nehalem.core, "Nehalem")) skip();
    const int products = PRODUCTS_PART | NETWORK_PARTS;
    assert_int_equal(difference(&haswell.native, &again.native), 0);
    assert_int_equal(difference(&haswell.native, &nehalem.native), products);
    assert_int_equal(difference(&haswell.native, &sound), products);
}

static int create(void **state) {
    (void)state;
    return brood_math_create(BROOD_NUMERICS_PORTABLE, BROOD_ISA_AVX2, 1, &math) != BROOD_OK ||
           brood_fingerprint(math, &sound) != BROOD_OK;
}

static int destroy(void **state) {
    (void)state;
    brood_math_destroy(&math);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "print")) return print_fingerprints();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_same_whatever_was_computed_before),
        cmocka_unit_test(mini_batches_are_cut_in_every_way),
        cmocka_unit_test(tiles_have_any_number_of_points),
        cmocka_unit_test(both_paths_have_the_same),
        cmocka_unit_test(one_input_changes_its_part_alone),
        cmocka_unit_test(one_bit_of_a_product_changes_products),
        cmocka_unit_test(other_bits_of_any_kernel_change_kernels),
        cmocka_unit_test(one_result_of_any_function_changes_functions),
        cmocka_unit_test(the_sign_of_a_nan_changes_nothing),
        cmocka_unit_test(other_rounding_and_flushed_denormals_change_it),
        cmocka_unit_test(without_memory_it_says_so_and_holds_none),
        cmocka_unit_test(native_ones_differ_with_the_kernels_of_openblas_and_portable_ones_do_not),
    };
    return cmocka_run_group_tests_name("nn_fingerprint", tests, create, destroy);
}
