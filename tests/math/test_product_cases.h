/* Included once for each element type by test_product.c: REAL, TYPE(name), FMA. */

#define PRODUCT        TYPE(brood_product)
#define PACK           TYPE(brood_pack)
#define PRODUCT_PACKED TYPE(brood_product_packed)

typedef struct {
    brood_op_t a_op, b_op;
    int64_t    m, n, k, lda, ldb, ldc;
    bool       accumulate;
} TYPE(shape_t);

static int64_t TYPE(size_a)(const TYPE(shape_t) * s) {
    return s->a_op == BROOD_PLAIN ? extent(s->m, s->k, s->lda) : extent(s->k, s->m, s->lda);
}

static int64_t TYPE(size_b)(const TYPE(shape_t) * s) {
    return s->b_op == BROOD_PLAIN ? extent(s->k, s->n, s->ldb) : extent(s->n, s->k, s->ldb);
}

/* The contract, word by word. */
static void TYPE(by_scalars)(const TYPE(shape_t) * s, const REAL *a, const REAL *b, REAL *c) {
    for (int64_t i = 0; i < s->m; i++) {
        for (int64_t j = 0; j < s->n; j++) {
            REAL sum = s->accumulate ? c[i * s->ldc + j] : 0;
            for (int64_t first = 0; first < s->k; first += 256) {
                REAL chain = 0;
                for (int64_t p = first; p < s->k && p < first + 256; p++)
                    chain = FMA(a[s->a_op == BROOD_PLAIN ? i * s->lda + p : p * s->lda + i],
                                b[s->b_op == BROOD_PLAIN ? p * s->ldb + j : j * s->ldb + p], chain);
                sum = s->accumulate || first > 0 ? sum + chain : chain;
            }
            c[i * s->ldc + j] = sum;
        }
    }
}

/* Numbers of several sizes, now and then one that IEEE 754 treats by itself. */
static void TYPE(fill)(REAL *x, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        double u = uniform();
        x[i] = (REAL)((uniform() - 0.5) * (u < 0.1 ? 1e-3 : u < 0.2 ? 1e3 : 1));
        if (u > 0.99) x[i] = 0;
        if (u > 0.994) x[i] = (REAL)-0.0;
        if (u > 0.997) x[i] = (REAL)(sizeof(REAL) == 4 ? 1e-41 : 1e-310);
    }
}

/* One product on every path, packed and not, compared with the scalar loop: all of C, the gaps between its rows too. */
static void TYPE(check)(const TYPE(shape_t) * s) {
    int64_t     count_c = extent(s->m, s->n, s->ldc), count_b = TYPE(size_b)(s);
    REAL       *a = before_guard(0, TYPE(size_a)(s) * (int64_t)sizeof(REAL));
    REAL       *b = before_guard(1, count_b * (int64_t)sizeof(REAL));
    REAL       *c = before_guard(2, count_c * (int64_t)sizeof(REAL));
    size_t      bytes = (size_t)count_c * sizeof(REAL);
    REAL *const start = scratch(0), *const expected = scratch(1), *const kept_b = scratch(2);
    TYPE(fill)(a, TYPE(size_a)(s));
    TYPE(fill)(b, count_b);
    TYPE(fill)(start, count_c);
    memcpy(expected, start, bytes);
    TYPE(by_scalars)(s, a, b, expected);
    for (int path = 0; path < path_count; path++) {
        memcpy(c, start, bytes);
        PRODUCT(maths[path], s->a_op, s->b_op, s->m, s->n, s->k, a, s->lda, b, s->ldb, s->accumulate, c, s->ldc);
        assert_memory_equal(c, expected, bytes);

        int64_t count = TYPE(brood_packed_count)(maths[path], s->k, s->n);
        int64_t aligned = (count * (int64_t)sizeof(REAL) + 63) / 64 * 64;
        REAL   *packed = before_guard(3, aligned);
        PACK(maths[path], s->b_op, s->k, s->n, b, s->ldb, packed);
        memcpy(kept_b, b, (size_t)count_b * sizeof(REAL));
        memset(b, 0xff, (size_t)count_b * sizeof(REAL)); /* is not needed any more */
        memcpy(c, start, bytes);
        PRODUCT_PACKED(maths[path], s->a_op, s->m, s->n, s->k, a, s->lda, packed, NULL, s->accumulate, c, s->ldc);
        memcpy(b, kept_b, (size_t)count_b * sizeof(REAL));
        assert_memory_equal(c, expected, bytes);

        REAL *bias = scratch(6);
        memcpy(c, start, bytes);
        for (int64_t j = 0; j < s->n; j++) bias[j] = (REAL)(uniform() - 0.5);
        PRODUCT_PACKED(maths[path], s->a_op, s->m, s->n, s->k, a, s->lda, packed, bias, s->accumulate, c, s->ldc);
        for (int64_t i = 0; i < s->m; i++)
            for (int64_t j = 0; j < s->n; j++) {
                REAL sum = expected[i * s->ldc + j] + bias[j];
                if (c[i * s->ldc + j] != sum && sum == sum)
                    fail_msg("row %lld, column %lld: no bias", (long long)i, (long long)j);
            }
    }
}

