/* Products of one element type; included once for each, which defines
     REAL         float | double
     TYPE(name)   name with the type's suffix
     TINY         products of two of these are denormal */

typedef struct {
    int64_t lda, ldb, a_count, b_count, c_count;
    REAL   *a, *b, *c, *packed;
} TYPE(operands);

static TYPE(operands) TYPE(lay_out)(const brood_math_t *math, const product_t *p, brood_arena_t *arena) {
    int64_t rows = p->a_op == BROOD_PLAIN ? p->m : p->k, columns = p->a_op == BROOD_PLAIN ? p->k : p->m;
    TYPE(operands) x = {.lda = p->step ? p->step : columns, .ldb = p->b_op == BROOD_PLAIN ? p->n : p->k};
    x.a_count = (rows - 1) * x.lda + columns;
    x.b_count = p->k * p->n;
    x.c_count = p->m * p->n;
    x.a = brood_arena_take(arena, (size_t)x.a_count * sizeof(REAL));
    x.b = brood_arena_take(arena, (size_t)x.b_count * sizeof(REAL));
    x.c = brood_arena_take(arena, (size_t)x.c_count * sizeof(REAL));
    x.packed = brood_arena_take(arena, (size_t)TYPE(brood_packed_count)(math, p->k, p->n) * sizeof(REAL));
    return x;
}

/* Both ways to the same product: B as it is, and packed. */
static brood_err_t TYPE(hash_product)(brood_math_t *math, int64_t number, const product_t *p, uint64_t *hash) {
    brood_arena_t counting = {0}, arena;
    TYPE(lay_out)(math, p, &counting);
    brood_err_t err = brood_arena_init(&arena, counting.used);
    if (err != BROOD_OK) return err;
    TYPE(operands) x = TYPE(lay_out)(math, p, &arena);
    const REAL    bound = p->tiny ? TINY : 1;
    const int64_t part = BROOD_FINGERPRINT_PRODUCTS;
    TYPE(draw)(key_of(part, number, 0), bound, x.a_count, x.a);
    TYPE(draw)(key_of(part, number, 1), bound, x.b_count, x.b);
    if (p->accumulate) TYPE(draw)(key_of(part, number, 2), bound, x.c_count, x.c);
    TYPE(brood_product)
    (math, p->a_op, p->b_op, p->m, p->n, p->k, x.a, x.lda, x.b, x.ldb, p->accumulate, x.c, p->n);
    *hash = TYPE(hash)(*hash, x.c_count, x.c);
    TYPE(brood_pack)(math, p->b_op, p->k, p->n, x.b, x.ldb, x.packed);
    TYPE(brood_product_packed)
    (math, p->a_op, p->m, p->n, p->k, x.a, x.lda, x.packed, p->k > 0 ? x.b : NULL, true, x.c, p->n);
    *hash = TYPE(hash)(*hash, x.c_count, x.c);
    brood_arena_fini(&arena);
    return BROOD_OK;
}
