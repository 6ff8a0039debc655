/* GFLOP/s of the products, portable and OpenBLAS's with kernels of the same width, in turn within one process, and the
   rate of a loop of fused multiply-adds as the CPU's limit. OpenBLAS picks its kernels when it is loaded, so the
   program starts itself once for each width, with OPENBLAS_CORETYPE=Haswell for AVX2 and without it for AVX-512. */
#include <cblas.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "brood/math/isa.h"
#include "brood/math/product.h"
#include "brood/math/rate.h"
#include "brood/rng/philox.h"

typedef enum { F32, F64 } element_t;

typedef struct {
    const char *what;
    int64_t     m, n, k;
    brood_op_t  a_op, b_op;
    bool        packed;
    int64_t     lda; /* 0: contiguous */
    element_t   element;
} case_t;

static const case_t cases[] = {
    {"panel, packed", 100, 112, 48, BROOD_PLAIN, BROOD_PLAIN, true, 0, F32},
    {"panel", 100, 112, 48, BROOD_PLAIN, BROOD_PLAIN, false, 0, F32},
    {"panel, packed", 784, 64, 160, BROOD_PLAIN, BROOD_PLAIN, true, 0, F32},
    {"panel", 784, 64, 160, BROOD_PLAIN, BROOD_PLAIN, false, 0, F32},
    {"panel, packed", 100, 64, 500, BROOD_PLAIN, BROOD_PLAIN, true, 0, F32},
    {"panel", 256, 256, 384, BROOD_PLAIN, BROOD_PLAIN, false, 0, F32},
    {"one channel", 784, 32, 5, BROOD_PLAIN, BROOD_PLAIN, true, 0, F32},
    {"one channel, windows", 784, 32, 5, BROOD_PLAIN, BROOD_PLAIN, true, 1, F32},
    {"windows", 784, 55, 1368, BROOD_PLAIN, BROOD_PLAIN, true, 24, F32},
    {"panel, packed", 784, 55, 1368, BROOD_PLAIN, BROOD_PLAIN, true, 0, F32},
    {"panel, packed", 784, 48, 216, BROOD_PLAIN, BROOD_PLAIN, true, 0, F32},
    {"dW", 800, 64, 196, BROOD_TRANSPOSED, BROOD_PLAIN, false, 0, F32},
    {"dW, windows", 1368, 55, 784, BROOD_TRANSPOSED, BROOD_PLAIN, false, 24, F32},
    {"dW", 216, 48, 303, BROOD_TRANSPOSED, BROOD_PLAIN, false, 0, F32},
    {"dX, packed", 196, 800, 64, BROOD_PLAIN, BROOD_PLAIN, true, 0, F32},
    {"dX", 196, 800, 64, BROOD_PLAIN, BROOD_TRANSPOSED, false, 0, F32},
    {"dense", 100, 10, 3136, BROOD_PLAIN, BROOD_PLAIN, false, 0, F32},
    {"dense dW", 3136, 10, 100, BROOD_TRANSPOSED, BROOD_PLAIN, false, 0, F32},
    {"dense dX", 100, 3136, 10, BROOD_PLAIN, BROOD_TRANSPOSED, false, 0, F32},
    {"policy", 8, 512, 64, BROOD_PLAIN, BROOD_PLAIN, false, 0, F64},
    {"policy dW", 64, 512, 8, BROOD_TRANSPOSED, BROOD_PLAIN, false, 0, F64},
    {"policy dX", 8, 64, 512, BROOD_PLAIN, BROOD_TRANSPOSED, false, 0, F64},
    {"square", 512, 512, 512, BROOD_PLAIN, BROOD_PLAIN, false, 0, F32},
    {"square, powers of 2", 1024, 1024, 1024, BROOD_PLAIN, BROOD_PLAIN, false, 0, F32},
    {"square", 384, 384, 384, BROOD_PLAIN, BROOD_PLAIN, false, 0, F64},
};
enum { CASES = sizeof cases / sizeof *cases, REPEATS = 15 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* other programs may share the core */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    void *a, *b, *c, *packed;
} memory_t;

static int64_t smallest_lda(const case_t *x) {
    return x->a_op == BROOD_PLAIN ? x->k : x->m;
}

static void portable(brood_math_t *math, const case_t *x, const memory_t *at) {
    int64_t lda = x->lda ? x->lda : smallest_lda(x), ldb = x->b_op == BROOD_PLAIN ? x->n : x->k;
    if (x->element == F64)
        brood_product_f64(math, x->a_op, x->b_op, x->m, x->n, x->k, at->a, lda, at->b, ldb, false, at->c, x->n);
    else if (x->packed)
        brood_product_packed_f32(math, x->a_op, x->m, x->n, x->k, at->a, lda, at->packed, NULL, false, at->c, x->n);
    else
        brood_product_f32(math, x->a_op, x->b_op, x->m, x->n, x->k, at->a, lda, at->b, ldb, false, at->c, x->n);
}

