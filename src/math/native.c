/* Products by OpenBLAS, with the kernels it picks for this CPU; the only file that knows it. */
#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include "brood/util/number.h"
#include "path.h"

#define REAL    float
#define TYPE(x) x##_f32
#define GEMM    cblas_sgemm
#include "native_products.h"
#undef REAL
#undef TYPE
#undef GEMM

#define REAL    double
#define TYPE(x) x##_f64
#define GEMM    cblas_dgemm
#include "native_products.h"

const brood_path_t brood_path_native = {
    .f32 = {product_f32, packed_count_f32, pack_f32, product_packed_f32},
    .f64 = {product_f64, packed_count_f64, pack_f64, product_packed_f64},
};

void brood_native_start(void) {
    openblas_set_num_threads(1);
}

void brood_native_describe(char *text, size_t size) {
    const char *config = openblas_get_config(); /* "OpenBLAS 0.3.21 DYNAMIC_ARCH …" */
    const char *version = strchr(config, ' ');
    version = version ? version + 1 : "of unknown version";
    snprintf(text, size, "openblas %.*s %s", (int)strcspn(version, " "), version, openblas_get_corename());
}
