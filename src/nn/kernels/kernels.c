#include "kernels.h"

#define DECLARE(path, name) extern const brood_nn_kernels_t brood_nn_kernels_##path;
BROOD_ISAS(DECLARE)

const brood_nn_kernels_t *brood_nn_kernels(const brood_math_t *math) {
#define ENTRY(path, name) [name] = &brood_nn_kernels_##path,
    static const brood_nn_kernels_t *const kernels[BROOD_ISA_COUNT] = {BROOD_ISAS(ENTRY)};
    return kernels[brood_math_isa(math)];
}
