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

/* As many chains as hide the latency of one fma on two units. */
static double work(int64_t rounds) {
    enum { CHAINS = 12 };
    float      factor = 0x1.fffffep-1f, start[CHAINS][lanes_f32], end[lanes_f32];
    vector_f32 chain[CHAINS];
    for (int i = 0; i < CHAINS; i++) {
        for (int lane = 0; lane < lanes_f32; lane++) start[i][lane] = (float)(i + lane + 1);
        chain[i] = load_f32(start[i]);
    }
    const vector_f32 by = broadcast_f32(&factor), plus = load_f32(start[0]);
    for (int64_t round = 0; round < rounds; round++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) chain[i] = fma_f32(chain[i], by, plus);
    for (int i = 1; i < CHAINS; i++) chain[0] = add_f32(chain[0], chain[i]);
    store_f32(end, chain[0]);
    *(volatile float *)end = end[0]; /* so that the loop is not left out */
    return 2.0 * CHAINS * (double)lanes_f32 * (double)rounds;
}

const brood_path_t PASTE(brood_path_, BROOD_PATH) = {
    .f32 = {product_f32, packed_count_f32, pack_f32, product_packed_f32},
    .f64 = {product_f64, packed_count_f64, pack_f64, product_packed_f64},
    .work = work,
};
