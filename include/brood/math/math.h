/* What a rank computes with: the path, the numerics, its threads, and the room that their products pack into. */
#ifndef BROOD_MATH_MATH_H
#define BROOD_MATH_MATH_H

#include "brood/math/isa.h"
#include "brood/util/config.h"
#include "brood/util/team.h"

typedef enum {
    BROOD_NUMERICS_PORTABLE, /* the same bits on every x86-64 CPU with AVX2 and FMA */
    BROOD_NUMERICS_NATIVE    /* products by OpenBLAS on one thread, with the kernels it picks for this CPU */
} brood_numerics_t;

typedef struct {
    int32_t numerics; /* brood_numerics_t */
} brood_math_config_t;
extern const brood_key_t brood_math_keys[]; /* run.numerics */
extern const int64_t     brood_math_key_count;

typedef struct brood_math brood_math_t;

/* `isa` is what brood_isa_choose gave: a path that this CPU lacks ends in an illegal instruction. Native sets OpenBLAS
   to one thread, for the whole process. threads: 1 … BROOD_MOST_THREADS. BROOD_E_MEMORY. */
brood_err_t brood_math_create(brood_numerics_t numerics, brood_isa_t isa, int64_t threads,
                              brood_math_t **math) BROOD_WARN_UNUSED;
void        brood_math_destroy(brood_math_t **math); /* NULL-safe; leaves NULL */

/* The threads, and what each of them makes products with, at the same time: of thread 0 it is `math` itself. */
brood_team_t *brood_math_team(const brood_math_t *math);
brood_math_t *brood_math_of_thread(brood_math_t *math, int64_t thread);

brood_isa_t      brood_math_isa(const brood_math_t *math);
brood_numerics_t brood_math_numerics(const brood_math_t *math);

/* Who makes the products, for /clock: "portable avx512", or "openblas 0.3.21 Haswell". Valid until `math` is destroyed.
 */
const char *brood_math_describe(const brood_math_t *math);

#endif
