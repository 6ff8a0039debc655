/* Which instructions this CPU has, and which path of every hot kernel is taken: one point for all of them. Paths differ
 * in speed, never in bits. */
#ifndef BROOD_MATH_ISA_H
#define BROOD_MATH_ISA_H

#include <stddef.h>

#include "brood/util/error.h"

/* X(path, name) */
#ifdef __x86_64__
#define BROOD_ISAS(X) X(avx2, BROOD_ISA_AVX2) X(avx512, BROOD_ISA_AVX512)
#else
#define BROOD_ISAS(X) X(generic, BROOD_ISA_GENERIC) /* plain C, slow: the same bits */
#endif
#define BROOD_ISA_NAME(path, name) name,
typedef enum { BROOD_ISAS(BROOD_ISA_NAME) BROOD_ISA_COUNT } brood_isa_t;
#undef BROOD_ISA_NAME

/* The widest path this CPU has, or the one named by the environment variable BROOD_ISA (avx2 | avx512).
   BROOD_E_NUMERICS: the CPU has no AVX2 and FMA, or not the path asked for, or floating-point control (MXCSR) is not as
   by default: rounding to nearest, no FTZ, no DAZ. The message names CPU and feature. */
brood_err_t brood_isa_choose(brood_isa_t *isa) BROOD_WARN_UNUSED;

const char *brood_isa_name(brood_isa_t isa); /* "avx2" */

/* The processor's own name: "AMD EPYC 9654 …". */
void brood_isa_cpu(char *name, size_t size);

#endif
