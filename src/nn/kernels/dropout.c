#include "lanes.h"
#include "path.h"

void KERNEL(dropout_draw)(int64_t n, const brood_key4_t *key, uint32_t first, uint32_t threshold, uint8_t *kept) {
    for (int64_t i = 0; i < (n + 7) / 8; i++) {
        uint32_t word[4], bits = 0;
        brood_random_block(key, first + (uint32_t)i, word);
        for (uint32_t j = 0; j < 8; j++) bits |= (uint32_t)((word[j / 2] >> (16 * (j % 2)) & 0xffff) >= threshold) << j;
        kept[i] = (uint8_t)bits;
    }
}

void KERNEL(dropout_apply)(int64_t n, const uint8_t *kept, brood_real_t scale, const brood_real_t *x, brood_real_t *y) {
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++) y[i + j] = (kept[i / 8] >> j & 1) ? x[i + j] * scale : 0;
    for (; i < n; i++) y[i] = (kept[i / 8] >> (i % 8) & 1) ? x[i] * scale : 0;
}