static void peer(const case_t *x, const memory_t *at) {
    int lda = (int)(x->lda > smallest_lda(x) ? x->lda : smallest_lda(x));
    int ldb = (int)(x->b_op == BROOD_PLAIN ? x->n : x->k), n = (int)x->n;

    CBLAS_TRANSPOSE a_op = x->a_op == BROOD_PLAIN ? CblasNoTrans : CblasTrans;
    CBLAS_TRANSPOSE b_op = x->b_op == BROOD_PLAIN ? CblasNoTrans : CblasTrans;
    if (x->element == F64)
        cblas_dgemm(CblasRowMajor, a_op, b_op, (int)x->m, n, (int)x->k, 1, at->a, lda, at->b, ldb, 0, at->c, n);
    else
        cblas_sgemm(CblasRowMajor, a_op, b_op, (int)x->m, n, (int)x->k, 1, at->a, lda, at->b, ldb, 0, at->c, n);
}

/* GFLOP/s of a loop of fused multiply-adds of the path's width. */
static double limit_of(const brood_math_t *math, int64_t rounds) {
    double start = now(), operations = brood_math_work(math, rounds);
    return 1e-9 * operations / (now() - start);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[], int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

static void measure(brood_math_t *math, const case_t *x, const memory_t *at) {
    double flops = 2.0 * (double)x->m * (double)x->n * (double)x->k;
    int    calls = (int)(5e7 / flops) + 1;
    double own[REPEATS], other[REPEATS], limit[REPEATS], ratio[REPEATS];
    if (x->packed) {
        int64_t ldb = x->b_op == BROOD_PLAIN ? x->n : x->k;
        brood_pack_f32(math, x->b_op, x->k, x->n, at->b, ldb, at->packed);
    }
    for (int r = 0; r < REPEATS; r++) {
        double start = now();
        for (int i = 0; i < calls; i++) portable(math, x, at);
        double middle = now();
        for (int i = 0; i < calls; i++) peer(x, at);
        double end = now();
        own[r] = calls * flops / (middle - start) * 1e-9;
        other[r] = calls * flops / (end - middle) * 1e-9;
        ratio[r] = own[r] / other[r];
        limit[r] = limit_of(math, 100000) / (x->element == F64 ? 2 : 1);
    }
    double mine = median(own, REPEATS), theirs = median(other, REPEATS), most = median(limit, REPEATS);
    printf("%-7s %-22s %5ld x %5ld x %5ld  %7.1f  %7.1f  %5.2f  %5.0f %%\n", brood_isa_name(brood_math_isa(math)),
           x->what, (long)x->m, (long)x->n, (long)x->k, mine, theirs, median(ratio, REPEATS), 100 * mine / most);
}

static int measure_width(brood_isa_t isa) {
    const size_t  elements = 3 << 20;
    memory_t      at = {0};
    void        **blocks[] = {&at.a, &at.b, &at.c, &at.packed};
    brood_math_t *math = NULL;
    for (int i = 0; i < 4; i++) {
        *blocks[i] = aligned_alloc(64, elements * sizeof(float));
        if (!*blocks[i]) return 1;
        float *x = *blocks[i]; /* as doubles these are small numbers, too */
        for (size_t j = 0; j < elements; j++) x[j] = 0.25f + (float)((j * 7919) % 1024) / 2048;
    }
    if (brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &math) != BROOD_OK) return 1;
    openblas_set_num_threads(1);
    printf("%s against OpenBLAS %s; an fma loop makes %.0f GFLOP/s\n", brood_isa_name(isa), openblas_get_corename(),
           limit_of(math, 10000000));
    printf("%-7s %-22s %5s   %5s   %5s  %7s  %7s  %5s  %7s\n", "path", "what", "m", "n", "k", "GFLOP/s", "peer",
           "ratio", "of limit");
    for (int i = 0; i < CASES; i++) measure(math, &cases[i], &at);
    brood_math_destroy(&math);
    for (int i = 0; i < 4; i++) free(*blocks[i]);
    return 0;
}

static int start_width(const char *program, brood_isa_t isa) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        unsetenv("OPENBLAS_L2_SIZE");
        if (isa == BROOD_ISA_AVX2)
            setenv("OPENBLAS_CORETYPE", "Haswell", 1);
        else
            unsetenv("OPENBLAS_CORETYPE");
        execl(program, program, brood_isa_name(isa), (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv) {
    brood_isa_t widest;
    if (brood_isa_choose(&widest) != BROOD_OK) {
        fprintf(stderr, "%s\n", brood_message());
        return 1;
    }
    for (int i = 0; i <= (int)widest; i++) {
        brood_isa_t isa = (brood_isa_t)i;
        if (argc > 1 && strcmp(argv[1], brood_isa_name(isa)) == 0) return measure_width(isa);
        if (argc == 1 && start_width("/proc/self/exe", isa) != 0) return 1;
    }
    if (argc > 1) fprintf(stderr, "usage: bench_products [avx2 | avx512]\n");
    return argc > 1;
}
