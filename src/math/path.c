/* The products of one path, float and double: compiled once for each instruction set with BROOD_PATH = avx2 | avx512.
 */
#include "path.h"

#include <string.h>

#include "vector.h"

#define PASTE2(a, b) a##b
#define PASTE(a, b)  PASTE2(a, b)

#define REAL    float
#define TYPE(x) x##_f32
#include "path_products.h"
#undef REAL
#undef TYPE

#define REAL    double
#define TYPE(x) x##_f64
#include "path_products.h"

const brood_path_t PASTE(brood_path_, BROOD_PATH) = {
    .f32 = {product_f32, packed_count_f32, pack_f32, product_packed_f32},
    .f64 = {product_f64, packed_count_f64, pack_f64, product_packed_f64},
};
