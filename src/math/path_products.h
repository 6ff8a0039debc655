/* Included once for each element type: REAL, TYPE(name), FMA. */
#define COLUMNS 64

static void TYPE(product)(brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                          const REAL *b, int64_t ldb, bool accumulate, REAL *c, int64_t ldc, void *workspace) {
    (void)workspace;
    int64_t a_row = a_op == BROOD_PLAIN ? lda : 1, a_column = a_op == BROOD_PLAIN ? 1 : lda;
    int64_t b_row = b_op == BROOD_PLAIN ? ldb : 1, b_column = b_op == BROOD_PLAIN ? 1 : ldb;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t from = 0; from < n; from += COLUMNS) {
            int64_t columns = n - from < COLUMNS ? n - from : COLUMNS;
            REAL    sum[COLUMNS] = {0};
            if (accumulate) memcpy(sum, c + i * ldc + from, (size_t)columns * sizeof(REAL));
            for (int64_t first = 0; first < k; first += BROOD_CHAIN) {
                int64_t end = k - first < BROOD_CHAIN ? k : first + BROOD_CHAIN;
                REAL    chain[COLUMNS] = {0};
                for (int64_t p = first; p < end; p++)
                    for (int64_t j = 0; j < columns; j++)
                        chain[j] = FMA(a[i * a_row + p * a_column], b[p * b_row + (from + j) * b_column], chain[j]);
                for (int64_t j = 0; j < columns; j++) sum[j] = first > 0 || accumulate ? sum[j] + chain[j] : chain[j];
            }
            memcpy(c + i * ldc + from, sum, (size_t)columns * sizeof(REAL));
        }
    }
}

static int64_t TYPE(packed_count)(int64_t k, int64_t n) {
    return k * n;
}

static void TYPE(pack)(brood_op_t b_op, int64_t k, int64_t n, const REAL *b, int64_t ldb, REAL *packed) {
    for (int64_t p = 0; p < k; p++)
        for (int64_t j = 0; j < n; j++) packed[p * n + j] = b_op == BROOD_PLAIN ? b[p * ldb + j] : b[j * ldb + p];
}

static void TYPE(product_packed)(brood_op_t a_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                                 const REAL *packed, bool accumulate, REAL *c, int64_t ldc, void *workspace) {
    TYPE(product)(a_op, BROOD_PLAIN, m, n, k, a, lda, packed, n, accumulate, c, ldc, workspace);
}

#undef COLUMNS
