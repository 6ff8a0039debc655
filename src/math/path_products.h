/* Products of one path and one element type; included once for each type, which defines
     REAL         float | double
     TYPE(name)   name with the type's suffix, for what is defined here and in vector.h
   B is cut into panels of a few vectors of columns, C into tiles of a few rows by one panel that stay in registers, k
   into chains. Each lane of a tile is one output, and its chain is one fma after the other: however the cuts fall, the
   bits are those of a scalar loop. A is read in place, by rows or by columns; B is packed panel by panel (zeros beyond
   its last column), except where too few rows would use it, or it lies like that already. Where the last of several
   vectors has no more than half its lanes, two rows of C share one: B has its columns in both halves then. */

#define LANES  ((int64_t)TYPE(lanes))
#define SQUARE ((int64_t)TYPE(SQUARE))
/* Columns of B packed at a time: they stay in the second-level cache. */
#define COLUMNS ((int64_t)(BROOD_WORKSPACE / (BROOD_CHAIN * sizeof(REAL))))
/* Rows of A that meet all of these columns before the next rows do. So few, because the rows of a wide C may lie a
   power of two apart, and then compete for few places of the first-level cache. */
#define ROWS ((int64_t)24)
/* So few rows that packing B would cost more than reading it where it is. */
#define FEW_ROWS 32

/* One chain of each output of C[m, up to TILE_VECTORS vectors of columns]. */
typedef struct {
    int64_t     m, k;
    const REAL *a; /* the first row, or the first column */
    int64_t     lda;
    const REAL *b; /* rows of whole vectors */
    int64_t     ldb;
    int64_t     ahead; /* from a row of b to the next panel's, fetched meanwhile; 0: not fetched */
    const REAL *bias;  /* of the panel's columns; NULL: none */
    REAL       *c;
    int64_t     ldc;
    int         last;       /* columns of C in the last vector */
    bool        accumulate; /* onto C */
} TYPE(panel);

static bool TYPE(is_halved)(int64_t vectors, int64_t last) {
    return vectors > 1 && last <= LANES / 2;
}

/* One vector of the outputs of a row: the first `count` lanes of it. */
VECTOR_INLINE void TYPE(put)(TYPE(vector) sum, int count, const REAL *bias, bool accumulate, REAL *out) {
    if (count == LANES) {
        if (accumulate) sum = TYPE(add)(TYPE(load)(out), sum);
        if (bias) sum = TYPE(add)(sum, TYPE(load)(bias));
        TYPE(store)(out, sum);
    } else {
        if (accumulate) sum = TYPE(add)(TYPE(load_first)(out, count), sum);
        if (bias) sum = TYPE(add)(sum, TYPE(load_first)(bias, count));
        TYPE(store_first)(out, sum, count);
    }
}

/* The first rows of a panel, in registers. rows, vectors, halved and a_op are constants where this is used. Where it is
   halved, `half` has the last outputs of two rows each. */
