/* Products of one path and one element type; included once for each type, which defines
     REAL         float | double
     TYPE(name)   name with the type's suffix, for what is defined here and in vector.h
   B is cut into panels of a few vectors of columns, C into tiles of a few rows by one panel that stay in registers, k
   into chains. Each lane of a tile is one output, and its chain is one fma after the other: however the cuts fall, the
   bits are those of a scalar loop. A is read in place, by rows or by columns; B is packed panel by panel (zeros beyond
   its last column), except where too few rows would use it. */

#define LANES ((int64_t)TYPE(lanes))
/* Columns of B packed at a time, and rows of A that meet all of them before the next rows do: both stay in the
   second-level cache. */
#define COLUMNS ((int64_t)(BROOD_WORKSPACE / (BROOD_CHAIN * sizeof(REAL))))
#define ROWS    ((int64_t)(384 / sizeof(REAL)))
/* So few rows that packing B would cost more than reading it where it is. */
#define FEW_ROWS 16

/* One chain of each output of C[rows, vectors of columns]: rows and vectors are constants where this is used. The last
   vector has `last` columns. */
VECTOR_INLINE void TYPE(tile)(int rows, int vectors, int64_t k, const REAL *a, int64_t a_row, int64_t a_column,
                              const REAL *b, int64_t ldb, int last, bool accumulate, REAL *c, int64_t ldc) {
    TYPE(vector) sum[TILE_ROWS][TILE_VECTORS];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[i][v] = TYPE(zero)();

    for (int64_t p = 0; p < k; p++, a += a_column, b += ldb) {
        TYPE(vector) row[TILE_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) row[v] = TYPE(load)(b + v * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            TYPE(vector) x = TYPE(broadcast)(a + i * a_row);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[i][v] = TYPE(fma)(x, row[v], sum[i][v]);
        }
    }

#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        REAL *out = c + i * ldc;
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++, out += LANES) {
            if (v < vectors - 1 || last == LANES) {
                if (accumulate) sum[i][v] = TYPE(add)(TYPE(load)(out), sum[i][v]);
                TYPE(store)(out, sum[i][v]);
            } else {
                if (accumulate) sum[i][v] = TYPE(add)(TYPE(load_first)(out, last), sum[i][v]);
                TYPE(store_first)(out, sum[i][v], last);
            }
        }
    }
}

/* All rows of one panel of C, tile by tile; what is left over in tiles of four, two and one. */
VECTOR_INLINE void TYPE(panel)(int rows, int vectors, int64_t m, int64_t k, const REAL *a, int64_t a_row,
                               int64_t a_column, const REAL *b, int64_t ldb, int last, bool accumulate, REAL *c,
                               int64_t ldc) {
    for (; m >= rows; m -= rows, a += rows * a_row, c += rows * ldc)
        TYPE(tile)(rows, vectors, k, a, a_row, a_column, b, ldb, last, accumulate, c, ldc);
    if (m >= 4) {
        TYPE(tile)(4, vectors, k, a, a_row, a_column, b, ldb, last, accumulate, c, ldc);
        m -= 4, a += 4 * a_row, c += 4 * ldc;
    }
    if (m >= 2) {
        TYPE(tile)(2, vectors, k, a, a_row, a_column, b, ldb, last, accumulate, c, ldc);
        m -= 2, a += 2 * a_row, c += 2 * ldc;
    }
    if (m >= 1) TYPE(tile)(1, vectors, k, a, a_row, a_column, b, ldb, last, accumulate, c, ldc);
}

/* The panels there are, of A in rows (BROOD_PLAIN) and of A in columns. */
#define PANEL_FUNCTIONS(vectors, rows)                                                                                 \
    static void TYPE(panel_plain_##vectors)(int64_t m, int64_t k, const REAL *a, int64_t lda, const REAL *b,           \
                                            int64_t ldb, int last, bool accumulate, REAL *c, int64_t ldc) {            \
        TYPE(panel)(rows, vectors, m, k, a, lda, 1, b, ldb, last, accumulate, c, ldc);                                 \
    }                                                                                                                  \
    static void TYPE(panel_transposed_##vectors)(int64_t m, int64_t k, const REAL *a, int64_t lda, const REAL *b,      \
                                                 int64_t ldb, int last, bool accumulate, REAL *c, int64_t ldc) {       \
        TYPE(panel)(rows, vectors, m, k, a, 1, lda, b, ldb, last, accumulate, c, ldc);                                 \
    }
