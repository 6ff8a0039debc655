#include "brood/math/isa.h"

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xmmintrin.h>

#define MXCSR_DENORMALS_ARE_ZERO 0x0040u
#define MXCSR_ROUNDING           0x6000u
#define MXCSR_FLUSH_TO_ZERO      0x8000u

#define ENTRY(path, name) [name] = #path,
static const char *const names[BROOD_ISA_COUNT] = {BROOD_ISAS(ENTRY)};

const char *brood_isa_name(brood_isa_t isa) {
    return names[isa];
}

void brood_isa_cpu(char *name, size_t size) {
    uint32_t words[13] = {0}; /* 48 bytes in three leaves, and a NUL */
    for (uint32_t leaf = 0; leaf < 3; leaf++) {
        uint32_t *word = words + 4 * leaf;
        if (!__get_cpuid(0x80000002u + leaf, &word[0], &word[1], &word[2], &word[3])) break;
    }
    const char *text = (const char *)words;
    text += strspn(text, " ");
    int length = (int)strlen(text);
    while (length > 0 && text[length - 1] == ' ') length--;
    if (length == 0)
        snprintf(name, size, "a CPU without a name");
    else
        snprintf(name, size, "%.*s", length, text);
}

/* The first feature of the path that CPU or kernel lacks (the builtins ask both), or NULL. */
static const char *missing(brood_isa_t isa) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2")) return "AVX2";
    if (!__builtin_cpu_supports("fma")) return "FMA";
    if (isa == BROOD_ISA_AVX2) return NULL;
    if (!__builtin_cpu_supports("avx512f")) return "AVX-512 F";
    if (!__builtin_cpu_supports("avx512dq")) return "AVX-512 DQ";
    if (!__builtin_cpu_supports("avx512bw")) return "AVX-512 BW";
    if (!__builtin_cpu_supports("avx512vl")) return "AVX-512 VL";
    return NULL;
}

static brood_err_t check_control(const char *cpu) {
    unsigned    control = _mm_getcsr();
    const char *what = control & MXCSR_FLUSH_TO_ZERO        ? "flushes small results to zero (FTZ)"
                       : control & MXCSR_DENORMALS_ARE_ZERO ? "takes denormal numbers as zero (DAZ)"
                       : control & MXCSR_ROUNDING           ? "does not round to nearest"
                                                            : NULL;
    if (!what) return BROOD_OK;
    return brood_fail(
        BROOD_E_NUMERICS,
        "floating-point control on %s %s (MXCSR 0x%04x, expected 0x1f80): other bits would come out; find "
        "the library or preloaded object that was built with -ffast-math",
        cpu, what, control);
}

brood_err_t brood_isa_choose(brood_isa_t *isa) {
    char cpu[64];
    brood_isa_cpu(cpu, sizeof cpu);
    const char *lacks = missing(BROOD_ISA_AVX2);
    if (lacks)
        return brood_fail(BROOD_E_NUMERICS, "%s has no %s, which Brood needs: take a node with AVX2 and FMA", cpu,
                          lacks);
    brood_err_t err = check_control(cpu);
    if (err != BROOD_OK) return err;

    const char *asked = getenv("BROOD_ISA");
    if (!asked || !*asked) {
        *isa = missing(BROOD_ISA_AVX512) ? BROOD_ISA_AVX2 : BROOD_ISA_AVX512;
        return BROOD_OK;
    }
    for (int i = 0; i < BROOD_ISA_COUNT; i++) {
        if (strcmp(asked, names[i]) != 0) continue;
        lacks = missing((brood_isa_t)i);
        if (lacks)
            return brood_fail(BROOD_E_NUMERICS,
                              "BROOD_ISA=%s, but %s has no %s: unset BROOD_ISA, the bits are the same on any path",
                              asked, cpu, lacks);
        *isa = (brood_isa_t)i;
        return BROOD_OK;
    }
    return brood_fail(BROOD_E_NUMERICS, "BROOD_ISA=%s, expected avx2 or avx512", asked);
}
