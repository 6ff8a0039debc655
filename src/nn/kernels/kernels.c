#include "kernels.h"

extern const brood_nn_kernels_t brood_nn_kernels_avx2, brood_nn_kernels_avx512;

const brood_nn_kernels_t *brood_nn_kernels(const brood_math_t *math) {
    return brood_math_isa(math) == BROOD_ISA_AVX512 ? &brood_nn_kernels_avx512 : &brood_nn_kernels_avx2;
}

void brood_nn_tile(int64_t channels, const brood_real_t *number, brood_real_t *tiled) {
    for (int64_t i = 0; i < BROOD_TILE; i++)
        for (int64_t c = 0; c < channels; c++) *tiled++ = number[c];
}
