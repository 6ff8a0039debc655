/* Of a CPU that has no path of its own. Floating-point control is not looked at: only proofs run here. */
#include <stdio.h>

#include "brood/math/isa.h"

const char *brood_isa_name(brood_isa_t isa) {
    (void)isa;
    return "generic";
}

void brood_isa_cpu(char *name, size_t size) {
    snprintf(name, size, "a CPU without a path of its own");
}

brood_err_t brood_isa_choose(brood_isa_t *isa) {
    *isa = (brood_isa_t)0;
    return BROOD_OK;
}
