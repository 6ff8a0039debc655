#include "brood/math/math.h"

#include <stdio.h>
#include <stdlib.h>

#include "brood/math/rate.h"
#include "brood/util/arena.h"
#include "path.h"

const brood_key_t brood_math_keys[] = {
    {.path = "run.numerics",
     .kind = BROOD_KEY_WORD,
     .offset = offsetof(brood_math_config_t, numerics),
     .frozen = true,
     .standard = "portable",
     .other = "native",
     .range = "portable | native",
     .help = "who makes the matrix products",
     .effect =
         "portable: Brood itself, the same bits on every node with AVX2 and FMA; native: OpenBLAS, for sites where "
         "it is faster, and the run then stays on nodes that compute alike."},
};
const int64_t brood_math_key_count = sizeof brood_math_keys / sizeof *brood_math_keys;

#define ENTRY(path, name) [name] = &brood_path_##path,
static const brood_path_t *const portable_paths[BROOD_ISA_COUNT] = {BROOD_ISAS(ENTRY)};

struct brood_math {
    brood_numerics_t    numerics;
    brood_isa_t         isa;
    const brood_path_t *path;
    void               *workspace;
    brood_arena_t       arena; /* all threads' workspaces; of thread 0 alone, as are the next two */
    brood_team_t       *team;
    brood_math_t       *others; /* [threads − 1] */
    char                description[96];
};

brood_err_t brood_math_create(brood_numerics_t numerics, brood_isa_t isa, int64_t threads, brood_math_t **math) {
    brood_err_t   err = BROOD_OK;
    brood_math_t *made = calloc(1, sizeof *made);
    if (made && threads > 1) made->others = calloc((size_t)threads - 1, sizeof *made);
    if (!made || (threads > 1 && !made->others)) {
        err = brood_fail(BROOD_E_MEMORY, "%zu bytes cannot be had", (size_t)threads * sizeof *made);
        goto done;
    }
    BROOD_TRY(brood_arena_init(&made->arena, (size_t)threads * BROOD_WORKSPACE));
    BROOD_TRY(brood_team_create(threads, &made->team));
    made->workspace = brood_arena_take(&made->arena, BROOD_WORKSPACE);
    made->numerics = numerics;
    made->isa = isa;
    if (numerics == BROOD_NUMERICS_NATIVE) {
        brood_native_start();
        brood_native_describe(made->description, sizeof made->description);
        made->path = &brood_path_native;
    } else {
        snprintf(made->description, sizeof made->description, "portable %s", brood_isa_name(isa));
        made->path = portable_paths[isa];
    }
    for (int64_t i = 0; i < threads - 1; i++)
        made->others[i] = (brood_math_t){.numerics = numerics,
                                         .isa = isa,
                                         .path = made->path,
                                         .workspace = brood_arena_take(&made->arena, BROOD_WORKSPACE)};

done:
    if (err != BROOD_OK) brood_math_destroy(&made);
    *math = made;
    return err;
}

void brood_math_destroy(brood_math_t **math) {
    if (!*math) return;
    brood_team_destroy(&(*math)->team);
    free((*math)->others);
    brood_arena_fini(&(*math)->arena);
    free(*math);
    *math = NULL;
}

brood_team_t *brood_math_team(const brood_math_t *math) {
    return math->team;
}

brood_math_t *brood_math_of_thread(brood_math_t *math, int64_t thread) {
    return thread == 0 ? math : &math->others[thread - 1];
}

brood_isa_t brood_math_isa(const brood_math_t *math) {
    return math->isa;
}

brood_numerics_t brood_math_numerics(const brood_math_t *math) {
    return math->numerics;
}

const char *brood_math_describe(const brood_math_t *math) {
    return math->description;
}

double brood_math_work(const brood_math_t *math, int64_t rounds) {
    return portable_paths[math->isa]->work(rounds);
}

/* The public products (brood/math/product.h): through the table that was chosen above. */
#define PUBLIC_PRODUCTS(real, type)                                                                                    \
    void brood_product_##type(brood_math_t *math, brood_op_t a_op, brood_op_t b_op, int64_t m, int64_t n, int64_t k,   \
                              const real *a, int64_t lda, const real *b, int64_t ldb, bool accumulate, real *c,        \
                              int64_t ldc) {                                                                           \
        math->path->type.product(a_op, b_op, m, n, k, a, lda, b, ldb, accumulate, c, ldc, math->workspace);            \
    }                                                                                                                  \
    int64_t brood_packed_count_##type(const brood_math_t *math, int64_t k, int64_t n) {                                \
        return math->path->type.packed_count(k, n);                                                                    \
    }                                                                                                                  \
    void brood_pack_##type(brood_math_t *math, brood_op_t b_op, int64_t k, int64_t n, const real *b, int64_t ldb,      \
                           real *packed) {                                                                             \
        math->path->type.pack(b_op, k, n, b, ldb, packed);                                                             \
    }                                                                                                                  \
    void brood_product_packed_##type(brood_math_t *math, brood_op_t a_op, int64_t m, int64_t n, int64_t k,             \
                                     const real *a, int64_t lda, const real *packed, const real *bias,                 \
                                     bool accumulate, real *c, int64_t ldc) {                                          \
        math->path->type.product_packed(a_op, m, n, k, a, lda, packed, bias, accumulate, c, ldc, math->workspace);     \
    }

PUBLIC_PRODUCTS(float, f32)
PUBLIC_PRODUCTS(double, f64)