VECTOR_INLINE void TYPE(tile)(int rows, int vectors, bool halved, brood_op_t a_op, TYPE(panel) x) {
    const int64_t a_row = a_op == BROOD_PLAIN ? x.lda : 1, a_column = a_op == BROOD_PLAIN ? 1 : x.lda;
    const int     own = halved ? vectors - 1 : vectors; /* vectors that are of one row */
    TYPE(vector) sum[TILE_ROWS][TILE_VECTORS], half[(TILE_ROWS + 1) / 2];
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        half[i / 2] = TYPE(zero)();
#pragma GCC unroll 4
        for (int v = 0; v < own; v++) sum[i][v] = TYPE(zero)();
    }

    /* Meanwhile the next tile's rows of A are fetched, a line of the cache for each row of B, if they all are in as
       many lines. Few rows of B: their lines are no more than come unasked. */
    const int64_t line = 64 / (int64_t)sizeof(REAL);
    const bool    fetches = a_op == BROOD_PLAIN && x.m > rows && x.k >= line && rows * x.lda <= line * x.k;
    const REAL   *next = x.a + rows * a_row;
    for (int64_t p = 0; p < x.k; p++, x.a += a_column, x.b += x.ldb) {
        if (fetches) __builtin_prefetch(next + p * line);
        TYPE(vector) row[TILE_VECTORS], before = TYPE(zero)();
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) row[v] = TYPE(load)(x.b + v * LANES);
        if (x.ahead > 0) {
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) __builtin_prefetch(x.b + x.ahead + v * LANES);
        }
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            TYPE(vector) factor = TYPE(broadcast)(x.a + i * a_row);
#pragma GCC unroll 4
            for (int v = 0; v < own; v++) sum[i][v] = TYPE(fma)(factor, row[v], sum[i][v]);
            if (halved && i % 2 == 1)
                half[i / 2] = TYPE(fma)(TYPE(either)(before, factor), row[own], half[i / 2]);
            else if (halved && i == rows - 1)
                half[i / 2] = TYPE(fma)(factor, row[own], half[i / 2]);
            before = factor;
        }
    }

#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        REAL *out = x.c + i * x.ldc;
#pragma GCC unroll 4
        for (int v = 0; v < own; v++) {
            const REAL *bias = x.bias ? x.bias + v * LANES : NULL;
            TYPE(put)(sum[i][v], v < vectors - 1 ? (int)LANES : x.last, bias, x.accumulate, out + v * LANES);
        }
        if (halved) {
            const REAL *bias = x.bias ? x.bias + own * LANES : NULL;
            TYPE(vector) last = i % 2 == 0 ? half[i / 2] : TYPE(upper)(half[i / 2]);
            TYPE(put)(last, x.last, bias, x.accumulate, out + own * LANES);
        }
    }
}

/* A tile of any number of rows up to the most that the registers hold: each compiled apart. */
VECTOR_INLINE void TYPE(tile_of)(int rows, int most, int vectors, bool halved, brood_op_t a_op, TYPE(panel) x) {
    switch (rows) {
#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        if (n <= most) TYPE(tile)(n, vectors, halved, a_op, x);                                                        \
        break;
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#undef CASE
    }
}

/* A panel in as few tiles as there can be, their rows nearly equal: a tile of one row would wait for each sum. */
VECTOR_INLINE void TYPE(tiles)(int most, int vectors, bool halved, brood_op_t a_op, TYPE(panel) x) {
    int64_t tiles = (x.m + most - 1) / most;
    for (; tiles > 0; tiles--) {
        int rows = (int)((x.m + tiles - 1) / tiles);
        TYPE(tile_of)(rows, most, vectors, halved, a_op, x);
        x.m -= rows;
        x.a += a_op == BROOD_PLAIN ? rows * x.lda : rows;
        x.c += rows * x.ldc;
    }
}

#define PANEL_FUNCTIONS(vectors, rows)                                                                                 \
    static void TYPE(panel_plain_##vectors)(const TYPE(panel) * x) {                                                   \
        if (TYPE(is_halved)(vectors, x->last))                                                                         \
            TYPE(tiles)(rows, vectors, true, BROOD_PLAIN, *x);                                                         \
        else                                                                                                           \
            TYPE(tiles)(rows, vectors, false, BROOD_PLAIN, *x);                                                        \
    }                                                                                                                  \
    static void TYPE(panel_transposed_##vectors)(const TYPE(panel) * x) {                                              \
        if (TYPE(is_halved)(vectors, x->last))                                                                         \
            TYPE(tiles)(rows, vectors, true, BROOD_TRANSPOSED, *x);                                                    \
        else                                                                                                           \
            TYPE(tiles)(rows, vectors, false, BROOD_TRANSPOSED, *x);                                                   \
    }
BROOD_TILES(PANEL_FUNCTIONS)
#undef PANEL_FUNCTIONS

