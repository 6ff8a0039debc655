/* The type that children are computed in: float, or double where nn is compiled a second time to check gradients. */
#ifndef BROOD_NN_REAL_H
#define BROOD_NN_REAL_H

#include "brood/math/product.h"
#include "brood/util/field.h"

#ifdef BROOD_NN_DOUBLE
typedef double brood_real_t;
#define BROOD_TYPE_REAL           BROOD_TYPE_F64
#define brood_product_real        brood_product_f64
#define brood_packed_count_real   brood_packed_count_f64
#define brood_pack_real           brood_pack_f64
#define brood_product_packed_real brood_product_packed_f64
#else
typedef float brood_real_t;
#define BROOD_TYPE_REAL           BROOD_TYPE_F32
#define brood_product_real        brood_product_f32
#define brood_packed_count_real   brood_packed_count_f32
#define brood_pack_real           brood_pack_f32
#define brood_product_packed_real brood_product_packed_f32
#endif

#endif