BROOD_TILES(PANEL_FUNCTIONS)
#undef PANEL_FUNCTIONS

typedef void TYPE(panel_function)(int64_t m, int64_t k, const REAL *a, int64_t lda, const REAL *b, int64_t ldb,
                                  int last, bool accumulate, REAL *c, int64_t ldc);

#define PLAIN_ENTRY(vectors, rows)      [vectors] = TYPE(panel_plain_##vectors),
#define TRANSPOSED_ENTRY(vectors, rows) [vectors] = TYPE(panel_transposed_##vectors),
static TYPE(panel_function) *const TYPE(panel_functions)[2][TILE_VECTORS + 1] = {
    [BROOD_PLAIN] = {BROOD_TILES(PLAIN_ENTRY)},
    [BROOD_TRANSPOSED] = {BROOD_TILES(TRANSPOSED_ENTRY)},
};
#undef PLAIN_ENTRY
#undef TRANSPOSED_ENTRY

/* Vectors of the first panel of n columns: as many as a panel takes, but never so that a single one is left over. */
static int64_t TYPE(panel_vectors)(int64_t n) {
    int64_t vectors = (n + LANES - 1) / LANES;
    if (vectors <= TILE_VECTORS) return vectors;
    return vectors == PANEL_VECTORS + 1 ? (vectors + 1) / 2 : PANEL_VECTORS;
}

/* to[k, width] from op(B)[k, n], n ≤ width. */
static void TYPE(pack_panel)(brood_op_t b_op, int64_t k, int64_t n, const REAL *b, int64_t ldb, int64_t width,
                             REAL *to) {
    if (b_op == BROOD_PLAIN) {
        for (int64_t p = 0; p < k; p++, b += ldb, to += width) {
            for (int64_t j = 0; j < n; j++) to[j] = b[j];
            for (int64_t j = n; j < width; j++) to[j] = 0;
        }
        return;
    }
    for (int64_t j = 0; j < n; j++, b += ldb)
        for (int64_t p = 0; p < k; p++) to[p * width + j] = b[p];
    for (int64_t j = n; j < width; j++)
        for (int64_t p = 0; p < k; p++) to[p * width + j] = 0;
}

/* op(B)[k, n] of one chain as panels, one behind the other. */
static void TYPE(pack_chain)(brood_op_t b_op, int64_t k, int64_t n, const REAL *b, int64_t ldb, REAL *to) {
    while (n > 0) {
        int64_t width = TYPE(panel_vectors)(n) * LANES, columns = n < width ? n : width;
        TYPE(pack_panel)(b_op, k, columns, b, ldb, width, to);
        to += k * width;
        b += b_op == BROOD_PLAIN ? columns : columns * ldb;
        n -= columns;
    }
}

/* One chain of each output of C[m, n]; B as pack_chain leaves it. */
static void TYPE(multiply_chain)(brood_op_t a_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                                 const REAL *packed, bool accumulate, REAL *c, int64_t ldc) {
    for (int64_t i = 0; i < m; i += ROWS) {
        int64_t     rows = m - i < ROWS ? m - i : ROWS;
        const REAL *a_block = a + (a_op == BROOD_PLAIN ? i * lda : i), *panel = packed;
        for (int64_t j = 0; j < n;) {
            int64_t vectors = TYPE(panel_vectors)(n - j), width = vectors * LANES;
            int64_t last = n - j < width ? n - j - (width - LANES) : LANES;
            TYPE(panel_functions)
            [a_op][vectors](rows, k, a_block, lda, panel, width, (int)last, accumulate, c + i * ldc + j, ldc);
            panel += k * width;
            j += width;
        }
    }
}