static TYPE(shape_t) TYPE(shape)(int64_t m, int64_t n, int64_t k) {
    TYPE(shape_t) s = {.m = m, .n = n, .k = k};
    s.a_op = below(2) ? BROOD_TRANSPOSED : BROOD_PLAIN;
    s.b_op = below(2) ? BROOD_TRANSPOSED : BROOD_PLAIN;
    int64_t row = s.a_op == BROOD_PLAIN ? k : m;
    switch (below(4)) {
    case 0:
        s.lda = row + below(9);
        break;
    case 1:
        s.lda = 1 + below(row + 1); /* rows that overlap */
        break;
    default:
        s.lda = row;
    }
    s.ldb = (s.b_op == BROOD_PLAIN ? n : k) + (below(3) ? 0 : below(9));
    s.ldc = n + (below(3) ? 0 : below(9));
    s.accumulate = below(2);
    return s;
}

static void TYPE(products_have_the_bits_of_a_scalar_loop)(void **state) {
    (void)state;
    for (int i = 0; i < 300; i++) {
        int64_t k = i % 3 == 0 ? below(40) : i % 3 == 1 ? below(300) : 256 * below(4) + below(3);
        int64_t m = i % 2 ? below(40) : below(140), n = i % 5 ? below(90) : below(300);
        while (m * n * k > 1000000) k /= 2;
        TYPE(shape_t) s = TYPE(shape)(m, n, k);
        TYPE(check)(&s);
    }
}

static void TYPE(small_products_of_every_shape_have_the_bits_of_a_scalar_loop)(void **state) {
    (void)state;
    static const int64_t depth[] = {0, 1, 2, 5, 257};
    for (int64_t m = 0; m <= 18; m++) {
        for (int64_t n = 0; n <= 35; n++) {
            TYPE(shape_t) s = TYPE(shape)(m, n, depth[below(5)]);
            TYPE(check)(&s);
        }
    }
    for (int64_t n = 36; n <= 150; n++) {
        TYPE(shape_t) s = TYPE(shape)(17, n, 3);
        TYPE(check)(&s);
    }
}

