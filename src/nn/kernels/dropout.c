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

/* Bits at … at + LANES − 1 of the mask. */
static inline lanes_mask_t mask_at(const uint8_t *kept, int64_t at) {
    uint32_t bits = kept[at / 8];
    if (LANES > 8) bits |= (uint32_t)kept[at / 8 + 1] << 8;
    if (LANES < 8) bits >>= at % 8;
    return mask_of(bits);
}

void KERNEL(dropout_apply)(int64_t n, const uint8_t *kept, brood_real_t scale, const brood_real_t *x, brood_real_t *y) {
    const lanes_t by = lanes_set(scale);
    int64_t       i = 0;
    for (; i + LANES <= n; i += LANES) lanes_store(y + i, lanes_masked(mask_at(kept, i), lanes_load(x + i) * by));
    for (; i < n; i++) y[i] = (kept[i / 8] >> (i % 8) & 1) ? x[i] * scale : 0;
}
