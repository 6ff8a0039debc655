/* Included once for each element type: REAL, TYPE(name), GEMM. */

static void TYPE(gemm)(brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                       const REAL *b, int64_t ldb, bool accumulate, REAL *c, int64_t ldc) {
    GEMM(CblasRowMajor, a_op == BROOD_PLAIN ? CblasNoTrans : CblasTrans,
         b_op == BROOD_PLAIN ? CblasNoTrans : CblasTrans, brood_to_int(m), brood_to_int(n), brood_to_int(k), 1, a,
         brood_to_int(lda), b, brood_to_int(ldb), accumulate ? 1 : 0, c, brood_to_int(ldc));
}

/* OpenBLAS refuses rows that overlap: they are copied apart, as many at a time as the workspace holds. */
static void TYPE(gemm_overlapping)(brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const REAL *a,
                                   int64_t lda, const REAL *b, int64_t ldb, bool accumulate, REAL *c, int64_t ldc,
                                   REAL *copy) {
    const int64_t room = (int64_t)(BROOD_WORKSPACE / sizeof(REAL));
    int64_t       rows = a_op == BROOD_PLAIN ? m : k, columns = a_op == BROOD_PLAIN ? k : m;
    int64_t       width = columns < 4096 ? columns : 4096, height = room / width;
    for (int64_t from = 0; from < columns; from += width) {
        int64_t wide = columns - from < width ? columns - from : width;
        for (int64_t row = 0; row < rows; row += height) {
            int64_t high = rows - row < height ? rows - row : height;
            for (int64_t r = 0; r < high; r++)
                memcpy(copy + r * wide, a + (row + r) * lda + from, (size_t)wide * sizeof(REAL));
            int64_t i = a_op == BROOD_PLAIN ? row : from, p = a_op == BROOD_PLAIN ? from : row;
            int64_t m_part = a_op == BROOD_PLAIN ? high : wide, k_part = a_op == BROOD_PLAIN ? wide : high;
            TYPE(gemm)
            (a_op, b_op, m_part, n, k_part, copy, wide, b_op == BROOD_PLAIN ? b + p * ldb : b + p, ldb,
             accumulate || p > 0, c + i * ldc, ldc);
        }
    }
}

static void TYPE(product)(brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                          const REAL *b, int64_t ldb, bool accumulate, REAL *c, int64_t ldc, void *workspace) {
    if (m == 0 || n == 0) return;
    if (k == 0) {
        for (int64_t i = 0; i < m && !accumulate; i++) memset(c + i * ldc, 0, (size_t)n * sizeof(REAL));
    } else if (lda < (a_op == BROOD_PLAIN ? k : m)) {
        TYPE(gemm_overlapping)(a_op, b_op, m, n, k, a, lda, b, ldb, accumulate, c, ldc, workspace);
    } else {
        TYPE(gemm)(a_op, b_op, m, n, k, a, lda, b, ldb, accumulate, c, ldc);
    }
}

/* OpenBLAS packs for itself: what is packed here is B, plain. */
static int64_t TYPE(packed_count)(int64_t k, int64_t n) {
    return k * n;
}

static void TYPE(pack)(brood_op_t b_op, int64_t k, int64_t n, const REAL *b, int64_t ldb, REAL *packed) {
    for (int64_t p = 0; p < k; p++)
        for (int64_t j = 0; j < n; j++) packed[p * n + j] = b_op == BROOD_PLAIN ? b[p * ldb + j] : b[j * ldb + p];
}

static void TYPE(product_packed)(brood_op_t a_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                                 const REAL *packed, const REAL *bias, bool accumulate, REAL *c, int64_t ldc,
                                 void *workspace) {
    TYPE(product)(a_op, BROOD_PLAIN, m, n, k, a, lda, packed, n, accumulate, c, ldc, workspace);
    for (int64_t i = 0; bias && i < m; i++)
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] += bias[j];
}