/* Sizes at and beside every place where loops are cut. */
static void TYPE(products_around_the_cuts_have_the_bits_of_a_scalar_loop)(void **state) {
    (void)state;
    static const int64_t shapes[][3] = {{95, 16, 256}, {96, 32, 255}, {97, 64, 257}, {193, 65, 12},  {5, 255, 60},
                                        {20, 256, 60}, {20, 257, 60}, {3, 513, 513}, {48, 129, 20},  {49, 127, 512},
                                        {16, 70, 260}, {17, 70, 260}, {300, 5, 70},  {1, 1, 5000},   {1, 600, 300},
                                        {600, 1, 300}, {10, 10, 768}, {7, 640, 30},  {100, 112, 48}, {130, 55, 100}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int variant = 0; variant < 4; variant++) {
            TYPE(shape_t) s = TYPE(shape)(shapes[i][0], shapes[i][1], shapes[i][2]);
            TYPE(check)(&s);
        }
    }
}

/* Row i of 61 rows = the same row multiplied alone; column j of 77 = the same column alone. */
static void TYPE(an_output_does_not_depend_on_the_rows_and_columns_beside_it)(void **state) {
    (void)state;
    enum { M = 61, N = 77, K = 300 };
    REAL *a = scratch(0), *b = scratch(1), *c = scratch(2), *d = scratch(3);
    TYPE(fill)(a, M * K);
    TYPE(fill)(b, K * N);
    for (int path = 0; path < path_count; path++) {
        PRODUCT(maths[path], BROOD_PLAIN, BROOD_PLAIN, M, N, K, a, K, b, N, false, c, N);
        for (int64_t i = 0; i < M; i++) {
            PRODUCT(maths[path], BROOD_PLAIN, BROOD_PLAIN, 1, N, K, a + i * K, K, b, N, false, d, N);
            assert_memory_equal(d, c + i * N, N * sizeof(REAL));
        }
        for (int64_t j = 0; j < N; j++) {
            PRODUCT(maths[path], BROOD_PLAIN, BROOD_PLAIN, M, 1, K, a, K, b + j, N, false, d, 1);
            for (int64_t i = 0; i < M; i++) assert_memory_equal(d + i, c + i * N + j, sizeof(REAL));
        }
    }
}

/* Native numerics: every shape is taken, and the results are those of other sums of the same terms. */
static void TYPE(native_products_are_close_to_the_scalar_loop)(void **state) {
    (void)state;
    const double unit = sizeof(REAL) == 4 ? 6e-8 : 1.2e-16;
    for (int i = 0; i < 200; i++) {
        TYPE(shape_t) s = TYPE(shape)(below(60), below(60), i % 20 ? below(80) : 4096 + below(4096));
        int64_t count = extent(s.m, s.n, s.ldc), count_a = TYPE(size_a)(&s), count_b = TYPE(size_b)(&s);
        REAL   *a = scratch(0), *b = scratch(1), *expected = scratch(2), *got = scratch(3), *packed = scratch(4);
        for (int64_t j = 0; j < count_a; j++) a[j] = (REAL)(uniform() - 0.5);
        for (int64_t j = 0; j < count_b; j++) b[j] = (REAL)(uniform() - 0.5);
        for (int64_t j = 0; j < count; j++) expected[j] = (REAL)(uniform() - 0.5);
        memcpy(got, expected, (size_t)count * sizeof(REAL));
        REAL *also = scratch(5);
        memcpy(also, expected, (size_t)count * sizeof(REAL));
        TYPE(by_scalars)(&s, a, b, expected);
        PRODUCT(native, s.a_op, s.b_op, s.m, s.n, s.k, a, s.lda, b, s.ldb, s.accumulate, got, s.ldc);
        PACK(native, s.b_op, s.k, s.n, b, s.ldb, packed);
        PRODUCT_PACKED(native, s.a_op, s.m, s.n, s.k, a, s.lda, packed, NULL, s.accumulate, also, s.ldc);
        for (int64_t j = 0; j < count; j++) {
            double bound = unit * (double)(s.k + 2); /* terms below 1/4, twice in any order */
            assert_true(fabs((double)got[j] - (double)expected[j]) <= bound);
            assert_true(fabs((double)also[j] - (double)expected[j]) <= bound);
        }
    }
}

#undef PRODUCT
#undef PACK
#undef PRODUCT_PACKED