#define PLAIN_ENTRY(vectors, rows)      [vectors] = TYPE(panel_plain_##vectors),
#define TRANSPOSED_ENTRY(vectors, rows) [vectors] = TYPE(panel_transposed_##vectors),
static void (*const TYPE(panel_functions)[2][TILE_VECTORS + 1])(const TYPE(panel) *) = {
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

/* to[rows, columns] = the transpose of from[columns, rows]. */
static void TYPE(transpose_all)(int64_t rows, int64_t columns, const REAL *from, int64_t ld_from, REAL *to,
                                int64_t ld_to) {
    int64_t whole_rows = rows - rows % SQUARE, whole_columns = columns - columns % SQUARE;
    for (int64_t i = 0; i < whole_rows; i += SQUARE)
        for (int64_t j = 0; j < whole_columns; j += SQUARE)
            TYPE(transpose)(from + j * ld_from + i, ld_from, to + i * ld_to + j, ld_to);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = i < whole_rows ? whole_columns : 0; j < columns; j++)
            to[i * ld_to + j] = from[j * ld_from + i];
}

/* to[k, width] from op(B)[k, n], n ≤ width, behind it zeros or, where rows share it, the last vector's half again. */
static void TYPE(pack_panel)(brood_op_t b_op, int64_t k, int64_t n, const REAL *b, int64_t ldb, int64_t width,
                             REAL *to) {
    int64_t whole = n - n % LANES;
    bool    halved = n < width && TYPE(is_halved)(width / LANES, n - whole);
    if (b_op == BROOD_TRANSPOSED) {
        TYPE(transpose_all)(k, n, b, ldb, to, width);
        for (int64_t p = 0; n < width && p < k; p++, to += width) {
            memset(to + n, 0, (size_t)(width - n) * sizeof(REAL));
            if (halved) TYPE(store)(to + whole, TYPE(join)(TYPE(load)(to + whole), TYPE(load)(to + whole)));
        }
        return;
    }
    for (int64_t p = 0; p < k; p++, b += ldb, to += width) {
        for (int64_t j = 0; j < whole; j += LANES) TYPE(store)(to + j, TYPE(load)(b + j));
        if (whole == n) continue;
        TYPE(vector) last = TYPE(load_first)(b + whole, (int)(n - whole));
        TYPE(store)(to + whole, halved ? TYPE(join)(last, last) : last);
    }
}

/* Whether the rows of a plain B lie as those of one packed panel would. */
static bool TYPE(is_panel)(int64_t n, int64_t ldb) {
    return n == ldb && n % LANES == 0 && n <= TILE_VECTORS * LANES;
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

/* One chain of each output of C[m, n] = x, n any, x->last unset; B as pack_chain leaves it. */
static void TYPE(multiply_chain)(brood_op_t a_op, int64_t n, const TYPE(panel) * x) {
    int64_t rows = n <= TILE_VECTORS * LANES ? x->m : ROWS;
    for (int64_t i = 0; i < x->m; i += rows) {
        TYPE(panel) part = *x;
        part.m = x->m - i < rows ? x->m - i : rows;
        part.a += a_op == BROOD_PLAIN ? i * x->lda : i;
        part.c += i * x->ldc;
        for (int64_t j = 0; j < n; j += part.ldb) {
            int64_t vectors = TYPE(panel_vectors)(n - j);
            part.ldb = vectors * LANES;
            part.last = (int)(n - j < part.ldb ? n - j - (part.ldb - LANES) : LANES);
            TYPE(panel_functions)[a_op][vectors](&part);
            part.b += x->k * part.ldb;
            part.c += part.ldb;
            if (part.bias) part.bias += part.ldb;
        }
    }
}

/* The same for a plain B that is read in place but for its last columns where they fill no vector. */
static void TYPE(multiply_in_place)(brood_op_t a_op, int64_t n, const TYPE(panel) * x, REAL *workspace) {
    int64_t width;
    for (int64_t j = 0; j < n; j += width) {
        TYPE(panel) part = *x;
        int64_t vectors = TYPE(panel_vectors)(n - j);
        width = vectors * LANES;
        part.ahead = j + width < n ? width : 0;
        part.last = (int)(n - j < width ? n - j - (width - LANES) : LANES);
        part.b += j;
        part.c += j;
        if (part.last < LANES) {
            TYPE(pack_panel)(BROOD_PLAIN, x->k, n - j, part.b, x->ldb, width, workspace);
            part.b = workspace;
            part.ldb = width;
        }
        TYPE(panel_functions)[a_op][vectors](&part);
    }
}

static void TYPE(clear)(int64_t m, int64_t n, REAL *c, int64_t ldc) {
    for (int64_t i = 0; i < m && n > 0; i++) memset(c + i * ldc, 0, (size_t)n * sizeof(REAL));
}

static void TYPE(add_bias)(int64_t m, int64_t n, const REAL *bias, REAL *c, int64_t ldc) {
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] += bias[j];
}