/* The same for few rows of A and a plain B, read in place but for its last columns where they fill no vector. */
static void TYPE(multiply_few)(brood_op_t a_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                               const REAL *b, int64_t ldb, bool accumulate, REAL *c, int64_t ldc, REAL *workspace) {
    for (int64_t j = 0; j < n;) {
        int64_t     vectors = TYPE(panel_vectors)(n - j), width = vectors * LANES, ld = ldb;
        int64_t     last = n - j < width ? n - j - (width - LANES) : LANES;
        const REAL *panel = b + j;
        if (last < LANES) {
            TYPE(pack_panel)(BROOD_PLAIN, k, n - j, b + j, ldb, width, workspace);
            panel = workspace;
            ld = width;
        }
        TYPE(panel_functions)[a_op][vectors](m, k, a, lda, panel, ld, (int)last, accumulate, c + j, ldc);
        j += width;
    }
}

static void TYPE(clear)(int64_t m, int64_t n, REAL *c, int64_t ldc) {
    for (int64_t i = 0; i < m; i++) memset(c + i * ldc, 0, (size_t)n * sizeof(REAL));
}

static void TYPE(product)(brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                          const REAL *b, int64_t ldb, bool accumulate, REAL *c, int64_t ldc, void *workspace) {
    if (k == 0 && !accumulate) TYPE(clear)(m, n, c, ldc);
    for (int64_t j = 0; j < n; j += COLUMNS) {
        int64_t columns = n - j < COLUMNS ? n - j : COLUMNS;
        for (int64_t p = 0; p < k; p += BROOD_CHAIN) {
            int64_t     chain = k - p < BROOD_CHAIN ? k - p : BROOD_CHAIN;
            const REAL *a_chain = a + (a_op == BROOD_PLAIN ? p : p * lda);
            const REAL *b_chain = b + (b_op == BROOD_PLAIN ? p * ldb + j : j * ldb + p);
            if (m <= FEW_ROWS && b_op == BROOD_PLAIN) {
                TYPE(multiply_few)
                (a_op, m, columns, chain, a_chain, lda, b_chain, ldb, accumulate || p > 0, c + j, ldc, workspace);
                continue;
            }
            TYPE(pack_chain)(b_op, chain, columns, b_chain, ldb, workspace);
            TYPE(multiply_chain)(a_op, m, columns, chain, a_chain, lda, workspace, accumulate || p > 0, c + j, ldc);
        }
    }
}

static int64_t TYPE(packed_width)(int64_t n) {
    return (n + LANES - 1) / LANES * LANES;
}

static int64_t TYPE(packed_count)(int64_t k, int64_t n) {
    return k * TYPE(packed_width)(n);
}

static void TYPE(pack)(brood_op_t b_op, int64_t k, int64_t n, const REAL *b, int64_t ldb, REAL *packed) {
    for (int64_t p = 0; p < k; p += BROOD_CHAIN) {
        int64_t chain = k - p < BROOD_CHAIN ? k - p : BROOD_CHAIN;
        TYPE(pack_chain)
        (b_op, chain, n, b + (b_op == BROOD_PLAIN ? p * ldb : p), ldb, packed + p * TYPE(packed_width)(n));
    }
}

static void TYPE(product_packed)(brood_op_t a_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                                 const REAL *packed, bool accumulate, REAL *c, int64_t ldc, void *workspace) {
    (void)workspace;
    if (k == 0 && !accumulate) TYPE(clear)(m, n, c, ldc);
    for (int64_t p = 0; p < k; p += BROOD_CHAIN) {
        int64_t chain = k - p < BROOD_CHAIN ? k - p : BROOD_CHAIN;
        TYPE(multiply_chain)
        (a_op, m, n, chain, a + (a_op == BROOD_PLAIN ? p : p * lda), lda, packed + p * TYPE(packed_width)(n),
         accumulate || p > 0, c, ldc);
    }
}

#undef LANES
#undef COLUMNS
#undef ROWS
#undef FEW_ROWS
