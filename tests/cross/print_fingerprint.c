/* Prints the fingerprint of portable numerics, from the rooms rng, math and nn alone. There is no OpenBLAS here. */
#include <stdio.h>

#include "../../src/math/path.h"
#include "brood/nn/fingerprint.h"

const brood_path_t brood_path_native;

void brood_native_describe(char *text, size_t size) {
    snprintf(text, size, "nothing");
}

void brood_native_start(void) {}

int main(void) {
    brood_isa_t         isa;
    brood_math_t       *math = NULL;
    brood_fingerprint_t fingerprint;
    if (brood_isa_choose(&isa) != BROOD_OK || brood_math_create(BROOD_NUMERICS_PORTABLE, isa, 1, &math) != BROOD_OK ||
        brood_fingerprint(math, &fingerprint) != BROOD_OK) {
        fprintf(stderr, "%s\n", brood_message());
        return 1;
    }
    printf("%016llx", (unsigned long long)fingerprint.all);
    for (int part = 0; part < BROOD_FINGERPRINT_PARTS; part++)
        printf(" %s=%016llx", brood_fingerprint_parts[part], (unsigned long long)fingerprint.part[part]);
    printf(" %s\n", brood_isa_name(isa));
    brood_math_destroy(&math);
    return 0;
}