/* The chain that begins at k = p, and how C takes it. */
static TYPE(panel) TYPE(chain)(brood_op_t a_op, int64_t m, int64_t k, int64_t p, const REAL *a, int64_t lda,
                               bool accumulate, REAL *c, int64_t ldc) {
    return (TYPE(panel)){.m = m,
                         .k = k - p < BROOD_CHAIN ? k - p : BROOD_CHAIN,
                         .a = a + (a_op == BROOD_PLAIN ? p : p * lda),
                         .lda = lda,
                         .c = c,
                         .ldc = ldc,
                         .accumulate = accumulate || p > 0};
}

static void TYPE(product)(brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                          const REAL *b, int64_t ldb, bool accumulate, REAL *c, int64_t ldc, void *workspace) {
    if (k == 0 && !accumulate) TYPE(clear)(m, n, c, ldc);
    for (int64_t j = 0; j < n; j += COLUMNS) {
        int64_t columns = n - j < COLUMNS ? n - j : COLUMNS;
        for (int64_t p = 0; p < k; p += BROOD_CHAIN) {
            TYPE(panel) x = TYPE(chain)(a_op, m, k, p, a, lda, accumulate, c + j, ldc);
            x.b = b + (b_op == BROOD_PLAIN ? p * ldb + j : j * ldb + p);
            x.ldb = ldb;
            if (b_op == BROOD_PLAIN && (m <= FEW_ROWS || TYPE(is_panel)(columns, ldb))) {
                TYPE(multiply_in_place)(a_op, columns, &x, workspace);
                continue;
            }
            TYPE(pack_chain)(b_op, x.k, columns, x.b, ldb, workspace);
            x.b = workspace;
            TYPE(multiply_chain)(a_op, columns, &x);
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
    int64_t width = TYPE(packed_width)(n);
    for (int64_t p = 0; p < k; p += BROOD_CHAIN) {
        int64_t     chain = k - p < BROOD_CHAIN ? k - p : BROOD_CHAIN;
        const REAL *from = b + (b_op == BROOD_PLAIN ? p * ldb : p);
        TYPE(pack_chain)(b_op, chain, n, from, ldb, packed + p * width);
    }
}

static void TYPE(product_packed)(brood_op_t a_op, int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,
                                 const REAL *packed, const REAL *bias, bool accumulate, REAL *c, int64_t ldc,
                                 void *workspace) {
    (void)workspace;
    if (k == 0 && !accumulate) TYPE(clear)(m, n, c, ldc);
    if (k == 0 && bias) TYPE(add_bias)(m, n, bias, c, ldc);
    for (int64_t p = 0; p < k; p += BROOD_CHAIN) {
        TYPE(panel) x = TYPE(chain)(a_op, m, k, p, a, lda, accumulate, c, ldc);
        x.b = packed + p * TYPE(packed_width)(n);
        if (p + x.k == k) x.bias = bias;
        TYPE(multiply_chain)(a_op, n, &x);
    }
}

#undef LANES
#undef SQUARE
#undef COLUMNS
#undef ROWS
#undef FEW_ROWS
