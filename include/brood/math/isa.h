/* Which instructions this CPU has, and which path of every hot kernel is taken: one point for all of them. Paths differ
 * in speed, never in bits. */
#ifndef BROOD_MATH_ISA_H
#define BROOD_MATH_ISA_H

#include <stddef.h>

#include "brood/util/error.h"

typedef enum { BROOD_ISA_AVX2, BROOD_ISA_AVX512, BROOD_ISA_COUNT } brood_isa_t;

/* The widest path this CPU has, or the one named by the environment variable BROOD_ISA (avx2 | avx512).
   BROOD_E_NUMERICS: the CPU has no AVX2 and FMA, or not the path asked for, or floating-point control (MXCSR) is not as
   by default: rounding to nearest, no FTZ, no DAZ. The message names CPU and feature. */
brood_err_t brood_isa_choose(brood_isa_t *isa) BROOD_WARN_UNUSED;

const char *brood_isa_name(brood_isa_t isa); /* "avx2" */

/* The processor's own name: "AMD EPYC 9654 …". */
void brood_isa_cpu(char *name, size_t size);

#endif
