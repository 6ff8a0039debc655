/* The products of one path, float and double: compiled once for each instruction set with BROOD_PATH = avx2 | avx512.
 */
#include "path.h"

#include <math.h>
#include <string.h>

#define PASTE2(a, b)    a##b
#define PASTE(a, b)     PASTE2(a, b)
#define BROOD_PATH_NAME PASTE(brood_path_, BROOD_PATH)

#define REAL    float
#define TYPE(x) x##_f32
#define FMA     fmaf
#include "path_products.h"
#undef REAL
#undef TYPE
#undef FMA

#define REAL    double
#define TYPE(x) x##_f64
#define FMA     fma
#include "path_products.h"

const brood_path_t BROOD_PATH_NAME = {
    .f32 = {product_f32, packed_count_f32, pack_f32, product_packed_f32},
    .f64 = {product_f64, packed_count_f64, pack_f64, product_packed_f64},
};
